"""Clocks that are wrong, in the pure core: no moment that has not come yet holds anything up for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ohf_iac.operations.chores import SILENCE, due_chores
from ohf_iac.request import RequestRecord
from ohf_iac.status.answer import first_short
from ohf_iac.status.judge import SECOND_LOOK, Judgement, judge
from ohf_iac.status.recover import CLOCKS_APART, MISDATED, STACK_PATIENCE, deadline_by_aws
from ohf_iac.store.memory import CHORE_HORIZON, Memory, with_due_chores
from ohf_iac.template.kinds import ASG
from tests import seen
from tests.judged import COLD, LENIENT
from tests.seen import CREATED, DEADLINE

LATE = DEADLINE + 600


def short(first_short_at: int, at: float = LATE) -> Judgement:
    """The judgement of a frozen shortage whose first look is remembered so."""
    record = seen.record(ASG, first_short_at=first_short_at)
    return judge(record, seen.look(*seen.running(1), at=at, capacities=[COLD]), LENIENT)


def test_a_first_look_in_the_time_to_come_is_the_first_one_now() -> None:
    assert short(LATE - SECOND_LOOK).wish == "settle"
    waiting = short(LATE + 10**8)
    assert (waiting.wish, waiting.first_short_at) == ("wait", LATE)
    noted = first_short(seen.record(first_short_at=LATE + 10**8), waiting, LATE)
    assert noted == LATE
    assert short(noted, LATE + SECOND_LOOK).wish == "settle"


@pytest.mark.parametrize(
    ("ahead", "wish"), [(CLOCKS_APART, "wait"), (CLOCKS_APART + 1, "settle"), (10**8, "settle")]
)
def test_a_request_from_the_time_to_come_without_a_stack_is_not_waited_for(ahead: int, wish: str) -> None:
    at = CREATED - ahead
    nothing = seen.look(at=at, stack=None)
    assert judge(seen.record(ASG, stack="intended", stack_id=""), nothing, LENIENT).wish == wish
    young = seen.look(at=CREATED + STACK_PATIENCE - 1, stack=None)
    assert judge(seen.record(ASG, stack="intended", stack_id=""), young, LENIENT).wish == "wait"


@pytest.mark.parametrize("off", [-7200, -MISDATED - 1, MISDATED + 1, 7200])
def test_a_deadline_counts_from_the_stacks_creation_where_the_id_was_minted_by_a_wrong_clock(off: int) -> None:
    stack = seen.stack(created_at=CREATED + off)
    assert deadline_by_aws(seen.request(), stack) == DEADLINE + off


@pytest.mark.parametrize("off", [-MISDATED, 0, 5, MISDATED])
def test_a_deadline_is_the_ids_where_clocks_agree(off: int) -> None:
    assert deadline_by_aws(seen.request(), seen.stack(created_at=CREATED + off)) == DEADLINE
    assert deadline_by_aws(seen.request(), None) == DEADLINE


def remembered(record: RequestRecord) -> Memory:
    return Memory(requests={record.request.request_id: record})


@pytest.mark.parametrize(
    ("chore_at", "due"),
    [
        (0, True),
        (LATE, True),
        (LATE + 60, False),
        (LATE + CHORE_HORIZON, False),
        (LATE + CHORE_HORIZON + 1, True),
        (10**11, True),
    ],
)
def test_no_chore_is_put_off_for_long(chore_at: int, due: bool) -> None:
    settled = seen.record(ASG, verdict="complete", settled_at=LATE, chore_at=chore_at)
    assert bool(with_due_chores(remembered(settled), LATE)) is (due and chore_at > 0)
    silent = seen.record(ASG, chore_at=chore_at)
    assert bool(due_chores(remembered(silent), LATE)) is due


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (DEADLINE + SILENCE, True),
        (DEADLINE, False),
        (CREATED, False),
        (CREATED - CLOCKS_APART, False),
        (CREATED - CLOCKS_APART - 1, True),
    ],
)
def test_a_request_of_a_clock_far_ahead_is_looked_at(now: int, due: bool) -> None:
    assert bool(due_chores(remembered(replace(seen.record(ASG), chore_at=0)), now)) is due
