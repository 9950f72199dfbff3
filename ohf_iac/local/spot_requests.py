"""Spot interruptions: who is told when, and when the machine goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ohf_iac.local.machines import INTERRUPTED, Machine, forget_spot_request, terminate
from ohf_iac.local.refusals import Refused

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

MESSAGES = {
    "instance-terminated-no-capacity": "Your Spot instance was terminated because there is no capacity available "
    "that can satisfy your request.",
    "instance-terminated-by-price": "Your Spot instance was terminated because the Spot price exceeded your "
    "maximum price.",
    "marked-for-termination": "Your Spot instance is marked for termination.",
}
TAKEN = "instance-terminated-no-capacity"


def interrupt(region: Region, machine_ids: Sequence[str], code: str = TAKEN) -> list[str]:
    """Take spot machines back: the request's status changes at once, the machine runs on for `times.spotNotice`.

    AWS shows `instance-terminated-no-capacity` at once (EC2 user guide, Spot request status, footnote). The answer
    are the ids that were hit: machines that are not spot or not alive are left alone. Raises Refused for an unknown
    id or status code.
    """
    if code not in MESSAGES:
        raise Refused("InvalidParameterValue", f"Value ({code}) for parameter status is invalid.")
    for machine_id in machine_ids:
        if machine_id not in region.machines:
            raise Refused("InvalidInstanceID.NotFound", f"The instance ID '{machine_id}' does not exist")
    return [machine_id for machine_id in machine_ids if _interrupt(region, region.machines[machine_id], code)]


def interruptible(region: Region) -> list[Machine]:
    """The spot machines that are alive and not yet being taken, oldest first."""
    return [
        machine
        for machine in region.machines.values()
        if machine.alive and machine.recipe.spot and not region.spot_requests[machine.spot_request_id].interrupted
    ]


def _interrupt(region: Region, machine: Machine, code: str) -> bool:
    request = region.spot_requests.get(machine.spot_request_id)
    if request is None or not machine.alive or request.interrupted:
        return False
    request.interrupted = True
    request.code, request.message, request.updated = code, MESSAGES[code], region.now()
    if code != "marked-for-termination":
        request.state = "closed"
        forget_spot_request(region, request.id)
    region.later(region.scenario.times.spot_notice, lambda: terminate(region, machine, INTERRUPTED))
    return True
