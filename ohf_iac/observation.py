"""What was seen of a request: machines, stack, events, group or fleets, when, and what could not be read.

Everything here is a value read at one moment; nothing decides. Absence is only stated where it was looked for:
`stack is None` with `looked` means that CloudFormation does not know it, without it that nobody asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ohf_iac.cfn import stack_phase
from ohf_iac.template.kinds import SPOT_MAINTAIN, SPOT_REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.cfn import Phase, StackEvent
    from ohf_iac.machine import Instance
    from ohf_iac.template.kinds import Kind

#: EC2's tags that name an instance's fleet (aws-behaviour §1.4)
FLEET_TAG: Final = "aws:ec2:fleet-id"
SPOT_FLEET_TAG: Final = "aws:ec2spot:fleet-request-id"


@dataclass(frozen=True, slots=True)
class StackSeen:
    """A stack as DescribeStacks showed it; `created_at` in epoch seconds."""

    stack_id: str
    name: str
    status: str
    reason: str = ""
    created_at: int = 0
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    outputs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def phase(self) -> Phase:
        return stack_phase(self.status)

    @property
    def stays(self) -> bool:
        """Whether nobody has asked for its deletion: the token of that tells how its request ended."""
        return self.phase not in ("deleting", "delete_failed", "deleted")

    @property
    def turned_back(self) -> bool:
        """Whether an update failed: the stack is what it was before, or stuck on the way there."""
        return self.status == "UPDATE_FAILED" or self.status.startswith("UPDATE_ROLLBACK_")


@dataclass(frozen=True, slots=True)
class LaunchTemplateSeen:
    """A launch template as DescribeLaunchTemplates showed it; `created_at` in epoch seconds."""

    template_id: str
    name: str
    created_at: int = 0
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class LauncherSeen:
    """A group or maintain fleet that launches whatever it lacks; `created_at` in epoch seconds."""

    kind: Kind
    launcher_id: str
    created_at: int = 0
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One reason that AWS gave for not launching: an error code ("" if AWS gave none) and its text."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class CapacitySeen:
    """A group or fleet as its own API showed it.

    `frozen`: it cannot launch any more, and `frozen_since` since when, in epoch seconds by AWS's clock, 0 where AWS
    does not tell; `busy`: something is still under way in it (a change, a launch);
    `members`: its own list of instance ids; `gone`: AWS no longer knows it.
    """

    capacity_id: str
    state: str = ""
    target: int = 0
    frozen: bool = False
    frozen_since: int = 0
    busy: bool = False
    gone: bool = False
    members: tuple[str, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """All that one poll saw of one request; `at` in epoch seconds."""

    request_id: str
    at: float
    instances: tuple[Instance, ...] = ()
    looked: bool = False
    #: the settle mark on the stack's launch template, where it was asked for
    settled: str = ""
    stack: StackSeen | None = None
    events: tuple[StackEvent, ...] = ()
    capacities: tuple[CapacitySeen, ...] = ()
    #: instances that the group or fleet lists and that a look by id did not find
    unseen_members: tuple[str, ...] = ()


def fleet_ids(kind: Kind, seen: Observation) -> tuple[str, ...]:
    """The fleets of a request as far as the observation names them: by their own describe, or on their machines."""
    key = SPOT_FLEET_TAG if kind in (SPOT_REQUEST, SPOT_MAINTAIN) else FLEET_TAG
    named = [one.capacity_id for one in seen.capacities if not one.gone]
    named += [one.tags[key] for one in seen.instances if key in one.tags]
    return tuple(dict.fromkeys(named))
