"""One resource of a stack made, changed or taken away: its events, and what comes after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ohf_iac.local.handler_check import check_handler
from ohf_iac.local.intrinsics import TemplateError, evaluate
from ohf_iac.local.resources import Progress, ResourceRefused
from ohf_iac.local.stack_record import Site, Stack, StackResource, after, context_of, record, scope_of

Done = Callable[[], None]
Failed = Callable[[str], None]
LONGEST_PAUSE = 60.0
INITIATED = "Resource creation Initiated"
REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


def make(site: Site, stack: Stack, resource: StackResource, done: Done, failed: Failed) -> None:
    """Create it, then call `done`, or `failed` with the reason."""
    record(site, stack, resource, "CREATE_IN_PROGRESS")

    def initiate() -> None:
        try:
            _create(site, stack, resource)
        except (ResourceRefused, TemplateError) as error:
            _fail(site, stack, resource, "CREATE_FAILED", str(error), failed)
            return
        record(site, stack, resource, "CREATE_IN_PROGRESS", INITIATED, _written(resource.properties))
        _await(
            site,
            stack,
            resource,
            "CREATE",
            site.scenario.times.done(resource.type, resource.logical_id),
            done,
            failed,
        )

    after(site, stack, site.scenario.times.start(resource.type, resource.logical_id), initiate)


def _create(site: Site, stack: Stack, resource: StackResource) -> None:
    wanted = site.scenario.stacks.fail_create
    reason = wanted.get(resource.logical_id) or wanted.get(resource.type)
    if reason:
        raise ResourceRefused(reason)
    resource.properties = properties_of(site, stack, resource.logical_id)
    check_handler(site, stack, resource, "create", resource.properties)
    context = context_of(site, stack, resource.logical_id)
    resource.physical_id = site.types[resource.type].create(site.world, context, resource.properties)


def properties_of(site: Site, stack: Stack, logical_id: str) -> Mapping[str, Any]:
    """The resource's properties as the stack's present version and what stands make them. Raises TemplateError."""
    definition = stack.version.template["Resources"][logical_id]
    properties: Mapping[str, Any] = evaluate(definition.get("Properties") or {}, scope_of(site, stack))
    return properties


def change(
    site: Site, stack: Stack, resource: StackResource, properties: Mapping[str, Any], done: Done, failed: Failed
) -> None:
    """Change it to these properties, then call `done`, or `failed` with the reason."""
    record(site, stack, resource, "UPDATE_IN_PROGRESS", properties=_written(properties))

    def initiate() -> None:
        context = context_of(site, stack, resource.logical_id)
        try:
            check_handler(site, stack, resource, "update", properties)
            physical_id = site.types[resource.type].update(
                site.world, context, resource.physical_id, resource.properties, properties
            )
        except ResourceRefused as refused:
            _fail(site, stack, resource, "UPDATE_FAILED", refused.reason, failed)
            return
        resource.properties = properties
        if physical_id != resource.physical_id:
            resource.physical_id = physical_id
            record(site, stack, resource, "UPDATE_IN_PROGRESS", REPLACING, _written(properties))
        _await(
            site,
            stack,
            resource,
            "UPDATE",
            site.scenario.times.done(resource.type, resource.logical_id),
            done,
            failed,
        )

    after(site, stack, site.scenario.times.start(resource.type, resource.logical_id), initiate)


def take_away(site: Site, stack: Stack, resource: StackResource, done: Done, failed: Failed) -> None:
    """Delete it, then call `done`, or `failed` with the reason; what never came into being is gone at once."""
    if not resource.physical_id:
        record(site, stack, resource, "DELETE_COMPLETE")
        done()
        return
    record(site, stack, resource, "DELETE_IN_PROGRESS")
    context = context_of(site, stack, resource.logical_id)
    try:
        _refuse_deletion(site, resource)
        check_handler(site, stack, resource, "delete", resource.properties)
        site.types[resource.type].delete(site.world, context, resource.physical_id)
    except ResourceRefused as refused:
        reason = refused.reason  # the name of an exception ends with its block
        after(site, stack, 0, lambda: _fail(site, stack, resource, "DELETE_FAILED", reason, failed))
        return
    delay = site.scenario.times.delete(resource.type, resource.logical_id)
    _await(site, stack, resource, "DELETE", delay, done, failed)


def _refuse_deletion(site: Site, resource: StackResource) -> None:
    wanted = site.scenario.stacks.fail_delete
    failure = wanted.get(resource.logical_id) or wanted.get(resource.type)
    if failure is not None and (failure.times is None or resource.failed_deletes < failure.times):
        resource.failed_deletes += 1
        raise ResourceRefused(failure.reason)


def _await(
    site: Site, stack: Stack, resource: StackResource, verb: str, delay: float, done: Done, failed: Failed
) -> None:
    """Ask how far it is, first after `delay`, then at growing distances."""
    began = site.now()

    def look() -> None:
        progress = _progress(site, stack, resource, verb)
        if progress.failed:
            _fail(site, stack, resource, f"{verb}_FAILED", progress.failed, failed)
        elif progress.done:
            record(site, stack, resource, f"{verb}_COMPLETE", properties=_written(resource.properties))
            done()
        else:
            after(site, stack, min(LONGEST_PAUSE, max(1.0, (site.now() - began) / 10)), look)

    after(site, stack, delay, look)


def _progress(site: Site, stack: Stack, resource: StackResource, verb: str) -> Progress:
    kind, context = site.types[resource.type], context_of(site, stack, resource.logical_id)
    ask = kind.deleted if verb == "DELETE" else kind.progress
    return ask(site.world, context, resource.physical_id)


def _fail(site: Site, stack: Stack, resource: StackResource, status: str, reason: str, failed: Failed) -> None:
    record(site, stack, resource, status, reason, _written(resource.properties))
    failed(reason)


def _written(properties: Mapping[str, Any]) -> str:
    return json.dumps(properties, separators=(",", ":")) if properties else ""
