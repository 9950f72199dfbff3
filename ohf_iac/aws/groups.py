"""Auto Scaling groups: seen, and frozen."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.errors import ProviderError
from ohf_iac.observation import CapacitySeen, Shortfall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.aws.calls import Calls

#: What a frozen group must not do; Terminate stays on, or the stack could not be deleted (design §2.5).
FROZEN_PROCESSES: Final = ("AZRebalance", "Launch", "ReplaceUnhealthy")
#: The moment in a SuspensionReason (Auto Scaling API, SuspendedProcess).
_SUSPENDED_AT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
#: Activities that have ended; every other status, also one unknown to us, means that something is under way.
_ENDED: Final = frozenset({"Successful", "Failed", "Cancelled"})


def group_seen(calls: Calls, group: str, now: float) -> CapacitySeen:
    """A group as DescribeAutoScalingGroups and DescribeScalingActivities show it."""
    del now  # a group has no end of its own
    answer = calls.call(
        "autoscaling",
        "describe_auto_scaling_groups",
        "describe",
        f"group {group}",
        AutoScalingGroupNames=[group],
    )
    rows = answer["AutoScalingGroups"]
    if not rows:
        return CapacitySeen(group, gone=True, frozen=True)
    row = rows[0]
    suspended = {one["ProcessName"]: one.get("SuspensionReason", "") for one in row.get("SuspendedProcesses", [])}
    frozen = suspended.keys() >= set(FROZEN_PROCESSES)
    activities = _activities(calls, group)
    return CapacitySeen(
        capacity_id=group,
        state=row.get("Status", ""),
        target=row["DesiredCapacity"],
        frozen=frozen,
        frozen_since=_suspended_at([suspended[one] for one in FROZEN_PROCESSES]) if frozen else 0,
        busy=any(_launching(one) for one in activities),
        members=tuple(one["InstanceId"] for one in row.get("Instances", [])),
        shortfalls=tuple(dict.fromkeys(_shortfalls(activities))),
    )


def _suspended_at(reasons: Iterable[str]) -> int:
    """When the last of some processes was suspended ("User suspended at 2026-11-23T19:05:51Z"); 0 when not told."""
    times = [_SUSPENDED_AT.search(one) for one in reasons]
    told = [datetime.fromisoformat(one[0]).timestamp() for one in times if one]
    return int(max(told)) if len(told) == len(times) else 0


def suspend_group(calls: Calls, group: str) -> None:
    """Keep a group from launching; may be repeated. A group that is gone launches nothing."""
    try:
        calls.call(
            "autoscaling",
            "suspend_processes",
            "freeze",
            f"group {group}",
            AutoScalingGroupName=group,
            ScalingProcesses=list(FROZEN_PROCESSES),
        )
    except ProviderError as error:
        _unless_gone(error)


def tag_group(calls: Calls, group: str, key: str, value: str) -> None:
    """Put one tag on a group, not on its machines; a group that is gone is left so."""
    tag = {"ResourceId": group, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    try:
        calls.call(
            "autoscaling",
            "create_or_update_tags",
            "tag",
            f"group {group}",
            Tags=[{**tag, "Key": key, "Value": value}],
        )
    except ProviderError as error:
        _unless_gone(error)


def tag_of_group(calls: Calls, group: str, key: str) -> str:
    """The value of one tag of a group; "" when it does not bear it, or is gone."""
    answer = calls.call(
        "autoscaling",
        "describe_auto_scaling_groups",
        "read",
        f"tags of group {group}",
        AutoScalingGroupNames=[group],
    )
    tags = [tag for row in answer["AutoScalingGroups"] for tag in row.get("Tags", [])]
    return next((str(tag["Value"]) for tag in tags if tag["Key"] == key), "")


def _unless_gone(error: ProviderError) -> None:
    """Raise the error again, unless it says that the group does not exist."""
    if not (error.aws_code == "ValidationError" and "not found" in error.message):
        raise error


def leaving(calls: Calls, ids: Iterable[str]) -> tuple[str, ...]:
    """The instances among `ids` that their group is taking away (50 ids a call)."""
    found: list[str] = []
    whole = tuple(ids)
    for start in range(0, len(whole), 50):
        for page in calls.pages(
            "autoscaling",
            "describe_auto_scaling_instances",
            "describe",
            "members of groups",
            InstanceIds=list(whole[start : start + 50]),
        ):
            found += [
                one["InstanceId"]
                for one in page["AutoScalingInstances"]
                if one["LifecycleState"].startswith("Terminat") or one["HealthStatus"].upper() == "UNHEALTHY"
            ]
    return tuple(found)


def _activities(calls: Calls, group: str) -> list[Mapping[str, Any]]:
    answer = calls.call(
        "autoscaling",
        "describe_scaling_activities",
        "read",
        f"activities of group {group}",
        AutoScalingGroupName=group,
        MaxRecords=100,
    )
    return list(answer["Activities"])


def _launching(activity: Mapping[str, Any]) -> bool:
    return activity["StatusCode"] not in _ENDED and str(activity.get("Description", "")).startswith("Launching")


def _shortfalls(activities: Iterable[Mapping[str, Any]]) -> Iterable[Shortfall]:
    """Why launches failed, newest first; a group gives a text and no code, the text's beginning is all AWS says."""
    for one in activities:
        if one["StatusCode"] in ("Failed", "Cancelled") and one.get("StatusMessage"):
            text = str(one["StatusMessage"])
            yield Shortfall(_code_of(text), text)


#: Substrings of activity texts and the EC2 error code that they stand for (aws-behaviour §3).
_CODES: Final = (
    ("no Spot capacity available", "UnfulfillableCapacity"),
    ("do not have sufficient", "InsufficientInstanceCapacity"),
    ("current vCPU limit", "VcpuLimitExceeded"),
    ("Max spot instance count exceeded", "MaxSpotInstanceCountExceeded"),
    ("Spot request price", "SpotMaxPriceTooLow"),
    ("free addresses", "InsufficientFreeAddressesInSubnet"),
    ("not authorized", "UnauthorizedOperation"),
)


def _code_of(text: str) -> str:
    return next((code for part, code in _CODES if part.lower() in text.lower()), "")
