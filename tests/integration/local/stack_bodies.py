"""Small templates of each kind, for tests of stacks over the wire."""

from __future__ import annotations

import json
from typing import Any

from tests.local_aws import FLEET_ROLE, IMAGE, SUBNET_A, SUBNET_B

TEMPLATE_REFERENCE = {
    "LaunchTemplateId": {"Ref": "LaunchTemplate"},
    "Version": {"Fn::GetAtt": ["LaunchTemplate", "LatestVersionNumber"]},
}
LAUNCH_TEMPLATE = {
    "Type": "AWS::EC2::LaunchTemplate",
    "Properties": {
        "LaunchTemplateData": {
            "ImageId": IMAGE,
            "InstanceType": "m5.large",
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "ohf:request-id", "Value": {"Ref": "RequestId"}}]}
            ],
            "UserData": {"Fn::Base64": {"Fn::Sub": "#!/bin/sh\necho ${RequestId} ${!HOME}\n"}},
        }
    },
}


def fleet(kind: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::EC2Fleet",
        "Properties": {
            "Type": kind,
            "LaunchTemplateConfigs": [
                {
                    "LaunchTemplateSpecification": TEMPLATE_REFERENCE,
                    "Overrides": [{"InstanceType": "m5.large", "SubnetId": SUBNET_A}],
                }
            ],
            "TargetCapacitySpecification": {
                "TotalTargetCapacity": {"Ref": "TargetCapacity"},
                "DefaultTargetCapacityType": "on-demand",
            },
        },
    }


def spot_fleet(kind: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::SpotFleet",
        "Properties": {
            "SpotFleetRequestConfigData": {
                "Type": kind,
                "IamFleetRole": FLEET_ROLE,
                "TargetCapacity": {"Ref": "TargetCapacity"},
                "LaunchTemplateConfigs": [
                    {
                        "LaunchTemplateSpecification": TEMPLATE_REFERENCE,
                        "Overrides": [{"InstanceType": "m5.large", "SubnetId": SUBNET_A}],
                    }
                ],
            }
        },
    }


GROUP = {
    "Type": "AWS::AutoScaling::AutoScalingGroup",
    "Properties": {
        "MinSize": "0",
        "MaxSize": {"Ref": "TargetCapacity"},
        "DesiredCapacity": {"Ref": "TargetCapacity"},
        "LaunchTemplate": TEMPLATE_REFERENCE,
        "VPCZoneIdentifier": [SUBNET_A, SUBNET_B],
    },
}
CAPACITIES = {
    "ASG": GROUP,
    "EC2Fleet-instant": fleet("instant"),
    "EC2Fleet-request": fleet("request"),
    "EC2Fleet-maintain": fleet("maintain"),
    "SpotFleet-request": spot_fleet("request"),
    "SpotFleet-maintain": spot_fleet("maintain"),
}


def body(kind: str = "EC2Fleet-instant") -> str:
    """A template with parameters RequestId and TargetCapacity and outputs for both ids."""
    return json.dumps(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": f"A test of {kind}",
            "Parameters": {
                "RequestId": {"Type": "String", "AllowedPattern": "[a-z0-9-]+"},
                "TargetCapacity": {"Type": "Number", "MinValue": 1, "MaxValue": 100},
            },
            "Resources": {"Capacity": CAPACITIES[kind], "LaunchTemplate": LAUNCH_TEMPLATE},
            "Outputs": {
                "CapacityId": {"Value": {"Ref": "Capacity"}},
                "LaunchTemplateId": {"Value": {"Ref": "LaunchTemplate"}},
            },
        },
        indent=1,
    )


def parameters(count: int = 2, request_id: str = "req-1") -> list[dict[str, str]]:
    """Values for the parameters of `body`."""
    return [
        {"ParameterKey": "RequestId", "ParameterValue": request_id},
        {"ParameterKey": "TargetCapacity", "ParameterValue": str(count)},
    ]
