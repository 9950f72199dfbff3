"""CloudFormation's words: phases, root causes, ids in events, verdicts in tokens (aws-behaviour §1)."""

from __future__ import annotations

import pytest

from ohf_iac.cfn import (
    StackEvent,
    physical_ids,
    plain_reason,
    root_cause,
    root_code,
    stack_phase,
    verdict_in_token,
    was_complete,
)

STACK = "AWS::CloudFormation::Stack"
GROUP = "AWS::AutoScaling::AutoScalingGroup"
HANDLED = (
    "Resource handler returned message: \"The image id '[ami-0]' does not exist (Service: Ec2, Status Code: 400, "
    'Request ID: 5f2d)" (RequestToken: 9a, HandlerErrorCode: InvalidRequest)'
)


def event(at: float, status: str, reason: str = "", logical: str = "Capacity", **more: str) -> StackEvent:
    kind = STACK if logical == "stack" else GROUP
    return StackEvent(f"event-{at}", at, logical, kind, status, reason=reason, **more)


def test_a_status_that_aws_made_up_since_is_an_error() -> None:
    assert stack_phase("ROLLBACK_IN_PROGRESS") == "failed"
    with pytest.raises(KeyError):
        stack_phase("PAUSED")


@pytest.mark.parametrize(
    ("reason", "plain"),
    [
        (HANDLED, "The image id '[ami-0]' does not exist"),
        (
            "Group did not stabilize. Last scaling activity: none",
            "Group did not stabilize. Last scaling activity: none",
        ),
        ("No room (Service: AutoScaling, Status Code: 400, Request ID: 1)", "No room"),
        ('Resource handler returned message: "two\nlines" (RequestToken: 1, HandlerErrorCode: X)', "two\nlines"),
        (
            'Resource handler returned message: "No "big" one" (RequestToken: 1, HandlerErrorCode: X)',
            'No "big" one',
        ),
        (
            (
                'Resource handler returned message: "No room (Service: Ec2, Status Code: 400, Request ID: 1) '
                '(SDK Attempt Count: 1)" (RequestToken: 1, HandlerErrorCode: X)'
            ),
            "No room",
        ),
    ],
)
def test_a_reason_is_told_without_its_wrapping(reason: str, plain: str) -> None:
    assert plain_reason(reason) == plain


def test_the_root_cause_is_the_oldest_failure_that_is_no_consequence() -> None:
    events = [
        event(9, "CREATE_FAILED", "The following resource(s) failed to create: [Capacity, Other].", "stack"),
        event(8, "CREATE_FAILED", "Resource creation cancelled", "Other"),
        event(7, "CREATE_FAILED", "a later one", "Another"),
        event(6, "CREATE_FAILED", HANDLED),
        event(5, "CREATE_IN_PROGRESS", "Resource creation Initiated"),
    ]
    assert root_cause(events) == "The image id '[ami-0]' does not exist"
    assert root_cause(reversed(events)) == root_cause(events)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (HANDLED, "InvalidRequest"),
        (
            "You are not authorized (Service: AmazonEC2; Error Code: UnauthorizedOperation; Request ID: 5)",
            "UnauthorizedOperation",
        ),
        ("The image does not exist (Error Code: InvalidAMIID.NotFound). ", "InvalidAMIID.NotFound"),
        ("no room", ""),
    ],
)
def test_the_code_of_the_root_cause(reason: str, code: str) -> None:
    events = [event(1, "CREATE_FAILED", reason), event(2, "CREATE_FAILED", "later (Error Code: Other)", "Other")]
    assert root_code(events) == code


def test_a_cancelled_sibling_that_is_older_is_no_cause() -> None:
    events = [
        event(2, "CREATE_FAILED", "no room"),
        event(1, "CREATE_FAILED", "Resource creation cancelled", "Other"),
    ]
    assert root_cause(events) == "no room"


def test_what_the_stack_itself_says_counts_where_no_resource_failed() -> None:
    summary = event(3, "CREATE_FAILED", "The following resource(s) failed to create: [Capacity].", "stack")
    assert root_cause([summary]) == ""
    assert root_cause([summary, event(2, "CREATE_FAILED", "Template error", "stack")]) == "Template error"


def test_without_a_reason_there_is_no_cause() -> None:
    assert root_cause([]) == ""
    assert root_cause([event(1, "CREATE_FAILED"), event(2, "CREATE_COMPLETE", "fine")]) == ""


def test_a_failed_deletion_tells_its_cause_too() -> None:
    assert root_cause([event(1, "DELETE_FAILED", "it is protected")]) == "it is protected"


def test_physical_ids_are_read_while_the_stack_is_made_and_the_newest_counts() -> None:
    events = [
        event(3, "CREATE_IN_PROGRESS", "Resource creation Initiated", physical_id="fleet-2"),
        event(2, "CREATE_IN_PROGRESS", physical_id=""),
        event(1, "CREATE_IN_PROGRESS", physical_id="fleet-1"),
        event(0, "CREATE_IN_PROGRESS", "", "stack", physical_id="arn:stack"),
    ]
    assert physical_ids(events) == {"Capacity": "fleet-2"}


@pytest.mark.parametrize(
    ("token", "verdict"),
    [
        ("req-1-delete-complete", "complete"),
        ("req-1-delete-complete-with-error", "complete_with_error"),
        ("req-1-create", ""),
        ("req-2-delete-complete", ""),
        ("Console-DeleteStack-5f2d", ""),
        ("", ""),
    ],
)
def test_a_verdict_is_read_from_the_token_of_our_own_deletion(token: str, verdict: str) -> None:
    assert verdict_in_token([event(1, "DELETE_IN_PROGRESS", "", "stack", token=token)], "req-1") == verdict


def test_only_the_stacks_own_completion_counts() -> None:
    assert not was_complete([event(1, "CREATE_COMPLETE")])
    assert was_complete([event(1, "CREATE_COMPLETE"), event(2, "CREATE_COMPLETE", "", "stack")])
