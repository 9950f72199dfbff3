"""One machine for a group: which lifecycle, which type, which subnet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ohf_iac.local.group_record import Group, GroupPool
from ohf_iac.local.launches import launch
from ohf_iac.local.machines import Machine, Recipe
from ohf_iac.local.offers import offer
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import find_template, recipe

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

BRIEF = 255  # characters of an activity's StatusMessage
ENDING = "Launching EC2 instance failed."


def attempt(region: Region, group: Group, lost: Callable[[Machine], None]) -> Machine:
    """Launch one machine from the first pool and subnet that has one.

    Raises Refused with the words of a scaling activity when none has.
    """
    spot = _wants_spot(group)
    last: Refused | None = None
    for pool, subnet in _choices(group, spot):
        try:
            made_of = _recipe(region, group, pool, subnet, spot)
            return launch(
                region,
                made_of,
                _tags(group),
                lost=lost,
                weight=pool.weight,
                price=group.mix.spot_price if spot else "",
            )
        except Refused as refused:
            last = refused
    raise _worded(group, spot, last)


def on_demand_units(group: Group) -> float:
    """Units of the desired capacity that are to be on-demand: the base, and a share of the rest, rounded up."""
    beyond = max(0.0, group.desired - group.mix.base)
    return min(group.desired, group.mix.base + math.ceil(beyond * group.mix.percentage / 100))


def trial(region: Region, group: Group) -> None:
    """Look up all that a launch would need, as CreateAutoScalingGroup does. Raises Refused in EC2's words."""
    for pool in group.pools:
        _recipe(region, group, pool, group.subnets[0] if group.subnets else "", _wants_spot(group))


def _wants_spot(group: Group) -> bool:
    if not group.mix.mixed or group.mix.percentage >= 100:
        return False
    have = sum(m.machine.weight for m in group.present() if not m.machine.recipe.spot)
    return have >= on_demand_units(group)


def _choices(group: Group, spot: bool) -> Iterator[tuple[GroupPool, str]]:
    """Pools in the strategy's order; for each, the subnets with the fewest members first."""
    subnets = list(group.subnets) or [""]
    if len(subnets) > 1:
        held = Counter(member.machine.recipe.subnet.id for member in group.present())
        subnets.sort(key=lambda subnet: held[subnet])
    strategy = group.mix.spot_strategy if spot else group.mix.on_demand_strategy
    pools = list(group.pools)
    if strategy == "lowest-price":
        pools.sort(key=_price)
    for pool in pools:
        for subnet in subnets:
            yield pool, subnet


def _price(pool: GroupPool) -> float:
    known = offer(pool.override.get("InstanceType") or "")
    return known.price / pool.weight if known else 0.0


def _recipe(region: Region, group: Group, pool: GroupPool, subnet: str, spot: bool) -> Recipe:
    template = find_template(region, pool.specification)
    if not group.mix.mixed:
        spot = (template.data.get("InstanceMarketOptions") or {}).get("MarketType") == "spot"
    zone = "" if subnet or not group.zones else group.zones[0]
    return recipe(region, template, {**pool.override, "SubnetId": subnet, "AvailabilityZone": zone}, spot)


def _tags(group: Group) -> dict[str, str]:
    propagated = {key: value for key, (value, at_launch) in group.tags.items() if at_launch}
    return {**propagated, **group.system_tags, "aws:autoscaling:groupName": group.name}


def _worded(group: Group, spot: bool, refused: Refused | None) -> Refused:
    if refused is None:
        return Refused("ValidationError", f"The group has no launch template. {ENDING}")
    message = refused.message if refused.message.endswith(".") else f"{refused.message}."
    if group.mix.mixed:
        kind = "Spot" if spot else "On-Demand"
        return Refused(refused.code, f"Could not launch {kind} Instances. {refused.code} - {message} {ENDING}")
    return Refused(refused.code, f"{message} {ENDING}")
