"""An Auto Scaling group, its members and its activities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ohf_iac.local.machines import Machine

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)
PRESENT = ("Pending", "InService", "Standby")


@dataclass(frozen=True, slots=True)
class GroupPool:
    """A launch template with an override; `weight` is what one machine of it counts for."""

    specification: Mapping[str, Any]
    override: Mapping[str, Any]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Mix:
    """How on-demand and spot are mixed; without a mixed instances policy all is as the template says."""

    mixed: bool = False
    base: float = 0.0
    percentage: float = 100.0
    on_demand_strategy: str = "lowest-price"
    spot_strategy: str = "lowest-price"
    spot_price: str = ""


@dataclass(slots=True)
class Activity:
    """A scaling activity; `ended` is None while it is under way."""

    id: str
    group: str
    started: float
    description: str
    cause: str
    status: str = "PreInService"
    message: str = ""
    progress: int = 30
    ended: float | None = None
    zone: str = ""


@dataclass(slots=True)
class Member:
    """A machine of a group with its lifecycle state and health; `launching` is the activity that brought it."""

    machine: Machine
    launching: Activity
    state: str = "Pending"
    health: str = "Healthy"
    protected: bool = False

    @property
    def present(self) -> bool:
        """It counts towards the capacity: a dead one does until the group has noticed."""
        return self.state in PRESENT


@dataclass(slots=True)
class Group:
    """`config` is the request as it came, for describes; `system_tags` are CloudFormation's.

    `in_flight` counts units decided but not yet there; `halted_at`: when it last was told to want less or not to
    launch; launches decided before may still arrive. `failures` counts launches in a row that failed;
    `shrunk_at` is when a stack began to delete the group.
    """

    name: str
    arn: str
    created: float
    config: dict[str, Any]
    pools: tuple[GroupPool, ...]
    subnets: tuple[str, ...]
    zones: tuple[str, ...]
    mix: Mix
    minimum: float
    maximum: float
    desired: float
    tags: dict[str, tuple[str, bool]]  # key → (value, propagate at launch)
    system_tags: Mapping[str, str] = field(default_factory=dict)
    suspended: dict[str, str] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    in_flight: float = 0.0
    halted_at: float | None = None
    failures: int = 0
    retry_due: bool = False
    deleting: bool = False
    shrunk_at: float | None = None

    def present(self) -> list[Member]:
        return [member for member in self.members.values() if member.present]

    def capacity(self) -> float:
        """Units that are present, dead but unnoticed ones included."""
        return sum(member.machine.weight for member in self.members.values() if member.present)

    def missing(self) -> float:
        """Units still to be launched."""
        return max(0.0, self.desired - self.capacity() - self.in_flight)

    def in_service(self) -> float:
        """Units in service and healthy."""
        return sum(
            member.machine.weight
            for member in self.members.values()
            if member.state == "InService" and member.machine.alive
        )
