"""What an observation means, rule by rule: one sentence, one case (design §2.4, §2.5, §5)."""

from __future__ import annotations

import pytest

from ohf_iac.plan import Terminate
from ohf_iac.template.kinds import ASG
from tests.judged import COLD, FAILED, HASTY, STRICT, SUSPEND, Case, marks
from tests.seen import CREATED, DEADLINE, capacity, glance, look, machine, returned, running, stack
from tests.seen import record as remembered

WEIGHTS = {"m5.large": 1, "m5.xlarge": 2}
LATE = DEADLINE + 60
ONCE = remembered(first_short_at=DEADLINE + 30)
CASES = {
    # enough machines
    "three of three run: complete, group frozen first, then marked": Case(
        remembered(), glance(*running(1, 2, 3)), "settle", "complete", "", (SUSPEND, marks(1, 2, 3))
    ),
    "three of three run although the stack failed: complete": Case(
        remembered(),
        look(*running(1, 2, 3), stack=FAILED),
        "settle",
        "complete",
        "",
        (SUSPEND, marks(1, 2, 3)),
    ),
    "three of three run while the stack is still created: complete": Case(
        remembered(),
        look(*running(1, 2, 3), stack=stack("CREATE_IN_PROGRESS")),
        "settle",
        "complete",
        "",
        (SUSPEND, marks(1, 2, 3)),
    ),
    "three run and a dead fourth was replaced: complete, the dead one is no news": Case(
        remembered(),
        glance(*running(1, 2, 3), machine(4, "terminated")),
        "settle",
        "complete",
        "",
        (SUSPEND, marks(1, 2, 3)),
    ),
    "enough run and a surplus one still starts: frozen and waited for": Case(
        remembered(), glance(*running(1, 2, 3), machine(4, "pending")), "freeze", None, "", (SUSPEND,)
    ),
    "more run than were asked for: all are reported and marked": Case(
        remembered(), glance(*running(1, 2, 3, 4)), "settle", "complete", "", (SUSPEND, marks(1, 2, 3, 4))
    ),
    "a surplus one pends for too long: a look tells whether it may be ended": Case(
        remembered(), glance(*running(1, 2, 3), machine(4, "pending")), "look", policy=HASTY
    ),
    "a surplus one pends for too long and nothing is frozen: frozen first": Case(
        remembered(),
        look(*running(1, 2, 3), machine(4, "pending"), capacities=[capacity()]),
        "freeze",
        None,
        "",
        (SUSPEND,),
        HASTY,
    ),
    "a surplus one pends for too long behind a freeze: it is ended": Case(
        remembered(),
        look(*running(1, 2, 3), machine(4, "pending"), capacities=[COLD]),
        "terminate",
        None,
        "",
        (Terminate((machine(4).instance_id,)),),
        HASTY,
    ),
    # enough coming
    "all pending: waits": Case(remembered(), glance(*(machine(one, "pending") for one in (1, 2, 3))), "wait"),
    "running without a name yet: waits": Case(remembered(), glance(*running(1, 2), machine(3, name="")), "wait"),
    "running without a name yet is not pending, whatever the time-out says: waits": Case(
        remembered(), glance(*running(1, 2), machine(3, name="")), "wait", policy=HASTY
    ),
    "all pending at the deadline: a look": Case(
        remembered(), glance(*(machine(one, "pending") for one in (1, 2, 3)), at=DEADLINE), "look"
    ),
    "all pending and cancelled: a look": Case(
        remembered(cancelled_at=CREATED + 90),
        glance(*(machine(one, "pending") for one in (1, 2, 3)), at=CREATED + 100),
        "look",
    ),
    "all pending for too long: a look": Case(
        remembered(), glance(*(machine(one, "pending") for one in (1, 2, 3))), "look", policy=HASTY
    ),
    # too few, time is left
    "no machine in sight: a look": Case(remembered(), glance(at=CREATED + 5), "look"),
    "young and empty, its stack not shown yet: waits": Case(
        remembered("ASG", stack="intended", stack_id=""), look(at=CREATED + 5, stack=None), "wait"
    ),
    "young, two machines, its stack not shown yet: waits": Case(
        remembered(), look(*running(1, 2), at=CREATED + 119, stack=None), "wait"
    ),
    "young and empty, its stack being created: waits": Case(
        remembered(), look(at=CREATED + 5, stack=stack("CREATE_IN_PROGRESS")), "wait"
    ),
    "two of three, the group still trying: waits with AWS's reason": Case(
        remembered(),
        look(*running(1, 2), capacities=[capacity(short=[("NoCapacity", "none left")])]),
        "wait",
        None,
        "2 of 3 machines: Error Code: NoCapacity: none left",
    ),
    # too few, time is over
    "deadline passed, first look: frozen, still running": Case(
        remembered(),
        look(*running(1, 2), at=DEADLINE, capacities=[capacity()]),
        "freeze",
        None,
        "2 of 3 machines: deadline passed",
        (SUSPEND,),
    ),
    "frozen, but the second look comes too soon: waits": Case(
        ONCE, look(*running(1, 2), at=DEADLINE + 44, capacities=[COLD]), "wait"
    ),
    "frozen and seen twice, 15 seconds apart: complete with what there is": Case(
        ONCE,
        look(*running(1, 2), at=DEADLINE + 45, capacities=[COLD]),
        "settle",
        "complete",
        "2 of 3 machines: deadline passed",
        (SUSPEND, marks(1, 2)),
    ),
    "without memory the look that finds the freeze is the first": Case(
        remembered(), look(*running(1, 2), at=LATE, capacities=[COLD]), "wait", None, "2 of 3"
    ),
    "seen twice, but the freeze did not hold: frozen again": Case(
        ONCE, look(*running(1, 2), at=LATE, capacities=[capacity()]), "freeze", None, "", (SUSPEND,)
    ),
    "a launch in flight after the freeze: waits": Case(
        ONCE, look(*running(1, 2), at=LATE, capacities=[capacity(ASG, busy=True, frozen=True)]), "wait"
    ),
    "a machine pending after the freeze: waits": Case(
        ONCE, look(*running(1), machine(2, "pending"), at=LATE, capacities=[COLD]), "wait"
    ),
    "the group lists a machine that no describe shows: waits": Case(
        ONCE,
        look(*running(1, 2), at=LATE, capacities=[COLD], unseen_members=("i-hidden",)),
        "wait",
    ),
    "a machine listed and not shown for five minutes is gone": Case(
        ONCE,
        look(*running(1, 2), at=DEADLINE + 330, capacities=[COLD], unseen_members=("i-hidden",)),
        "settle",
        "complete",
        "2 of 3",
        (SUSPEND, marks(1, 2)),
    ),
    "a shortage under the strict policy: complete_with_error": Case(
        ONCE,
        look(*running(1, 2), at=LATE, capacities=[COLD]),
        "settle",
        "complete_with_error",
        "2 of 3 machines",
        (SUSPEND, marks(1, 2, verdict="complete_with_error")),
        STRICT,
    ),
    "a machine failed: complete_with_error under either policy, with its reason": Case(
        ONCE,
        look(
            *running(1, 2),
            machine(3, "terminated", reason="Client.InternalError: key"),
            at=LATE,
            capacities=[COLD],
        ),
        "settle",
        "complete_with_error",
        "2 of 3 machines: Error Code: InternalError: i-00000000000000003 is terminated: Client.InternalError: key",
        (SUSPEND, marks(1, 2, verdict="complete_with_error")),
    ),
    "nothing came: complete_with_error": Case(
        ONCE,
        look(at=LATE, capacities=[capacity(ASG, frozen=True, short=[("", "We have no capacity")])]),
        "settle",
        "complete_with_error",
        "0 of 3 machines: We have no capacity",
    ),
    "a running machine without a name for ten minutes is a failed one": Case(
        ONCE,
        look(*running(1, 2), machine(3, name=""), at=LATE, capacities=[COLD]),
        "settle",
        "complete_with_error",
        "no private DNS name",
        (SUSPEND, marks(1, 2, verdict="complete_with_error")),
    ),
    "a stopped machine is a failed one": Case(
        ONCE,
        look(*running(1, 2), machine(3, "stopped"), at=LATE, capacities=[COLD]),
        "settle",
        "complete_with_error",
        "is stopped",
        (SUSPEND, marks(1, 2, verdict="complete_with_error")),
    ),
    # cancelled
    "cancelled long before the deadline: frozen": Case(
        remembered(cancelled_at=CREATED + 90),
        look(*running(1), at=CREATED + 100, capacities=[capacity()]),
        "freeze",
        None,
        "1 of 3 machines: cancelled",
        (SUSPEND,),
    ),
    "cancelled and frozen, second look: settled with what there is": Case(
        remembered(cancelled_at=CREATED + 90, first_short_at=CREATED + 100),
        look(*running(1), at=CREATED + 115, capacities=[COLD]),
        "settle",
        "complete",
        "1 of 3 machines: cancelled",
        (SUSPEND, marks(1)),
    ),
    # the pending time-out
    "pending for too long, not frozen: frozen, not ended": Case(
        remembered(),
        look(*running(1, 2), machine(3, "pending"), capacities=[capacity()]),
        "freeze",
        None,
        "",
        (SUSPEND,),
        HASTY,
    ),
    "pending for too long, frozen: ended": Case(
        remembered(first_short_at=CREATED + 270),
        look(*running(1, 2), machine(3, "pending"), capacities=[COLD]),
        "terminate",
        None,
        "",
        (Terminate((machine(3).instance_id,)),),
        HASTY,
    ),
    "ended for pending too long: settled without waiting for the deadline": Case(
        remembered(first_short_at=CREATED + 270),
        look(*running(1, 2), machine(3, "terminated"), capacities=[COLD]),
        "settle",
        "complete_with_error",
        "i-00000000000000003 is terminated",
        (SUSPEND, marks(1, 2, verdict="complete_with_error")),
        HASTY,
    ),
    "pending for too long, no time-out configured: waits": Case(
        remembered(), glance(*running(1, 2), machine(3, "pending"), at=DEADLINE - 1), "wait"
    ),
    # returned while it was still being made
    "a returned machine was delivered: the request does not wait for it": Case(
        remembered(),
        glance(*running(1, 2), returned(3, "shutting-down")),
        "settle",
        "complete",
        "",
        (SUSPEND, marks(1, 2)),
    ),
    "frozen by a return before the deadline: the rest will not come": Case(
        remembered(),
        look(*running(1), returned(2), capacities=[COLD]),
        "wait",
        None,
        "2 of 3 machines: nothing is launched any more",
    ),
    "frozen by a return, second look: settled": Case(
        remembered(first_short_at=CREATED + 200),
        look(*running(1), returned(2), capacities=[COLD]),
        "settle",
        "complete",
        "2 of 3 machines",
        (SUSPEND, marks(1)),
    ),
    "all that came were returned: complete, nothing to mark": Case(
        ONCE, look(returned(1), at=LATE, capacities=[COLD]), "settle", "complete", "1 of 3", (SUSPEND,)
    ),
    # weights
    "a machine of weight two counts for two units": Case(
        remembered(weights=WEIGHTS),
        glance(machine(1, instance_type="m5.xlarge"), machine(2, instance_type="m5.large")),
        "settle",
        "complete",
        "",
        (SUSPEND, marks(1, 2)),
    ),
    "a shortage of units says so": Case(
        remembered(weights=WEIGHTS),
        look(machine(1, instance_type="m5.xlarge"), at=DEADLINE, capacities=[capacity()]),
        "freeze",
        None,
        "2 of 3 units",
        (SUSPEND,),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_an_observation_means(case: Case) -> None:
    case.check()
