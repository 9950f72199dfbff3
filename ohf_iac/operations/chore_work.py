"""The work of chores; `chores` tells when there is any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ohf_iac import queries
from ohf_iac.app import calls_of
from ohf_iac.aws import ec2
from ohf_iac.commands import carry_out
from ohf_iac.errors import ProviderError
from ohf_iac.machine import machines_in_words
from ohf_iac.operations.giving_back import DELETION_LOOK
from ohf_iac.operations.policies import policies_for
from ohf_iac.operations.polling import Poll
from ohf_iac.operations.remembering import note_requests
from ohf_iac.plan import delete_stack, terminate
from ohf_iac.request import TAG_SETTLED, stack_name
from ohf_iac.status.tally import is_returned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.observation import Observation
    from ohf_iac.request import RequestRecord


def work_off(app: App, due: tuple[RequestRecord, ...], limit: int) -> int:
    """Serve what is due with at most `limit` AWS calls; what they do not suffice for stays due."""
    calls = calls_of(app).limited(limit)
    done: list[RequestRecord] = []
    try:
        seen = queries.machines_of(calls, app.owner, [one.request.request_id for one in due], app.now())
        for record in due:
            # one by one: what was done before a failure is remembered
            done += [_served(app, calls, record, seen[record.request.request_id])]
    except ProviderError as error:
        app.log.info(f"chores: {len(done)} of {len(due)} done: {error.message}")
    note_requests(app, app.store.read(), done)
    return len(done)


def _served(app: App, calls: Calls, record: RequestRecord, seen: Observation) -> RequestRecord:
    _check_owner(app, record)
    if not record.settled:
        return _unpolled(app, calls, record, seen)
    late = tuple(_late(record, seen))
    if late:
        return _end_late(app, calls, record, late)
    if record.stack == "deleting":
        return _after_deletion(app, calls, record, seen)
    if any(one.live for one in seen.instances):
        return replace(record, chore_at=0)
    _check_place(calls, record, seen)
    return _delete(app, calls, record)


def _check_owner(app: App, record: RequestRecord) -> None:
    """Refuse to judge a request by the machines of another owner: ohf.json may be out of reach, or changed."""
    if record.request.owner != app.owner:
        raise ProviderError(
            f"look for machines of {record.request.request_id}: they are of owner {record.request.owner}",
            hint="put the owner of this installation back into ohf.json (provider.owner)",
        )


def _check_place(calls: Calls, record: RequestRecord, seen: Observation) -> None:
    """Refuse to take a stack for empty while looking into another account or region than its own (design §2.7)."""
    if seen.instances or not record.stack_id:
        return
    region, account = record.stack_id.split(":")[3:5]
    if region != calls.region or account != ec2.account(calls):
        raise ProviderError(
            f"look for machines of {record.request.request_id}: its stack is in {account} {region}",
            transient=True,
            hint="check AWS_REGION and the credentials of this provider",
        )


def _unpolled(app: App, calls: Calls, record: RequestRecord, seen: Observation) -> RequestRecord:
    """A request that Host Factory no longer asks for: judged as a poll would, so that it freezes and settles."""
    poll = Poll(app, calls, app.store.read(), policies_for(app))
    poll.act(record, seen)
    return poll.changed[-1]


def _late(record: RequestRecord, seen: Observation) -> Iterator[str]:
    """Machines that appeared after the terminal answer: nobody knows of them."""
    answered = {one.machine_id for one in record.machines}
    for one in seen.instances:
        if one.live and one.instance_id not in answered and TAG_SETTLED not in one.tags and not is_returned(one):
            yield one.instance_id


def _end_late(app: App, calls: Calls, record: RequestRecord, ids: tuple[str, ...]) -> RequestRecord:
    late = machines_in_words(len(ids))
    app.log.warning(f"ending {late} that came late", request_id=record.request.request_id, ids=ids)
    carry_out(calls, terminate(ids))
    return replace(record, chore_at=int(app.now()) + DELETION_LOOK)


def _delete(app: App, calls: Calls, record: RequestRecord) -> RequestRecord:
    carry_out(calls, (delete_stack(record),), app.settings.provider.service_role_arn)
    return replace(record, stack="deleting", chore_at=int(app.now()) + DELETION_LOOK)


def _after_deletion(app: App, calls: Calls, record: RequestRecord, seen: Observation) -> RequestRecord:
    """Whether a deletion went through; a failed one is asked for again, with its reason in the log."""
    stack = queries.stack_of(calls, app.owner, record.stack_id or stack_name(record.request.request_id))
    if stack is not None and stack.phase == "deleting":
        return replace(record, chore_at=int(app.now()) + DELETION_LOOK)
    if stack is not None and stack.phase != "deleted":
        app.log.warning(f"stack {stack.name} is {stack.status}: {stack.reason}; deletion is asked for again")
        return _delete(app, calls, record)
    if any(one.live for one in seen.instances):
        ids = tuple(one.instance_id for one in seen.instances if one.live)
        return _end_late(app, calls, record, ids)
    return replace(record, stack="gone", chore_at=0)
