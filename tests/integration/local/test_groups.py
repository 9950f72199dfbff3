"""Auto Scaling groups over the wire: launching, losing, replacing, freezing, shrinking, ending."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.local.grid import (
    GONE_AFTER,
    RUNNING_AFTER,
    alive,
    instances,
    refused,
    states,
    tags,
    template,
)
from tests.local_aws import SUBNET_A, SUBNET_B, LocalAws

NAME = "grid"
FROZEN = ["Launch", "AZRebalance", "ReplaceUnhealthy"]


def group(aws: LocalAws, units: int, **more: Any) -> None:
    """A group of that many m5.large machines in one subnet, sizes 0 to `units`."""
    request = {"MinSize": 0, "MaxSize": units, "DesiredCapacity": units, "VPCZoneIdentifier": SUBNET_A, **more}
    if "MixedInstancesPolicy" not in request:
        request.setdefault("LaunchTemplate", template(aws))
    aws.client("autoscaling").create_auto_scaling_group(AutoScalingGroupName=NAME, **request)


def mixed(aws: LocalAws, *overrides: dict[str, str], **distribution: Any) -> dict[str, Any]:
    launch = {"LaunchTemplateSpecification": template(aws), "Overrides": list(overrides)}
    return {"LaunchTemplate": launch, "InstancesDistribution": distribution}


def shown(aws: LocalAws) -> dict[str, Any]:
    answer = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])
    return dict(answer["AutoScalingGroups"][0])


def activities(aws: LocalAws, **more: Any) -> list[dict[str, Any]]:
    answer = aws.client("autoscaling").describe_scaling_activities(AutoScalingGroupName=NAME, **more)
    return list(answer["Activities"])


def lifecycles(aws: LocalAws) -> list[str]:
    return sorted(machine.get("InstanceLifecycle", "on-demand") for machine in instances(aws))


def test_a_group_brings_its_machines_into_service(local_aws: LocalAws) -> None:
    tag = {"Key": "ohf:request-id", "Value": "of the group", "PropagateAtLaunch": True}
    group(local_aws, 3, Tags=[tag, {"Key": "quiet", "Value": "1", "PropagateAtLaunch": False}])
    assert [member["LifecycleState"] for member in shown(local_aws)["Instances"]] == ["Pending"] * 3
    local_aws.advance(RUNNING_AFTER)
    data = shown(local_aws)
    assert {(m["LifecycleState"], m["HealthStatus"]) for m in data["Instances"]} == {("InService", "Healthy")}
    assert data["AvailabilityZones"] == ["us-east-1a"]
    machine_tags = tags(instances(local_aws)[0])
    assert machine_tags["aws:autoscaling:groupName"] == NAME
    assert machine_tags["ohf:request-id"] == "of the group"
    assert "quiet" not in machine_tags
    newest = activities(local_aws)[0]
    assert newest["StatusCode"] == "Successful"
    assert newest["Description"].startswith("Launching a new EC2 instance: i-")
    found = local_aws.client("autoscaling").describe_auto_scaling_instances(InstanceIds=alive(local_aws)[:1])
    assert found["AutoScalingInstances"][0]["AutoScalingGroupName"] == NAME


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        ({"OnDemandPercentageAboveBaseCapacity": 100}, ["on-demand"] * 4),
        ({"OnDemandPercentageAboveBaseCapacity": 0}, ["spot"] * 4),
        ({"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 50}, ["on-demand"] * 3 + ["spot"]),
    ],
)
def test_a_mixed_policy_splits(local_aws: LocalAws, distribution: dict[str, int], expected: list[str]) -> None:
    group(local_aws, 4, MixedInstancesPolicy=mixed(local_aws, {"InstanceType": "c5.large"}, **distribution))
    assert lifecycles(local_aws) == expected
    assert {machine["InstanceType"] for machine in instances(local_aws)} == {"c5.large"}


def test_weights_count_units_and_overrides_are_tried_in_turn(local_aws: LocalAws) -> None:
    local_aws.scenario(capacity={"m5.2xlarge": 1})
    policy = mixed(
        local_aws,
        {"InstanceType": "m5.2xlarge", "WeightedCapacity": "4"},
        {"InstanceType": "m5.xlarge", "WeightedCapacity": "2"},
        SpotAllocationStrategy="capacity-optimized-prioritized",
        OnDemandPercentageAboveBaseCapacity=0,
    )
    group(local_aws, 8, MixedInstancesPolicy=policy)
    assert sorted(machine["InstanceType"] for machine in instances(local_aws)) == [
        "m5.2xlarge",
        "m5.xlarge",
        "m5.xlarge",
    ]
    assert {member["WeightedCapacity"] for member in shown(local_aws)["Instances"]} == {"2", "4"}


def test_two_subnets_share(local_aws: LocalAws) -> None:
    group(local_aws, 4, VPCZoneIdentifier=f"{SUBNET_A},{SUBNET_B}")
    assert sorted(machine["SubnetId"] for machine in instances(local_aws)) == [SUBNET_A] * 2 + [SUBNET_B] * 2


def test_a_short_group_says_why_and_tries_again(local_aws: LocalAws) -> None:
    local_aws.scenario(capacity={"m5.large": 2})
    group(local_aws, 3)
    local_aws.advance(RUNNING_AFTER)
    failed = activities(local_aws)[0]
    assert failed["StatusCode"] == "Failed"
    assert failed["StatusMessage"].startswith("We currently do not have sufficient m5.large capacity")
    assert len(failed["StatusMessage"]) <= 255
    assert len(alive(local_aws)) == 2
    local_aws.advance(7200)
    tried = len([a for a in activities(local_aws) if a["StatusCode"] == "Failed"])
    assert 3 < tried < 20, "back-off: more than a few attempts, far fewer than one a minute"
    local_aws.scenario()
    local_aws.advance(1000)
    assert len(alive(local_aws)) == 3


def test_lost_members_are_replaced(local_aws: LocalAws) -> None:
    group(local_aws, 3)
    local_aws.advance(RUNNING_AFTER)
    [victim, *rest] = alive(local_aws)
    local_aws.client("ec2").terminate_instances(InstanceIds=[victim])
    local_aws.advance(61 + RUNNING_AFTER)
    assert len(alive(local_aws)) == 3
    assert set(rest) < set(alive(local_aws))
    assert any("EC2 health check" in activity["Cause"] for activity in activities(local_aws))


@pytest.mark.parametrize("processes", [["Launch"], ["ReplaceUnhealthy"], FROZEN])
def test_a_suspended_process_replaces_nothing(local_aws: LocalAws, processes: list[str]) -> None:
    group(local_aws, 3)
    local_aws.advance(RUNNING_AFTER)
    scaling = local_aws.client("autoscaling")
    scaling.suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=processes)
    assert {entry["ProcessName"] for entry in shown(local_aws)["SuspendedProcesses"]} == set(processes)
    local_aws.client("ec2").terminate_instances(InstanceIds=alive(local_aws)[:1])
    local_aws.advance(86400)
    assert len(alive(local_aws)) == 2
    scaling.resume_processes(AutoScalingGroupName=NAME, ScalingProcesses=processes)
    local_aws.advance(120)
    assert len(alive(local_aws)) == 3


def test_a_suspended_launch_stops_a_short_group(local_aws: LocalAws) -> None:
    local_aws.scenario(capacity={"m5.large": 1})
    group(local_aws, 2)
    local_aws.client("autoscaling").suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["Launch"])
    local_aws.scenario()
    local_aws.advance(86400)
    assert len(alive(local_aws)) == 1


def test_launches_in_flight_arrive_after_a_freeze(local_aws: LocalAws) -> None:
    for lag, expected in ((0, 0), (10, 2)):
        local_aws.reset(times={"launch": 3}, lag={"inFlight": lag})
        group(local_aws, 2)
        local_aws.client("autoscaling").suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["Launch"])
        local_aws.advance(5)
        assert len(alive(local_aws)) == expected


def test_an_unbalanced_group_moves_machines_unless_suspended(local_aws: LocalAws) -> None:
    for suspended, zones in ((["AZRebalance"], 2), ([], 1)):
        local_aws.reset()
        group(local_aws, 4, MaxSize=5, VPCZoneIdentifier=f"{SUBNET_A},{SUBNET_B}")
        local_aws.advance(RUNNING_AFTER)
        scaling = local_aws.client("autoscaling")
        if suspended:
            scaling.suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=suspended)
        for machine in instances(local_aws, ("subnet-id", SUBNET_B)):
            scaling.terminate_instance_in_auto_scaling_group(
                InstanceId=machine["InstanceId"], ShouldDecrementDesiredCapacity=True
            )
        local_aws.advance(600)
        assert len(instances(local_aws, ("subnet-id", SUBNET_A), ("instance-state-name", "running"))) == zones


def test_less_capacity_chooses_the_oldest(local_aws: LocalAws) -> None:
    scaling = local_aws.client("autoscaling")
    group(local_aws, 3)
    local_aws.advance(RUNNING_AFTER)
    ids = alive(local_aws)
    scaling.set_instance_protection(AutoScalingGroupName=NAME, InstanceIds=ids[:1], ProtectedFromScaleIn=True)
    scaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=2)
    assert alive(local_aws) == [ids[0], ids[2]]
    scaling.update_auto_scaling_group(AutoScalingGroupName=NAME, MinSize=0, MaxSize=0)
    assert shown(local_aws)["DesiredCapacity"] == 0
    assert alive(local_aws) == [ids[0]]
    message = next(a["StatusMessage"] for a in activities(local_aws) if a["StatusCode"] == "Cancelled")
    assert "protected from scale-in" in message


def test_sizes_have_bounds(local_aws: LocalAws) -> None:
    scaling = local_aws.client("autoscaling")
    group(local_aws, 3, MinSize=1)
    for desired, word in ((4, "above max value 3"), (0, "below min value 1")):
        code, message = refused(scaling.set_desired_capacity, AutoScalingGroupName=NAME, DesiredCapacity=desired)
        assert (code, word in message) == ("ValidationError", True)
    assert (
        refused(scaling.set_desired_capacity, AutoScalingGroupName="none", DesiredCapacity=1)[0]
        == "ValidationError"
    )


def test_terminating_a_member_with_and_without_a_successor(local_aws: LocalAws) -> None:
    group(local_aws, 3, MinSize=2)
    local_aws.advance(RUNNING_AFTER)
    end = local_aws.client("autoscaling").terminate_instance_in_auto_scaling_group
    [first, second, third] = alive(local_aws)
    activity = end(InstanceId=first, ShouldDecrementDesiredCapacity=True)["Activity"]
    assert activity["Description"] == f"Terminating EC2 instance: {first}"
    assert shown(local_aws)["DesiredCapacity"] == 2
    code, message = refused(end, InstanceId=second, ShouldDecrementDesiredCapacity=True)
    assert (code, "Currently, desiredSize equals minSize (2)" in message) == ("ValidationError", True)
    end(InstanceId=second, ShouldDecrementDesiredCapacity=False)
    local_aws.advance(60)
    assert len(alive(local_aws)) == 2
    assert third in alive(local_aws)
    assert (
        refused(end, InstanceId="i-0123456789abcdef0", ShouldDecrementDesiredCapacity=True)[0] == "ValidationError"
    )
    assert refused(end, InstanceId=first, ShouldDecrementDesiredCapacity=True)[0] == "ValidationError"


def test_a_detached_machine_belongs_to_nobody(local_aws: LocalAws) -> None:
    scaling = local_aws.client("autoscaling")
    group(local_aws, 2)
    local_aws.advance(RUNNING_AFTER)
    [freed, kept] = alive(local_aws)
    scaling.detach_instances(AutoScalingGroupName=NAME, InstanceIds=[freed], ShouldDecrementDesiredCapacity=True)
    assert "aws:autoscaling:groupName" not in tags(instances(local_aws, ("instance-id", freed))[0])
    scaling.delete_auto_scaling_group(AutoScalingGroupName=NAME, ForceDelete=True)
    local_aws.advance(GONE_AFTER)
    assert states(local_aws) == {freed: "running", kept: "terminated"}


def test_a_group_with_machines_is_deleted_only_by_force(local_aws: LocalAws) -> None:
    scaling = local_aws.client("autoscaling")
    group(local_aws, 2)
    with pytest.raises(ClientError) as caught:
        scaling.delete_auto_scaling_group(AutoScalingGroupName=NAME)
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"
    scaling.delete_auto_scaling_group(AutoScalingGroupName=NAME, ForceDelete=True)
    assert shown(local_aws)["Status"] == "Delete in progress"
    local_aws.advance(GONE_AFTER)
    assert scaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    assert alive(local_aws) == []
    assert refused(scaling.describe_scaling_activities, AutoScalingGroupName=NAME)[0] == "ValidationError"
    assert len(activities(local_aws, IncludeDeletedGroups=True)) == 4


def test_a_launch_that_dies_is_told_and_replaced(local_aws: LocalAws) -> None:
    local_aws.scenario(launchFailures=[{"code": "Client.InvalidKMSKey.InvalidState", "count": 1}])
    group(local_aws, 1)
    local_aws.advance(RUNNING_AFTER)
    told = activities(local_aws)[0]["StatusMessage"]
    assert told.startswith("Instance became unhealthy while waiting for instance to be in InService state.")
    assert "Client.InvalidKMSKey.InvalidState" in told
    local_aws.advance(60)
    assert len(alive(local_aws)) == 1


@pytest.mark.parametrize(
    ("request_data", "word"),
    [
        ({"MinSize": 4}, "Max bound must be greater"),
        ({"DesiredCapacity": 4}, "Desired capacity:4 must be between"),
        ({"VPCZoneIdentifier": "subnet-0bad"}, "The subnet ID 'subnet-0bad' does not exist"),
        ({"VPCZoneIdentifier": " "}, "At least one Availability Zone or VPC Subnet"),
        ({"LaunchTemplate": {"LaunchTemplateId": "lt-0bad", "Version": "1"}}, "valid fully-formed launch template"),
    ],
)
def test_wrong_groups_are_refused(local_aws: LocalAws, request_data: dict[str, Any], word: str) -> None:
    request = {
        "MinSize": 0,
        "MaxSize": 3,
        "VPCZoneIdentifier": SUBNET_A,
        "LaunchTemplate": template(local_aws),
        **request_data,
    }
    scaling = local_aws.client("autoscaling")
    code, message = refused(scaling.create_auto_scaling_group, AutoScalingGroupName=NAME, **request)
    assert code == "ValidationError"
    assert word in message


def test_tags_of_groups(local_aws: LocalAws) -> None:
    scaling = local_aws.client("autoscaling")
    group(local_aws, 0)
    tag = {
        "ResourceId": NAME,
        "ResourceType": "auto-scaling-group",
        "Key": "a",
        "Value": "1",
        "PropagateAtLaunch": True,
    }
    scaling.create_or_update_tags(Tags=[tag])
    assert scaling.describe_tags(Filters=[{"Name": "key", "Values": ["a"]}])["Tags"] == [tag]
    filters = [{"Name": "tag:a", "Values": ["1"]}]
    assert len(scaling.describe_auto_scaling_groups(Filters=filters)["AutoScalingGroups"]) == 1
    scaling.delete_tags(Tags=[tag])
    assert shown(local_aws)["Tags"] == []


def test_pages_of_groups(local_aws: LocalAws) -> None:
    scaling = local_aws.client("autoscaling")
    given = template(local_aws)
    for number in range(5):
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=f"g{number}",
            MinSize=0,
            MaxSize=1,
            VPCZoneIdentifier=SUBNET_A,
            LaunchTemplate=given,
        )
    first = scaling.describe_auto_scaling_groups(MaxRecords=2)
    assert len(first["AutoScalingGroups"]) == 2
    pages = scaling.get_paginator("describe_auto_scaling_groups").paginate(PaginationConfig={"PageSize": 2})
    assert [g["AutoScalingGroupName"] for page in pages for g in page["AutoScalingGroups"]] == [
        f"g{number}" for number in range(5)
    ]
