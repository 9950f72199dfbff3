"""Groups and maintain fleets that go on launching: all of an owner, whatever became of their stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohf_iac.aws.fleets import still_launches
from ohf_iac.aws.groups import FROZEN_PROCESSES
from ohf_iac.observation import LauncherSeen
from ohf_iac.request import TAG_OWNER
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, SPOT_MAINTAIN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ohf_iac.aws.calls import Calls
    from ohf_iac.template.kinds import Kind


def launchers_of(calls: Calls, owner: str, kinds: Collection[Kind], now: float) -> tuple[LauncherSeen, ...]:
    """The groups and maintain fleets that bear this owner's tag and are neither frozen nor ended at `now`.

    Only those of `kinds` are asked for: an installation without groups need not be allowed to list them.
    """
    found: list[LauncherSeen] = []
    if ASG in kinds:
        found += _groups(calls, owner)
    if FLEET_MAINTAIN in kinds:
        found += _fleets(calls, now)
    if SPOT_MAINTAIN in kinds:
        found += _spot_fleets(calls, now)
    return tuple(one for one in found if one.tags.get(TAG_OWNER) == owner)


def _groups(calls: Calls, owner: str) -> Iterator[LauncherSeen]:
    pages = calls.pages(
        "autoscaling",
        "describe_auto_scaling_groups",
        "list",
        "groups of this provider",
        Filters=[{"Name": f"tag:{TAG_OWNER}", "Values": [owner]}],
    )
    for row in (row for page in pages for row in page["AutoScalingGroups"]):
        suspended = {one["ProcessName"] for one in row.get("SuspendedProcesses", [])}
        if not suspended.issuperset(FROZEN_PROCESSES):
            name = row["AutoScalingGroupName"]
            yield LauncherSeen(ASG, name, int(row["CreatedTime"].timestamp()), _tags(row))


def _fleets(calls: Calls, now: float) -> Iterator[LauncherSeen]:
    """EC2 Fleets cannot be asked for by tag."""
    lasting = [{"Name": "type", "Values": ["maintain"]}]
    for page in calls.pages("ec2", "describe_fleets", "list", "maintain fleets", Filters=lasting):
        for row in page["Fleets"]:
            target = row["TargetCapacitySpecification"]["TotalTargetCapacity"]
            if still_launches(row["FleetState"], row, target, now):
                yield LauncherSeen(FLEET_MAINTAIN, row["FleetId"], int(row["CreateTime"].timestamp()), _tags(row))


def _spot_fleets(calls: Calls, now: float) -> Iterator[LauncherSeen]:
    for page in calls.pages("ec2", "describe_spot_fleet_requests", "list", "Spot Fleets"):
        for row in page["SpotFleetRequestConfigs"]:
            config, key = row["SpotFleetRequestConfig"], row["SpotFleetRequestId"]
            lasting = config.get("Type", "maintain") == "maintain"
            if lasting and still_launches(row["SpotFleetRequestState"], config, config["TargetCapacity"], now):
                yield LauncherSeen(SPOT_MAINTAIN, key, int(row["CreateTime"].timestamp()), _tags(row))


def _tags(row: Mapping[str, Any]) -> dict[str, str]:
    return {one["Key"]: one.get("Value", "") for one in row.get("Tags", [])}
