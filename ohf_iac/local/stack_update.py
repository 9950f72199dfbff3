"""Stacks changed: one resource after another in the order of their needs, back again when one of them fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ohf_iac.local.intrinsics import TemplateError
from ohf_iac.local.stack_end import teardown
from ohf_iac.local.stack_life import outputs_of
from ohf_iac.local.stack_record import Site, Stack, Version, planned, record
from ohf_iac.local.stack_steps import change, make, properties_of

Properties = Mapping[str, Any]


@dataclass(slots=True)
class _Update:
    """An update under way: what is `todo`, what was `changed` (with its former properties), what was `added`."""

    site: Site
    stack: Stack
    previous: Version
    rollback: bool
    todo: list[str]
    changed: dict[str, Properties] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)


def begin_update(site: Site, stack: Stack, version: Version, rollback: bool = True) -> None:
    """Start to make the stack what `version` asks for; without `rollback` a failure leaves it as it is."""
    stack.operation += 1
    previous, stack.version, stack.updated_at = stack.version, version, site.now()
    record(site, stack, None, "UPDATE_IN_PROGRESS", "User Initiated")
    _go_on(_Update(site, stack, previous, rollback, in_order(version.needs)))


def in_order(needs: Mapping[str, frozenset[str]]) -> list[str]:
    """The names, each after those that it needs."""
    order: list[str] = []
    while len(order) < len(needs):
        order += [name for name, needed in needs.items() if name not in order and needed <= set(order)]
    return order


def _go_on(update: _Update) -> None:
    """Start the next resource that is to be made or changed; when none is left, clean up."""
    site, stack = update.site, update.stack
    while update.todo:
        name = update.todo.pop(0)
        resource = stack.resources.get(name)
        if resource is None:
            stack.resources[name] = planned(stack.version, name)
            update.added.append(name)
            make(site, stack, stack.resources[name], lambda: _go_on(update), lambda _: _turn_back(update))
            return
        try:
            properties = properties_of(site, stack, name)
        except TemplateError as error:
            record(site, stack, resource, "UPDATE_FAILED", str(error))
            _turn_back(update)
            return
        if properties != resource.properties:
            update.changed[name] = resource.properties
            change(site, stack, resource, properties, lambda: _go_on(update), lambda _: _turn_back(update))
            return
    _clean_up(update)


def _clean_up(update: _Update) -> None:
    site, stack = update.site, update.stack
    try:
        stack.outputs = outputs_of(site, stack)
    except TemplateError as error:
        _turn_back(update, f"{error} ")
        return
    record(site, stack, None, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    _drop(update, [name for name in stack.resources if name not in stack.version.needs], "UPDATE_COMPLETE")


def _drop(update: _Update, names: list[str], final: str) -> None:
    """Take away what is not asked for any more; what cannot be deleted is left behind, as CloudFormation does."""
    site, stack = update.site, update.stack

    def finished(failed: list[str]) -> None:
        del failed
        for name in names:
            del stack.resources[name]
        for name, resource in stack.resources.items():
            fresh = planned(stack.version, name)
            resource.needs, resource.deletion_policy = fresh.needs, fresh.deletion_policy
        stack.operation += 1
        record(site, stack, None, final)

    teardown(site, stack, names, finished)


def _turn_back(update: _Update, words: str = "") -> None:
    site, stack = update.site, update.stack
    words += _failed_words(stack)
    stack.operation += 1
    if not update.rollback:
        record(site, stack, None, "UPDATE_FAILED", words)
        return
    stack.version = update.previous
    record(site, stack, None, "UPDATE_ROLLBACK_IN_PROGRESS", words)
    update.todo = [name for name in in_order(stack.version.needs) if name in update.changed]
    _restore(update)


def _restore(update: _Update) -> None:
    site, stack = update.site, update.stack
    while update.todo:
        name = update.todo.pop(0)
        resource, former = stack.resources[name], update.changed[name]
        if resource.properties != former or resource.status == "UPDATE_FAILED":
            change(site, stack, resource, former, lambda: _restore(update), lambda _: _stuck(site, stack))
            return
    record(site, stack, None, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    _drop(update, update.added, "UPDATE_ROLLBACK_COMPLETE")


def _stuck(site: Site, stack: Stack) -> None:
    record(site, stack, None, "UPDATE_ROLLBACK_FAILED", _failed_words(stack))


def _failed_words(stack: Stack) -> str:
    words = ""
    for status, verb in (("CREATE_FAILED", "create"), ("UPDATE_FAILED", "update")):
        names = [name for name, resource in stack.resources.items() if resource.status == status]
        if names:
            words += f"The following resource(s) failed to {verb}: [{', '.join(names)}]. "
    return words
