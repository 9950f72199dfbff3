"""Stacks taken down: by DeleteStack, by rollback, by OnFailure DELETE. Dependents go first."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ohf_iac.local.stack_record import Site, Stack, StackResource, record
from ohf_iac.local.stack_steps import take_away

Finished = Callable[[list[str]], None]
KEPT = ("DELETE_COMPLETE", "DELETE_SKIPPED")


@dataclass(slots=True)
class _Teardown:
    """`failed` holds the logical ids whose deletion failed; with `force` they are skipped instead."""

    site: Site
    stack: Stack
    finished: Finished
    waiting: list[str]
    force: bool = False
    busy: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)


def begin_deletion(
    site: Site, stack: Stack, reason: str = "User Initiated", retain: Collection[str] = (), force: bool = False
) -> None:
    """Delete all resources, but keep those named in `retain`; whatever was under way on the stack is cancelled."""
    stack.operation += 1
    record(site, stack, None, "DELETE_IN_PROGRESS", reason)
    _cancel_creations(site, stack)

    def finished(failed: list[str]) -> None:
        if failed:
            record(site, stack, None, "DELETE_FAILED", _failed_words(failed))
            return
        record(site, stack, None, "DELETE_COMPLETE")
        stack.deleted_at = site.now()

    teardown(site, stack, stack.resources, finished, retain, force)


def begin_rollback(site: Site, stack: Stack, reason: str) -> None:
    """Take down what a failed creation has made."""
    record(site, stack, None, "ROLLBACK_IN_PROGRESS", reason)

    def finished(failed: list[str]) -> None:
        if failed:
            record(site, stack, None, "ROLLBACK_FAILED", _failed_words(failed))
        else:
            record(site, stack, None, "ROLLBACK_COMPLETE")

    teardown(site, stack, stack.resources, finished)


def teardown(
    site: Site,
    stack: Stack,
    names: Collection[str],
    finished: Finished,
    retain: Collection[str] = (),
    force: bool = False,
) -> None:
    """Delete these resources, then call `finished` with those that could not be deleted."""
    begun = [name for name in names if stack.resources[name].status not in ("", *KEPT)]
    for name in begun:
        if name in retain or stack.resources[name].deletion_policy == "Retain":
            record(site, stack, stack.resources[name], "DELETE_SKIPPED")
    waiting = [name for name in begun if stack.resources[name].status not in KEPT]
    _go_on(_Teardown(site, stack, finished, waiting, force))


def _go_on(work: _Teardown) -> None:
    """Start whatever nothing left depends on; finished when nothing is under way any more."""
    left = {*work.waiting, *work.busy, *work.failed}
    free = [name for name in work.waiting if not _dependents(work.stack, name) & left]
    for name in free:
        work.waiting.remove(name)
        work.busy.add(name)
    for name in free:
        _take(work, work.stack.resources[name])
    if not work.busy and not free:
        work.finished(work.failed)


def _take(work: _Teardown, resource: StackResource) -> None:
    def done() -> None:
        work.busy.remove(resource.logical_id)
        _go_on(work)

    def failed(reason: str) -> None:
        work.busy.remove(resource.logical_id)
        if work.force:
            record(work.site, work.stack, resource, "DELETE_SKIPPED", reason)
        else:
            work.failed.append(resource.logical_id)
        _go_on(work)

    take_away(work.site, work.stack, resource, done, failed)


def _dependents(stack: Stack, name: str) -> set[str]:
    return {other for other, resource in stack.resources.items() if name in resource.needs}


def _cancel_creations(site: Site, stack: Stack) -> None:
    for resource in stack.resources.values():
        if resource.status == "CREATE_IN_PROGRESS":
            record(site, stack, resource, "CREATE_FAILED", "Resource creation cancelled")


def _failed_words(failed: list[str]) -> str:
    return f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
