"""What differs between the six kinds: how each is frozen, when an instant fleet is final."""

from __future__ import annotations

import pytest

from ohf_iac.plan import FreezeFleet, FreezeSpotFleet, Step
from ohf_iac.template.kinds import (
    ASG,
    FLEET_MAINTAIN,
    FLEET_REQUEST,
    INSTANT,
    KINDS,
    SPOT_MAINTAIN,
    SPOT_REQUEST,
    Kind,
)
from tests.judged import DELETE, FAILED, STRICT, SUSPEND, Case, decided, marks
from tests.seen import CREATED, DEADLINE, capacity, fleet_tags, glance, look, machine, running, stack
from tests.seen import record as remembered

FREEZES: dict[Kind, tuple[Step, ...]] = {
    ASG: (SUSPEND,),
    INSTANT: (),
    FLEET_REQUEST: (),
    FLEET_MAINTAIN: (FreezeFleet("fleet-1"),),
    SPOT_REQUEST: (),
    SPOT_MAINTAIN: (FreezeSpotFleet("sfr-1"),),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_request_is_frozen_in_its_kinds_way_before_it_is_marked(kind: Kind) -> None:
    judgement, steps = decided(kind, glance(*running(1, 2, 3, tags=fleet_tags(kind))))
    assert judgement.verdict == "complete"
    assert steps == (*FREEZES[kind], marks(1, 2, 3))


@pytest.mark.parametrize("kind", [FLEET_MAINTAIN, SPOT_MAINTAIN])
def test_a_full_fleet_that_its_machines_do_not_name_is_looked_up_before_it_settles(kind: Kind) -> None:
    machines = running(1, 2, 3)
    assert decided(kind, glance(*machines))[0].wish == "look"
    assert decided(kind, look(*machines))[0].wish == "wait"
    judgement, steps = decided(kind, look(*machines, capacities=[capacity(kind, machines)]))
    assert judgement.verdict == "complete"
    assert steps == (*FREEZES[kind], marks(1, 2, 3))


@pytest.mark.parametrize("kind", [FLEET_MAINTAIN, SPOT_MAINTAIN])
def test_a_full_fleet_whose_stack_is_gone_needs_no_freeze(kind: Kind) -> None:
    judgement, steps = decided(kind, look(*running(1, 2, 3), stack=stack("DELETE_COMPLETE")))
    assert (judgement.verdict, steps) == ("complete", (marks(1, 2, 3),))


@pytest.mark.parametrize("kind", KINDS)
def test_a_shortage_is_frozen_in_its_kinds_way(kind: Kind) -> None:
    judgement, steps = decided(kind, look(*running(1, 2), at=DEADLINE, capacities=[capacity(kind)]))
    assert (judgement.wish, judgement.first_short_at) == ("freeze", DEADLINE)
    assert steps == FREEZES[kind]


@pytest.mark.parametrize("kind", [FLEET_REQUEST, SPOT_REQUEST])
def test_a_request_fleet_is_not_cancelled_before_its_own_end(kind: Kind) -> None:
    """Not even without a machine: it ends by its ValidUntil."""
    judgement, steps = decided(kind, look(at=DEADLINE, capacities=[capacity(kind)]))
    assert (judgement.wish, steps) == ("freeze", ())


@pytest.mark.parametrize("kind", [FLEET_REQUEST, SPOT_REQUEST])
def test_a_request_fleet_of_a_failed_stack_without_machines_goes_with_the_stack(kind: Kind) -> None:
    judgement, steps = decided(kind, look(stack=FAILED, capacities=[capacity(kind)]))
    assert (judgement.wish, steps) == ("freeze", (DELETE,))


@pytest.mark.parametrize("kind", [FLEET_REQUEST, SPOT_REQUEST])
def test_a_request_fleet_of_a_failed_stack_with_machines_is_left_to_its_end(kind: Kind) -> None:
    judgement, steps = decided(kind, look(*running(1), stack=FAILED, capacities=[capacity(kind)]))
    assert (judgement.wish, steps) == ("freeze", ())


@pytest.mark.parametrize("kind", [ASG, FLEET_MAINTAIN, SPOT_MAINTAIN])
def test_a_group_or_fleet_that_aws_does_not_show_yet_is_no_frozen_one(kind: Kind) -> None:
    missing = capacity(kind, frozen=True, gone=True)
    judgement, _ = decided(kind, look(*running(1), capacities=[missing]), first_short_at=CREATED + 10)
    assert judgement.wish == "wait"
    assert judgement.first_short_at == 0


SHORT = [("InsufficientInstanceCapacity", "We do not have it")]
LIST = capacity(INSTANT, running(1, 2), frozen=True, short=SHORT)
SAYS = "2 of 3 machines: Error Code: InsufficientInstanceCapacity: We do not have it"
INSTANTS = {
    "both lists agree: one look is enough, long before the deadline": Case(
        remembered(INSTANT),
        look(*running(1, 2), capacities=[LIST]),
        "settle",
        "complete",
        SAYS,
        (marks(1, 2),),
    ),
    "under the strict policy": Case(
        remembered(INSTANT),
        look(*running(1, 2), capacities=[LIST]),
        "settle",
        "complete_with_error",
        SAYS,
        (marks(1, 2, verdict="complete_with_error"),),
        STRICT,
    ),
    "nothing came: one look is enough": Case(
        remembered(INSTANT),
        look(capacities=[capacity(INSTANT, frozen=True, short=SHORT)]),
        "settle",
        "complete_with_error",
        "0 of 3 machines: Error Code: InsufficientInstanceCapacity",
    ),
    "errors of one pool although another gave all: complete without a message": Case(
        remembered(INSTANT),
        look(*running(1, 2, 3), capacities=[LIST]),
        "settle",
        "complete",
        "",
        (marks(1, 2, 3),),
    ),
    "one of its machines is still pending: waits": Case(
        remembered(INSTANT), look(*running(1), machine(2, "pending"), capacities=[LIST]), "wait", None, "1 of 3"
    ),
    "it lists a machine that no describe shows yet: waits": Case(
        remembered(INSTANT), look(*running(1), capacities=[LIST], unseen_members=("i-2",)), "wait"
    ),
    "it lists a machine that no describe shows, even after five minutes: waits for the deadline": Case(
        remembered(INSTANT, first_short_at=CREATED + 10),
        look(*running(1), at=CREATED + 400, capacities=[LIST], unseen_members=("i-2",)),
        "wait",
    ),
    "AWS does not show the fleet yet: waits": Case(
        remembered(INSTANT), look(capacities=[capacity(INSTANT, frozen=True, gone=True)]), "wait"
    ),
    "its stack is still being created: waits": Case(
        remembered(INSTANT), look(stack=stack("CREATE_IN_PROGRESS"), capacities=[LIST]), "wait"
    ),
    "its stack failed for the partial errors, machines alive: kept, one look": Case(
        remembered(INSTANT),
        look(*running(1, 2), stack=FAILED, capacities=[LIST]),
        "settle",
        "complete",
        SAYS,
        (marks(1, 2),),
    ),
    "no fleet to be found in a sound stack: waits": Case(remembered(INSTANT), look(), "wait"),
    "no fleet to be found at the deadline: the stack is deleted": Case(
        remembered(INSTANT), look(at=DEADLINE), "freeze", None, "deadline passed", (DELETE,)
    ),
    "a machine that never shows: a shortage five minutes after the first look": Case(
        remembered(INSTANT, first_short_at=DEADLINE),
        look(*running(1, 2), at=DEADLINE + 300, capacities=[LIST], unseen_members=("i-3",)),
        "settle",
        "complete",
        SAYS,
        (marks(1, 2),),
    ),
}


@pytest.mark.parametrize("case", INSTANTS.values(), ids=INSTANTS)
def test_an_instant_fleet_is_final_at_once(case: Case) -> None:
    case.check()
