"""EC2 Fleets of type request and maintain over the wire: shortage, changes, expiry, end, history."""

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
    shown,
    template,
)
from tests.local_aws import LocalAws


def until(aws: LocalAws, seconds: float) -> datetime:
    return datetime.fromtimestamp(int(aws.now() + seconds), UTC)


def modify(aws: LocalAws, fleet_id: str, total: int, policy: str = "no-termination", **targets: int) -> None:
    aws.client("ec2").modify_fleet(
        FleetId=fleet_id,
        ExcessCapacityTerminationPolicy=policy,
        TargetCapacitySpecification={"TotalTargetCapacity": total, **targets},
    )


def test_a_request_fleet_fills_up_but_never_replaces(local_aws: LocalAws) -> None:
    local_aws.scenario(capacity={"m5.large": 2})
    made = fleet(local_aws, "request", 3)
    assert "Instances" not in made
    data = shown(local_aws, made["FleetId"])
    assert (data["FleetState"], data["ActivityStatus"], data["FulfilledCapacity"]) == ("active", "error", 2.0)
    local_aws.scenario()
    local_aws.advance(120)
    assert shown(local_aws, made["FleetId"])["ActivityStatus"] == "fulfilled"
    members = local_aws.client("ec2").describe_fleet_instances(FleetId=made["FleetId"])["ActiveInstances"]
    assert {member["InstanceId"] for member in members} == set(alive(local_aws))
    local_aws.client("ec2").terminate_instances(InstanceIds=[members[0]["InstanceId"]])
    local_aws.advance(86400)
    assert len(alive(local_aws)) == 2


def test_a_request_fleet_stops_at_its_end(local_aws: LocalAws) -> None:
    local_aws.scenario(capacity={"m5.large": 2})
    made = fleet(local_aws, "request", 3, ValidUntil=until(local_aws, 600), TerminateInstancesWithExpiration=False)
    local_aws.advance(601)
    assert shown(local_aws, made["FleetId"])["FleetState"] == "deleted_running"
    local_aws.scenario()
    local_aws.advance(86400)
    assert len(alive(local_aws)) == 2


def test_expiry_may_end_the_machines(local_aws: LocalAws) -> None:
    made = fleet(local_aws, "maintain", 3, ValidUntil=until(local_aws, 600), TerminateInstancesWithExpiration=True)
    local_aws.advance(601)
    assert alive(local_aws) == []
    local_aws.advance(86400)
    assert shown(local_aws, made["FleetId"])["FleetState"] == "deleted"
    assert alive(local_aws) == []


def test_an_expired_fleet_may_call_itself_active_for_a_while(local_aws: LocalAws) -> None:
    local_aws.scenario(uncertain={"expiredState": "active-for-minutes"}, capacity={"m5.large": 1})
    made = fleet(local_aws, "request", 3, ValidUntil=until(local_aws, 600))
    local_aws.advance(601)
    assert shown(local_aws, made["FleetId"])["FleetState"] == "active"
    local_aws.scenario(uncertain={"expiredState": "active-for-minutes"})
    local_aws.advance(300)
    assert shown(local_aws, made["FleetId"])["FleetState"] == "deleted_running"
    assert len(alive(local_aws)) == 1


def test_a_maintain_fleet_replaces_what_it_loses(local_aws: LocalAws) -> None:
    made = fleet(local_aws, "maintain", 3)
    local_aws.advance(RUNNING_AFTER)
    [victim, *rest] = alive(local_aws)
    local_aws.client("ec2").terminate_instances(InstanceIds=[victim])
    local_aws.advance(59)
    assert alive(local_aws) == rest
    local_aws.advance(2)
    assert len(alive(local_aws)) == 3
    assert shown(local_aws, made["FleetId"])["FulfilledCapacity"] == 3.0


def test_a_frozen_maintain_fleet_keeps_and_replaces_nothing(local_aws: LocalAws) -> None:
    made = fleet(local_aws, "maintain", 3, targets={"OnDemandTargetCapacity": 1})
    local_aws.advance(RUNNING_AFTER)
    total_alone = {"TotalTargetCapacity": 0}
    ec2 = local_aws.client("ec2")
    code, _ = refused(ec2.modify_fleet, FleetId=made["FleetId"], TargetCapacitySpecification=total_alone)
    assert code == "InvalidTargetCapacitySpecification"
    modify(local_aws, made["FleetId"], 0, OnDemandTargetCapacity=0, SpotTargetCapacity=0)
    assert shown(local_aws, made["FleetId"])["FleetState"] == "modifying"
    local_aws.advance(3)
    assert shown(local_aws, made["FleetId"])["FleetState"] == "active"
    assert len(alive(local_aws)) == 3
    ec2.terminate_instances(InstanceIds=alive(local_aws)[:1])
    local_aws.advance(86400)
    assert len(alive(local_aws)) == 2


def test_lowering_a_target_with_termination_chooses_victims(local_aws: LocalAws) -> None:
    made = fleet(local_aws, "maintain", 3)
    modify(local_aws, made["FleetId"], 1, policy="termination")
    assert len(alive(local_aws)) == 1
    modify(local_aws, made["FleetId"], 2)
    local_aws.advance(RUNNING_AFTER)
    assert len(alive(local_aws)) == 2


def test_only_live_maintain_fleets_can_be_modified(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    once = fleet(local_aws, "request", 1)
    target = {"TotalTargetCapacity": 0}
    assert refused(ec2.modify_fleet, FleetId=once["FleetId"], TargetCapacitySpecification=target)[0] == (
        "UnsupportedOperation"
    )
    kept = fleet(local_aws, "maintain", 1, template=template(local_aws, "b"))
    ec2.delete_fleets(FleetIds=[kept["FleetId"]], TerminateInstances=False)
    assert refused(ec2.modify_fleet, FleetId=kept["FleetId"], TargetCapacitySpecification=target)[0] == (
        "FleetNotInModifiableState"
    )


def test_a_deleted_fleet_may_leave_its_machines_and_is_forgotten(local_aws: LocalAws) -> None:
    local_aws.scenario(forget={"deletedFleets": 172800})
    ec2 = local_aws.client("ec2")
    made = fleet(local_aws, "maintain", 2)
    [deletion] = ec2.delete_fleets(FleetIds=[made["FleetId"]], TerminateInstances=False)["SuccessfulFleetDeletions"]
    assert (deletion["PreviousFleetState"], deletion["CurrentFleetState"]) == ("active", "deleted_running")
    ec2.terminate_instances(InstanceIds=alive(local_aws))
    local_aws.advance(GONE_AFTER)
    assert shown(local_aws, made["FleetId"])["FleetState"] == "deleted"
    local_aws.advance(172800)
    assert refused(ec2.describe_fleets, FleetIds=[made["FleetId"]])[0] == "InvalidFleetId.NotFound"


def test_launches_in_flight_arrive_after_a_freeze(local_aws: LocalAws) -> None:
    for lag, expected in ((0, 0), (10, 2)):
        local_aws.reset(times={"launch": 3}, lag={"inFlight": lag})
        made = fleet(local_aws, "maintain", 2)
        modify(local_aws, made["FleetId"], 0)
        local_aws.advance(5)
        assert len(alive(local_aws)) == expected


def test_launches_come_in_batches(local_aws: LocalAws) -> None:
    local_aws.scenario(times={"launch": 3, "launchBatch": 2, "launchInterval": 5})
    fleet(local_aws, "maintain", 5)
    arrived = []
    for seconds in (1, 3, 5, 5):
        local_aws.advance(seconds)
        arrived.append(len(alive(local_aws)))
    assert arrived == [0, 2, 4, 5]


def test_history_tells_what_happened(local_aws: LocalAws) -> None:
    start = datetime.fromtimestamp(int(local_aws.now()) - 1, UTC)
    local_aws.scenario(capacity={"m5.large": 1})
    made = fleet(local_aws, "maintain", 2)
    local_aws.advance(1)
    answer = local_aws.client("ec2").describe_fleet_history(FleetId=made["FleetId"], StartTime=start)
    told = [
        (record["EventType"], record["EventInformation"]["EventSubType"]) for record in answer["HistoryRecords"]
    ]
    assert told[:3] == [("fleet-change", "submitted"), ("fleet-change", "active"), ("instance-change", "launched")]
    assert ("service-error", "allLaunchSpecsTemporarilyBlacklisted") in told


@pytest.mark.parametrize(
    ("request_data", "code"),
    [
        ({"LaunchTemplateConfigs": []}, "MissingParameter"),
        (
            {
                "LaunchTemplateConfigs": [
                    {"LaunchTemplateSpecification": {"LaunchTemplateId": "lt-0bad", "Version": "1"}}
                ]
            },
            "InvalidLaunchTemplateId.NotFound",
        ),
        ({"version": "7"}, "InvalidLaunchTemplateId.VersionNotFound"),
        (
            {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]},
            "InvalidParameterValue",
        ),
        (
            {"TargetCapacitySpecification": {"TotalTargetCapacity": 2, "OnDemandTargetCapacity": 3}},
            "InvalidTargetCapacitySpecification",
        ),
        ({"ValidUntil": datetime(2001, 1, 1, tzinfo=UTC)}, "InvalidParameterValue"),
    ],
)
def test_what_is_wrong_is_refused(local_aws: LocalAws, request_data: dict[str, Any], code: str) -> None:
    specification = {**template(local_aws), "Version": request_data.pop("version", "1")}
    request = {
        "Type": "request",
        "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": specification}],
        "TargetCapacitySpecification": {"TotalTargetCapacity": 1},
        **request_data,
    }
    assert refused(local_aws.client("ec2").create_fleet, **request)[0] == code
    assert instances(local_aws) == []


@pytest.mark.parametrize(("kind", "tagged"), [("instant", 3), ("request", 1)])
def test_only_instant_fleets_tag_the_volumes_of_spot_machines(local_aws: LocalAws, kind: str, tagged: int) -> None:
    given = template(
        local_aws, TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "cost", "Value": "1"}]}]
    )
    fleet(local_aws, kind, 3, template=given, targets={"OnDemandTargetCapacity": 1})
    found = local_aws.client("ec2").describe_volumes(Filters=[{"Name": "tag:cost", "Values": ["1"]}])
    assert len(found["Volumes"]) == tagged
    assert len(local_aws.client("ec2").describe_volumes()["Volumes"]) == 3
