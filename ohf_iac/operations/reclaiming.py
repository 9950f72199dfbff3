"""getReturnRequests: which hosts are being taken away or are gone. It changes nothing that Host Factory uses.

Reported: spot interruptions with the seconds left (EC2 gives two minutes from the notice on), machines terminated
or stopped outside, scheduled retirements, machines that their group takes away. Not reported: what our own returns
end. A host that is named without an id and is not found is not called gone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ohf_iac.app import announce, calls_of
from ohf_iac.aws import ec2
from ohf_iac.aws.groups import leaving
from ohf_iac.errors import OhfError, StorageError
from ohf_iac.events import MachineInterrupted
from ohf_iac.hostfactory import HostRef, Reclaim
from ohf_iac.hosts import can_be_looked_up, check_place, find_hosts
from ohf_iac.machine import CREATE_RESULT
from ohf_iac.operations.ownership import check_hosts
from ohf_iac.operations.remembering import wake_chores
from ohf_iac.operations.status import read_memory
from ohf_iac.request import TAG_SETTLED
from ohf_iac.status.judge import ABSENCE_PATIENCE
from ohf_iac.status.tally import is_returned
from ohf_iac.store.memory import with_machines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.hosts import FoundHosts
    from ohf_iac.machine import Instance
    from ohf_iac.store.memory import Memory

#: seconds between a spot notice and the machine's end (EC2: Spot Instance interruption notices)
SPOT_NOTICE: Final = 120
#: Spot request statuses that mean that EC2 takes the machine (aws-behaviour §4); our own ends are not there.
TAKEN: Final = frozenset(
    {
        "marked-for-termination",
        "marked-for-stop",
        "instance-terminated-no-capacity",
        "instance-terminated-by-price",
        "instance-terminated-by-schedule",
        "instance-terminated-by-service",
        "instance-terminated-by-experiment",
        "instance-terminated-capacity-oversubscribed",
        "instance-terminated-launch-group-constraint",
        "instance-stopped-by-price",
        "instance-stopped-no-capacity",
    }
)


def reclaimed_hosts(app: App, hosts: tuple[HostRef, ...] | None) -> tuple[tuple[Reclaim, ...], str]:
    """The hosts named (all of ours if None) that are being reclaimed or are gone, and a message.

    Where AWS cannot be asked, nothing is guessed and the message says so: absence of an answer is no evidence.
    """
    memory = read_memory(app)
    try:
        calls = calls_of(app)
        returned = _returned(memory)
        wanted = (
            _all_of_ours(app, calls, memory, returned)
            if hosts is None
            else tuple(one for one in hosts if one.given)
        )
        if not wanted:
            return (), ""
        check_hosts(app, memory, wanted)
        found = find_hosts(calls, app.owner, wanted, memory)
        gone = _gone(app, calls, memory, found, returned)
    except OhfError as error:
        app.log.warning(f"reclaims not looked up: {error.message}", hint=error.hint)
        return (), error.message
    taken, message = _taken(app, calls, found, returned)
    reclaims = gone + taken
    _tell(app, memory, reclaims)
    wake_chores(app, memory, (one.machine_id for one in reclaims if not one.grace))
    return reclaims, message


def _returned(memory: Memory) -> frozenset[str]:
    """The machines that returns of ours have named: Host Factory knows what becomes of them."""
    return frozenset(one.machine_id for record in memory.returns.values() for one in record.machines)


def _tell(app: App, memory: Memory, reclaims: tuple[Reclaim, ...]) -> None:
    """Tell the observers of machines whose reclaim is new, once each as long as we remember."""
    now = int(app.now())
    news = [
        replace(known, interrupted_at=now)
        for one in reclaims
        if (known := memory.machines.get(one.machine_id)) is not None and not known.interrupted_at
    ]
    if not news:
        return
    announce(
        app,
        (MachineInterrupted(now, one.request_id, machine_id=one.machine_id, machine_name=one.name) for one in news),
    )
    try:
        app.store.change(lambda before: with_machines(before, news))
    except StorageError as error:
        app.log.error(f"reclaims not remembered: {error.message}", hint=error.hint)


def _all_of_ours(app: App, calls: Calls, memory: Memory, returned: frozenset[str]) -> tuple[HostRef, ...]:
    """The machines that we remember or have marked as told, without what our returns have ended."""
    known = {key: one.name for key, one in memory.machines.items()}
    for one in ec2.of_owner(calls, app.owner):
        if TAG_SETTLED in one.tags and not is_returned(one):
            known[one.instance_id] = one.name or known.get(one.instance_id, "")
    return tuple(HostRef(name, key) for key, name in known.items() if key not in returned)


def _gone(
    app: App, calls: Calls, memory: Memory, found: FoundHosts, returned: frozenset[str]
) -> tuple[Reclaim, ...]:
    """Machines that end or have ended, and those that EC2 no longer shows although they were looked up by id long
    after launch."""
    ended = [
        replace(host, machine_id=one.instance_id)
        for host, one in (*found.ours, *found.dead)
        if CREATE_RESULT[one.state] == "fail" and not is_returned(one)
    ]
    absent = [one for one in found.missing if one.machine_id not in returned and _long_known(calls, memory, one)]
    if absent and not (found.ours or found.dead):
        check_place(calls, app.owner, memory, (one.machine_id for one in absent))
    gone = [one for one in ended if one.machine_id not in returned] + absent
    return tuple(Reclaim(one.machine_id, _name(memory, one), 0) for one in gone)


def _name(memory: Memory, host: HostRef) -> str:
    """The name that Host Factory knows a host by; its id where nobody told a name."""
    known = memory.machines.get(host.machine_id)
    return host.name or (known.name if known else "") or host.machine_id


def _long_known(calls: Calls, memory: Memory, host: HostRef) -> bool:
    """Whether absence says something of a host: known by id, and not launched a moment ago."""
    known = memory.machines.get(host.machine_id)
    return can_be_looked_up(host) and (known is None or calls.moment() - known.launch_time > ABSENCE_PATIENCE)


def _taken(app: App, calls: Calls, found: FoundHosts, returned: frozenset[str]) -> tuple[tuple[Reclaim, ...], str]:
    """Running machines that EC2 or their group is about to take, and what could not be asked."""
    running = {
        one.instance_id: (host, one)
        for host, one in found.ours
        if one.state in ("pending", "running") and not is_returned(one) and one.instance_id not in returned
    }
    graces: dict[str, int] = {}
    silent: list[str] = []
    for source in (_scheduled_graces, _group_graces, _spot_graces):
        try:
            graces |= source(calls, {key: one for key, (_, one) in running.items()})
        except OhfError as error:
            # what one API keeps to itself is no reason to withhold what the others tell
            app.log.warning(f"reclaims looked up in part: {error.message}", hint=error.hint)
            silent.append(error.message)
    rows = ((key, running[key], grace) for key, grace in graces.items())
    return tuple(Reclaim(key, host.name or one.name, grace) for key, (host, one), grace in rows), "; ".join(silent)


def _scheduled_graces(calls: Calls, running: Mapping[str, Instance]) -> dict[str, int]:
    ends = ec2.scheduled_ends(calls, running) if running else {}
    return {key: max(0, int(at - calls.moment())) for key, at in ends.items()}


def _group_graces(calls: Calls, running: Mapping[str, Instance]) -> dict[str, int]:
    grouped = [key for key, one in running.items() if "aws:autoscaling:groupName" in one.tags]
    found = leaving(calls, grouped)
    # a return of ours may have ended them since they were seen running, and has marked them before that
    returned = {one.instance_id for one in ec2.by_id(calls, found) if is_returned(one)} if found else ()
    return {key: 0 for key in found if key not in returned}


def _spot_graces(calls: Calls, running: Mapping[str, Instance]) -> dict[str, int]:
    spot = [key for key, one in running.items() if one.spot]
    notices = ec2.spot_notices(calls, spot) if spot else {}
    return {
        key: max(0, min(SPOT_NOTICE, int(SPOT_NOTICE - (calls.moment() - at))))
        for key, (code, at) in notices.items()
        if code in TAKEN
    }
