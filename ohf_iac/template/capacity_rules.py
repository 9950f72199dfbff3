"""Rules that tie fields of the capacity together: types and weights, on-demand share, strategies, validity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ohf_iac.template.coerce import Refused, shown
from ohf_iac.template.fields import ON_DEMAND_STRATEGIES, STRATEGIES
from ohf_iac.template.kinds import ASG, EXPIRING, INSTANT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.template.fleet_config import FleetConfig
    from ohf_iac.template.kinds import Kind

_DEFAULT_VALIDITY = 1800  # seconds; IBM's 30 minutes
_SHORTEST_EXPIRY = 120  # seconds: ValidUntil is one minute before the deadline and must lie ahead
_TYPES_OF_GROUP = 40  # Auto Scaling: instance types of one group
_POOLS_OF_FLEET = 300  # EC2: overrides of a fleet of type request or maintain, instant ones are exempt
_POOLS_OF_GROUP = 20  # Auto Scaling: SpotInstancePools


class Types(NamedTuple):
    """Types in order of preference, those of an on-demand rest, and how many units each delivers."""

    first: tuple[str, ...]
    rest: tuple[str, ...]
    weights: Mapping[str, int]


def machine_types(values: Mapping[str, Any], price: str, warn: list[str]) -> Types:
    """The instance types of a template; `vmTypes` wins over `vmType`. Raises `Refused`."""
    weighted: Mapping[str, int] = values.get("vmTypes", {})
    plain: tuple[str, ...] = values.get("vmType", ())
    on_demand: Mapping[str, int] = values.get("vmTypesOnDemand", {})
    if on_demand and price == "spot":
        reason = "a fleet or group has one list of types for spot and on demand"
        raise Refused("vmTypesOnDemand", f"{reason}; use priceType heterogeneous, or vmTypes alone")
    if on_demand and price == "ondemand" and not weighted and not plain:
        weighted = on_demand
    unused = [name for name in plain if weighted and name not in weighted]
    if unused:
        warn.append(f"vmType: {', '.join(unused)} is not used, vmTypes names the types")
    first = tuple(weighted) or plain
    if "abisInstanceRequirements" in values and first:
        field = "vmTypes" if weighted else "vmType"
        raise Refused(field, "names types where abisInstanceRequirements selects them; keep one of the two")
    priorities = values.get("vmTypesPriority", {})
    _warn_strangers(priorities, (*first, *on_demand), warn)
    if priorities:
        first = tuple(sorted(first, key=lambda name: priorities.get(name, len(first) + max(priorities.values()))))
    rest = tuple(on_demand) or first if price == "heterogeneous" else ()
    return Types(first, rest, _merged({**weighted}, on_demand, warn))


def _warn_strangers(priorities: Mapping[str, int], types: tuple[str, ...], warn: list[str]) -> None:
    strangers = [name for name in priorities if name not in types]
    if strangers:
        warn.append(f"vmTypesPriority: {', '.join(strangers)} is not among the types")


def _merged(weights: dict[str, int], more: Mapping[str, int], warn: list[str]) -> dict[str, int]:
    for name, units in more.items():
        if weights.setdefault(name, units) != units:
            warn.append(f"vmTypesOnDemand: {name} weighs {weights[name]} as in vmTypes, not {units}")
    return {name: units for name, units in weights.items() if units}


def on_demand_share(values: Mapping[str, Any], price: str, warn: list[str]) -> tuple[int, int]:
    """The share of the units that is bought on demand, as (numerator, denominator)."""
    percent, ratio = values.get("percentOnDemand"), values.get("onDemandTargetCapacityRatio")
    if price == "ondemand":
        if percent not in (None, 100) or ratio not in (None, (1, 1)):
            field = "onDemandTargetCapacityRatio" if percent is None else "percentOnDemand"
            warn.append(f"{field}: has no effect with priceType ondemand, where everything is on demand")
        return 1, 1
    if percent is not None:
        if ratio is not None and ratio[0] * 100 != percent * ratio[1]:
            warn.append(f"onDemandTargetCapacityRatio: percentOnDemand ({percent}) is used")
        return percent, 100
    return ratio or (0, 1)


def spot_strategy(
    values: Mapping[str, Any], kind: Kind, types: Types, warn: list[str], spot: bool
) -> tuple[str, int]:
    """How spot capacity is chosen, as AWS spells it with hyphens, and how many pools it is spread over (0: unsaid).

    The default is IBM's for LSF, capacityOptimized; priorities or a number of pools imply the strategy that heeds
    them. A group has no `diversified`: lowest-price over as many pools as there are types spreads the same way.
    """
    written, pools = values.get("allocationStrategy"), values.get("poolsCount", 0)
    default = "capacity-optimized-prioritized" if values.get("vmTypesPriority") else "capacity-optimized"
    if pools:
        default = "lowest-price"
    found = _strategy("allocationStrategy", written, STRATEGIES, default if spot else "", warn)
    if pools and found != "lowest-price":
        raise Refused("poolsCount", f"needs allocationStrategy lowestPrice, not {written}")
    if kind == ASG and found == "diversified":
        warn.append("allocationStrategy: a group has no diversified; lowest-price over all types spreads alike")
        return "lowest-price", min(len(types.first) or _POOLS_OF_GROUP, _POOLS_OF_GROUP)
    if kind == ASG and pools > _POOLS_OF_GROUP:
        raise Refused("poolsCount", f"must be at most {_POOLS_OF_GROUP} for a group, not {pools}")
    return found, pools


def on_demand_strategy(values: Mapping[str, Any], types: Types, warn: list[str], on_demand: bool) -> str:
    """How on-demand capacity is chosen; IBM's default is lowestPrice, priorities imply prioritized."""
    several = on_demand and (len(types.first) != 1 or len(types.rest) > 1)
    default = ("prioritized" if values.get("vmTypesPriority") else "lowest-price") if several else ""
    written = values.get("allocationStrategyOnDemand")
    found = _strategy("allocationStrategyOnDemand", written, ON_DEMAND_STRATEGIES, default, warn)
    if found == "prioritized" and "abisInstanceRequirements" in values:
        raise Refused("allocationStrategyOnDemand", "abisInstanceRequirements gives no order to prioritize by")
    return found


def _strategy(field: str, written: str | None, known: Mapping[str, str], default: str, warn: list[str]) -> str:
    if written is None:
        return default
    found = known.get(written.replace("-", "").replace("_", "").lower())
    if found is None:
        warn.append(f"{field}: {shown(written)} is unknown, {default or 'the default of AWS'} is used")
        return default
    return found


def validity(values: Mapping[str, Any], kind: Kind, warn: list[str]) -> int:
    """Seconds from a request to its deadline: `spotFleetRequestExpiry`, else `requestValidity`, else 30 minutes."""
    minutes = values.get("spotFleetRequestExpiry")
    seconds: int = minutes * 60 if minutes else values.get("requestValidity", _DEFAULT_VALIDITY)
    if kind in EXPIRING and seconds < _SHORTEST_EXPIRY:
        field = "spotFleetRequestExpiry" if minutes else "requestValidity"
        warn.append(f"{field}: two minutes are used, AWS takes no ValidUntil that has passed")
        return _SHORTEST_EXPIRY
    return seconds


def check_pools(types: Types, subnets: tuple[str, ...], kind: Kind) -> None:
    """Raises `Refused` for more types or overrides than AWS takes."""
    if kind == ASG:
        if len(types.first) > _TYPES_OF_GROUP:
            raise Refused("vmTypes", f"a group takes {_TYPES_OF_GROUP} types, not {len(types.first)}")
    elif kind != INSTANT and len(types.first) * max(len(subnets), 1) > _POOLS_OF_FLEET:
        pools = len(types.first) * max(len(subnets), 1)
        raise Refused(
            "subnetId", f"{pools} pairs of type and subnet are more than the {_POOLS_OF_FLEET} of a fleet"
        )


def warn_overruled(values: Mapping[str, Any], fleet: FleetConfig, warn: list[str]) -> None:
    """Names the fields of the entry that stand aside because the fleet file says the same thing."""
    overruled: list[str] = []
    if fleet.has_overrides:
        overruled += ["vmType", "vmTypes", "vmTypesPriority", "vmTypesOnDemand", "subnetId", "spotPrice"]
        overruled += ["maxSpotPrice", "abisInstanceRequirements"]
    if fleet.spot_options:
        overruled += ["allocationStrategy", "poolsCount"]
    if fleet.on_demand_options:
        overruled += ["allocationStrategyOnDemand"]
    warn.extend(f"{name}: ec2FleetConfig's own is used" for name in overruled if name in values)


def spot_price(values: Mapping[str, Any], warn: list[str]) -> str:
    """The highest price per unit and hour, in dollars; `maxSpotPrice` wins over LSF's `spotPrice`."""
    highest: str = values.get("maxSpotPrice", "")
    of_lsf: str = values.get("spotPrice", "")
    if highest and of_lsf and highest != of_lsf:
        warn.append(f"spotPrice: maxSpotPrice ({highest}) is used")
    return highest or of_lsf
