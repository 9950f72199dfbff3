"""Requests that carry the mark of a terminal answer: finished, never judged anew (design §2.5)."""

from __future__ import annotations

from typing import Final

import pytest

from ohf_iac.machine import Instance
from ohf_iac.plan import TagInstances, Terminate
from ohf_iac.status.judge import judge
from ohf_iac.template.kinds import FLEET_REQUEST, INSTANT
from tests.judged import LENIENT, SUSPEND, Case, marks
from tests.seen import CREATED, DEADLINE, glance, machine, marked, returned, running
from tests.seen import record as remembered

ERROR: Final = "complete_with_error"


def ended(*numbers: int) -> Terminate:
    return Terminate(tuple(machine(one).instance_id for one in numbers), late=True)


CASES = {
    "all marked: terminal at once, and frozen once more": Case(
        remembered(), glance(marked(1), marked(2), marked(3)), "settle", "complete", "", (SUSPEND,)
    ),
    "marked and now fewer: terminal all the same": Case(
        remembered(), glance(marked(1), at=DEADLINE * 2), "settle", "complete", "", (SUSPEND,)
    ),
    "marked complete_with_error": Case(
        remembered(), glance(marked(1, mark=ERROR)), "settle", ERROR, "", (SUSPEND,)
    ),
    "a mark that nobody of us wrote is never success": Case(
        remembered(), glance(marked(1, mark="done")), "settle", ERROR, "", (SUSPEND,)
    ),
    "the second batch of marks did not get through: the older machines get theirs": Case(
        remembered(),
        glance(*running(1, 2), marked(3)),
        "settle",
        "complete",
        "",
        (SUSPEND, TagInstances(tuple(one.instance_id for one in running(1, 2)), "ohf:settled", "complete")),
    ),
    "a machine launched after the marked ones came late: ended": Case(
        remembered(), glance(marked(1), *running(2)), "settle", "complete", "", (SUSPEND, ended(2))
    ),
    "a pending machine came late, whenever it was launched: ended": Case(
        remembered(FLEET_REQUEST), glance(machine(1, "pending"), marked(2)), "settle", "complete", "", (ended(1),)
    ),
    "a returned machine gets no mark and is ended by its return": Case(
        remembered(INSTANT), glance(returned(1), marked(2), returned(3)), "settle", "complete"
    ),
    "a late machine that is dead already is left alone": Case(
        remembered(INSTANT), glance(marked(1), machine(2, "terminated")), "settle", "complete"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_marked_request_is_finished(case: Case) -> None:
    case.check()


def rows(*instances: Instance) -> list[tuple[str, str]]:
    """Machine numbers and results that are reported for marked requests."""
    judgement = judge(remembered(INSTANT), glance(*instances), LENIENT)
    return [(one.machine_id[-1], one.result) for one in judgement.machines]


def test_what_is_reported_are_the_machines_of_the_answer() -> None:
    assert rows(running(1)[0], marked(2), machine(3)) == [("1", "succeed"), ("2", "succeed")]


def test_a_machine_that_died_after_its_mark_stays_in_the_answer() -> None:
    assert rows(marked(1, "terminated"), marked(2)) == [("1", "succeed"), ("2", "succeed")]


def test_the_failed_ones_are_listed_where_the_answer_was_an_error() -> None:
    dead = machine(1, "terminated", reason="no key")
    assert rows(dead, marked(2, mark=ERROR)) == [("2", "succeed"), ("1", "fail")]
    assert rows(dead, marked(2)) == [("2", "succeed")]
    assert rows(machine(1, "stopped"), marked(2, mark=ERROR)) == [("2", "succeed"), ("1", "fail")]


def test_a_failed_one_says_why() -> None:
    dead = machine(1, "terminated", reason="no key")
    judgement = judge(remembered(INSTANT), glance(dead, marked(2, mark=ERROR)), LENIENT)
    assert judgement.machines[-1].message == f"{dead.instance_id} is terminated: no key"


def test_marks_of_many_machines_begin_with_the_newest() -> None:
    """So that a crash between two batches leaves only older machines unmarked, which are finished later."""
    judgement = judge(remembered(INSTANT, 4), glance(*running(2, 4, 1, 3)), LENIENT)
    assert judgement.tag == marks(1, 2, 3, 4).ids
    assert judgement.tag[0] == machine(4).instance_id


def test_a_marked_request_needs_no_second_look() -> None:
    judgement = judge(remembered(), glance(marked(1), at=CREATED + 90), LENIENT)
    assert judgement.wish == "settle"
