"""What people and programs do to a group: sizes, processes, single members, its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ohf_iac.local.group_record import PROCESSES, Activity, Group, Member
from ohf_iac.local.groups import balance, check_health, finish, record, remove
from ohf_iac.local.machines import Machine, drop_tag
from ohf_iac.local.moments import iso
from ohf_iac.local.refusals import Refused

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

MAX_DETACHED = 20


def find_group(region: Region, name: str) -> Group:
    """The group. Raises Refused (ValidationError)."""
    if name not in region.groups:
        raise Refused("ValidationError", "AutoScalingGroup name not found - null")
    return region.groups[name]


def find_member(region: Region, machine_id: str) -> tuple[Group, Member]:
    """The group that a machine is in. Raises Refused (ValidationError) for a machine of no group."""
    for group in region.groups.values():
        if machine_id in group.members:
            return group, group.members[machine_id]
    raise Refused(
        "ValidationError", f"Instance Id not found - No managed instance found for instance ID: {machine_id}"
    )


def set_desired(region: Region, group: Group, desired: float) -> None:
    """Raises Refused (ValidationError) when it is outside the group's bounds."""
    if desired > group.maximum:
        raise Refused(
            "ValidationError",
            f"New SetDesiredCapacity value {desired:g} is above max value {group.maximum:g} "
            "for the AutoScalingGroup.",
        )
    if desired < group.minimum:
        raise Refused(
            "ValidationError",
            f"New SetDesiredCapacity value {desired:g} is below min value {group.minimum:g} "
            "for the AutoScalingGroup.",
        )
    if desired < group.desired:
        group.halted_at = region.now()
    group.desired = desired
    balance(region, group)


def suspend(region: Region, group: Group, processes: Sequence[str]) -> None:
    """Suspend these processes, all if none is named. Raises Refused for one that does not exist."""
    for process in _known(processes):
        group.suspended[process] = f"User suspended at {iso(region.now())}"
        if process == "Launch":
            group.halted_at = region.now()


def resume(region: Region, group: Group, processes: Sequence[str]) -> None:
    """Resume these processes, all if none is named, and catch up. Raises Refused for one that does not exist."""
    for process in _known(processes):
        group.suspended.pop(process, None)
    check_health(region, group)


def terminate_member(region: Region, machine_id: str, decrement: bool) -> Activity:
    """End one member, with or without wanting one less.

    Raises Refused: no member, already going, or the minimum size stands against it.
    """
    group, member = find_member(region, machine_id)
    if not member.present:
        raise Refused(
            "ScalingActivityInProgress",
            f"The instance {machine_id} is already being terminated by a scaling activity.",
        )
    if decrement and group.desired - member.machine.weight < group.minimum:
        raise Refused(
            "ValidationError",
            f"Currently, desiredSize equals minSize ({group.minimum:g}). Terminating instance without replacement "
            "will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or "
            "lower group's min size.",
        )
    if decrement:
        group.desired -= member.machine.weight
    remove(region, member, group, "instance was taken out of service in response to a user request.")
    activity = region.activities[-1]
    balance(region, group)
    return activity


def detach(region: Region, group: Group, machine_ids: Sequence[str], decrement: bool) -> list[Activity]:
    """Let members go without ending them: they lose the group's tag and belong to nobody. Raises Refused."""
    if len(machine_ids) > MAX_DETACHED:
        raise Refused("ValidationError", f"You can detach at most {MAX_DETACHED} instances at a time.")
    members = [_attached(group, machine_id) for machine_id in machine_ids]
    if decrement and group.desired - len(members) < group.minimum:
        raise Refused(
            "ValidationError",
            f"AutoScalingGroup {group.name} has min-size={group.minimum:g}, max-size={group.maximum:g}, and "
            f"desired-size={group.desired:g}. To detach {len(members)} instance, please update the "
            "AutoScalingGroup sizes appropriately.",
        )
    if decrement:
        group.desired -= len(members)
    activities = []
    for member in members:
        del group.members[member.machine.id]
        member.machine.lost = _nobody
        drop_tag(region, member.machine, "aws:autoscaling:groupName")
        cause = "instance was detached in response to a user request."
        activities.append(record(region, group, f"Detaching EC2 instance: {member.machine.id}", cause))
        finish(region, activities[-1], "Successful")
    balance(region, group)
    return activities


def delete_group(region: Region, group: Group, force: bool) -> None:
    """Delete the group, with `force` its machines as well.

    Raises Refused (ResourceInUse, ScalingActivityInProgress).
    """
    if group.members and not force:
        if not group.present():
            raise Refused(
                "ScalingActivityInProgress",
                "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that "
                "group.",
            )
        raise Refused(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group.",
        )
    group.deleting, group.desired, group.minimum = True, 0.0, 0.0
    for member in group.present():
        remove(region, member, group, "a user request force deleted the AutoScalingGroup.")
    balance(region, group)


def protect(group: Group, machine_ids: Iterable[str], protected: bool) -> None:
    """Protect members from scale-in, or no longer. Raises Refused for one that is not in the group."""
    for member in [_attached(group, machine_id) for machine_id in machine_ids]:
        member.protected = protected


def _attached(group: Group, machine_id: str) -> Member:
    member = group.members.get(machine_id)
    if member is None:
        raise Refused(
            "ValidationError", f"The instance {machine_id} is not part of Auto Scaling group {group.name}."
        )
    if member.state not in ("InService", "Standby"):
        raise Refused("ValidationError", f"The instance {machine_id} is not in InService or Standby.")
    return member


def _known(processes: Sequence[str]) -> Sequence[str]:
    for process in processes:
        if process not in PROCESSES:
            raise Refused("ValidationError", f"{process} is not a valid process type")
    return processes or PROCESSES


def _nobody(machine: Machine) -> None:
    """A detached machine is nobody's loss."""
