"""What stands behind the server's door: the world, the log of calls, and the faults in force."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from ohf_iac.local.calls import CallLog
from ohf_iac.local.faults import FaultDraw
from ohf_iac.local.scenario import Scenario
from ohf_iac.local.world import World


@dataclass(slots=True)
class Front:
    """One per server. Whoever touches what is in it holds `lock`: one request at a time.

    `life` counts the resets: a call that was delayed across one has nothing to ask any more.
    """

    world: World
    log: CallLog = field(default_factory=CallLog)
    lock: threading.Lock = field(default_factory=threading.Lock)
    life: int = 0
    draw: FaultDraw = field(init=False)
    _ids: Random = field(init=False)

    def __post_init__(self) -> None:
        self._start_over(self.world.scenario)

    def obey(self, scenario: Scenario) -> None:
        """Replace the scenario while things live; the counts of faults start again."""
        self.world.scenario = scenario
        self.draw = FaultDraw(scenario.faults, Random(scenario.seed))  # noqa: S311 - repeatable on purpose

    def reset(self, scenario: Scenario) -> None:
        """An empty world, an empty log, the clock at the wall's time."""
        self.life += 1
        self.world.reset(scenario)
        self.log.entries.clear()
        self._start_over(scenario)

    def _start_over(self, scenario: Scenario) -> None:
        self.obey(scenario)
        self._ids = Random(scenario.seed)  # noqa: S311 - repeatable on purpose

    def request_id(self) -> str:
        """The id of the next answer."""
        return str(UUID(int=self._ids.getrandbits(128), version=4))
