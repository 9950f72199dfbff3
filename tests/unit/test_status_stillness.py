"""Since when nothing is launched any more: what AWS shows in the place of a first look that nobody remembers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ohf_iac.cfn import StackEvent
from ohf_iac.observation import CapacitySeen, Observation
from ohf_iac.status.judge import Policy, judge
from ohf_iac.status.recover import CLOCKS_APART
from ohf_iac.status.stillness import shown_since, still_since
from tests.seen import DEADLINE, capacity, look, record, running, stack

FAILED_AT = DEADLINE - 1000


def event(at: float, status: str, kind: str = "AWS::CloudFormation::Stack") -> StackEvent:
    return StackEvent("1", at, "x", kind, status, reason="no")


def frozen(since: int, *, gone: bool = False) -> CapacitySeen:
    return replace(capacity(frozen=True), frozen_since=since, gone=gone)


def failed(*capacities: CapacitySeen, status: str = "CREATE_FAILED") -> Observation:
    events = (event(FAILED_AT, status), event(FAILED_AT + 50, "DELETE_FAILED", "AWS::EC2::EC2Fleet"))
    return replace(look(at=DEADLINE, stack=stack(status), capacities=capacities), events=events)


SINCE = {
    "a failed stack without a group": (failed(), FAILED_AT),
    "one whose group is gone": (failed(frozen(0, gone=True)), FAILED_AT),
    "one whose group is there: its freeze counts": (failed(frozen(FAILED_AT + 9)), FAILED_AT + 9),
    "a stack under deletion, whatever its group says": (
        failed(frozen(FAILED_AT + 9), status="DELETE_IN_PROGRESS"),
        FAILED_AT,
    ),
    "two fleets: the later freeze": (look(capacities=[frozen(5), frozen(7)], stack=stack()), 7),
    "two fleets, of which one does not tell": (look(capacities=[frozen(5), frozen(0)], stack=stack()), 0),
    "a sound stack without a group": (look(stack=stack()), 0),
    "no stack": (look(stack=None), 0),
}


@pytest.mark.parametrize("name", SINCE)
def test_since_when(name: str) -> None:
    seen, expected = SINCE[name]
    assert still_since(seen) == expected


def test_what_aws_tells_counts_as_much_later_as_clocks_may_be_apart() -> None:
    seen = failed()
    assert shown_since(seen) == FAILED_AT + CLOCKS_APART
    assert shown_since(replace(seen, at=float(FAILED_AT + 5))) == FAILED_AT + 5
    assert shown_since(look(stack=stack(), at=77.0)) == 77


def test_a_shortage_that_aws_shows_for_long_settles_without_memory_of_a_first_look() -> None:
    at = DEADLINE + CLOCKS_APART
    young, old = (
        look(*running(1), at=at + 30, stack=stack(), capacities=[frozen(since)])
        for since in (DEADLINE + 20, DEADLINE + 10)
    )
    assert judge(record(), young, Policy()).wish == "wait"
    assert judge(record(), old, Policy()).wish == "settle"
