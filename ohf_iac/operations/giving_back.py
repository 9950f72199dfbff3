"""Machines given back: groups and fleets kept from replacing them, machines ended, empty stacks deleted.

Used by the return itself and by every poll that still finds one of its machines alive. No target is computed: any
number of processes may do this for any machines in any order (design §2.6).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ohf_iac import commands, queries
from ohf_iac.errors import StorageError
from ohf_iac.observation import fleet_ids
from ohf_iac.plan import DeleteStack, delete_stack, delete_token, freeze, return_steps
from ohf_iac.request import TAG_REQUEST, stack_name
from ohf_iac.status.recover import record_from_stack
from ohf_iac.status.tally import settled_mark, verdict_of
from ohf_iac.store.memory import with_requests
from ohf_iac.template.kinds import ASG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.machine import Instance
    from ohf_iac.observation import Observation
    from ohf_iac.plan import Step
    from ohf_iac.request import RequestRecord
    from ohf_iac.store.memory import Memory

#: seconds after DeleteStack at which its outcome is looked at
DELETION_LOOK = 60


def give_back(
    app: App, calls: Calls, memory: Memory, return_id: str, instances: Iterable[Instance]
) -> dict[str, str]:
    """Freeze, mark, terminate, and delete the stacks in which nothing lives any more.

    `instances` are machines of ours, dead ones too: giving back the last dead machine empties a stack as well.
    Returns the machines that EC2 refuses to end, with its reason. ProviderError when a step failed: what was done
    stays done, and the next poll goes on.
    """
    named = tuple(instances)
    ending = tuple(one for one in named if one.live)
    by_request = queries.machines_of(
        calls, app.owner, dict.fromkeys(one.tags.get(TAG_REQUEST, "") for one in named)
    )
    unfrozen: dict[str, tuple[Step, ...]] = {}
    emptied: dict[str, str] = {}
    for request_id, seen in by_request.items():
        record = memory.requests.get(request_id)
        mark = settled_mark(seen.instances)
        if not (mark or (record and record.settled)):
            if any(one.tags.get(TAG_REQUEST) == request_id for one in ending):
                unfrozen[request_id] = _freeze(app, calls, record, request_id, seen)
        elif (record is None or record.stack == "created") and _empty_without(seen, ending):
            emptied[request_id] = mark
    refused = commands.carry_out(calls, return_steps(return_id, ending, unfrozen, ()))
    if not refused:
        deletable = [one for key, mark in emptied.items() for one in _deletion(app, calls, memory, key, mark)]
        commands.carry_out(calls, deletable, app.settings.provider.service_role_arn)
        _remember_deletions(app, [memory.requests[key] for key in emptied if key in memory.requests])
    return refused


def _freeze(
    app: App, calls: Calls, record: RequestRecord | None, request_id: str, seen: Observation
) -> tuple[Step, ...]:
    """The freeze of a request that is not settled. Its stack tells what memory and the machines' tags do not."""
    fleets = fleet_ids(record.request.kind, seen) if record is not None else ()
    if record is not None and (fleets or record.request.kind == ASG):
        return freeze(record.request.kind, request_id, fleets)
    stack = queries.stack_of(calls, app.owner, stack_name(request_id))
    known = record_from_stack(stack, {}) if stack is not None else None
    if stack is None or known is None:
        return ()
    kind = known.request.kind
    named = queries.launcher_ids(calls, kind, stack, (), seen) if kind != ASG else {}
    return freeze(kind, request_id, (one for logical, one in named.items() if logical == "Capacity"))


def _empty_without(seen: Observation, ending: tuple[Instance, ...]) -> bool:
    leaving = {one.instance_id for one in ending}
    return all(not one.live or one.instance_id in leaving for one in seen.instances)


def _deletion(app: App, calls: Calls, memory: Memory, request_id: str, mark: str) -> tuple[DeleteStack, ...]:
    """The end of a request's stack; none where the stack of that name is not this owner's.

    A tag on a machine is a claim that anybody can make, and a deleted stack takes its machines along.
    """
    record = memory.requests.get(request_id)
    if record is not None and record.settled:
        return (delete_stack(record),)
    token = delete_token(request_id, verdict_of(mark))
    if record is not None:
        return (DeleteStack(record.stack_id or stack_name(request_id), token),)
    stack = queries.stack_of(calls, app.owner, stack_name(request_id))
    return (DeleteStack(stack.stack_id, token),) if stack is not None else ()


def _remember_deletions(app: App, records: Iterable[RequestRecord]) -> None:
    due = int(app.now()) + DELETION_LOOK
    changed: Mapping[str, RequestRecord] = {
        one.request.request_id: replace(one, stack="deleting", chore_at=due) for one in records
    }
    if not changed:
        return
    try:
        app.store.change(lambda memory: with_requests(memory, changed.values()))
    except StorageError as error:  # the machines are ended all the same
        app.log.error(f"deletions not remembered: {error.message}", hint=error.hint)
