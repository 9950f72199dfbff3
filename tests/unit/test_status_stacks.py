"""Requests whose stack has ended, hangs or is not there, case by case (design §2.4, §2.7, §5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ohf_iac.cfn import StackEvent
from ohf_iac.status.shortage import why_short
from tests.judged import COLD, DELETE, FAILED, SUSPEND, Case, marks
from tests.seen import CREATED, DEADLINE, capacity, look, machine, running, stack
from tests.seen import record as remembered

LATE = DEADLINE + 60
ONCE = remembered(first_short_at=DEADLINE + 30)
CASES = {
    # stacks that end
    "creation failed, nobody alive, group still there: frozen first": Case(
        remembered(), look(stack=FAILED, capacities=[capacity()]), "freeze", None, "0 of 3", (SUSPEND,)
    ),
    "creation failed before there was a group, first look: waits": Case(
        remembered(), look(stack=FAILED), "wait", None, "0 of 3"
    ),
    "creation failed before there was a group, second look: complete_with_error": Case(
        remembered(first_short_at=CREATED + 200),
        look(stack=FAILED),
        "settle",
        "complete_with_error",
        "0 of 3 machines: The following resource(s) failed to create",
    ),
    "creation failed with two alive: frozen, kept": Case(
        remembered(), look(*running(1, 2), stack=FAILED, capacities=[capacity()]), "freeze", None, "", (SUSPEND,)
    ),
    "creation failed with two alive, frozen, second look: a shortage, machines kept": Case(
        remembered(first_short_at=CREATED + 200),
        look(*running(1, 2), stack=FAILED, capacities=[COLD]),
        "settle",
        "complete",
        "2 of 3",
        (SUSPEND, marks(1, 2)),
    ),
    "deleted by somebody else while machines still run: waits for their end": Case(
        remembered(first_short_at=CREATED + 200),
        look(*running(1, 2), stack=stack("DELETE_IN_PROGRESS"), capacities=[capacity()]),
        "wait",
        None,
        "stack is DELETE_IN_PROGRESS",
    ),
    "deleted by somebody else, machines ending: complete_with_error": Case(
        remembered(first_short_at=CREATED + 200),
        look(machine(1, "shutting-down"), stack=stack("DELETE_IN_PROGRESS"), capacities=[capacity()]),
        "settle",
        "complete_with_error",
        "i-00000000000000001 is shutting-down",
        (SUSPEND,),
    ),
    "a deletion that hangs for an hour beyond the deadline is not waited for": Case(
        ONCE,
        look(*running(1, 2), at=DEADLINE + 3600, stack=stack("DELETE_IN_PROGRESS"), capacities=[COLD]),
        "settle",
        "complete",
        "2 of 3",
        (SUSPEND, marks(1, 2)),
    ),
    "deleted, nothing left: complete_with_error": Case(
        remembered(first_short_at=CREATED + 200),
        look(stack=stack("DELETE_COMPLETE")),
        "settle",
        "complete_with_error",
        "stack is DELETE_COMPLETE",
    ),
    "deletion failed after the group was gone: complete_with_error, not deleted for ever": Case(
        remembered(first_short_at=CREATED + 200),
        look(stack=stack("DELETE_FAILED")),
        "settle",
        "complete_with_error",
        "stack is DELETE_FAILED",
    ),
    "still being created at the deadline, nothing alive, no group: deleted": Case(
        remembered(),
        look(at=DEADLINE, stack=stack("CREATE_IN_PROGRESS")),
        "freeze",
        None,
        "stack is still CREATE_IN_PROGRESS at the deadline",
        (DELETE,),
    ),
    # no stack at all
    "no stack two minutes after the intent: it was never created": Case(
        remembered(stack="intended", stack_id=""),
        look(at=CREATED + 120, stack=None),
        "settle",
        "complete_with_error",
        "was never created",
    ),
    "young, two machines, its stack not shown, second look: still too early": Case(
        remembered(first_short_at=CREATED + 60), look(*running(1, 2), at=CREATED + 119, stack=None), "wait"
    ),
    "a stack whose id we know is not shown, nor any machine: wrong place, waits": Case(
        remembered(), look(at=LATE, stack=None), "wait", None, "other region or account"
    ),
    "a stack whose id we know is forgotten after ninety days": Case(
        remembered(), look(at=CREATED + 90 * 86400, stack=None), "settle", "complete_with_error", "forgotten"
    ),
    "no stack, a dead machine: complete_with_error": Case(
        remembered(),
        look(machine(1, "terminated"), at=LATE, stack=None),
        "settle",
        "complete_with_error",
        "does not exist",
        (SUSPEND,),
    ),
    "no stack, two alive, second look: a shortage": Case(
        ONCE, look(*running(1, 2), at=LATE, stack=None), "settle", "complete", "2 of 3", (SUSPEND, marks(1, 2))
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_an_observation_means(case: Case) -> None:
    case.check()


def test_a_stack_that_is_still_made_is_no_reason_before_the_deadline() -> None:
    making = look(at=DEADLINE - 1, stack=stack("CREATE_IN_PROGRESS"))
    assert why_short(remembered().request, making, "") == ""
    assert why_short(remembered().request, making, "i-1 is terminated") == "i-1 is terminated"


def test_the_root_cause_comes_before_what_the_group_and_the_machines_say() -> None:
    event = StackEvent("1", 1.0, "LaunchTemplate", "AWS::EC2::LaunchTemplate", "CREATE_FAILED", reason="no image")
    short = capacity(short=[("", "no room")])
    failed = look(stack=FAILED, events=(event,), capacities=[short])
    assert why_short(remembered().request, failed, "") == "no image"
    coded = replace(event, reason='Resource handler returned message: "no" (RequestToken: 1, HandlerErrorCode: X)')
    assert why_short(remembered().request, look(stack=FAILED, events=(coded,)), "") == "Error Code: X: no"
    sound = look(events=(event,), capacities=[short])
    assert why_short(remembered().request, sound, "i-1 is terminated") == "no room"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("Server.InsufficientInstanceCapacity: none left", "InsufficientInstanceCapacity"),
        ("Client.InternalError", "InternalError"),
        ("Client.UserInitiatedShutdown: User initiated shutdown", ""),
        ("Server.SpotInstanceTermination", ""),
        ("none", ""),
    ],
)
def test_what_a_machine_died_of_has_a_code_where_nobody_wished_for_it(reason: str, code: str) -> None:
    failure = f"i-1 is terminated: {reason}"
    told = f"Error Code: {code}: {failure}" if code else failure
    assert why_short(remembered().request, look(), failure) == told


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        ("NoRoom", "no room", "Error Code: NoRoom: no room"),
        ("NoRoom", "", "Error Code: NoRoom"),
        ("", "no room", "no room"),
    ],
)
def test_a_shortfall_is_told_in_the_form_that_lsf_reads(code: str, text: str, told: str) -> None:
    assert why_short(remembered().request, look(capacities=[capacity(short=[(code, text)])]), "") == told
