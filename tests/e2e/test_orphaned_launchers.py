"""Groups and maintain fleets that outlive their stacks: they launch on, until `ohf gc` freezes them."""

from __future__ import annotations

import json

import pytest

from ohf_iac.request import stack_name
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, SPOT_MAINTAIN, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.permitted import said
from tests.e2e.provider import Provider, forget, live_machines, live_stacks
from tests.local_aws import LocalAws


def kept_without_stack(aws: LocalAws, name: str) -> None:
    """Somebody deletes a stack whose group or fleet cannot be deleted, and has it kept."""
    client = aws.client("cloudformation")
    aws.scenario(profile="realistic", stacks={"failDelete": {"Capacity": "held by a lock"}})
    stack_id = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=stack_id)
    aws.advance(60)
    client.delete_stack(StackName=stack_id, RetainResources=["Capacity"])
    aws.advance(60)
    assert name not in live_stacks(aws)


def thawed(aws: LocalAws, kind: Kind, name: str) -> None:
    """Somebody lets a frozen group or fleet launch again."""
    ec2 = aws.client("ec2")
    if kind == ASG:
        aws.client("autoscaling").resume_processes(AutoScalingGroupName=name)
    elif kind == FLEET_MAINTAIN:
        (fleet,) = ec2.describe_fleets()["Fleets"]
        ec2.modify_fleet(FleetId=fleet["FleetId"], TargetCapacitySpecification={"TotalTargetCapacity": 2})
    else:
        (request,) = ec2.describe_spot_fleet_requests()["SpotFleetRequestConfigs"]
        ec2.modify_spot_fleet_request(SpotFleetRequestId=request["SpotFleetRequestId"], TargetCapacity=2)
    aws.advance(60)


def found(provider: Provider, *words: str) -> list[tuple[str, str, str]]:
    rows = json.loads(said(provider, "gc", "--older-than", "10m", "--output", "json", *words))["orphans"]
    return [(one["name"], one["reason"], one["outcome"]) for one in rows]


@pytest.mark.parametrize("kind", [ASG, FLEET_MAINTAIN, SPOT_MAINTAIN])
def test_one_that_was_kept_when_its_stack_was_deleted(quick: Provider, kind: Kind) -> None:
    """It would replace whatever machine of it ends: it is frozen, and Host Factory's machines stay."""
    aws = quick.aws
    aws.reset(profile="realistic")
    entry = quick.settle(quick.request(TEMPLATES[kind], 2))
    name = stack_name(str(entry["requestId"]))
    kept_without_stack(aws, name)
    forget(quick)
    assert found(quick) == []
    aws.advance(420)
    assert found(quick) == [], "it is frozen since its answer"
    thawed(aws, kind, name)
    assert found(quick) == [(name, "launching", "found")]
    neighbors = Provider(quick.folder / "other", aws, extra={"OHF_PROVIDER_OWNER": "neighbors"})
    assert found(neighbors, "--apply") == []
    assert found(quick, "--apply") == [(name, "launching", "collected")]
    assert found(quick) == []
    told = {one["machineId"] for one in entry["machines"]}
    assert {one["InstanceId"] for one in live_machines(aws)} == told
    aws.client("ec2").terminate_instances(InstanceIds=sorted(told))
    aws.advance(600)
    assert live_machines(aws) == []
