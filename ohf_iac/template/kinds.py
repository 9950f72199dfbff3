"""The six kinds of stack, by the name that the tag `ohf:kind` bears."""

from __future__ import annotations

from typing import Final, Literal

Kind = Literal[
    "ASG",
    "EC2Fleet-instant",
    "EC2Fleet-request",
    "EC2Fleet-maintain",
    "SpotFleet-request",
    "SpotFleet-maintain",
]

ASG: Final = "ASG"
INSTANT: Final = "EC2Fleet-instant"
FLEET_REQUEST: Final = "EC2Fleet-request"
FLEET_MAINTAIN: Final = "EC2Fleet-maintain"
SPOT_REQUEST: Final = "SpotFleet-request"
SPOT_MAINTAIN: Final = "SpotFleet-maintain"

KINDS: Final[tuple[Kind, ...]] = (ASG, INSTANT, FLEET_REQUEST, FLEET_MAINTAIN, SPOT_REQUEST, SPOT_MAINTAIN)

#: kinds whose capacity resource carries a ValidUntil parameter (design: request and maintain fleets)
EXPIRING: Final[frozenset[Kind]] = frozenset({FLEET_REQUEST, FLEET_MAINTAIN, SPOT_REQUEST, SPOT_MAINTAIN})
#: kinds that replace a lost machine until they are frozen by a call
REPLACING: Final[frozenset[Kind]] = frozenset({ASG, FLEET_MAINTAIN, SPOT_MAINTAIN})
