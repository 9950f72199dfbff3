"""A heterogeneous request: spot first, then the rest on demand, bought once (design §4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ohf_iac.machine import Instance
from ohf_iac.observation import CapacitySeen, Observation, StackSeen
from ohf_iac.plan import BuyRest
from ohf_iac.request import RequestRecord
from ohf_iac.status.judge import judge
from ohf_iac.template.kinds import FLEET_REQUEST, SPOT_REQUEST
from tests import seen
from tests.judged import LENIENT, Case, marks
from tests.seen import CREATED, DEADLINE, REQUEST_ID, STACK_ID, capacity, look, machine, returned, running, stack

UNTIL = DEADLINE - 60
BOUGHT = DEADLINE + 600
ENDED = capacity(SPOT_REQUEST, frozen=True, short=[("", "spotInstanceCountLimitExceeded")])
OPEN = capacity(SPOT_REQUEST)
REST = capacity(FLEET_REQUEST, frozen=True)


def mixed(first_short_at: int = 0, cancelled_at: int = 0) -> RequestRecord:
    """A heterogeneous request of three."""
    known = seen.record(SPOT_REQUEST, price_type="heterogeneous")
    return replace(known, first_short_at=first_short_at, cancelled_at=cancelled_at)


def after(status: str, rest: int = 1) -> StackSeen:
    """The stack once its rest was asked for."""
    return stack(status, parameters={"RestCapacity": str(rest), "TargetCapacity": "3"})


def spot(at: float, *extra: Instance, status: str = "CREATE_COMPLETE", fleet: CapacitySeen = ENDED) -> Observation:
    """Two spot machines run, the fleet has ended."""
    return look(*running(1, 2), *extra, at=at, stack=stack(status), capacities=[fleet])


BUY = BuyRest(STACK_ID, 1, f"{REQUEST_ID}-rest")
CASES = {
    "before ValidUntil: waits": Case(mixed(), spot(UNTIL - 1, fleet=OPEN), "wait"),
    "before ValidUntil, the fleet having ended early: waits": Case(mixed(), spot(UNTIL - 1), "wait"),
    "ValidUntil has passed and the fleet has ended: the rest is bought": Case(
        mixed(), spot(UNTIL), "buy-rest", None, "1 bought on demand", (BUY,)
    ),
    "the fleet does not show its end yet: waits": Case(mixed(), spot(UNTIL, fleet=OPEN), "wait"),
    "a spot machine is still pending: waits": Case(
        mixed(), look(*running(1), machine(4, "pending"), at=UNTIL, capacities=[ENDED]), "wait"
    ),
    "the stack is busy: the rest waits": Case(mixed(), spot(UNTIL, status="CREATE_IN_PROGRESS"), "wait"),
    "the stack is busy to the deadline: a shortage that says so": Case(
        mixed(first_short_at=DEADLINE),
        spot(DEADLINE + 15, status="CREATE_IN_PROGRESS"),
        "settle",
        "complete",
        "2 of 3 machines: on-demand rest not bought: stack is still CREATE_IN_PROGRESS at the deadline",
        (marks(1, 2),),
    ),
    "the stack is free again a moment after the deadline: the rest is bought": Case(
        mixed(first_short_at=DEADLINE), spot(DEADLINE + 15), "buy-rest", None, "", (BUY,)
    ),
    "ten minutes after the deadline nothing is bought any more": Case(
        mixed(first_short_at=DEADLINE), spot(BOUGHT), "settle", "complete", "2 of 3", (marks(1, 2),)
    ),
    "bought: waits, and buys nothing again": Case(
        mixed(first_short_at=UNTIL),
        look(*running(1, 2), at=DEADLINE + 60, stack=after("UPDATE_COMPLETE"), capacities=[ENDED, REST]),
        "wait",
        None,
        "2 of 3",
    ),
    "bought, and the deadline has moved by ten minutes: a shortage at the new one": Case(
        mixed(first_short_at=UNTIL),
        look(*running(1, 2), at=BOUGHT, stack=after("UPDATE_COMPLETE"), capacities=[ENDED, REST]),
        "settle",
        "complete",
        "2 of 3 machines: spotInstanceCountLimitExceeded",
        (marks(1, 2),),
    ),
    "bought so late that the update still runs at the new deadline: waits for it": Case(
        mixed(first_short_at=UNTIL),
        look(*running(1, 2), at=BOUGHT + 5, stack=after("UPDATE_IN_PROGRESS"), capacities=[ENDED]),
        "wait",
    ),
    "the update was rolled back: a shortage": Case(
        mixed(first_short_at=UNTIL),
        look(*running(1, 2), at=BOUGHT, stack=after("UPDATE_ROLLBACK_COMPLETE", 0), capacities=[ENDED]),
        "settle",
        "complete",
        "2 of 3",
        (marks(1, 2),),
    ),
    "the update could not be rolled back: a shortage": Case(
        mixed(first_short_at=UNTIL),
        look(*running(1, 2), at=BOUGHT, stack=after("UPDATE_ROLLBACK_FAILED", 0), capacities=[ENDED]),
        "settle",
        "complete",
        "2 of 3 machines: on-demand rest not bought: UPDATE_ROLLBACK_FAILED",
        (marks(1, 2),),
    ),
    "the rest has come: complete": Case(
        mixed(),
        look(*running(1, 2, 3), at=DEADLINE + 60, stack=after("UPDATE_COMPLETE"), capacities=[ENDED, REST]),
        "settle",
        "complete",
        "",
        (marks(1, 2, 3),),
    ),
    "cancelled: nothing more is bought": Case(
        mixed(cancelled_at=CREATED + 60, first_short_at=CREATED + 90),
        spot(UNTIL),
        "settle",
        "complete",
        "2 of 3",
        (marks(1, 2),),
    ),
    "its stack has failed: nothing is bought": Case(
        mixed(first_short_at=CREATED + 90),
        spot(UNTIL, status="CREATE_FAILED"),
        "settle",
        "complete",
        "2 of 3",
        (marks(1, 2),),
    ),
    "returned machines are not bought again": Case(
        mixed(), look(*running(1), returned(2), at=UNTIL, capacities=[ENDED]), "buy-rest", None, "", (BUY,)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_rest_is_bought_once_and_waited_for(case: Case) -> None:
    case.check()


def test_the_rest_counts_units_where_machines_have_weights() -> None:
    weights = {"m5.large": 1, "m5.xlarge": 2}
    known = seen.record(SPOT_REQUEST, 5, price_type="heterogeneous", weights=weights)
    one = machine(1, instance_type="m5.xlarge")
    assert judge(known, look(one, at=UNTIL, capacities=[ENDED]), LENIENT).rest == 3


def test_a_request_of_one_price_buys_no_rest() -> None:
    assert judge(seen.record(SPOT_REQUEST), spot(UNTIL), LENIENT).wish == "wait"
