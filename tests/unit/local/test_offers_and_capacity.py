"""Instance types, how many of them there are, and documents held against shapes."""

from __future__ import annotations

from typing import Any

import pytest

from ohf_iac.local.answers import document, service
from ohf_iac.local.capacity import room
from ohf_iac.local.offers import matching, offer
from ohf_iac.local.values import Misfit, fitted


@pytest.mark.parametrize(
    ("name", "vcpus", "architecture"),
    [
        ("m5.large", 2, "x86_64"),
        ("c6gn.16xlarge", 64, "arm64"),
        ("t3.micro", 1, "x86_64"),
        ("g4dn.xlarge", 4, "x86_64"),
    ],
)
def test_a_type_tells_its_size_and_architecture(name: str, vcpus: int, architecture: str) -> None:
    known = offer(name)
    assert known is not None
    assert (known.vcpus, known.architecture) == (vcpus, architecture)
    assert known.spot_price < known.price


@pytest.mark.parametrize("name", ["", "large", "m5", "m5.huge", "m5.large; rm"])
def test_what_is_no_type_is_none(name: str) -> None:
    assert offer(name) is None


def test_requirements_choose_types_cheapest_first() -> None:
    chosen = matching({"VCpuCount": {"Min": 2, "Max": 4}, "AllowedInstanceTypes": ["m5.*", "c6g.*"]}, "x86_64")
    assert chosen == ("m5.large", "m5.xlarge")
    assert matching({"VCpuCount": {"Min": 1000}}, "") == ()


@pytest.mark.parametrize(
    ("capacity", "left"),
    [
        ({}, None),
        ({"c5.large": 0}, None),
        ({"m5.large": 5}, 2),
        ({"us-east-1a/m5.large": 5}, 3),
        ({"us-east-1b/*": 0}, None),
        ({"us-east-1a/*": 4}, 1),
        ({"*": 10}, 6),
        ({"*": 10, "m5.large": 3}, 0),
        ({"m5.large": 1}, 0),
    ],
)
def test_the_tightest_limit_holds(capacity: dict[str, int], left: int | None) -> None:
    occupied = {
        ("m5.large", "us-east-1a", True): 1,
        ("m5.large", "us-east-1a", False): 1,
        ("m5.large", "us-east-1b", False): 1,
        ("m5.xlarge", "us-east-1a", False): 1,
    }
    assert room(capacity, occupied, "m5.large", "us-east-1a") == left


def test_strings_become_what_the_shape_has() -> None:
    shape = service("ec2").shape_for("CreateFleetRequest")
    given = {
        "LaunchTemplateConfigs": [{"Overrides": [{"WeightedCapacity": "2", "InstanceType": "x99.large"}]}],
        "TargetCapacitySpecification": {"TotalTargetCapacity": "3"},
        "TerminateInstancesWithExpiration": "false",
    }
    fitting = fitted(shape, given)
    assert fitting["TargetCapacitySpecification"] == {"TotalTargetCapacity": 3}
    assert fitting["LaunchTemplateConfigs"][0]["Overrides"][0]["WeightedCapacity"] == 2.0
    assert fitting["TerminateInstancesWithExpiration"] is False


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Nonsense": 1}, "#: extraneous key [Nonsense] is not permitted"),
        ({"Type": "forever"}, "#/Type: forever is not a valid enum value"),
        (
            {"TargetCapacitySpecification": {}},
            "#/TargetCapacitySpecification: required key [TotalTargetCapacity] not found",
        ),
        ({"LaunchTemplateConfigs": {}}, "#/LaunchTemplateConfigs: expected type: JSONArray, found: JSONObject"),
        (
            {"ReplaceUnhealthyInstances": "perhaps"},
            "#/ReplaceUnhealthyInstances: expected type: Boolean, found: String",
        ),
        ({"Context": ["a"]}, "#/Context: expected type: String, found: JSONArray"),
        (
            {"TargetCapacitySpecification": {"TotalTargetCapacity": "many"}},
            "#/TargetCapacitySpecification/TotalTargetCapacity: expected type: Number, found: String",
        ),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], said: str) -> None:
    given = {
        "LaunchTemplateConfigs": [],
        "TargetCapacitySpecification": {"TotalTargetCapacity": 1},
        **change,
    }
    with pytest.raises(Misfit) as caught:
        fitted(service("ec2").shape_for("CreateFleetRequest"), given)
    assert str(caught.value) == said


def test_answers_are_written_as_the_protocol_has_them() -> None:
    machine = {
        "InstanceId": "i-1",
        "Tags": [{"Key": "a<b", "Value": "&"}],
        "LaunchTime": 0.25,
        "EbsOptimized": False,
    }
    ec2 = document("ec2", "DescribeInstances", {"Reservations": [{"Instances": [machine]}], "NextToken": None})
    assert "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>" in ec2
    assert "<tagSet><item><key>a&lt;b</key><value>&amp;</value></item></tagSet>" in ec2
    assert "<launchTime>1970-01-01T00:00:00.250Z</launchTime><ebsOptimized>false</ebsOptimized>" in ec2
    assert "nextToken" not in ec2
    query = document("autoscaling", "DescribeAutoScalingGroups", {"AutoScalingGroups": [{"MinSize": 2.0}]})
    assert "<DescribeAutoScalingGroupsResult><AutoScalingGroups><member><MinSize>2</MinSize></member>" in query
