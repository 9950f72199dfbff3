"""Short words for what the tests of living things ask of the local AWS."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws import IMAGE, SUBNET_A, LocalAws

RUNNING_AFTER = 16  # seconds after which a launched machine runs (times.pending is 15)
GONE_AFTER = 21  # seconds after which a terminated machine is gone (times.shutdown is 20)


def template(aws: LocalAws, name: str = "grid", region: str = "us-east-1", **data: Any) -> dict[str, str]:
    """A launch template of m5.large machines tagged `ohf:request-id`=`name`, as fleets and groups name it."""
    whole = {
        "ImageId": IMAGE,
        "InstanceType": "m5.large",
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "ohf:request-id", "Value": name}]},
        ],
        "UserData": base64.b64encode(b"#!/bin/sh\n").decode(),
        **data,
    }
    made = aws.client("ec2", region).create_launch_template(LaunchTemplateName=name, LaunchTemplateData=whole)
    return {"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"}


def fleet(aws: LocalAws, kind: str, units: int, *overrides: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """CreateFleet's answer; without overrides one in the first subnet, without a capacity type spot."""
    specification = more.pop("template", None) or template(aws)
    targets = {"TotalTargetCapacity": units, "DefaultTargetCapacityType": "spot", **more.pop("targets", {})}
    config = {
        "LaunchTemplateSpecification": specification,
        "Overrides": list(overrides) or [{"InstanceType": "m5.large", "SubnetId": SUBNET_A}],
    }
    answer: dict[str, Any] = aws.client("ec2").create_fleet(
        Type=kind, LaunchTemplateConfigs=[config], TargetCapacitySpecification=targets, **more
    )
    return answer


def instances(
    aws: LocalAws, *filters: tuple[str, str], region: str = "us-east-1", **more: Any
) -> list[dict[str, Any]]:
    """The instances that DescribeInstances shows."""
    wanted = [{"Name": name, "Values": [value]} for name, value in filters]
    pages = aws.client("ec2", region).get_paginator("describe_instances").paginate(Filters=wanted, **more)
    return [machine for page in pages for held in page["Reservations"] for machine in held["Instances"]]


def states(aws: LocalAws, *filters: tuple[str, str]) -> dict[str, str]:
    """Instance id → state."""
    return {machine["InstanceId"]: machine["State"]["Name"] for machine in instances(aws, *filters)}


def alive(aws: LocalAws, *filters: tuple[str, str]) -> list[str]:
    """The ids of pending and running instances."""
    return [machine for machine, state in states(aws, *filters).items() if state in ("pending", "running")]


def tags(machine: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in machine.get("Tags", ())}


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    """Code and message by which a call is refused; the test fails when it is not."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def shown(aws: LocalAws, fleet_id: str) -> dict[str, Any]:
    """An EC2 Fleet as DescribeFleets shows it."""
    [data] = aws.client("ec2").describe_fleets(FleetIds=[fleet_id])["Fleets"]
    return dict(data)
