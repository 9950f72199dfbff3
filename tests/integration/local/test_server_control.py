"""Interruptions and retirements through the control endpoint, as EC2's describes show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ohf_iac.local.scenario import SWITCHES
from tests.integration.local.stack_bodies import body, parameters
from tests.local_aws import LocalAws, switched


def spot_machines(local_aws: LocalAws, count: int) -> list[str]:
    local_aws.client("cloudformation").create_stack(
        StackName="spot", TemplateBody=body("SpotFleet-request"), Parameters=parameters(count)
    )
    local_aws.advance(60)
    return [machine["InstanceId"] for machine in described(local_aws)]


def described(local_aws: LocalAws) -> list[dict[str, Any]]:
    found = local_aws.client("ec2").describe_instances()["Reservations"]
    return [machine for reservation in found for machine in reservation["Instances"]]


def test_the_machines_named_are_interrupted(local_aws: LocalAws) -> None:
    first, second = spot_machines(local_aws, 2)
    assert local_aws.interrupt(ids=[second]) == [second]
    wanted = [{"Name": "instance-id", "Values": [second]}]
    request = local_aws.client("ec2").describe_spot_instance_requests(Filters=wanted)["SpotInstanceRequests"][0]
    assert request["Status"]["Code"] == "instance-terminated-no-capacity"
    assert {machine["State"]["Name"] for machine in described(local_aws)} == {"running"}
    local_aws.advance(200)
    assert {machine["InstanceId"]: machine["State"]["Name"] for machine in described(local_aws)} == {
        first: "running",
        second: "terminated",
    }


def test_any_so_many_are_interrupted(local_aws: LocalAws) -> None:
    ids = spot_machines(local_aws, 3)
    hit = local_aws.interrupt(count=2)
    assert len(set(hit)) == 2
    assert set(hit) < set(ids)
    assert len(local_aws.interrupt(count=5)) == 1


def test_unknown_machines_are_named(local_aws: LocalAws) -> None:
    with pytest.raises(AssertionError, match="there is no instance i-none"):
        local_aws.interrupt(ids=["i-none"])
    with pytest.raises(AssertionError, match="count: expected a whole number"):
        local_aws.control("POST", "interrupt", {"count": "2"})


def test_a_retirement_is_announced(local_aws: LocalAws) -> None:
    first, _ = spot_machines(local_aws, 2)
    local_aws.control("POST", "retire", {"ids": [first], "in": 3600})
    statuses = local_aws.client("ec2").describe_instance_status(InstanceIds=[first])["InstanceStatuses"]
    event = statuses[0]["Events"][0]
    assert event["Code"] == "instance-retirement"
    assert abs((event["NotBefore"] - datetime.fromtimestamp(local_aws.now(), UTC)).total_seconds() - 3600) < 60


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in SWITCHES.items() for value in values]
)
def test_a_stack_comes_and_goes_under_every_switch(local_aws: LocalAws, name: str, value: Any) -> None:
    local_aws.reset(**switched(name, value))
    client = local_aws.client("cloudformation")
    made = client.create_stack(StackName="s", TemplateBody=body(), Parameters=parameters(2))
    local_aws.advance(120)
    assert client.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    assert [machine["State"]["Name"] for machine in described(local_aws)] == ["running", "running"]
    client.delete_stack(StackName="s")
    local_aws.advance(300)
    assert client.describe_stacks(StackName=made["StackId"])["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert {machine["State"]["Name"] for machine in described(local_aws)} == {"terminated"}
