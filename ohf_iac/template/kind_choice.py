"""Which kind of stack serves a template, and at which price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohf_iac.template.coerce import Refused
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, FLEET_REQUEST, INSTANT, SPOT_MAINTAIN, SPOT_REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.template.fleet_config import FleetConfig
    from ohf_iac.template.kinds import Kind

_EC2_FLEETS: Mapping[str, Kind] = {"instant": INSTANT, "request": FLEET_REQUEST, "maintain": FLEET_MAINTAIN}
_SPOT_FLEETS: Mapping[str, Kind] = {"request": SPOT_REQUEST, "maintain": SPOT_MAINTAIN}


def price_type(values: Mapping[str, Any], fleet: FleetConfig | None) -> str:
    """`priceType`; without it what the fleet file says, or spot when LSF's `spotPrice` is above 0, or on demand."""
    given: str = values.get("priceType", "")
    if given:
        return "ondemand" if given == "on-demand" else given
    if fleet:
        return "spot" if fleet.spot else "ondemand"
    return "spot" if values.get("spotPrice") else "ondemand"


def kind(values: Mapping[str, Any], price: str, fleet: FleetConfig | None) -> Kind:
    """The kind of stack; `fleet` is the `ec2FleetConfig` as read. Raises `Refused`.

    Without `providerApi` an `ec2FleetConfig` means EC2 Fleet, a `fleetRole` with a spot price type Spot Fleet
    (as IBM's own plug-ins choose), anything else EC2 Fleet.
    """
    api = values.get("providerApi")
    if api == "RunInstances":
        raise Refused("providerApi", "RunInstances makes no stack; EC2Fleet of type instant answers as quickly")
    if api is None:
        spot_fleet = not fleet and price != "ondemand" and "fleetRole" in values
        api = "SpotFleet" if spot_fleet else "EC2Fleet"
    if fleet and api != "EC2Fleet":
        raise Refused("ec2FleetConfig", f"describes an EC2 Fleet, and providerApi is {api}")
    chosen = _of_api(api, values, price, fleet)
    if price == "heterogeneous" and chosen in (INSTANT, ASG):
        reason = f"heterogeneous needs a fleet that waits for spot capacity, and this template is {chosen}"
        raise Refused("priceType", f"{reason}; use providerApi EC2Fleet or SpotFleet with fleetType request")
    return chosen


def _of_api(api: str, values: Mapping[str, Any], price: str, fleet: FleetConfig | None) -> Kind:
    fleet_type = values.get("fleetType")
    if api == "ASG":
        if fleet_type:
            raise Refused(
                "fleetType", "an Auto Scaling group has no fleet type; remove it or use providerApi EC2Fleet"
            )
        return ASG
    if api == "SpotFleet":
        if fleet_type == "instant":
            raise Refused("fleetType", "a Spot Fleet is request or maintain; instant needs providerApi EC2Fleet")
        return _SPOT_FLEETS[fleet_type or "request"]
    written = fleet.fleet_type if fleet else None
    if written and fleet_type and written != fleet_type:
        raise Refused("fleetType", f"says {fleet_type} where ec2FleetConfig says {written}")
    return _EC2_FLEETS[written or fleet_type or ("request" if price == "heterogeneous" else "instant")]
