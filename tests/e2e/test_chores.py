"""Chores after an answer: what failed is tried again, its reason is in the log, and nothing else waits for it."""

from __future__ import annotations

from typing import Any

from ohf_iac.request import stack_name
from tests.e2e.provider import Provider, live_machines, live_stacks

LONG = 4 * 3600


def logged(provider: Provider) -> str:
    return "".join(file.read_text() for file in (provider.folder / "log").glob("*provider.log*"))


def emptied(provider: Provider, *templates: str) -> list[str]:
    """Complete requests whose machines somebody ended, so that a chore deletes their stacks; their ids."""
    entries = [provider.settle(provider.request(one, 1)) for one in templates]
    ids = [machine["machineId"] for entry in entries for machine in entry["machines"]]
    provider.aws.client("ec2").terminate_instances(InstanceIds=ids)
    return [str(entry["requestId"]) for entry in entries]


def reclaims(provider: Provider) -> dict[str, Any]:
    """Host Factory asks for what was taken away, which wakes the chores of requests that lost machines."""
    return provider.call("getReturnRequests", {})


def test_a_deletion_that_fails_is_asked_for_until_it_goes_through_and_the_log_says_why(quick: Provider) -> None:
    aws = quick.aws
    aws.reset(stacks={"failDelete": {"Capacity": {"reason": "held by a lock", "times": 3}}})
    (request_id,) = emptied(quick, "asg-ondemand")
    reclaims(quick)
    quick.polls(1200, step=60)
    assert live_stacks(aws) == []
    assert "held by a lock" in logged(quick)
    assert quick.database()["requests"][request_id]["stack"] == "gone"


def test_a_deletion_that_always_fails_is_asked_for_ever_more_seldom(quick: Provider) -> None:
    aws = quick.aws
    aws.reset(stacks={"failDelete": {"Capacity": "held by a lock"}})
    (request_id,) = emptied(quick, "asg-ondemand")
    reclaims(quick)
    aws.advance(86400)
    quick.polls(300, step=60)
    aws.clear_calls()
    quick.polls(7200, step=300)
    asked = [one for one in aws.calls() if one["action"] == "DeleteStack"]
    assert 1 <= len(asked) <= 3
    assert live_stacks(aws) == [stack_name(request_id)]


def test_one_deletion_that_is_refused_keeps_no_other_waiting(quick: Provider) -> None:
    aws = quick.aws
    aws.reset()
    first, second = emptied(quick, "instant-ondemand", "asg-ondemand")
    aws.scenario(
        faults=[{"service": "cloudformation", "action": "DeleteStack", "kind": "error", "status": 403, "times": 1}]
    )
    reclaims(quick)
    quick.polls(180, step=60)
    assert len(live_stacks(aws)) == 1
    assert "put off" in logged(quick)
    aws.advance(3600)
    quick.polls(180, step=60)
    assert live_stacks(aws) == []
    assert {quick.database()["requests"][one]["stack"] for one in (first, second)} == {"gone"}


def test_a_machine_that_survives_the_deletion_of_its_stack_is_ended(quick: Provider) -> None:
    """It is told of in the answer, so it is known by its id, whatever tag filters show."""
    aws = quick.aws
    aws.reset()
    entry = quick.settle(quick.request("instant-ondemand", 2))
    ids = [one["machineId"] for one in entry["machines"]]
    ec2 = aws.client("ec2")
    ec2.stop_instances(InstanceIds=ids)
    ec2.terminate_instances(InstanceIds=ids[:1])
    aws.scenario(uncertain={"expiredDelete": "leave"})
    aws.client("cloudformation").delete_stack(StackName=stack_name(str(entry["requestId"])))
    aws.advance(600)
    reclaims(quick)
    quick.polls(300, step=60)
    assert live_machines(aws) == []


def test_a_silent_request_is_frozen_and_left_to_a_poll(quick: Provider) -> None:
    """Host Factory comes back after hours: its machines are there, and they are told."""
    aws = quick.aws
    aws.reset(profile="realistic")
    request_id = quick.request("asg-ondemand", 3)
    aws.advance(2700)
    quick.polls(120, step=60)
    (group,) = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert {one["ProcessName"] for one in group["SuspendedProcesses"]} >= {"Launch", "ReplaceUnhealthy"}
    aws.advance(LONG)
    quick.polls(120, step=60)
    entry = quick.settle(request_id)
    assert (entry["status"], len(entry["machines"])) == ("complete", 3)
    aws.advance(LONG)
    assert len(live_machines(aws)) == 3


def test_a_silent_request_without_machines_settles_and_its_stack_goes(quick: Provider) -> None:
    aws = quick.aws
    aws.reset(stacks={"failCreate": {"Capacity": "no such thing"}})
    request_id = quick.request("instant-ondemand", 3)
    aws.advance(2700)
    quick.polls(300, step=60)
    assert live_stacks(aws) == []
    assert quick.status(request_id)["status"] == "complete_with_error"
