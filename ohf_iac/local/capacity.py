"""How many machines AWS has to give: per type and zone, per account, and when a launch goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ohf_iac.local.refusals import Refused
from ohf_iac.local.scenario import LaunchFailure

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

Occupied = Mapping[tuple[str, str, bool], int]  # (type, zone, spot) → machines that are not terminated


def room(capacity: Mapping[str, int], occupied: Occupied, instance_type: str, zone: str) -> int | None:
    """How many more of this type fit into this zone; None when nothing limits them.

    `capacity` is keyed by TYPE, ZONE/TYPE, ZONE/* or *; each entry limits all machines that it matches together,
    and the tightest holds.
    """
    limits = []
    for key, limit in capacity.items():
        key_zone, _, key_type = key.rpartition("/")
        if key_type in ("*", instance_type) and key_zone in ("", zone):
            limits.append(limit - _used(occupied, key_type, key_zone))
    return max(0, min(limits)) if limits else None


def check_room(region: Region, instance_type: str, zone: str, spot: bool) -> None:
    """Raises Refused in EC2's words when there is no capacity, or no quota left, for one more machine.

    Codes and texts: facts/aws-behaviour.md section 3; EC2's error code reference.
    """
    left = room(region.scenario.capacity, region.occupied, instance_type, zone)
    if left == 0 and spot:
        raise Refused(
            "InsufficientInstanceCapacity", "There is no Spot capacity available that matches your request."
        )
    if left == 0:
        raise Refused(
            "InsufficientInstanceCapacity",
            f"We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested "
            f"({zone}). Our system will be working on provisioning additional capacity.",
        )
    _check_quota(region, spot)


def failure(region: Region, instance_type: str, zone: str) -> LaunchFailure | None:
    """The launch failure that the scenario has for this launch; taking it uses up one of its `count`."""
    used = region.world.failures_used()
    for place, planned in enumerate(region.scenario.launch_failures):
        fits = planned.type in ("*", instance_type) and planned.zone in ("*", zone)
        if fits and (planned.count is None or used[place] < planned.count):
            used[place] += 1
            return planned
    return None


def _check_quota(region: Region, spot: bool) -> None:
    quota = region.scenario.quota
    limit = quota.spot if spot else quota.ondemand
    if limit is None or sum(n for (_, _, is_spot), n in region.occupied.items() if is_spot == spot) < limit:
        return
    if spot:
        raise Refused("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
    raise Refused(
        "VcpuLimitExceeded",
        f"You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance "
        "bucket that the specified instance type belongs to. Please visit "
        "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
    )


def _used(occupied: Occupied, instance_type: str, zone: str) -> int:
    return sum(
        count
        for (held_type, held_zone, _), count in occupied.items()
        if instance_type in ("*", held_type) and zone in ("", held_zone)
    )
