"""A Spot Instance request: what DescribeSpotInstanceRequests tells of a spot machine."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class SpotRequest:
    """`state` is active or closed (cancelled when somebody did that), `code` its status; times in epoch seconds."""

    id: str
    machine_id: str
    created: float
    updated: float
    price: str
    state: str = "active"
    code: str = "fulfilled"
    message: str = "Your spot request is fulfilled."
    interrupted: bool = False
    tags: dict[str, str] = field(default_factory=dict)
