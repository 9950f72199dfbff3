"""Looks at short requests keep CloudFormation's pace, and no pause outlasts the operation's time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from ohf_iac.clock import Deadline
from ohf_iac.operations.polling import LOOK_BURST, LOOK_PACE, WALK_ABOVE, Poll
from ohf_iac.request import new_id
from ohf_iac.status.judge import Policy
from ohf_iac.store.memory import Memory, with_requests
from ohf_iac.template.kinds import ASG
from tests import seen
from tests.properties.canned import Canned, Kept, World, app_at
from tests.seen import CREATED

SHORT = [new_id("req", CREATED, f"{number:016x}") for number in range(WALK_ABOVE)]


@dataclass
class Wall:
    """A monotonic clock that only pauses move."""

    now: float = 0.0

    def pause(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("given", "slept"), [(60.0, LOOK_PACE * (len(SHORT) - LOOK_BURST)), (1.0, 1.0), (0.1, 0.1)], ids=str
)
def test_pauses_between_looks(given: float, slept: float) -> None:
    known = [seen.record(ASG, 2) for _ in SHORT]
    records = [
        replace(one, request=replace(one.request, request_id=key)) for one, key in zip(known, SHORT, strict=True)
    ]
    store, wall = Kept(with_requests(Memory(), records)), Wall()
    app = replace(app_at(CREATED + 300, store), deadline=Deadline.after(given, lambda: wall.now), sleep=wall.pause)
    poll = Poll(app, Canned(World(ASG, "CREATE_IN_PROGRESS"), CREATED + 300), store.read(), {"": Policy()})
    answers = poll.answers(SHORT, {})
    assert list(answers) == SHORT
    assert wall.now == pytest.approx(slept)
