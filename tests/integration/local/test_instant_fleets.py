"""EC2 Fleets of type instant over the wire: machines in the answer, pools, shortage, tags, end."""

from __future__ import annotations

import pytest

from tests.integration.local.grid import (
    RUNNING_AFTER,
    alive,
    fleet,
    instances,
    refused,
    shown,
    states,
    tags,
    template,
)
from tests.local_aws import SUBNET_A, SUBNET_B, LocalAws

OURS = ("tag:ohf:request-id", "grid")


def test_an_instant_fleet_answers_with_its_machines(local_aws: LocalAws) -> None:
    made = fleet(local_aws, "instant", 3, targets={"OnDemandTargetCapacity": 1})
    by_lifecycle = {group["Lifecycle"]: group["InstanceIds"] for group in made["Instances"]}
    assert {kind: len(ids) for kind, ids in by_lifecycle.items()} == {"on-demand": 1, "spot": 2}
    assert made["Errors"] == []
    found = instances(local_aws, OURS)
    assert {machine["InstanceId"] for machine in found} == {i for ids in by_lifecycle.values() for i in ids}
    assert {tags(machine)["aws:ec2:fleet-id"] for machine in found} == {made["FleetId"]}
    spot = [machine for machine in found if machine.get("InstanceLifecycle") == "spot"]
    assert all(machine["SpotInstanceRequestId"].startswith("sir-") for machine in spot)
    assert len(spot) == 2


def test_an_instant_fleet_is_shown_only_by_id(local_aws: LocalAws) -> None:
    made = fleet(local_aws, "instant", 2)
    ec2 = local_aws.client("ec2")
    assert ec2.describe_fleets()["Fleets"] == []
    data = shown(local_aws, made["FleetId"])
    assert (data["ActivityStatus"], data["FleetState"], data["FulfilledCapacity"]) == ("fulfilled", "active", 2.0)
    ec2.terminate_instances(InstanceIds=made["Instances"][0]["InstanceIds"])
    local_aws.advance(3600)
    data = shown(local_aws, made["FleetId"])
    assert (data["FulfilledCapacity"], data["FleetState"]) == (0.0, "active")
    assert data["Instances"][0]["InstanceIds"] == made["Instances"][0]["InstanceIds"]
    assert refused(ec2.describe_fleet_instances, FleetId=made["FleetId"])[0] == "Unsupported"
    assert refused(ec2.describe_fleets, FleetIds=["fleet-1"])[0] == "InvalidFleetId.NotFound"


def test_a_short_instant_fleet_says_why_and_never_tries_again(local_aws: LocalAws) -> None:
    local_aws.scenario(capacity={"m5.large": 2})
    made = fleet(local_aws, "instant", 3)
    assert sum(len(group["InstanceIds"]) for group in made["Instances"]) == 2
    [error] = made["Errors"]
    assert (error["ErrorCode"], error["Lifecycle"]) == ("InsufficientInstanceCapacity", "spot")
    assert error["LaunchTemplateAndOverrides"]["Overrides"]["InstanceType"] == "m5.large"
    local_aws.scenario()
    local_aws.advance(86400)
    assert len(alive(local_aws)) == 2
    assert shown(local_aws, made["FleetId"])["Errors"] == made["Errors"]


def test_an_empty_instant_fleet_is_still_a_success(local_aws: LocalAws) -> None:
    local_aws.scenario(capacity={"*": 0})
    made = fleet(local_aws, "instant", 3)
    assert made["Instances"] == []
    assert made["Errors"][0]["ErrorCode"] == "InsufficientInstanceCapacity"


def test_capacity_met_from_another_pool_leaves_errors(local_aws: LocalAws) -> None:
    local_aws.scenario(capacity={"us-east-1a/m5.large": 1})
    pools = [{"InstanceType": "m5.large", "SubnetId": subnet} for subnet in (SUBNET_A, SUBNET_B)]
    made = fleet(local_aws, "instant", 3, *pools)
    assert made["Errors"]
    zones = [machine["Placement"]["AvailabilityZone"] for machine in instances(local_aws)]
    assert sorted(zones) == ["us-east-1a", "us-east-1b", "us-east-1b"]


@pytest.mark.parametrize(
    ("strategy", "types"),
    [
        ("lowest-price", ["m5.large", "m5.large", "m5.large", "m5.large"]),
        ("capacity-optimized", ["m5.xlarge", "m5.xlarge", "m5.xlarge", "m5.xlarge"]),
        ("capacity-optimized-prioritized", ["c5.4xlarge", "c5.4xlarge", "c5.4xlarge", "c5.4xlarge"]),
        ("diversified", ["c5.4xlarge", "m5.large", "m5.xlarge", "m5.xlarge"]),
    ],
)
def test_the_allocation_strategy_orders_the_pools(local_aws: LocalAws, strategy: str, types: list[str]) -> None:
    pools = [
        {"InstanceType": "m5.xlarge", "Priority": 2.0},
        {"InstanceType": "m5.large", "Priority": 1.0},
        {"InstanceType": "c5.4xlarge", "Priority": 0.0},
    ]
    fleet(local_aws, "instant", 4, *pools, SpotOptions={"AllocationStrategy": strategy})
    assert sorted(machine["InstanceType"] for machine in instances(local_aws)) == types


def test_weights_count_units(local_aws: LocalAws) -> None:
    made = fleet(local_aws, "instant", 5, {"InstanceType": "m5.xlarge", "WeightedCapacity": 2.0})
    assert len(made["Instances"][0]["InstanceIds"]) == 3
    assert shown(local_aws, made["FleetId"])["FulfilledCapacity"] == 6.0


def test_a_low_price_buys_no_spot_machine(local_aws: LocalAws) -> None:
    made = fleet(local_aws, "instant", 1, {"InstanceType": "m5.large", "MaxPrice": "0.001"})
    assert made["Errors"][0]["ErrorCode"] == "SpotMaxPriceTooLow"
    enough = fleet(
        local_aws, "instant", 1, {"InstanceType": "m5.large", "MaxPrice": "0.2"}, template=template(local_aws, "b")
    )
    assert enough["Errors"] == []


def test_attributes_choose_the_types(local_aws: LocalAws) -> None:
    wanted = {"VCpuCount": {"Min": 4, "Max": 4}, "MemoryMiB": {"Min": 30000}, "ExcludedInstanceTypes": ["r5*"]}
    bare = template(local_aws, ImageId="ami-0a1b2c3d4e5f60001")
    fleet(local_aws, "instant", 1, {"InstanceRequirements": wanted}, template=bare)
    assert [machine["InstanceType"] for machine in instances(local_aws)] == ["r6i.xlarge"]


def test_quotas_have_their_own_codes(local_aws: LocalAws) -> None:
    local_aws.scenario(quota={"ondemand": 1, "spot": 0})
    made = fleet(local_aws, "instant", 3, targets={"OnDemandTargetCapacity": 2})
    codes = {error["Lifecycle"]: error["ErrorCode"] for error in made["Errors"]}
    assert codes == {"on-demand": "VcpuLimitExceeded", "spot": "MaxSpotInstanceCountExceeded"}


def test_a_launch_may_be_refused_or_die(local_aws: LocalAws) -> None:
    denied = {"state": "refused", "code": "UnauthorizedOperation", "message": "not allowed to pass the role"}
    local_aws.scenario(launchFailures=[{**denied, "count": 1}, {"code": "Client.InternalError", "count": 1}])
    assert fleet(local_aws, "instant", 1)["Errors"][0]["ErrorCode"] == "UnauthorizedOperation"
    made = fleet(local_aws, "instant", 2, template=template(local_aws, "b"))
    [doomed, healthy] = made["Instances"][0]["InstanceIds"]
    local_aws.advance(RUNNING_AFTER)
    assert states(local_aws) == {doomed: "terminated", healthy: "running"}
    [dead] = instances(local_aws, ("instance-id", doomed))
    assert dead["StateReason"]["Code"] == "Client.InternalError"


def test_deleting_an_instant_fleet_ends_its_machines(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    made = fleet(local_aws, "instant", 2)
    kept = ec2.delete_fleets(FleetIds=[made["FleetId"], "fleet-none"], TerminateInstances=False)
    assert {failure["FleetId"] for failure in kept["UnsuccessfulFleetDeletions"]} == {made["FleetId"], "fleet-none"}
    assert len(alive(local_aws)) == 2
    ec2.delete_fleets(FleetIds=[made["FleetId"]], TerminateInstances=True)
    assert alive(local_aws) == []
    assert shown(local_aws, made["FleetId"])["FleetState"] == "deleted"


def test_an_instant_fleet_may_tag_its_machines(local_aws: LocalAws) -> None:
    specification = [
        {"ResourceType": kind, "Tags": [{"Key": "owner", "Value": kind}]} for kind in ("fleet", "instance")
    ]
    made = fleet(local_aws, "instant", 1, TagSpecifications=specification)
    assert tags(instances(local_aws)[0])["owner"] == "instance"
    assert tags(shown(local_aws, made["FleetId"])) == {"owner": "fleet"}
