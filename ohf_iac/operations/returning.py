"""requestReturnMachines: any mix of hosts over any number of requests, one return id for all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ohf_iac.app import calls_of
from ohf_iac.errors import OhfError
from ohf_iac.hosts import check_place, find_hosts
from ohf_iac.machine import machines_in_words
from ohf_iac.operations.giving_back import give_back
from ohf_iac.operations.ownership import check_hosts
from ohf_iac.operations.remembering import keep_return, note_return, wake_chores
from ohf_iac.operations.status import read_memory
from ohf_iac.request import TAG_REQUEST, ReturnedMachine, ReturnRecord
from ohf_iac.request import return_id as mint
from ohf_iac.store.memory import ids_of_hosts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.hostfactory import HostRef
    from ohf_iac.hosts import FoundHosts
    from ohf_iac.store.memory import Memory


def return_machines(app: App, hosts: Iterable[HostRef]) -> tuple[str, str]:
    """End machines that are ours; the return's id and a message. Already gone or unknown counts as returned.

    The return is remembered before anything is ended. When AWS fails in the middle the answer is the same: every
    poll of the return asks again for the end of what still runs, and its id tells a host that does not remember it
    that AWS was not told. Only where neither AWS nor the store takes the return, or a machine is remembered as
    another owner's, is there an error: then the caller may ask again.
    """
    named = tuple(hosts)
    wanted = tuple(one for one in named if one.given)
    memory = read_memory(app)
    check_hosts(app, memory, wanted)
    now, digits = app.now(), app.random_hex()
    return_id, untold = mint(now, digits), mint(now, digits, untold=True)
    calls = calls_of(app)
    try:
        found = find_hosts(calls, app.owner, wanted, memory)
        _check_place(app, calls, memory, found)
    except OhfError as error:
        app.log.warning(f"hosts not looked up: {error.message}", return_id=untold)
        machines = _by_memory(memory, wanted)
        keep_return(app, ReturnRecord(untold, int(now), machines, message=error.message, looked_up=False))
        return untold, f"{machines_in_words(len(wanted))} to be returned; {error.message}"
    message = _message(app, found) + ("; an entry that names no host is left out" if wanted != named else "")
    record = ReturnRecord(return_id, int(now), named_machines(found, memory), message=_foreign(found))
    note_return(app, None, record)  # where the store fails, the tag on the machines carries the return
    wake_chores(app, memory, (host.machine_id for host in found.gone))
    if found.ours:
        try:
            give_back(app, calls, memory, return_id, (one for _, one in found.ours))
        except OhfError as error:
            app.log.warning(f"return goes on with its polls: {error.message}", return_id=untold)
            _hand_over(app, record, untold)
            return untold, f"{message}; {error.message}"
    return return_id, message


def _check_place(app: App, calls: Calls, memory: Memory, found: FoundHosts) -> None:
    """Before machines that we remember are all told to be gone: do we look where they are (design §2.7)?"""
    known = [one.machine_id for one in found.missing if one.machine_id in memory.machines]
    if known and not (found.ours or found.dead or found.foreign):
        check_place(calls, app.owner, memory, known)


def _hand_over(app: App, record: ReturnRecord, untold: str) -> None:
    """Go on under another id with a return of which nobody knows how far AWS was told of it."""
    keep_return(app, replace(record, return_id=untold))
    over = replace(
        record, verdict="complete_with_error", settled_at=record.created_at, message=f"goes on as {untold}"
    )
    note_return(app, record, over)


def named_machines(found: FoundHosts, memory: Memory) -> tuple[ReturnedMachine, ...]:
    """The machines of a return: ours as EC2 shows them, and those that are already gone."""
    ours = tuple(
        ReturnedMachine(one.instance_id, host.name or one.name, one.tags.get(TAG_REQUEST, ""), one.launch_time)
        for host, one in found.ours
    )
    return ours + tuple(_known_as(memory, host) for host in found.gone)


def _known_as(memory: Memory, host: HostRef) -> ReturnedMachine:
    known = memory.machines.get(host.machine_id)
    if known is None:
        return ReturnedMachine(host.machine_id, host.name)
    return ReturnedMachine(host.machine_id, host.name or known.name, known.request_id, known.launch_time)


def _by_memory(memory: Memory, hosts: tuple[HostRef, ...]) -> tuple[ReturnedMachine, ...]:
    """What can be said of hosts without AWS: the ids that we remember for their names."""
    ids = ids_of_hosts(memory, hosts)
    return tuple(_known_as(memory, replace(host, machine_id=ids.get(host, ""))) for host in hosts)


def _message(app: App, found: FoundHosts) -> str:
    ours, gone = len(found.ours), len(found.gone)
    parts = [f"{machines_in_words(ours)} {'is' if ours == 1 else 'are'} being returned"]
    if gone:
        parts.append(f"{gone} {'is' if gone == 1 else 'are'} already gone")
    if foreign := _foreign(found):
        app.log.warning(foreign)
        parts.append(foreign)
    return "; ".join(parts)


def _foreign(found: FoundHosts) -> str:
    names = ", ".join(host.name or host.machine_id for host, _ in found.foreign)
    return f"not machines of this provider, left alone: {names}" if names else ""
