"""Everything that lives: per account and region the machines, fleets, groups and stacks, on one timeline."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends, launch_templates
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from ohf_iac.local.authorization import Authorization
from ohf_iac.local.clock import Timeline
from ohf_iac.local.fleet_record import Fleet
from ohf_iac.local.group_record import Activity, Group
from ohf_iac.local.ids import Ids
from ohf_iac.local.machines import Machine
from ohf_iac.local.places import Places
from ohf_iac.local.role_sessions import RoleSession
from ohf_iac.local.scenario import Scenario
from ohf_iac.local.seeds import seed
from ohf_iac.local.spot_record import SpotRequest

# moto's thousand public images cost a quarter of a second at each reset; moto is set up by environment variables.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
PASSIVE = (ec2_backends, autoscaling_backends, iam_backends, ssm_backends, s3_backends, secretsmanager_backends)


@dataclass(slots=True)
class Region:
    """What lives in one region of one account.

    `stacks` maps stack id to stack; the stack modules own its values. `seeded` starts with the seeded VPC's id.
    """

    world: World
    account: str
    name: str
    ids: Ids
    machines: dict[str, Machine] = field(default_factory=dict)
    by_tag: dict[tuple[str, str], dict[str, Machine]] = field(default_factory=dict)
    by_name: dict[str, Machine] = field(default_factory=dict)
    occupied: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    places: Places = field(default_factory=Places)
    spot_requests: dict[str, SpotRequest] = field(default_factory=dict)
    fleets: dict[str, Fleet] = field(default_factory=dict)
    spot_fleets: dict[str, Fleet] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    stacks: dict[str, Any] = field(default_factory=dict)
    seeded: tuple[str, ...] = ()
    _numbers: int = 0

    @property
    def ec2(self) -> Any:
        """moto's EC2 backend of this account and region: what is passive lives there."""
        return ec2_backends[self.account][self.name]

    @property
    def scenario(self) -> Scenario:
        return self.world.scenario

    def next_number(self) -> int:
        """Numbers grow with every machine; pages are cut along them."""
        self._numbers += 1
        return self._numbers

    def now(self) -> float:
        return self.world.timeline.now()

    def later(self, delay: float, action: Callable[[], None]) -> None:
        self.world.timeline.later(delay, action)


@dataclass(slots=True)
class World:
    """All regions, the timeline they share and the scenario they obey (it may be replaced at any time).

    `authorization` outlives a reset: who may do what is not a matter of what lives. `linked_roles` holds the
    service-linked roles that exist, by account and service, `sessions` those of assumed roles by access key.
    """

    timeline: Timeline
    scenario: Scenario
    regions: dict[tuple[str, str], Region] = field(default_factory=dict)
    authorization: Authorization = field(default_factory=Authorization)
    linked_roles: set[tuple[str, str]] = field(default_factory=set)
    sessions: dict[str, RoleSession] = field(default_factory=dict)
    _failures_used: Counter[int] = field(default_factory=Counter)
    _failures_of: Scenario | None = None

    def __post_init__(self) -> None:
        # launch templates are the only passive things whose age matters to anybody; moto takes the wall's time
        vars(launch_templates)["utcnow"] = lambda: datetime.fromtimestamp(self.timeline.now(), UTC).replace(
            tzinfo=None
        )

    def region(self, account: str, region: str) -> Region:
        """The region, made and seeded on first use. Raises KeyError when there is no such region."""
        key = (account, region)
        if key not in self.regions:
            made = Region(self, account, region, Ids(f"{self.scenario.seed}/{account}/{region}"))
            seed(made)
            self.regions[key] = made
        return self.regions[key]

    def failures_used(self) -> Counter[int]:
        """How often each launch failure of the present scenario has struck, by its place in the list."""
        if self._failures_of is not self.scenario:
            self._failures_of = self.scenario
            self._failures_used = Counter()
        return self._failures_used

    def reset(self, scenario: Scenario) -> None:
        """Start afresh: nothing lives, nothing is due, the clock is the wall's, moto's backends are as new."""
        self.timeline.clear()
        self.regions.clear()
        self.linked_roles.clear()
        self.sessions.clear()
        for backends in PASSIVE:
            for of_account in backends.values():
                of_account.reset()
        self.scenario = scenario
