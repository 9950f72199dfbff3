"""CreateFleet and RequestSpotFleet requests turned into fleets, refused where EC2 refuses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ohf_iac.local.fleet_record import Fleet, Kind, Lifecycle, Pool, Targets
from ohf_iac.local.fleets import start
from ohf_iac.local.moments import epoch
from ohf_iac.local.offers import matching
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import architecture_of, find_template, truth

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

MAX_CONFIGS, MAX_OVERRIDES, MAX_CAPACITY = 50, 300, 10_000
NO_OVERRIDE: tuple[Mapping[str, Any], ...] = ({},)
INSTANT_TAGGED = ("fleet", "instance", "volume", "network-interface")


def order_fleet(region: Region, request: Mapping[str, Any]) -> Fleet:
    """Create the EC2 Fleet that a CreateFleet request describes and set it going.

    Raises Refused: launch templates that do not exist, targets that do not add up, tags that a request or maintain
    fleet cannot give.
    """
    kind: Kind = request.get("Type") or "maintain"
    targets = read_targets(request.get("TargetCapacitySpecification") or {})
    pools = _pools(region, request.get("LaunchTemplateConfigs") or (), "MaxPrice", "", kind)
    _check_tagged(request.get("TagSpecifications") or (), INSTANT_TAGGED if kind == "instant" else ("fleet",))
    options: dict[Lifecycle, Mapping[str, Any]] = {
        "on-demand": request.get("OnDemandOptions") or {},
        "spot": request.get("SpotOptions") or {},
    }
    fleet = Fleet(
        id=f"fleet-{region.ids.uuid('fleet')}",
        spot_fleet=False,
        kind=kind,
        created=region.now(),
        config=request,
        pools=pools,
        targets=targets,
        strategies={key: str(options[key].get("AllocationStrategy") or "lowest-price") for key in options},
        tags=_tags(request.get("TagSpecifications") or (), "fleet"),
        valid_until=_end(region, request),
        terminate_on_expiry=truth(request.get("TerminateInstancesWithExpiration")),
        keep_excess=request.get("ExcessCapacityTerminationPolicy") == "no-termination",
    )
    region.fleets[fleet.id] = fleet
    start(region, fleet)
    return fleet


def order_spot_fleet(region: Region, config: Mapping[str, Any]) -> Fleet:
    """Create the Spot Fleet that a SpotFleetRequestConfigData describes and set it going. Raises Refused."""
    if "IamFleetRole" not in config:
        raise Refused("MissingParameter", "The request must contain the parameter IamFleetRole")
    price = str(config.get("SpotPrice") or "")
    templates, specifications = config.get("LaunchTemplateConfigs") or (), config.get("LaunchSpecifications") or ()
    if bool(templates) == bool(specifications):
        raise Refused(
            "InvalidSpotFleetRequestConfig",
            "Exactly one of LaunchSpecifications and LaunchTemplateConfigs must be specified.",
        )
    kind: Kind = config.get("Type") or "maintain"
    pools = _pools(region, templates, "SpotPrice", price, kind) if templates else _own_pools(specifications, price)
    _check_tagged(config.get("TagSpecifications") or (), ("spot-fleet-request",))
    strategy = str(config.get("AllocationStrategy") or "lowestPrice")
    fleet = Fleet(
        id=f"sfr-{region.ids.uuid('sfr')}",
        spot_fleet=True,
        kind=kind,
        created=region.now(),
        config=config,
        pools=pools,
        targets=spot_targets(config["TargetCapacity"], config.get("OnDemandTargetCapacity") or 0),
        strategies={"spot": strategy, "on-demand": str(config.get("OnDemandAllocationStrategy") or "lowestPrice")},
        tags=_tags(config.get("TagSpecifications") or (), "spot-fleet-request"),
        valid_until=_end(region, config),
        terminate_on_expiry=truth(config.get("TerminateInstancesWithExpiration")),
        keep_excess=config.get("ExcessCapacityTerminationPolicy") == "noTermination",
    )
    region.spot_fleets[fleet.id] = fleet
    start(region, fleet)
    return fleet


def read_targets(given: Mapping[str, Any], before: Targets | None = None) -> Targets:
    """The targets of a TargetCapacitySpecification; what it does not name stays as `before`.

    Raises Refused when they do not add up.
    """
    if "TotalTargetCapacity" not in given:
        raise Refused("MissingParameter", "The request must contain the parameter TotalTargetCapacity")
    old = before or Targets(0)
    total = float(given["TotalTargetCapacity"])
    targets = Targets(
        total=total,
        on_demand=float(given.get("OnDemandTargetCapacity", old.on_demand) or 0),
        spot=float(given.get("SpotTargetCapacity", old.spot) or 0),
        rest=given.get("DefaultTargetCapacityType") or (old.rest if before else "on-demand"),
    )
    _check_targets(targets)
    return targets


def spot_targets(total: Any, on_demand: Any) -> Targets:
    """The targets of a Spot Fleet: what is not on-demand is spot. Raises Refused."""
    targets = Targets(float(total), float(on_demand))
    _check_targets(targets)
    return targets


def _check_targets(targets: Targets) -> None:
    if targets.total < 0 or targets.total > MAX_CAPACITY:
        raise Refused(
            "InvalidTargetCapacitySpecification",
            f"The total target capacity must be between 0 and {MAX_CAPACITY}, not {targets.total:g}.",
        )
    if targets.on_demand + targets.spot > targets.total:
        raise Refused(
            "InvalidTargetCapacitySpecification",
            "The sum of OnDemandTargetCapacity and SpotTargetCapacity must not exceed TotalTargetCapacity.",
        )


def _pools(
    region: Region, configs: Sequence[Mapping[str, Any]], price_key: str, price: str, kind: Kind
) -> tuple[Pool, ...]:
    if not configs:
        raise Refused("MissingParameter", "The request must contain the parameter LaunchTemplateConfigs")
    overrides = sum(len(config.get("Overrides") or ()) for config in configs)
    if len(configs) > MAX_CONFIGS or (kind != "instant" and overrides > MAX_OVERRIDES):
        raise Refused(
            "InvalidParameterValue", "The number of launch template configurations or overrides is too big."
        )
    pools: list[Pool] = []
    for config in configs:
        specification = config.get("LaunchTemplateSpecification") or {}
        find_template(region, specification)
        for override in config.get("Overrides") or NO_OVERRIDE:
            pools += _override_pools(region, specification, override, price_key, price)
    return tuple(pools)


def _override_pools(
    region: Region, specification: Mapping[str, Any], override: Mapping[str, Any], price_key: str, price: str
) -> list[Pool]:
    """One pool per instance type; an override with InstanceRequirements stands for several types."""
    requirements = override.get("InstanceRequirements")
    types: tuple[str | None, ...] = (override.get("InstanceType"),)
    if requirements:
        types = matching(requirements, architecture_of(region, specification))
    if requirements and not types:
        raise Refused("InvalidParameterValue", "No instance types match the specified instance requirements.")
    return [
        Pool(
            specification=specification,
            override={**override, "InstanceRequirements": None, "InstanceType": name},
            shown={**override, "InstanceRequirements": None, "InstanceType": name},
            weight=float(override.get("WeightedCapacity") or 1),
            priority=_priority(override),
            price=str(override.get(price_key) or price),
        )
        for name in types
    ]


def _own_pools(specifications: Sequence[Mapping[str, Any]], price: str) -> tuple[Pool, ...]:
    """The pools of a Spot Fleet's LaunchSpecifications; `SubnetId` may list several subnets."""
    pools = []
    for given in specifications:
        data = {key: value for key, value in given.items() if key != "SecurityGroups"}
        groups = [group["GroupId"] for group in given.get("SecurityGroups") or () if group.get("GroupId")]
        if groups:
            data["SecurityGroupIds"] = groups
        for subnet in str(given.get("SubnetId") or "").split(","):
            override: dict[str, Any] = {
                "InstanceType": given.get("InstanceType"),
                "SubnetId": subnet.strip() or None,
            }
            pools.append(
                Pool(
                    specification={},
                    override=override,
                    shown=override,
                    weight=float(given.get("WeightedCapacity") or 1),
                    price=str(given.get("SpotPrice") or price),
                    data=data,
                )
            )
    return tuple(pools)


def _priority(override: Mapping[str, Any]) -> float:
    priority = override.get("Priority")
    return float("inf") if priority is None else float(priority)


def _end(region: Region, request: Mapping[str, Any]) -> float | None:
    given = request.get("ValidUntil")
    if given is None:
        return None
    try:
        until = epoch(given)
    except ValueError:
        raise Refused("InvalidParameterValue", f"Invalid date/time format for ValidUntil: {given}") from None
    if until <= region.now():
        raise Refused("InvalidParameterValue", "The ValidUntil date must be in the future.")
    return until


def _check_tagged(specifications: Sequence[Mapping[str, Any]], allowed: tuple[str, ...]) -> None:
    for specification in specifications:
        kind = specification.get("ResourceType")
        if kind not in allowed:
            raise Refused(
                "InvalidParameterValue", f"'{kind}' is not a valid taggable resource type for this operation."
            )


def _tags(specifications: Sequence[Mapping[str, Any]], kind: str) -> dict[str, str]:
    return {
        tag["Key"]: tag.get("Value", "")
        for specification in specifications
        if specification.get("ResourceType") == kind
        for tag in specification.get("Tags") or ()
    }
