"""How Auto Scaling groups live: they launch, notice who is lost, replace, shrink and end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ohf_iac.local.group_launch import BRIEF, attempt
from ohf_iac.local.group_record import Activity, Group, Member
from ohf_iac.local.launches import still_arrives
from ohf_iac.local.machines import Machine, terminate
from ohf_iac.local.moments import iso
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import truth

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

ENOUGH = 1e-9
DIFFERENCE = "an instance was {} in response to a difference between desired and actual capacity"
MOST_PATIENT = 16  # a group that keeps failing waits up to that many times `times.replace`


def balance(region: Region, group: Group) -> None:
    """Bring the group towards its desired capacity, as far as its processes may."""
    excess = group.capacity() - group.desired
    if excess > ENOUGH:
        _shrink(region, group, excess)
    elif group.missing() > ENOUGH and "Launch" not in group.suspended and not group.deleting:
        _send(region, group)
    _settle_end(region, group)


def remove(region: Region, member: Member, group: Group, cause: str) -> None:
    """Terminate a member on the group's behalf; it stays listed as Terminating until it is gone."""
    member.state = "Terminating"
    machine = member.machine
    activity = record(region, group, f"Terminating EC2 instance: {machine.id}", cause)
    activity.status, activity.progress, activity.zone = "InProgress", 0, machine.recipe.subnet.zone
    terminate(region, machine)
    region.later(region.scenario.times.shutdown, lambda: _gone(region, group, machine.id, activity))


def record(region: Region, group: Group, description: str, cause: str) -> Activity:
    """A new activity of the group."""
    activity = Activity(
        region.ids.uuid("activity"), group.name, region.now(), description, f"At {iso(region.now())} {cause}"
    )
    region.activities.append(activity)
    return activity


def finish(region: Region, activity: Activity, status: str, message: str = "") -> None:
    """End an activity; AWS cuts the message at 255 characters."""
    activity.status, activity.message, activity.progress = status, message[:BRIEF], 100
    activity.ended = region.now()


def check_health(region: Region, group: Group) -> None:
    """Notice the members that EC2 has lost, and replace them unless that is suspended."""
    if "HealthCheck" in group.suspended:
        return
    for member in list(group.members.values()):
        if member.present and not member.machine.alive:
            member.health = "Unhealthy"
            if "ReplaceUnhealthy" not in group.suspended and "Terminate" not in group.suspended:
                _take_out(region, group, member)
    balance(region, group)


def rebalance(region: Region, group: Group) -> None:
    """Even out the zones: one machine more where there are fewest, one less where there are most."""
    if {"AZRebalance", "Launch", "Terminate"} & group.suspended.keys() or len(group.subnets) < 2:
        return
    zones = Counter(dict.fromkeys(group.zones, 0))
    zones.update(member.machine.recipe.subnet.zone for member in group.present())
    heaviest, lightest = max(zones, key=lambda z: zones[z]), min(zones, key=lambda z: zones[z])
    if zones[heaviest] - zones[lightest] < 2 or group.missing() > ENOUGH:
        return
    crowded = [m for m in group.present() if m.machine.recipe.subnet.zone == heaviest and not m.protected]
    if crowded and _deliver(region, group, crowded[0].machine.weight) <= ENOUGH:
        remove(region, crowded[0], group, "instances were launched to balance instances in zones with other zones.")


def _send(region: Region, group: Group) -> None:
    times = region.scenario.times
    units, decided = group.missing(), region.now()
    if times.launch_batch:
        units = min(units, times.launch_batch * min(pool.weight for pool in group.pools))
    group.in_flight += units
    region.later(times.launch, lambda: _arrive(region, group, units, decided))
    if group.missing() > ENOUGH:
        region.later(times.launch_interval, lambda: balance(region, group))


def _arrive(region: Region, group: Group, units: float, decided: float) -> None:
    """A launch decided before the group was frozen arrives only while `lag.inFlight` lasts."""
    group.in_flight -= units
    if group.deleting or region.groups.get(group.name) is not group:
        return
    if not still_arrives(region, decided, group.halted_at):
        return
    if _deliver(region, group, units) <= ENOUGH:
        group.failures = 0
        return
    group.failures += 1
    if not group.retry_due:
        group.retry_due = True
        patience = min(2 ** (group.failures - 1), MOST_PATIENT)
        region.later(region.scenario.times.replace * patience, lambda: _retry(region, group))


def _retry(region: Region, group: Group) -> None:
    group.retry_due = False
    balance(region, group)


def _deliver(region: Region, group: Group, units: float) -> float:
    """Launch until the units are there; one that fails ends it, with a failed activity. The rest is returned."""
    have = group.capacity()
    while units > ENOUGH:
        cause = f"{DIFFERENCE.format('started')}, increasing the capacity from {have:g} to {group.desired:g}."
        activity = record(region, group, "Launching a new EC2 instance.", cause)
        try:
            machine = attempt(region, group, lambda lost: _lost(region, group, lost))
        except Refused as refused:
            activity.description = f"{activity.description}  Status Reason: {refused.message}"
            finish(region, activity, "Failed", refused.message)
            return units
        activity.description = f"Launching a new EC2 instance: {machine.id}"
        activity.zone = machine.recipe.subnet.zone
        protect = truth(group.config.get("NewInstancesProtectedFromScaleIn"))
        member = group.members[machine.id] = Member(machine, activity, protected=protect)
        _await_service(region, group, member)
        units -= machine.weight
        have += machine.weight
    return units


def _await_service(region: Region, group: Group, member: Member) -> None:
    region.later(region.scenario.times.pending, lambda: _in_service(region, group, member))


def _in_service(region: Region, group: Group, member: Member) -> None:
    if member.state == "Pending" and member.machine.state == "running" and member.machine.id in group.members:
        member.state = "InService"
        finish(region, member.launching, "Successful")


def _lost(region: Region, group: Group, machine: Machine) -> None:
    """A member ends that the group did not end itself: noticed by the next health check."""
    member = group.members.get(machine.id)
    if member is None or not member.present:
        return
    if member.state == "Pending":
        reason = machine.reason[1] if machine.reason else ""
        finish(
            region,
            member.launching,
            "Cancelled",
            "Instance became unhealthy while waiting for instance to be in InService state. "
            f"Termination Reason: {reason}",
        )
    region.later(region.scenario.times.replace, lambda: check_health(region, group))


def _take_out(region: Region, group: Group, member: Member) -> None:
    activity = record(
        region,
        group,
        f"Terminating EC2 instance: {member.machine.id}",
        "an instance was taken out of service in response to an EC2 health check indicating it has been terminated "
        "or stopped.",
    )
    finish(region, activity, "Successful")
    terminate(region, member.machine)
    group.members.pop(member.machine.id, None)
    region.later(region.scenario.times.replace, lambda: rebalance(region, group))


def _shrink(region: Region, group: Group, excess: float) -> None:
    """The default termination policy in short: from the fullest zone, the oldest machine first."""
    if "Terminate" in group.suspended:
        return
    open_members = [member for member in group.present() if not member.protected]
    while open_members:
        zones = Counter(member.machine.recipe.subnet.zone for member in open_members)
        chosen = max(open_members, key=lambda m: (zones[m.machine.recipe.subnet.zone], -m.machine.number))
        if excess - chosen.machine.weight < -ENOUGH:
            return
        excess -= chosen.machine.weight
        open_members.remove(chosen)
        sizes = f"shrinking the capacity from {group.capacity():g} to {group.desired:g}"
        remove(region, chosen, group, f"{DIFFERENCE.format('taken out of service')}, {sizes}.")
    if excess > ENOUGH:
        blocked = record(region, group, "Terminating EC2 instances.", "a user request wanted less capacity.")
        finish(
            region,
            blocked,
            "Cancelled",
            "Could not scale to desired capacity because all remaining instances are protected from scale-in.",
        )


def _gone(region: Region, group: Group, machine_id: str, activity: Activity) -> None:
    group.members.pop(machine_id, None)
    finish(region, activity, "Successful")
    _settle_end(region, group)
    region.later(region.scenario.times.replace, lambda: rebalance(region, group))


def _settle_end(region: Region, group: Group) -> None:
    if group.deleting and not group.members and region.groups.get(group.name) is group:
        del region.groups[group.name]
