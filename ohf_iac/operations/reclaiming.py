"""getReturnRequests: which hosts are being taken away or are gone. It changes nothing that Host Factory uses.

Reported: spot interruptions with the seconds left (EC2 gives two minutes from the notice on), machines terminated
or stopped outside, scheduled retirements, machines that their group takes away. Not reported: what our own returns
end. A host that is named without an id and is not found is not called gone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ohf_iac import queries
from ohf_iac.app import announce, calls_of
from ohf_iac.aws import ec2
from ohf_iac.aws.groups import leaving
from ohf_iac.errors import OhfError, ProviderError, StorageError
from ohf_iac.events import MachineInterrupted
from ohf_iac.hostfactory import HostRef, Reclaim
from ohf_iac.operations.remembering import wake_chores
from ohf_iac.operations.status import read_memory
from ohf_iac.status.judge import ABSENCE_PATIENCE
from ohf_iac.status.tally import is_returned
from ohf_iac.store.memory import with_machines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.machine import Instance
    from ohf_iac.queries import FoundHosts
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

    When AWS cannot be asked, nothing is reported and the message says so: absence of an answer is no evidence.
    """
    memory = read_memory(app)
    try:
        calls = calls_of(app)
        hosts = _all_of_ours(app, calls, memory) if hosts is None else hosts
        if not hosts:
            return (), ""
        found = queries.find_hosts(calls, app.owner, hosts, memory)
        returned = _returned(memory)
        reclaims = (*_gone(app, calls, memory, found, returned), *_taken(app, calls, found, returned))
    except OhfError as error:
        app.log.warning(f"reclaims not looked up: {error.message}")
        return (), error.message
    _tell(app, memory, reclaims)
    wake_chores(app, memory, (one.machine_id for one in reclaims if not one.grace))
    return reclaims, ""


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


def _all_of_ours(app: App, calls: Calls, memory: Memory) -> tuple[HostRef, ...]:
    """The machines with our owner tag and those we remember, without what our returns have ended."""
    returned = _returned(memory)
    known = {key: one.name for key, one in memory.machines.items()}
    known |= {one.instance_id: one.name for one in ec2.of_owner(calls, app.owner) if not is_returned(one)}
    return tuple(HostRef(name, key) for key, name in known.items() if key not in returned)


def _gone(
    app: App, calls: Calls, memory: Memory, found: FoundHosts, returned: frozenset[str]
) -> tuple[Reclaim, ...]:
    """Dead machines, and those that EC2 no longer shows although they were looked up by id long after launch."""
    dead = tuple(
        Reclaim(one.instance_id, host.name or one.name, 0)
        for host, one in found.ours
        if one.state in ("terminated", "stopped") and not is_returned(one) and one.instance_id not in returned
    )
    absent = tuple(
        host
        for host in found.missing
        if host.machine_id and host.machine_id not in returned and _old(app, memory, host)
    )
    if len(absent) > 1 and not found.ours:
        _check_place(calls, memory, absent)
    return dead + tuple(Reclaim(host.machine_id, _name(memory, host), 0) for host in absent)


def _name(memory: Memory, host: HostRef) -> str:
    """The name that Host Factory knows a host by; its id where nobody told a name."""
    known = memory.machines.get(host.machine_id)
    return host.name or (known.name if known else "") or host.machine_id


def _old(app: App, memory: Memory, host: HostRef) -> bool:
    known = memory.machines.get(host.machine_id)
    return known is None or app.now() - known.launch_time > ABSENCE_PATIENCE


def _check_place(calls: Calls, memory: Memory, absent: Iterable[HostRef]) -> None:
    """All of several machines absent: either all are gone, or we look into the wrong account or region."""
    known = [memory.machines[one.machine_id] for one in absent if one.machine_id in memory.machines]
    places = {(one.account, one.region) for one in known if one.account}
    here = (ec2.account(calls), calls.region)
    if places != {here}:
        raise ProviderError(
            f"look for machines: none is in {here}, they belong to {sorted(places) or 'a place not remembered'}",
            transient=True,
            hint="check AWS_REGION and the credentials of this provider",
        )


def _taken(app: App, calls: Calls, found: FoundHosts, returned: frozenset[str]) -> tuple[Reclaim, ...]:
    """Live machines that EC2 or their group is taking away."""
    alive = {
        one.instance_id: (host, one)
        for host, one in found.ours
        if one.live and not is_returned(one) and one.instance_id not in returned
    }
    running = {key: one for key, (_, one) in alive.items() if one.state in ("pending", "running")}
    graces: dict[str, int] = {}
    for key, at in ec2.scheduled_ends(calls, running).items() if running else ():
        graces[key] = max(0, int(at - app.now()))
    for key in leaving(calls, _grouped(running)):
        graces[key] = 0
    graces |= _spot_graces(app, calls, running)
    return tuple(Reclaim(key, alive[key][0].name or alive[key][1].name, grace) for key, grace in graces.items())


def _spot_graces(app: App, calls: Calls, running: Mapping[str, Instance]) -> dict[str, int]:
    spot = [key for key, one in running.items() if one.spot]
    notices = ec2.spot_notices(calls, spot) if spot else {}
    return {
        key: max(0, int(SPOT_NOTICE - (app.now() - at))) for key, (code, at) in notices.items() if code in TAKEN
    }


def _grouped(instances: Mapping[str, Instance]) -> tuple[str, ...]:
    return tuple(key for key, one in instances.items() if "aws:autoscaling:groupName" in one.tags)
