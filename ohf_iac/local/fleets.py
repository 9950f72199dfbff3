"""How fleets live: they launch, come up short and try again, are changed, expire, end and are forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.local.fleet_record import Fleet, LaunchError, Lifecycle, Member, Record, Targets
from ohf_iac.local.launches import launch, still_arrives
from ohf_iac.local.machines import Machine, Recipe, terminate
from ohf_iac.local.offers import offer
from ohf_iac.local.places import SSM_PREFIX
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import Template, find_template, recipe

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

LIFECYCLES: tuple[Lifecycle, ...] = ("on-demand", "spot")
MODIFYING_SECONDS = 2.0
LATE_STATE_SECONDS = 300.0  # how long an expired fleet still calls itself active under that reading
ENOUGH = 1e-9


def start(region: Region, fleet: Fleet) -> None:
    """Set a new fleet going: an instant one launches now and once, the others from now on."""
    note(region, fleet, "change", "submitted")
    if fleet.kind == "instant":
        for lifecycle in LIFECYCLES:
            _deliver(region, fleet, lifecycle, fleet.missing(lifecycle))
        fleet.state, fleet.closed = "active", True
        return
    fleet.state = "active"
    note(region, fleet, "change", "active")
    if fleet.valid_until is not None:
        region.later(fleet.valid_until - region.now(), lambda: _expire(region, fleet))
    decide(region, fleet)


def decide(region: Region, fleet: Fleet) -> None:
    """Send for what is missing, a batch at a time; it arrives after `times.launch`."""
    if fleet.closed:
        return
    times = region.scenario.times
    for lifecycle in LIFECYCLES:
        units = fleet.missing(lifecycle)
        if times.launch_batch:
            units = min(units, times.launch_batch * min(pool.weight for pool in fleet.pools))
        if units > ENOUGH:
            _send(region, fleet, lifecycle, units)
    if any(fleet.missing(lifecycle) > ENOUGH for lifecycle in LIFECYCLES):
        region.later(times.launch_interval, lambda: decide(region, fleet))


def change(region: Region, fleet: Fleet, targets: Targets, keep_excess: bool) -> None:
    """Give a maintain fleet new targets: it launches what is missing and ends the excess unless told to keep it."""
    if targets.total < fleet.targets.total:
        fleet.halted_at = region.now()
    fleet.targets, fleet.keep_excess = targets, keep_excess
    fleet.state = "modifying"
    note(region, fleet, "change", "modify_in_progress")
    region.later(MODIFYING_SECONDS, lambda: _modified(region, fleet))
    if not keep_excess:
        for lifecycle in LIFECYCLES:
            _shrink(region, fleet, lifecycle)
    decide(region, fleet)


def end(region: Region, fleet: Fleet, terminate_machines: bool) -> None:
    """Delete (cancel) a fleet; without termination its machines live on."""
    if fleet.state in ("ended_terminating", "ended"):
        return
    fleet.closed, fleet.halted_at = True, region.now()
    fleet.state = "ended_terminating" if terminate_machines else "ended_running"
    note(region, fleet, "change", _ended_word(fleet))
    if terminate_machines:
        for member in fleet.alive():
            terminate(region, member.machine)
    _settle_end(region, fleet)


def note(region: Region, fleet: Fleet, about: str, sub_type: str, machine_id: str = "", text: str = "") -> None:
    """Write into the fleet's history; `about` is change, instance, error or information."""
    names = SPOT_EVENT_TYPES if fleet.spot_fleet else EVENT_TYPES
    fleet.history.append(Record(region.now(), names[about], sub_type, machine_id, text))


EVENT_TYPES = {
    "change": "fleet-change",
    "instance": "instance-change",
    "error": "service-error",
    "information": "service-error",
}
SPOT_EVENT_TYPES = {
    "change": "fleetRequestChange",
    "instance": "instanceChange",
    "error": "error",
    "information": "information",
}


def _send(region: Region, fleet: Fleet, lifecycle: Lifecycle, units: float) -> None:
    decided = region.now()
    fleet.in_flight[lifecycle] += units
    region.later(region.scenario.times.launch, lambda: _arrive(region, fleet, lifecycle, units, decided))


def _arrive(region: Region, fleet: Fleet, lifecycle: Lifecycle, units: float, decided: float) -> None:
    """A launch decided before the fleet was told to want less arrives only while `lag.inFlight` lasts."""
    fleet.in_flight[lifecycle] -= units
    if fleet.state in ("ended_terminating", "ended"):
        return
    if not still_arrives(region, decided, fleet.halted_at):
        return
    _deliver(region, fleet, lifecycle, units)
    if not fleet.closed and not fleet.retry_due and fleet.missing(lifecycle) > ENOUGH:
        fleet.retry_due = True
        region.later(region.scenario.times.replace, lambda: _retry(region, fleet))


def _retry(region: Region, fleet: Fleet) -> None:
    fleet.retry_due = False
    decide(region, fleet)


def _deliver(region: Region, fleet: Fleet, lifecycle: Lifecycle, units: float) -> None:
    """Launch until the units are there or no pool has anything left; what the pools said is kept."""
    if units <= ENOUGH:
        return
    fleet.errors = [error for error in fleet.errors if error.lifecycle != lifecycle]
    open_pools = _in_order(fleet, lifecycle)
    recipes: dict[int, Recipe] = {}
    reservations: dict[int, str] = {}
    while units > ENOUGH and open_pools:
        place = _pick(fleet, lifecycle, open_pools)
        try:
            if place not in recipes:
                recipes[place] = _recipe(region, fleet, place, lifecycle)
                reservations[place] = region.ids.new("r")
            machine = _launch_member(region, fleet, place, recipes[place], reservations[place])
        except Refused as refused:
            open_pools.remove(place)
            fleet.errors.append(LaunchError(place, lifecycle, refused.code, refused.message))
            note(region, fleet, "information", "launchSpecUnusable", "", f"{refused.code}: {refused.message}")
            continue
        fleet.members[machine.id] = Member(machine, place, lifecycle)
        note(region, fleet, "instance", "launched", machine.id)
        units -= machine.weight
    if units > ENOUGH and fleet.kind != "instant":
        note(region, fleet, "error", "allLaunchSpecsTemporarilyBlacklisted")


def _recipe(region: Region, fleet: Fleet, place: int, lifecycle: Lifecycle) -> Recipe:
    pool = fleet.pools[place]
    template = find_template(region, pool.specification) if pool.data is None else Template("", "", "", pool.data)
    image = str(template.data.get("ImageId") or "")
    if image.startswith(SSM_PREFIX) and (fleet.spot_fleet or fleet.kind != "instant"):
        # EC2 API reference, RequestLaunchTemplateData: only groups and instant fleets look parameters up.
        raise Refused("InvalidAMIID.Malformed", f'Invalid id: "{image}" (expecting "ami-...")')
    return recipe(region, template, pool.override, lifecycle == "spot")


def _launch_member(region: Region, fleet: Fleet, place: int, made_of: Recipe, reservation: str) -> Machine:
    pool = fleet.pools[place]
    key = "aws:ec2spot:fleet-request-id" if fleet.spot_fleet else "aws:ec2:fleet-id"
    own = fleet_instance_tags(fleet)
    return launch(
        region,
        made_of,
        {**own, key: fleet.id},
        lost=lambda machine: _lost(region, fleet, machine),
        weight=pool.weight,
        price=pool.price,
        reservation_id=reservation,
        # EC2 user guide, "Tag an EC2 Fleet": request and maintain fleets tag on-demand machines' volumes only.
        tag_volumes=fleet.kind == "instant" or not made_of.spot,
    )


def fleet_instance_tags(fleet: Fleet) -> dict[str, str]:
    """The instance tags of the fleet's own TagSpecifications, which only instant fleets may have."""
    return {
        tag["Key"]: tag.get("Value", "")
        for specification in fleet.config.get("TagSpecifications") or ()
        if specification.get("ResourceType") == "instance"
        for tag in specification.get("Tags") or ()
    }


def _in_order(fleet: Fleet, lifecycle: Lifecycle) -> list[int]:
    """The pools in the order in which the allocation strategy would try them."""
    strategy = fleet.strategies[lifecycle].replace("-", "").lower()

    def rank(place: int) -> tuple[float, int]:
        pool = fleet.pools[place]
        if "prioritized" in strategy:
            return pool.priority, place
        known = offer(pool.override.get("InstanceType") or "") if strategy == "lowestprice" else None
        price = (known.spot_price if lifecycle == "spot" else known.price) if known else 0.0
        return price / pool.weight, place

    return sorted(range(len(fleet.pools)), key=rank)


def _pick(fleet: Fleet, lifecycle: Lifecycle, open_pools: list[int]) -> int:
    if fleet.strategies[lifecycle] != "diversified":
        return open_pools[0]
    fleet.turn += 1
    return open_pools[(fleet.turn - 1) % len(open_pools)]


def _lost(region: Region, fleet: Fleet, machine: Machine) -> None:
    note(region, fleet, "instance", "terminated", machine.id)
    if fleet.kind == "maintain" and not fleet.closed:
        region.later(region.scenario.times.replace, lambda: decide(region, fleet))
    _settle_end(region, fleet)


def _shrink(region: Region, fleet: Fleet, lifecycle: Lifecycle) -> None:
    """End the newest machines beyond the target."""
    members = [member for member in fleet.alive() if member.lifecycle == lifecycle]
    excess = sum(member.machine.weight for member in members) - fleet.targets.of(lifecycle)
    for member in reversed(members):
        if excess - member.machine.weight < -ENOUGH:
            break
        excess -= member.machine.weight
        terminate(region, member.machine)


def _modified(region: Region, fleet: Fleet) -> None:
    if fleet.state == "modifying":
        fleet.state = "active"
        note(region, fleet, "change", "modify_succeeded")


def _expire(region: Region, fleet: Fleet) -> None:
    if fleet.closed:
        return
    fleet.closed, fleet.halted_at = True, region.now()
    note(region, fleet, "change", "expired")
    if region.scenario.uncertain.expired_state == "active-for-minutes":
        region.later(LATE_STATE_SECONDS, lambda: end(region, fleet, fleet.terminate_on_expiry))
    else:
        end(region, fleet, fleet.terminate_on_expiry)


def _settle_end(region: Region, fleet: Fleet) -> None:
    """A deleted fleet without machines is deleted for good, and forgotten some time later."""
    if fleet.state not in ("ended_running", "ended_terminating") or fleet.alive():
        return
    fleet.state = "ended"
    note(region, fleet, "change", "cancelled" if fleet.spot_fleet else "deleted")
    forget = region.scenario.forget.deleted_fleets
    if forget is not None:
        region.later(forget, lambda: _vanish(region, fleet))


def _vanish(region: Region, fleet: Fleet) -> None:
    (region.spot_fleets if fleet.spot_fleet else region.fleets).pop(fleet.id, None)


def _ended_word(fleet: Fleet) -> str:
    word = "cancelled" if fleet.spot_fleet else "deleted"
    return f"{word}_{fleet.state.removeprefix('ended_')}"
