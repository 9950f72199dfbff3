"""Spot Fleets, spot requests and interruptions over the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.local.grid import (
    GONE_AFTER,
    RUNNING_AFTER,
    alive,
    fleet,
    instances,
    refused,
    states,
    tags,
    template,
)
from tests.local_aws import FLEET_ROLE, IMAGE, SECURITY_GROUP, SUBNET_A, SUBNET_B, LocalAws


def spot_fleet(aws: LocalAws, kind: str, units: int, **more: Any) -> str:
    config: dict[str, Any] = {"IamFleetRole": FLEET_ROLE, "TargetCapacity": units, "Type": kind, **more}
    if "LaunchSpecifications" not in config:
        override = {"InstanceType": "m5.large", "SubnetId": SUBNET_A}
        own = {"LaunchTemplateSpecification": template(aws), "Overrides": [override]}
        config["LaunchTemplateConfigs"] = [own]
    answer = aws.client("ec2").request_spot_fleet(SpotFleetRequestConfig=config)
    return str(answer["SpotFleetRequestId"])


def shown(aws: LocalAws, request_id: str) -> dict[str, Any]:
    answer = aws.client("ec2").describe_spot_fleet_requests(SpotFleetRequestIds=[request_id])
    return dict(answer["SpotFleetRequestConfigs"][0])


def request_of(aws: LocalAws, machine_id: str) -> dict[str, Any]:
    answer = aws.client("ec2").describe_spot_instance_requests(
        Filters=[{"Name": "instance-id", "Values": [machine_id]}]
    )
    [request] = answer["SpotInstanceRequests"]
    return dict(request)


def test_a_spot_fleet_from_a_template(local_aws: LocalAws) -> None:
    tagged = [{"ResourceType": "spot-fleet-request", "Tags": [{"Key": "owner", "Value": "grid"}]}]
    request_id = spot_fleet(local_aws, "request", 3, OnDemandTargetCapacity=1, TagSpecifications=tagged)
    found = instances(local_aws)
    assert sorted(machine.get("InstanceLifecycle", "on-demand") for machine in found) == [
        "on-demand",
        "spot",
        "spot",
    ]
    assert {tags(machine)["aws:ec2spot:fleet-request-id"] for machine in found} == {request_id}
    assert {tags(machine)["ohf:request-id"] for machine in found} == {"grid"}
    data = shown(local_aws, request_id)
    assert (data["SpotFleetRequestState"], data["ActivityStatus"]) == ("active", "fulfilled")
    assert tags(data) == {"owner": "grid"}
    config = data["SpotFleetRequestConfig"]
    assert (config["FulfilledCapacity"], config["OnDemandFulfilledCapacity"], config["Type"]) == (
        2.0,
        1.0,
        "request",
    )


def test_a_spot_fleet_from_specifications_takes_each_subnet(local_aws: LocalAws) -> None:
    specification = {
        "ImageId": IMAGE,
        "InstanceType": "m5.large",
        "SubnetId": f"{SUBNET_A},{SUBNET_B}",
        "SecurityGroups": [{"GroupId": SECURITY_GROUP}],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "cost", "Value": "7"}]}],
    }
    spot_fleet(local_aws, "maintain", 4, LaunchSpecifications=[specification], AllocationStrategy="diversified")
    found = instances(local_aws)
    assert sorted(machine["SubnetId"] for machine in found) == [SUBNET_A, SUBNET_A, SUBNET_B, SUBNET_B]
    assert {tags(machine)["cost"] for machine in found} == {"7"}
    assert found[0]["SecurityGroups"][0]["GroupId"] == SECURITY_GROUP


def test_a_maintain_spot_fleet_replaces_until_frozen(local_aws: LocalAws) -> None:
    request_id = spot_fleet(local_aws, "maintain", 3)
    ec2 = local_aws.client("ec2")
    ec2.terminate_instances(InstanceIds=alive(local_aws)[:1])
    local_aws.advance(61)
    assert len(alive(local_aws)) == 3
    ec2.modify_spot_fleet_request(
        SpotFleetRequestId=request_id, TargetCapacity=0, ExcessCapacityTerminationPolicy="noTermination"
    )
    ec2.terminate_instances(InstanceIds=alive(local_aws)[:1])
    local_aws.advance(86400)
    assert len(alive(local_aws)) == 2
    assert len(ec2.describe_spot_fleet_instances(SpotFleetRequestId=request_id)["ActiveInstances"]) == 2


def test_an_on_demand_share_must_be_lowered_too(local_aws: LocalAws) -> None:
    request_id = spot_fleet(local_aws, "maintain", 3, OnDemandTargetCapacity=1)
    modify = local_aws.client("ec2").modify_spot_fleet_request
    assert (
        refused(modify, SpotFleetRequestId=request_id, TargetCapacity=0)[0] == "InvalidTargetCapacitySpecification"
    )
    modify(SpotFleetRequestId=request_id, TargetCapacity=0, OnDemandTargetCapacity=0)
    assert alive(local_aws) == []


def test_a_spot_fleet_ends_at_its_time(local_aws: LocalAws) -> None:
    until = datetime.fromtimestamp(int(local_aws.now() + 600), UTC)
    local_aws.scenario(capacity={"*": 1})
    request_id = spot_fleet(local_aws, "request", 2, ValidUntil=until, TerminateInstancesWithExpiration=False)
    local_aws.advance(601)
    local_aws.scenario()
    local_aws.advance(86400)
    assert shown(local_aws, request_id)["SpotFleetRequestState"] == "cancelled_running"
    assert len(alive(local_aws)) == 1


@pytest.mark.parametrize(("terminate", "left"), [(True, 0), (False, 2)])
def test_cancelling_a_spot_fleet(local_aws: LocalAws, terminate: bool, left: int) -> None:
    request_id = spot_fleet(local_aws, "maintain", 2)
    answer = local_aws.client("ec2").cancel_spot_fleet_requests(
        SpotFleetRequestIds=[request_id, "sfr-none"], TerminateInstances=terminate
    )
    assert answer["UnsuccessfulFleetRequests"][0]["Error"]["Code"] == "fleetRequestIdDoesNotExist"
    local_aws.advance(86400)
    assert len(alive(local_aws)) == left


def test_spot_fleet_history_has_its_own_words(local_aws: LocalAws) -> None:
    start = datetime.fromtimestamp(int(local_aws.now()) - 1, UTC)
    request_id = spot_fleet(local_aws, "request", 1)
    answer = local_aws.client("ec2").describe_spot_fleet_request_history(
        SpotFleetRequestId=request_id, StartTime=start
    )
    told = [
        (record["EventType"], record["EventInformation"]["EventSubType"]) for record in answer["HistoryRecords"]
    ]
    assert told == [
        ("fleetRequestChange", "submitted"),
        ("fleetRequestChange", "active"),
        ("instanceChange", "launched"),
    ]


def test_wrong_spot_fleets_are_refused(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    config = {"IamFleetRole": FLEET_ROLE, "TargetCapacity": 1}
    assert refused(ec2.request_spot_fleet, SpotFleetRequestConfig=config)[0] == "InvalidSpotFleetRequestConfig"
    code, _ = refused(ec2.describe_spot_fleet_requests, SpotFleetRequestIds=["sfr-none"])
    assert code == "InvalidSpotFleetRequestId.NotFound"


def test_an_interruption_is_told_two_minutes_before(local_aws: LocalAws) -> None:
    fleet(local_aws, "instant", 2)
    local_aws.advance(RUNNING_AFTER)
    [victim, other] = alive(local_aws)
    assert request_of(local_aws, victim)["Status"]["Code"] == "fulfilled"
    assert local_aws.interrupt(ids=[victim]) == [victim]
    told = request_of(local_aws, victim)
    assert (told["Status"]["Code"], told["State"]) == ("instance-terminated-no-capacity", "closed")
    assert abs(told["Status"]["UpdateTime"].timestamp() - local_aws.now()) < 5
    assert states(local_aws) == {victim: "running", other: "running"}
    local_aws.advance(115)
    assert states(local_aws)[victim] == "running"
    local_aws.advance(10 + GONE_AFTER)
    [gone] = instances(local_aws, ("instance-id", victim))
    assert gone["StateReason"]["Code"] == "Server.SpotInstanceTermination"
    assert gone["State"]["Name"] == "terminated"
    assert request_of(local_aws, victim)["Status"]["Code"] == "instance-terminated-no-capacity"


def test_our_own_return_is_told_apart(local_aws: LocalAws) -> None:
    fleet(local_aws, "instant", 1)
    [machine_id] = alive(local_aws)
    local_aws.client("ec2").terminate_instances(InstanceIds=[machine_id])
    told = request_of(local_aws, machine_id)
    assert (told["Status"]["Code"], told["State"]) == ("instance-terminated-by-user", "closed")


def test_a_return_after_the_notice_leaves_the_notice(local_aws: LocalAws) -> None:
    fleet(local_aws, "instant", 1)
    [machine_id] = alive(local_aws)
    local_aws.interrupt(count=1)
    local_aws.client("ec2").terminate_instances(InstanceIds=[machine_id])
    local_aws.advance(300)
    assert request_of(local_aws, machine_id)["Status"]["Code"] == "instance-terminated-no-capacity"
    assert instances(local_aws)[0]["StateReason"]["Code"] == "Client.UserInitiatedShutdown"


def test_on_demand_machines_are_not_interrupted(local_aws: LocalAws) -> None:
    fleet(local_aws, "instant", 1, targets={"DefaultTargetCapacityType": "on-demand"})
    assert local_aws.interrupt(ids=alive(local_aws)) == []
    local_aws.advance(3600)
    assert len(alive(local_aws)) == 1


def test_a_maintain_fleet_replaces_an_interrupted_machine(local_aws: LocalAws) -> None:
    fleet(local_aws, "maintain", 2)
    local_aws.advance(RUNNING_AFTER)
    [victim] = local_aws.interrupt(count=1)
    local_aws.advance(120 + 61)
    assert len(alive(local_aws)) == 2
    assert victim not in alive(local_aws)


def test_ended_requests_are_forgotten(local_aws: LocalAws) -> None:
    local_aws.scenario(forget={"spotRequests": 14400})
    fleet(local_aws, "instant", 1)
    local_aws.client("ec2").terminate_instances(InstanceIds=alive(local_aws))
    ec2 = local_aws.client("ec2")
    local_aws.advance(14390)
    assert len(ec2.describe_spot_instance_requests()["SpotInstanceRequests"]) == 1
    local_aws.advance(20)
    assert ec2.describe_spot_instance_requests()["SpotInstanceRequests"] == []
