"""Any interleaving of returns, settles, polls and chores, from one host or two, ends in the same state.

Every AWS call of an operation is a point at which another one may go on: two or three operations are played in
every order with few interruptions, each on a world of its own, and then polled to their end. With one interruption
those are all orders of two with up to two switches: one begins, the other goes on to its end, and the rest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ohf_iac.hostfactory import HostRef
from ohf_iac.operations.reclaiming import reclaimed_hosts
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, FLEET_REQUEST, KINDS, Kind
from tests.e2e.permitted import environment
from tests.interleavings.orders import Turn, orders, serial
from tests.interleavings.scenes import STATES, WORKS, End, Scene, end_of
from tests.interleavings.stage import ACTORS, Stage, stage_in


class Case(NamedTuple):
    """What is done at once about a request in a state, on so many hosts: actor after actor on the next one."""

    state: str
    works: tuple[str, ...]
    hosts: int = 2
    interruptions: int = 1

    def __str__(self) -> str:
        return f"{self.state}: {' + '.join(self.works)} on {self.hosts}, {self.interruptions}"


def pairs(state: str, *pairs: str, hosts: int = 2) -> tuple[Case, ...]:
    return tuple(Case(state, tuple(one.split(" + ")), hosts) for one in pairs)


#: in the ordinary run, for two kinds
USUAL = (
    *pairs("starting", "poll + poll"),
    *pairs("full", "poll + return first"),
    *pairs("first look", "poll + return first"),
    *pairs("settled", "return first + return second"),
    *pairs("full", "poll + return first", hosts=1),
)
#: for all kinds
SWEEP = (
    *pairs("starting", "poll + poll", "poll + reclaims"),
    *pairs("full", "poll + return first", "return first + return all", "delete + poll"),
    *pairs("first look", "poll + return first", "poll + delete"),
    *pairs("settled", "return first + return second"),
    *pairs("emptied", "chores + return all"),
    *pairs("silent", "chores + return first"),
)
#: for one kind that is frozen by a call, and one that ends by itself
MORE = (
    *pairs("full", "poll + poll", "cancel + return first"),
    *pairs("short", "poll + cancel"),
    *pairs("overdue", "poll + poll", "poll + return first"),
    *pairs("first look", "poll + poll"),
    *pairs("settled", "return all + reclaims", "return first + delete"),
    *pairs("emptied", "chores + reclaims"),
    *pairs("silent", "poll + chores"),
    *pairs("settled", "return first + return all", hosts=1),
    *pairs("first look", "poll + return first", hosts=1),
)
#: for one kind
DEEP = (
    Case("full", ("poll", "return first"), interruptions=2),
    Case("settled", ("return first", "return second", "chores"), hosts=3),
)
REST = pairs("rest due", "poll + poll", "poll + return first")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Mapping[str, str]]]:
    with stage_in(tmp_path_factory.mktemp("stage")) as (stage, variables), environment(variables):
        yield stage, variables


class Played(NamedTuple):
    """A run: the order of turns, the calls as they came, what the works gave, and the end of it all."""

    order: tuple[str, ...]
    calls: str
    results: Mapping[str, Any]
    scene: Scene
    end: End
    asked: object


@pytest.fixture
def explored(served: tuple[Stage, Mapping[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Any:
    stage, variables = served
    return partial(explore, stage, variables, tmp_path_factory.getbasetemp() / "home")


def explore(
    stage: Stage,
    variables: Mapping[str, str],
    home: Path,
    kind: Kind,
    case: Case,
    asked: Callable[[Scene], object] = lambda _: None,
) -> list[Played]:
    """All orders of a case, each played on a world of its own; `asked` is answered at the end of each."""

    def play(choose: Callable[[Turn], str]) -> tuple[str, Mapping[str, Any], Scene, End, object]:
        shutil.rmtree(home, ignore_errors=True)
        scene = Scene(stage, home, variables, kind)
        STATES[case.state](scene)
        works = {
            actor: partial(WORKS[work], scene, scene.app(number % case.hosts, actor))
            for number, (actor, work) in enumerate(zip(ACTORS, case.works, strict=False))
        }
        results = stage.play(works, choose)
        calls = " ".join(f"{actor}.{action}" for actor, action in stage.log)
        return calls, results, scene, end_of(scene, case.hosts), asked(scene)

    found = [Played(order, *run) for order, run in orders(play, case.interruptions)]
    print(f"{len(found)} orders of {case} for {kind}")  # noqa: T201 -- shown by pytest -rP: the numbers of a sweep
    return found


def check(found: list[Played], ends_one_by_one: int = 1) -> None:
    """No order ends otherwise than one after the other does, in so many ways, and each end is as it should be."""
    for run in found:
        assert not [one for one in run.results.values() if isinstance(one, Exception)], run
        check_end(run)
    ends: dict[End, list[str]] = {}
    for run in found:
        ends.setdefault(run.end, []).append(f"{'one after the other: ' if serial(run.order) else ''}{run.calls}")
    one_by_one = {run.end for run in found if serial(run.order)}
    all_ends = "\n".join("\n  ".join([str(end), *calls[:3]]) for end, calls in ends.items())
    assert (len(one_by_one), set(ends)) == (ends_one_by_one, one_by_one), all_ends


def check_end(run: Played) -> None:
    """What lives is what was told and not given back; nothing was replaced; an answer once given stands."""
    scene, end = run.scene, run.end
    live = frozenset(key for key, _ in end.live)
    assert end.told == {live | (scene.taken - scene.returned)}, run
    assert {mark for _, mark in end.live} <= end.verdicts, run
    assert len(end.verdicts) == 1, run
    assert end.returns <= {"complete"}, run
    assert end.launched == max(len(scene.machines), scene.expected), run
    assert (end.stack == "DELETE_COMPLETE") == (not live), run
    assert end.frozen, run
    final = [one.status for one in scene.heard if one.request_id == scene.request_id and one.status != "running"]
    assert set(final) == end.verdicts, run


@pytest.mark.parametrize("case", USUAL, ids=str)
@pytest.mark.parametrize("kind", [FLEET_MAINTAIN, ASG])
def test_any_order_ends_in_the_same_state(explored: Any, kind: Kind, case: Case) -> None:
    check(explored(kind, case))


@pytest.mark.sweep
@pytest.mark.parametrize("case", SWEEP, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_any_order_ends_in_the_same_state_for_every_kind(explored: Any, kind: Kind, case: Case) -> None:
    check(explored(kind, case))


@pytest.mark.sweep
@pytest.mark.parametrize("case", MORE, ids=str)
@pytest.mark.parametrize("kind", [FLEET_MAINTAIN, FLEET_REQUEST])
def test_any_order_of_these_ends_in_the_same_state(explored: Any, kind: Kind, case: Case) -> None:
    check(explored(kind, case))


@pytest.mark.sweep
@pytest.mark.parametrize("case", DEEP, ids=str)
def test_any_order_with_more_interruptions_ends_in_the_same_state(explored: Any, case: Case) -> None:
    check(explored(FLEET_MAINTAIN, case))


def test_the_rest_is_bought_once_in_any_order(explored: Any) -> None:
    check(explored(FLEET_REQUEST, REST[0]))


@pytest.mark.sweep
def test_the_rest_is_bought_once_in_any_order_with_a_return(explored: Any) -> None:
    check(explored(FLEET_REQUEST, REST[1]))


@pytest.mark.sweep
@pytest.mark.parametrize("kind", [FLEET_MAINTAIN, ASG])
def test_a_return_that_comes_hours_late_meets_gc(explored: Any, kind: Kind) -> None:
    """All ends either way. Where gc is first, nobody was ever told of the request, and it has failed; where the
    return is first, its machines were delivered."""
    check(explored(kind, Case("silent", ("gc", "return all"))), ends_one_by_one=2)


@pytest.mark.sweep
def test_a_poll_that_comes_hours_late_meets_gc(explored: Any) -> None:
    """The one difference: hours past its deadline a request is polled in the very moment in which gc ends it.

    One after the other, whoever is first decides. There is no lock between hosts: where the poll falls between
    gc's last look and its end of the machines, one host has told of machines that are gone since. Nothing is left
    alive then, and Host Factory hears of them as of any machine that is gone.
    """
    found = explored(FLEET_MAINTAIN, Case("silent", ("gc", "poll")), told_to_be_gone)
    ends = {run.calls: (run.end.verdicts, bool(run.end.live)) for run in found}
    one_by_one = {ends[run.calls] for run in found if serial(run.order)}
    assert one_by_one == {(frozenset({"complete"}), True), (frozenset({"complete_with_error"}), False)}
    for run in found:
        live, machines = frozenset(key for key, _ in run.end.live), frozenset(run.scene.machines)
        assert run.end.launched == len(machines)
        assert (run.end.stack == "DELETE_COMPLETE") == (not live)
        assert run.end.told <= {frozenset(), machines}
        if live:
            assert (live, run.end.told, run.end.verdicts) == (machines, {machines}, {"complete"})
        else:
            assert run.asked == [machines, machines]


def told_to_be_gone(scene: Scene) -> list[frozenset[str]]:
    """The machines of which each host tells Host Factory that they are gone."""
    hosts = tuple(HostRef("", one) for one in scene.machines)
    return [frozenset(one.machine_id for one in reclaimed_hosts(scene.app(host), hosts)[0]) for host in range(2)]
