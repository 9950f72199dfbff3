"""Unsettled returns, polled: every machine looked up by id, those that still run asked to end once more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ohf_iac.aws import ec2
from ohf_iac.errors import OhfError
from ohf_iac.hostfactory import HostRef
from ohf_iac.hosts import check_place, find_hosts
from ohf_iac.operations.giving_back import give_back
from ohf_iac.operations.remembering import note_return
from ohf_iac.operations.returning import named_machines
from ohf_iac.request import TAG_OWNER, TAG_REQUEST, ReturnedMachine, ReturnRecord, is_untold, minted_at, return_tag
from ohf_iac.status.answer import RequestStatus, remembered_return
from ohf_iac.status.recover import maybe_unseen
from ohf_iac.status.returns import absent, judge_return

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.machine import Instance
    from ohf_iac.status.returns import ReturnJudgement
    from ohf_iac.store.memory import Memory

#: what is said of a return that AWS was not told of and nobody remembers
NOT_DONE: Final = (
    "AWS could not be reached when these machines were returned, and this host knows no more: return them again"
)


def return_statuses(app: App, calls: Calls, memory: Memory, ids: Iterable[str]) -> dict[str, RequestStatus]:
    """One answer per return id; `running` with what was last known where AWS cannot be asked."""
    answers: dict[str, RequestStatus] = {}
    for one in ids:
        known = memory.returns.get(one)
        try:
            answers[one] = _poll(app, calls, memory, one)
        except OhfError as error:
            app.log.warning(f"poll of {one}: {error.message}", return_id=one)
            last = remembered_return(known) if known else RequestStatus(one, "running")
            answers[one] = replace(last, message=error.message)
    return answers


def _poll(app: App, calls: Calls, memory: Memory, return_id: str) -> RequestStatus:
    record = memory.returns.get(return_id)
    if record is None:
        return _unknown(app, calls, memory, return_id)
    if not record.looked_up:
        record = _looked_up(app, calls, memory, record)
    instances = ec2.by_id(calls, [one.machine_id for one in record.machines if one.machine_id])
    return _judged(app, calls, memory, record, instances)


def _looked_up(app: App, calls: Calls, memory: Memory, record: ReturnRecord) -> ReturnRecord:
    """Find the machines of a return that was asked for while AWS was silent.

    Private DNS names come back with their addresses: a machine launched after the return was not meant by its name.
    """
    hosts = [HostRef(one.name, one.machine_id) for one in record.machines]
    found = find_hosts(calls, app.owner, hosts, memory)
    meant = tuple(
        (host, one) for host, one in found.ours if host.machine_id or one.launch_time <= record.created_at
    )
    return replace(record, machines=named_machines(replace(found, ours=meant), memory), message="", looked_up=True)


def _unknown(app: App, calls: Calls, memory: Memory, return_id: str) -> RequestStatus:
    """A return that memory does not hold: its machines bear its tag as long as EC2 shows them.

    One that AWS was not told of stood in a memory that is lost, or is another host's: its machines may still run.
    """
    instances = ec2.with_tag_key(calls, app.owner, return_tag(return_id))
    minted = minted_at(return_id) or 0
    if not instances:
        if maybe_unseen(return_id, calls.moment(), app.now()):
            return RequestStatus(return_id, "running")
        if is_untold(return_id):
            return RequestStatus(return_id, "complete_with_error", NOT_DONE)
        return RequestStatus(return_id, "complete")
    machines = tuple(
        ReturnedMachine(one.instance_id, one.name, one.tags.get(TAG_REQUEST, ""), one.launch_time)
        for one in instances
    )
    return _judged(app, calls, memory, ReturnRecord(return_id, minted, machines), instances)


def _judged(
    app: App, calls: Calls, memory: Memory, record: ReturnRecord, instances: Iterable[Instance]
) -> RequestStatus:
    # a dead machine has lost its tags; a live one without our owner tag is not ours to end
    seen = {one.instance_id: one for one in instances if not one.live or one.tags.get(TAG_OWNER) == app.owner}
    missing = absent(record, seen)
    if len(missing) == len(record.machines) and any(one.machine_id in memory.machines for one in missing):
        check_place(calls, app.owner, memory, (one.machine_id for one in missing))
    judgement = judge_return(record, seen, {}, calls.moment())
    refused, silent = _ended_again(app, calls, memory, record, judgement)
    if refused:
        judgement = judge_return(record, seen, refused, calls.moment())
    new = replace(
        record,
        reported=judgement.machines,
        verdict=judgement.verdict,
        message=judgement.message or record.message,
        settled_at=int(app.now()) if judgement.verdict else 0,
    )
    note_return(app, memory.returns.get(record.return_id), new)
    answer = remembered_return(new)
    return replace(answer, message=silent or answer.message)


def _ended_again(
    app: App, calls: Calls, memory: Memory, record: ReturnRecord, judgement: ReturnJudgement
) -> tuple[dict[str, str], str]:
    """Ask again for the end of what still runs: what EC2 refuses to end, and why it could not be asked.

    What was seen of the machines is told all the same: they were observed, only not ended.
    """
    if not judgement.again:
        return {}, ""
    try:
        return give_back(app, calls, memory, record.return_id, judgement.again), ""
    except OhfError as error:
        app.log.warning(f"machines of {record.return_id} not ended: {error.message}", return_id=record.return_id)
        return {}, error.message
