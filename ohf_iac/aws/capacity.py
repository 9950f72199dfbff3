"""The table of kinds: how each kind's group or fleet is seen."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ohf_iac.aws.fleets import fleet_seen, spot_fleet_seen
from ohf_iac.aws.groups import group_seen
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, FLEET_REQUEST, INSTANT, SPOT_MAINTAIN, SPOT_REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ohf_iac.aws.calls import Calls
    from ohf_iac.observation import CapacitySeen
    from ohf_iac.template.kinds import Kind

_SEEN: Final[Mapping[Kind, Callable[[Calls, str, float], CapacitySeen]]] = MappingProxyType(
    {
        ASG: group_seen,
        INSTANT: fleet_seen,
        FLEET_REQUEST: fleet_seen,
        FLEET_MAINTAIN: fleet_seen,
        SPOT_REQUEST: spot_fleet_seen,
        SPOT_MAINTAIN: spot_fleet_seen,
    }
)


def capacity_seen(calls: Calls, kind: Kind, capacity_id: str, now: float) -> CapacitySeen:
    """A group or fleet by its physical id; `now` in epoch seconds tells whether it has expired."""
    return _SEEN[kind](calls, capacity_id, now)
