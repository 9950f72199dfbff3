"""An EC2 Fleet or a Spot Fleet request: what was asked, what it has, what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ohf_iac.local.machines import Machine

Kind = Literal["instant", "request", "maintain"]
State = Literal["submitted", "active", "modifying", "ended_running", "ended_terminating", "ended"]
Lifecycle = Literal["on-demand", "spot"]


@dataclass(frozen=True, slots=True)
class Targets:
    """Capacity in units; `on_demand` and `spot` are what was asked explicitly, the rest of `total` is `rest`'s."""

    total: float
    on_demand: float = 0.0
    spot: float = 0.0
    rest: Lifecycle = "spot"

    def of(self, lifecycle: Lifecycle) -> float:
        """Units that are to be of this lifecycle."""
        left = max(0.0, self.total - self.on_demand - self.spot) if self.rest == lifecycle else 0.0
        return (self.on_demand if lifecycle == "on-demand" else self.spot) + left


@dataclass(frozen=True, slots=True)
class Pool:
    """One place to launch from: a template (or launch specification) with an override.

    `shown` is the override as describes show it, `price` the most paid for a spot machine ("" for any).
    """

    specification: Mapping[str, Any]
    override: Mapping[str, Any]
    shown: Mapping[str, Any]
    weight: float = 1.0
    priority: float = float("inf")
    price: str = ""
    data: Mapping[str, Any] | None = None  # a Spot Fleet launch specification brings its own


@dataclass(frozen=True, slots=True)
class LaunchError:
    """A pool that gave nothing, and why."""

    pool: int
    lifecycle: Lifecycle
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Record:
    """An entry of the fleet's history, in the words of the API that shows it."""

    at: float
    event_type: str
    sub_type: str
    machine_id: str = ""
    description: str = ""


@dataclass(slots=True)
class Member:
    """A machine of a fleet and the pool it came from."""

    machine: Machine
    pool: int
    lifecycle: Lifecycle


@dataclass(slots=True)
class Fleet:
    """`members` keeps every machine ever launched; `config` is the request as it came, for describes.

    `in_flight` counts units decided but not yet there, per lifecycle. `closed`: it launches no more. `halted_at`:
    when it last was told to want less; launches decided before may still arrive.
    """

    id: str
    spot_fleet: bool
    kind: Kind
    created: float
    config: Mapping[str, Any]
    pools: tuple[Pool, ...]
    targets: Targets
    strategies: Mapping[Lifecycle, str]
    tags: dict[str, str]
    valid_until: float | None = None
    terminate_on_expiry: bool = False
    keep_excess: bool = False
    state: State = "submitted"
    members: dict[str, Member] = field(default_factory=dict)
    in_flight: dict[Lifecycle, float] = field(default_factory=lambda: {"on-demand": 0.0, "spot": 0.0})
    errors: list[LaunchError] = field(default_factory=list)
    history: list[Record] = field(default_factory=list)
    turn: int = 0
    closed: bool = False
    halted_at: float | None = None
    retry_due: bool = False

    def alive(self) -> list[Member]:
        return [member for member in self.members.values() if member.machine.alive]

    def fulfilled(self) -> float:
        """Units of the machines that are alive."""
        return sum(member.machine.weight for member in self.alive())

    def missing(self, lifecycle: Lifecycle) -> float:
        """Units still to be launched: a maintain fleet counts what lives, the others what was ever launched."""
        counted = self.alive() if self.kind == "maintain" else list(self.members.values())
        have = sum(member.machine.weight for member in counted if member.lifecycle == lifecycle)
        return max(0.0, self.targets.of(lifecycle) - have - self.in_flight[lifecycle])
