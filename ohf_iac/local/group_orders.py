"""CreateAutoScalingGroup and UpdateAutoScalingGroup requests turned into groups, refused where AWS refuses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ohf_iac.local.group_launch import trial
from ohf_iac.local.group_record import Group, GroupPool, Mix
from ohf_iac.local.groups import balance
from ohf_iac.local.offers import matching
from ohf_iac.local.places import find_subnet
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import architecture_of

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

MAX_TYPES = 40


def order_group(region: Region, request: Mapping[str, Any], system_tags: Mapping[str, str]) -> Group:
    """Create the group that a CreateAutoScalingGroup request describes and set it going.

    Raises Refused: AlreadyExists, or ValidationError in the words AWS has for it.
    """
    name = request["AutoScalingGroupName"]
    if name in region.groups:
        raise Refused(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
        )
    subnets = tuple(part.strip() for part in str(request.get("VPCZoneIdentifier") or "").split(",") if part.strip())
    zones = _zones(region, subnets) or tuple(request.get("AvailabilityZones") or ())
    if not zones:
        raise Refused("ValidationError", "At least one Availability Zone or VPC Subnet is required.")
    minimum, maximum = float(request["MinSize"]), float(request["MaxSize"])
    identifier = f"{region.ids.uuid('group')}:autoScalingGroupName/{name}"
    group = Group(
        name=name,
        arn=f"arn:aws:autoscaling:{region.name}:{region.account}:autoScalingGroup:{identifier}",
        created=region.now(),
        config=dict(request),
        pools=read_pools(region, request),
        subnets=subnets,
        zones=zones,
        mix=read_mix(request),
        minimum=minimum,
        maximum=maximum,
        desired=float(request.get("DesiredCapacity", minimum)),
        tags=read_tags(request.get("Tags") or ()),
        system_tags=system_tags,
    )
    check_sizes(group)
    _try(region, group)
    region.groups[name] = group
    balance(region, group)
    return group


def change_group(region: Region, group: Group, request: Mapping[str, Any]) -> None:
    """Carry out an UpdateAutoScalingGroup request; a desired capacity outside new bounds moves into them.

    Raises Refused (ValidationError).
    """
    minimum = float(request.get("MinSize", group.minimum))
    maximum = float(request.get("MaxSize", group.maximum))
    desired = float(request.get("DesiredCapacity", min(max(group.desired, minimum), maximum)))
    _check_bounds(minimum, maximum, desired)
    if request.get("LaunchTemplate") or request.get("MixedInstancesPolicy"):
        group.pools, group.mix = read_pools(region, request), read_mix(request)
        for key in ("LaunchTemplate", "MixedInstancesPolicy"):
            group.config.pop(key, None)
    if request.get("VPCZoneIdentifier"):
        group.subnets = tuple(part.strip() for part in str(request["VPCZoneIdentifier"]).split(","))
        group.zones = _zones(region, group.subnets)
    group.config.update(request)
    if desired < group.desired:
        group.halted_at = region.now()
    group.minimum, group.maximum, group.desired = minimum, maximum, desired
    balance(region, group)


def read_pools(region: Region, request: Mapping[str, Any]) -> tuple[GroupPool, ...]:
    """The pools of a LaunchTemplate or MixedInstancesPolicy. Raises Refused unless there is exactly one of them."""
    plain, mixed = request.get("LaunchTemplate"), request.get("MixedInstancesPolicy")
    if bool(plain) == bool(mixed):
        raise Refused(
            "ValidationError",
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
            "MixedInstancesPolicy parameter.",
        )
    if plain:
        return (GroupPool(plain, {}),)
    template = (mixed or {}).get("LaunchTemplate") or {}
    base = template.get("LaunchTemplateSpecification") or {}
    overrides = template.get("Overrides") or ()
    if len(overrides) > MAX_TYPES:
        raise Refused("ValidationError", f"A mixed instances policy may have at most {MAX_TYPES} overrides.")
    if not overrides:
        return (GroupPool(base, {}),)
    return tuple(pool for override in overrides for pool in _override_pools(region, base, override))


def read_mix(request: Mapping[str, Any]) -> Mix:
    """The distribution of a MixedInstancesPolicy, with AWS's defaults."""
    policy = request.get("MixedInstancesPolicy")
    if not policy:
        return Mix()
    given = policy.get("InstancesDistribution") or {}
    percentage = given.get("OnDemandPercentageAboveBaseCapacity")
    return Mix(
        mixed=True,
        base=float(given.get("OnDemandBaseCapacity") or 0),
        percentage=100.0 if percentage is None else float(percentage),
        on_demand_strategy=given.get("OnDemandAllocationStrategy") or "prioritized",
        spot_strategy=given.get("SpotAllocationStrategy") or "lowest-price",
        spot_price=str(given.get("SpotMaxPrice") or ""),
    )


def read_tags(given: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, bool]]:
    """Tags of a group: value and whether they go onto its machines."""
    return {tag["Key"]: (tag.get("Value") or "", bool(tag.get("PropagateAtLaunch", True))) for tag in given}


def check_sizes(group: Group) -> None:
    """Raises Refused unless minimum ≤ desired ≤ maximum."""
    _check_bounds(group.minimum, group.maximum, group.desired)


def _check_bounds(minimum: float, maximum: float, desired: float) -> None:
    if minimum > maximum:
        raise Refused("ValidationError", "Max bound must be greater than or equal to min bound")
    if desired < minimum:
        raise Refused("ValidationError", "Desired capacity must be greater than or equal to the min size")
    if desired > maximum:
        raise Refused(
            "ValidationError",
            f"Desired capacity:{desired:g} must be between the specified min size:{minimum:g} and max "
            f"size:{maximum:g}",
        )


def _override_pools(region: Region, base: Mapping[str, Any], override: Mapping[str, Any]) -> list[GroupPool]:
    specification = override.get("LaunchTemplateSpecification") or base
    requirements = override.get("InstanceRequirements")
    types: tuple[str | None, ...] = (override.get("InstanceType"),)
    if requirements:
        types = matching(requirements, architecture_of(region, specification))
    weight = float(override.get("WeightedCapacity") or 1)
    return [GroupPool(specification, {"InstanceType": name}, weight) for name in types]


def _zones(region: Region, subnets: Iterable[str]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(find_subnet(region, subnet).zone for subnet in subnets))
    except Refused as refused:
        raise Refused("ValidationError", refused.message) from refused


def _try(region: Region, group: Group) -> None:
    try:
        trial(region, group)
    except Refused as refused:
        raise Refused(
            "ValidationError", f"You must use a valid fully-formed launch template. {refused.message}"
        ) from refused
