"""The work of chores; `chores` tells when there is any.

Host Factory never heard an end of a request that it stopped asking for, so chores do not settle one whose machines
live: they freeze it, and leave it to a poll, which may still come, or to `ohf gc` once the grace has passed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ohf_iac import queries
from ohf_iac.app import calls_of
from ohf_iac.aws import cloudformation, ec2
from ohf_iac.cfn import root_cause
from ohf_iac.commands import carry_out
from ohf_iac.errors import ProviderError
from ohf_iac.machine import machines_in_words
from ohf_iac.observation import fleet_ids
from ohf_iac.operations.giving_back import DELETION_LOOK
from ohf_iac.operations.policies import policies_for
from ohf_iac.operations.polling import Poll
from ohf_iac.operations.remembering import note_requests
from ohf_iac.plan import delete_stack, freeze, steps_for, terminate
from ohf_iac.request import TAG_OWNER, TAG_SETTLED, stack_name
from ohf_iac.status.answer import first_short
from ohf_iac.status.judge import judge
from ohf_iac.status.tally import is_returned, settled_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.observation import Observation, StackSeen
    from ohf_iac.plan import Step
    from ohf_iac.request import RequestRecord

#: seconds after which a chore that failed, or had nothing more to do for now, is due again
LATER: Final = 3600
#: of the seconds since the answer, one part in so many passes before a failed deletion is asked for again
BACK_OFF: Final = 10


def work_off(app: App, due: tuple[RequestRecord, ...], limit: int | None) -> int:
    """Serve what is due with at most `limit` AWS calls (None: any number); how many requests were served.

    What AWS refuses for one request is due again later and keeps none of the others. Where AWS is not reached,
    throttles, or the calls or the time are used up, all that is left stays due.
    """
    calls = calls_of(app) if limit is None else calls_of(app).limited(limit)
    done: list[RequestRecord] = []
    served = 0
    try:
        seen = queries.machines_of(calls, app.owner, [one.request.request_id for one in due])
        for record in due:
            # one by one: what was done before a failure is remembered
            try:
                done += [_served(app, calls, record, seen[record.request.request_id])]
                served += 1
            except ProviderError as error:
                if error.transient:
                    raise
                app.log.warning(f"chore of {record.request.request_id} put off: {error.message}", hint=error.hint)
                done += [_later(app, record)]
    except ProviderError as error:
        app.log.info(f"chores: {served} of {len(due)} done: {error.message}")
    note_requests(app, app.store.read(), done)
    return served


def _later(app: App, record: RequestRecord, seconds: int = LATER) -> RequestRecord:
    return replace(record, chore_at=int(app.now()) + seconds)


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
            hint="check AWS_REGION and the credentials of this provider",
        )


def _unpolled(app: App, calls: Calls, record: RequestRecord, seen: Observation) -> RequestRecord:
    """A request that Host Factory no longer asks for: frozen; settled where no machine lives, or a mark says so."""
    poll = Poll(app, calls, app.store.read(), policies_for(app))
    policy = poll.policies.get(record.request.template_id, poll.policies[""])
    nothing_lives = not any(one.live for one in seen.instances)
    read: dict[str, StackSeen] = {}
    judgement = judge(record, seen, policy)
    if judgement.wish == "look" and nothing_lives and not record.first_short_at:
        seen = _asked_for_mark(calls, record, seen)
        if seen.stack is not None and seen.stack.phase != "deleted" and not seen.settled:
            return _later(app, replace(record, first_short_at=int(seen.at)), DELETION_LOOK)
        read = {seen.stack.name: seen.stack} if seen.stack is not None else {}
        judgement = judge(record, seen, policy)
    if judgement.wish == "look":
        seen = queries.look(calls, record, seen, read)
        judgement = judge(record, seen, policy)
    if settled_mark(seen.instances) or seen.settled or nothing_lives:
        poll.act(record, seen, told=False)
        return poll.changed[-1]
    if judgement.wish == "freeze":
        carry_out(calls, steps_for(record, seen, judgement), app.settings.provider.service_role_arn)
        return _later(app, replace(record, first_short_at=first_short(record, judgement, seen.at)), DELETION_LOOK)
    if judgement.wish == "settle":
        request = record.request
        carry_out(calls, freeze(request.kind, request.request_id, fleet_ids(request.kind, seen)))
    return _later(app, record)


def _asked_for_mark(calls: Calls, record: RequestRecord, seen: Observation) -> Observation:
    """What another host may have told of a request while this one heard nothing. The closer look has a visit of its
    own: both do not go into the calls that chores have in one poll."""
    stack = queries.stack_of(calls, record.request.owner, record.stack_id or stack_name(record.request.request_id))
    return queries.told_elsewhere(calls, record.request.owner, replace(seen, stack=stack))


def _late(record: RequestRecord, seen: Observation) -> Iterator[str]:
    """Machines that appeared after the terminal answer: nobody knows of them."""
    answered = {one.machine_id for one in record.machines}
    for one in seen.instances:
        if one.live and one.instance_id not in answered and TAG_SETTLED not in one.tags and not is_returned(one):
            yield one.instance_id


def _end_late(app: App, calls: Calls, record: RequestRecord, ids: tuple[str, ...]) -> RequestRecord:
    late = machines_in_words(len(ids))
    app.log.warning(f"ending {late} that came late", request_id=record.request.request_id, ids=ids)
    return _ended(app, calls, record, terminate(ids, late=True))


def _ended(app: App, calls: Calls, record: RequestRecord, steps: tuple[Step, ...]) -> RequestRecord:
    for one, why in carry_out(calls, steps).items():
        app.log.warning(f"{one} is not ended: {why}", request_id=record.request.request_id)
    return _later(app, record, DELETION_LOOK)


def _delete(app: App, calls: Calls, record: RequestRecord) -> RequestRecord:
    carry_out(calls, (delete_stack(record),), app.settings.provider.service_role_arn)
    return _later(app, replace(record, stack="deleting"), DELETION_LOOK)


def _after_deletion(app: App, calls: Calls, record: RequestRecord, seen: Observation) -> RequestRecord:
    """Whether a deletion went through: the stack gone, and every machine that was known. A failed one is asked for
    again, ever more seldom, with its reason in the log."""
    stack = queries.stack_of(calls, app.owner, record.stack_id or stack_name(record.request.request_id))
    if stack is not None and stack.phase == "deleting":
        return _later(app, record, DELETION_LOOK)
    if stack is not None and stack.phase != "deleted":
        why = _why_not_deleted(calls, stack)
        app.log.warning(f"stack {stack.name} is {stack.status}: {why}; deletion is asked for again")
        pause = min(LATER, max(DELETION_LOOK, (int(app.now()) - record.settled_at) // BACK_OFF))
        return replace(_delete(app, calls, record), chore_at=int(app.now()) + pause)
    survivors = tuple(_survivors(app, calls, record, seen))
    if survivors:
        app.log.warning(
            f"ending {machines_in_words(len(survivors))} that survived their stack",
            request_id=record.request.request_id,
            ids=survivors,
        )
        return _ended(app, calls, record, terminate(survivors))
    return replace(record, stack="gone", chore_at=0)


def _why_not_deleted(calls: Calls, stack: StackSeen) -> str:
    """What kept a stack from going: the first resource's reason, else the stack's own."""
    events = cloudformation.stack_events(calls, stack.stack_id)
    return root_cause(one for one in events if one.status == "DELETE_FAILED") or stack.reason


def _survivors(app: App, calls: Calls, record: RequestRecord, seen: Observation) -> Iterator[str]:
    """Machines that live though their stack is gone, looked up by tag and by the ids that were told of them.

    One that lost our tag is not ours to end.
    """
    shown = {one.instance_id: one for one in seen.instances}
    known = (one.machine_id for one in record.machines if one.machine_id not in shown)
    shown |= {one.instance_id: one for one in ec2.by_id(calls, known)}
    for one in shown.values():
        if one.live and one.tags.get(TAG_OWNER) == app.owner:
            yield one.instance_id
        elif one.live:
            app.log.warning(f"{one.instance_id} survived its stack and lacks {TAG_OWNER}: it is left alone")
