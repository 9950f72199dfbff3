"""The crash-point sweep: every operation killed before and after each of its effects, and what comes of it.

The effects are found by running the operation once under `tests.crashes.effects`; each run prints their number. The
process is killed wherever the world has become another one, and then life goes on (`tests.crashes.afterwards`): one
stack per id at most, legal answers, no machine that is neither told of nor reclaimed. Between two such moments
nothing has changed for anybody who looks; that a kill there leaves just that is tried at every single moment, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import pytest

from ohf_iac.template.kinds import Kind
from tests.crashes import theater
from tests.crashes.afterwards import AFTERS, After
from tests.crashes.counts import PROPERTY
from tests.crashes.stages import STAGES
from tests.crashes.theater import STORES, Scene, Theater


class Row(NamedTuple):
    """One situation, its kind and store, and its place in the turns of what comes afterwards.

    `whole`: also killed wherever anything changes, once for each store; all are where AWS or the memory does.
    """

    stage: str
    kind: Kind
    store: str
    number: int
    whole: bool

    @property
    def name(self) -> str:
        return f"{self.stage} | {self.kind} | {self.store}"


def _rows() -> Iterator[Row]:
    """Every situation with every kind, the stores in turn; such as know one kind only with both stores."""
    for place, stage in enumerate(STAGES.values()):
        kinds = stage.kinds if len(stage.kinds) > 1 else stage.kinds * 2
        for turn, kind in enumerate(kinds):
            store = STORES[(place // 2 + turn) % 2]
            yield Row(stage.name, kind, store, 5 * place + 3 * turn, (turn - place) % len(kinds) < 2)


#: all, and the slice that always runs: each situation once, kinds and stores in turn
ROWS: Final = tuple(_rows())
SLICE: Final = tuple(
    next(row for row in ROWS if row.stage == name and row.kind == stage.kinds[place % len(stage.kinds)])
    for place, (name, stage) in enumerate(STAGES.items())
)


@pytest.fixture(scope="module")
def stage_builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theater]:
    made = theater.start(tmp_path_factory.mktemp("crashes"))
    yield made
    theater.stop(made)


@contextmanager
def told_where(scene: Scene, at: int, after: After) -> Iterator[None]:
    """A failure names the moment of the crash, and what came next."""
    moment = scene.moments[at]
    try:
        yield
    except AssertionError as error:
        place = f"killed {moment.side} {moment.label} ({at} of {len(scene.moments)}), then {after.name}"
        raise AssertionError(f"{scene.name}: {place}\n{error}") from error


def crash_everywhere(theater_: Theater, row: Row, record: pytest.FixtureRequest, *, all_of_them: bool) -> None:
    """Kill the operation of a row at its turns, and play on after each."""
    scene = theater_.scene(row.stage, row.kind, row.store)
    turns = scene.turns(all_of_them=all_of_them)
    for number, at in enumerate(turns):
        after = AFTERS[(row.number + number) % len(AFTERS)]
        with theater_.copy(scene.place) as place, told_where(scene, at, after):
            theater_.killed(place, scene, at)
            theater_.goes_on(place, scene, after)
    theater_.end(scene.place)
    record.node.user_properties.append((PROPERTY, (row.name, scene.effects(), len(turns))))


@pytest.mark.parametrize("row", SLICE, ids=lambda row: row.name)
def test_killed_at_an_effect(stage_builder: Theater, row: Row, request: pytest.FixtureRequest) -> None:
    crash_everywhere(stage_builder, row, request, all_of_them=False)


@pytest.mark.sweep
@pytest.mark.parametrize("row", [row for row in ROWS if row not in SLICE], ids=lambda row: row.name)
def test_killed_at_an_effect_of_any_kind(stage_builder: Theater, row: Row, request: pytest.FixtureRequest) -> None:
    crash_everywhere(stage_builder, row, request, all_of_them=False)


@pytest.mark.sweep
@pytest.mark.parametrize("row", [row for row in ROWS if row.whole], ids=lambda row: row.name)
def test_killed_at_every_effect(stage_builder: Theater, row: Row, request: pytest.FixtureRequest) -> None:
    crash_everywhere(stage_builder, row, request, all_of_them=True)


def kill_at(theater_: Theater, scene: Scene, moments: range) -> None:
    """A killed process leaves the very state that was seen when it was watched."""
    for at in moments:
        with theater_.copy(scene.place) as place:
            theater_.killed(place, scene, at)
            assert theater_.shape(place) == scene.moments[at].shape, scene.moments[at]


@pytest.mark.parametrize("store", STORES)
def test_a_kill_leaves_what_was_seen_at_that_moment(stage_builder: Theater, store: str) -> None:
    scene = stage_builder.scene("requestMachines", "ASG", store)
    kill_at(stage_builder, scene, range(0, len(scene.moments), 9))


@pytest.mark.sweep
@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_leaves_what_was_seen_at_any_moment(stage_builder: Theater, stage: str) -> None:
    scene = stage_builder.scene(stage, STAGES[stage].kinds[0], "json")
    kill_at(stage_builder, scene, range(len(scene.moments)))
