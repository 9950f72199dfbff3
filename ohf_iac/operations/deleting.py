"""A request ended altogether: its machines returned, its stack deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ohf_iac import commands, queries
from ohf_iac.app import calls_of
from ohf_iac.errors import CommandError
from ohf_iac.hostfactory import HostRef
from ohf_iac.operations.cancelling import known_record, mark_cancelled
from ohf_iac.operations.giving_back import DELETION_LOOK
from ohf_iac.operations.policies import policies_for
from ohf_iac.operations.remembering import keep_request
from ohf_iac.operations.returning import return_machines
from ohf_iac.operations.status import request_statuses
from ohf_iac.plan import delete_stack
from ohf_iac.request import stack_name
from ohf_iac.status.tally import short_verdict, tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.machine import Instance
    from ohf_iac.request import RequestRecord

Stage = Literal["deleting", "gone", "failed"]


@dataclass(frozen=True, slots=True)
class Deletion:
    """How far a deletion is; `return_id` is "" where no machine was left to return."""

    request_id: str
    stage: Stage
    return_id: str = ""
    machines: int = 0
    message: str = ""


def machines_left(app: App, request_id: str) -> tuple[HostRef, ...]:
    """The live machines of a request; ResourceNotFoundError when the request is not known."""
    calls = calls_of(app)
    live = _live(app, calls, request_id)
    if not live:
        known_record(app, calls, request_id, "return machines of")
    return tuple(HostRef(one.name, one.instance_id) for one in live)


def delete_request(app: App, request_id: str) -> Deletion:
    """Freeze the request, return all its machines, then delete its stack. May be repeated at any point.

    CommandError when a machine stays alive (EC2 refuses to end it): then the stack stays too, because its deletion
    is never the way to end machines.
    """
    calls = calls_of(app)
    record = known_record(app, calls, request_id, "delete")
    mark_cancelled(app, record)
    hosts = tuple(HostRef(one.name, one.instance_id) for one in _live(app, calls, request_id))
    return_id = return_machines(app, hosts)[0] if hosts else ""
    if left := _live(app, calls, request_id):
        raise CommandError(
            f"delete {request_id}: {_ids(left)} still run",
            hint=f"see why with: ohf status {return_id or request_id}; then repeat the deletion",
        )
    request_statuses(app, [request_id])  # settle what can be settled, so that the deletion tells the verdict
    instances = queries.machines_of(calls, app.owner, [request_id])[request_id].instances
    record = _ended(app, known_record(app, calls, request_id, "delete"), instances)
    commands.carry_out(calls, (delete_stack(record),), app.settings.provider.service_role_arn)
    keep_request(app, record, replace(record, stack="deleting"))
    return Deletion(request_id, "deleting", return_id, len(hosts))


def _ended(app: App, record: RequestRecord, instances: tuple[Instance, ...]) -> RequestRecord:
    """The record of a request whose stack is about to be deleted, kept, with a chore that sees to the deletion.

    One that has not settled ends here: the deletion's token tells its verdict for ninety days, and no poll may say
    anything else before memory is lost. The verdict is what a poll makes of the same machines: one of another host
    may be settling it in this moment.
    """
    now = int(app.now())
    new = replace(record, chore_at=now + DELETION_LOOK)
    if not new.settled:
        policies = policies_for(app)
        policy = policies.get(record.request.template_id, policies[""])
        counts = tally(record.request, instances, now, record.machines)
        verdict = short_verdict(counts, policy.partial_status)
        new = replace(new, verdict=verdict, settled_at=now, message="deleted by ohf delete", machines=())
    keep_request(app, record, new)
    return new


def deletion_seen(app: App, deletion: Deletion) -> Deletion:
    """How far the deletion of the stack is now."""
    calls = calls_of(app)
    record = known_record(app, calls, deletion.request_id, "delete")
    stack = queries.stack_of(calls, app.owner, record.stack_id or stack_name(deletion.request_id))
    if stack is None or stack.phase == "deleted":
        keep_request(app, record, replace(record, stack="gone", chore_at=0))
        return replace(deletion, stage="gone")
    if stack.phase == "delete_failed":
        return replace(deletion, stage="failed", message=stack.reason)
    return deletion


def _live(app: App, calls: Calls, request_id: str) -> tuple[Instance, ...]:
    seen = queries.machines_of(calls, app.owner, [request_id])[request_id]
    return tuple(one for one in seen.instances if one.live)


def _ids(instances: Iterable[Instance]) -> str:
    return ", ".join(one.instance_id for one in instances)
