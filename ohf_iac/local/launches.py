"""One machine launched from a recipe, or the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ohf_iac.local.capacity import check_room, failure
from ohf_iac.local.machines import Machine, Recipe, Volume, begin, fail
from ohf_iac.local.offers import offer
from ohf_iac.local.refusals import Refused
from ohf_iac.local.spot_record import SpotRequest
from ohf_iac.local.templates import tags_for, truth

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

EARLY = 0.5  # the share of the pending time after which a launch that goes wrong shows it


def launch(
    region: Region,
    recipe: Recipe,
    tags: Mapping[str, str],
    *,
    lost: Callable[[Machine], None],
    weight: float = 1.0,
    price: str = "",
    reservation_id: str = "",
    tag_volumes: bool = True,
) -> Machine:
    """Launch one machine with the recipe's own tags and `tags` over them.

    `lost` is called once when the machine stops being of use; `price` is the most that is paid for a spot machine.
    Raises Refused with EC2's code when there is no capacity, quota or address, or the scenario says so.
    """
    zone = recipe.subnet.zone
    check_price(recipe, price)
    check_room(region, recipe.instance_type, zone, recipe.spot)
    planned = failure(region, recipe.instance_type, zone)
    if planned is not None and planned.state == "refused":
        raise Refused(planned.code, planned.message)
    wanted = region.scenario.subnets.get(recipe.subnet.id)
    limit = wanted.free_addresses if wanted else None
    address = region.places.take(recipe.subnet, limit, recipe.data.get("PrivateIpAddress", ""))
    machine = _machine(region, recipe, address, tags, lost, weight, reservation_id)
    if not tag_volumes:
        for volume in machine.volumes:
            volume.tags.clear()
    if recipe.spot:
        machine.spot_request_id = _spot_request(region, machine, price)
    begin(region, machine)
    if planned is not None:
        region.later(
            region.scenario.times.pending * EARLY, lambda: fail(region, machine, planned.code, planned.message)
        )
    return machine


def still_arrives(region: Region, decided: float, halted_at: float | None) -> bool:
    """Whether a launch decided at one time comes although its owner was told at another to launch no more.

    With `lag.inFlight` those already on their way arrive for that long; with 0 none does.
    """
    if halted_at is None or decided > halted_at:
        return True
    return region.now() < halted_at + region.scenario.lag.in_flight


def check_price(recipe: Recipe, price: str) -> None:
    """Raises Refused (SpotMaxPriceTooLow) when a spot machine costs more than `price` dollars per hour."""
    known = offer(recipe.instance_type)
    if not recipe.spot or not price or known is None or float(price) >= known.spot_price:
        return
    raise Refused(
        "SpotMaxPriceTooLow",
        f"Your Spot request price of {price} is lower than the minimum required Spot request fulfillment price of "
        f"{known.spot_price}.",
    )


def dns_name(region_name: str, address: str) -> str:
    """The private name AWS gives to an address (EC2 user guide, "EC2 instance hostnames and domains")."""
    domain = "ec2.internal" if region_name == "us-east-1" else f"{region_name}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{domain}"


def _machine(
    region: Region,
    recipe: Recipe,
    address: str,
    tags: Mapping[str, str],
    lost: Callable[[Machine], None],
    weight: float,
    reservation_id: str,
) -> Machine:
    machine_id = region.ids.new("i")
    source = {
        "aws:ec2launchtemplate:id": recipe.template_id,
        "aws:ec2launchtemplate:version": recipe.template_version,
    }
    return Machine(
        id=machine_id,
        number=region.next_number(),
        reservation_id=reservation_id or region.ids.new("r"),
        recipe=recipe,
        private_ip=address,
        dns_name=dns_name(region.name, address),
        launched=region.now(),
        tags={**tags_for(recipe.data, "instance"), **(source if recipe.template_id else {}), **tags},
        lost=lost,
        weight=weight,
        interface_id=region.ids.new("eni"),
        interface_tags=tags_for(recipe.data, "network-interface"),
        volumes=_volumes(region, recipe),
        protected=truth(recipe.data.get("DisableApiTermination")),
    )


def _volumes(region: Region, recipe: Recipe) -> list[Volume]:
    """The root volume and what the mappings add to it."""
    mapped: dict[str, Mapping[str, Any]] = {recipe.image.root_device: {"VolumeSize": 8, "VolumeType": "gp2"}}
    for mapping in recipe.data.get("BlockDeviceMappings") or ():
        device = mapping.get("DeviceName", "")
        if mapping.get("NoDevice") is not None:
            mapped.pop(device, None)
        elif mapping.get("Ebs") is not None:
            mapped[device] = {**mapped.get(device, {}), **mapping["Ebs"]}
    tags = tags_for(recipe.data, "volume")
    return [Volume(region.ids.new("vol"), device, ebs, dict(tags)) for device, ebs in mapped.items()]


def _spot_request(region: Region, machine: Machine, price: str) -> str:
    request_id = region.ids.new("sir", 8)
    known = offer(machine.recipe.instance_type)
    shown = price or (str(known.price) if known else "1.0")
    now = region.now()
    region.spot_requests[request_id] = SpotRequest(
        request_id, machine.id, now, now, shown, tags=tags_for(machine.recipe.data, "spot-instances-request")
    )
    return request_id
