"""Everything that lives: per account and region the machines, fleets, groups and stacks, on one timeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ohf_iac.local.clock import Timeline
from ohf_iac.local.scenario import Scenario


@dataclass(slots=True)
class Region:
    """What lives in one region of one account. `stacks` maps stack id to stack; the stack modules own its values."""

    world: World
    account: str
    name: str
    stacks: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class World:
    """All regions, the timeline they share and the scenario they obey (it may be replaced at any time)."""

    timeline: Timeline
    scenario: Scenario
    regions: dict[tuple[str, str], Region] = field(default_factory=dict)

    def region(self, account: str, region: str) -> Region:
        """The region, made and seeded on first use."""
        key = (account, region)
        if key not in self.regions:
            self.regions[key] = Region(self, account, region)
        return self.regions[key]

    def reset(self, scenario: Scenario) -> None:
        """Start afresh: nothing lives, nothing is due, the clock is the wall's."""
        self.timeline.clear()
        self.regions.clear()
        self.scenario = scenario
