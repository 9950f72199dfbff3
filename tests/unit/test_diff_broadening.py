"""Each rule by which a change allows more than before: a case of it, the way back, and that the manual tells it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.review.diff.broadening import RULES
from ohf_iac.review.diff.changes import changes_between
from ohf_iac.review.diff.groups import GROUPS, Group

ROOT = Path(__file__).parents[2]
STACKS = ROOT / "examples" / "stacks"
Body = dict[str, Any]


def body(name: str) -> Body:
    found: Body = json.loads((STACKS / f"{name}.json").read_text())
    return found


def machine(of: Body) -> Body:
    found: Body = of["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    return found


def fleet(of: Body) -> Body:
    found: Body = of["Resources"]["Capacity"]["Properties"]
    return found


def interface(of: Body) -> Body:
    found: Body = machine(of)["NetworkInterfaces"][0]
    return found


def volumes(of: Body) -> Body:
    """The root volume, which not every example has."""
    data = machine(of)
    mappings = data.setdefault(
        "BlockDeviceMappings",
        [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "DeleteOnTermination": True, "KmsKeyId": "k1"}}],
    )
    found: Body = mappings[0]["Ebs"]
    return found


def setting(at: Callable[[Body], Body], name: str, value: object) -> Callable[[Body], object]:
    """Sets a property; None takes it away."""

    def change(of: Body) -> None:
        if value is None:
            at(of).pop(name)
        else:
            at(of)[name] = value

    return change


def parameter(name: str) -> Callable[[Body], Body]:
    def found(of: Body) -> Body:
        parameter: Body = of["Parameters"][name]
        return parameter

    return found


def tags_of_instances(of: Body) -> list[Body]:
    found: list[Body] = machine(of)["TagSpecifications"][0]["Tags"]
    return found


def nothing(_of: Body) -> None:
    """The example as it is."""


def prepared(of: Body) -> None:
    """A root volume, and a parameter whose value is nobody's affair."""
    volumes(of)
    of["Parameters"]["Extra"] = {"Type": "String", "NoEcho": True, "AllowedValues": ["a", "b"], "MaxLength": 5}


IMDS = "MetadataOptions"
metadata = lambda of: machine(of)[IMDS]  # noqa: E731 -- a place among places
CASES: list[tuple[str, Group, str, Callable[[Body], object], Callable[[Body], object]]] = [
    ("security-group", "security", "instant-spot", nothing, lambda of: interface(of)["Groups"].append("sg-9")),
    ("security-group", "security", "instant-spot", nothing, lambda of: interface(of).pop("Groups")),
    ("security-group", "security", "instant-spot", nothing, setting(interface, "Groups", {"Ref": "Some"})),
    ("public-address", "security", "instant-spot", nothing, setting(interface, "AssociatePublicIpAddress", True)),
    ("public-address", "security", "instant-spot", nothing, setting(interface, "AssociatePublicIpAddress", None)),
    ("public-address", "security", "instant-spot", nothing, setting(interface, "Ipv6AddressCount", 1)),
    ("imdsv2-optional", "security", "instant-spot", nothing, setting(metadata, "HttpTokens", "optional")),
    ("imdsv2-optional", "security", "instant-spot", nothing, lambda of: machine(of).pop(IMDS)),
    ("hop-limit", "security", "instant-spot", nothing, setting(metadata, "HttpPutResponseHopLimit", 2)),
    ("hop-limit", "security", "instant-spot", nothing, setting(metadata, "HttpPutResponseHopLimit", {"Ref": "X"})),
    ("metadata-service", "security", "instant-spot", nothing, setting(metadata, "InstanceMetadataTags", "enabled")),
    ("metadata-service", "security", "instant-spot", nothing, setting(metadata, "HttpProtocolIpv6", "enabled")),
    (
        "metadata-service",
        "security",
        "instant-spot",
        setting(metadata, "HttpEndpoint", "disabled"),
        setting(metadata, "HttpEndpoint", "enabled"),
    ),
    ("unencrypted-volume", "security", "instant-spot", prepared, setting(volumes, "Encrypted", False)),
    ("unencrypted-volume", "security", "instant-spot", prepared, setting(volumes, "Encrypted", None)),
    ("unencrypted-volume", "security", "instant-spot", prepared, setting(machine, "BlockDeviceMappings", None)),
    ("encryption-key", "security", "instant-spot", prepared, setting(volumes, "KmsKeyId", "k2")),
    ("encryption-key", "security", "instant-spot", prepared, setting(volumes, "KmsKeyId", None)),
    (
        "instance-profile",
        "security",
        "instant-spot",
        nothing,
        setting(machine, "IamInstanceProfile", {"Name": "rw"}),
    ),
    ("fleet-role", "security", "spotfleet-request", nothing, lambda of: spot(of).update(IamFleetRole="arn:other")),
    ("key-pair", "security", "instant-spot", nothing, setting(machine, "KeyName", "mine")),
    ("user-data", "security", "instant-spot", nothing, setting(machine, "UserData", "ZWNobw==")),
    ("dynamic-reference", "identity", "asg-ondemand", nothing, setting(machine, "ImageId", "{{resolve:ssm:/a}}")),
    (
        "foreign-launch-template",
        "identity",
        "asg-ondemand",
        nothing,
        setting(fleet, "LaunchTemplate", {"LaunchTemplateId": "lt-1", "Version": "$Latest"}),
    ),
    ("volume-stays", "cost", "instant-spot", prepared, setting(volumes, "DeleteOnTermination", False)),
    ("units", "cost", "instant-spot", nothing, setting(parameter("TargetCapacity"), "MaxValue", 2000)),
    ("units", "cost", "instant-spot", nothing, setting(parameter("TargetCapacity"), "MaxValue", None)),
    ("units", "cost", "instant-spot", nothing, setting(parameter("TargetCapacity"), "MinValue", 0)),
    ("parameter-bounds", "security", "instant-spot", prepared, setting(parameter("Extra"), "MaxLength", 6)),
    ("parameter-values", "security", "instant-spot", nothing, setting(parameter("Owner"), "AllowedPattern", ".*")),
    ("parameter-values", "security", "instant-spot", nothing, setting(parameter("Owner"), "AllowedPattern", None)),
    (
        "parameter-values",
        "security",
        "instant-spot",
        nothing,
        lambda of: of["Parameters"].update(Q={"Type": "String"}),
    ),
    (
        "parameter-values",
        "security",
        "asg-ondemand",
        nothing,
        setting(parameter("Owner"), "Type", "CommaDelimitedList"),
    ),
    ("echoed-parameter", "security", "instant-spot", prepared, setting(parameter("Extra"), "NoEcho", None)),
    ("tags", "identity", "instant-spot", nothing, lambda of: tags_of_instances(of).pop()),
    ("tags", "identity", "instant-spot", nothing, lambda of: tags_of_instances(of)[1].update(Value="another")),
    ("tags", "identity", "instant-spot", nothing, lambda of: machine(of)["TagSpecifications"].pop(0)),
    ("tags", "identity", "asg-ondemand", nothing, lambda of: fleet(of)["Tags"][0].update(PropagateAtLaunch=False)),
    (
        "on-demand-share",
        "cost",
        "instant-spot",
        nothing,
        lambda of: fleet(of)["TargetCapacitySpecification"].update(DefaultTargetCapacityType="on-demand"),
    ),
    (
        "on-demand-share",
        "cost",
        "asg-mixed",
        nothing,
        lambda of: fleet(of)["MixedInstancesPolicy"].pop("InstancesDistribution"),
    ),
    (
        "on-demand-share",
        "cost",
        "spotfleet-request",
        nothing,
        lambda of: spot(of).update(OnDemandTargetCapacity={"Ref": "TargetCapacity"}),
    ),
    (
        "on-demand-share",
        "cost",
        "instant-spot",
        nothing,
        lambda of: of["Resources"].update(OnDemandRest=copy.deepcopy(of["Resources"]["Capacity"])),
    ),
    ("price-limit", "cost", "instant-spot", nothing, lambda of: override(of).update(MaxPrice="0.11")),
    ("price-limit", "cost", "instant-spot", nothing, lambda of: override(of).pop("MaxPrice")),
    (
        "resource-type",
        "security",
        "instant-spot",
        nothing,
        lambda of: of["Resources"].update(R={"Type": "AWS::IAM::Role"}),
    ),
    (
        "macro",
        "security",
        "instant-spot",
        nothing,
        lambda of: machine(of).update({"Fn::Transform": {"Name": "Own"}}),
    ),
    ("units", "cost", "heterogeneous-spot", nothing, setting(parameter("RestCapacity"), "Default", 5)),
    (
        "parameter-values",
        "security",
        "instant-spot",
        lambda of: of.update(Rules={"R": {"Assertions": []}}),
        lambda of: of.pop("Rules"),
    ),
    ("macro", "security", "instant-spot", nothing, lambda of: of.update(Transform=["Own"])),
    (
        "unreadable",
        "security",
        "instant-spot",
        nothing,
        setting(machine, "NetworkInterfaces", {"Fn::If": ["C", [], []]}),
    ),
    ("fixed-count", "capacity", "asg-ondemand", nothing, setting(fleet, "MaxSize", "500")),
    ("fixed-count", "capacity", "asg-ondemand", nothing, setting(fleet, "MinSize", "1")),
    ("unattended", "capacity", "instant-spot", nothing, setting(fleet, "ReplaceUnhealthyInstances", True)),
    ("unattended", "capacity", "maintain-spot", nothing, setting(fleet, "ExcessCapacityTerminationPolicy", None)),
    ("unattended", "capacity", "asg-ondemand", nothing, setting(fleet, "CapacityRebalance", None)),
    ("no-end", "capacity", "request-spot", nothing, setting(fleet, "ValidUntil", None)),
    ("no-end", "capacity", "request-spot", nothing, setting(fleet, "ValidUntil", "2099-01-01T00:00:00Z")),
    (
        "condition",
        "cost",
        "heterogeneous-spot",
        nothing,
        lambda of: of["Conditions"].update(RestWanted={"Fn::Equals": ["1", "1"]}),
    ),
    (
        "condition",
        "cost",
        "heterogeneous-spot",
        nothing,
        lambda of: of["Resources"]["OnDemandRest"].pop("Condition"),
    ),
    (
        "resource-stays",
        "cost",
        "instant-spot",
        nothing,
        lambda of: of["Resources"]["Capacity"].update(DeletionPolicy="Retain"),
    ),
]


def spot(of: Body) -> Body:
    found: Body = fleet(of)["SpotFleetRequestConfigData"]
    return found


def override(of: Body) -> Body:
    found: Body = fleet(of)["LaunchTemplateConfigs"][0]["Overrides"][0]
    return found


def pair(example: str, before: Callable[[Body], object], after: Callable[[Body], object]) -> tuple[Body, Body]:
    one = body(example)
    before(one)
    other = copy.deepcopy(one)
    after(other)
    return one, other


@pytest.mark.parametrize(("rule", "group", "example", "before", "after"), CASES, ids=[case[0] for case in CASES])
def test_a_case_of_each_rule_broadens(
    rule: str, group: Group, example: str, before: Callable[[Body], object], after: Callable[[Body], object]
) -> None:
    found = [change for change in changes_between(*pair(example, before, after)) if change.broadens]
    assert rule in {name for change in found for name in change.broadens}
    assert group in {change.group for change in found if rule in change.broadens}


NARROWING: list[tuple[str, Callable[[Body], object], Callable[[Body], object]]] = [
    ("instant-spot", setting(metadata, "HttpTokens", "optional"), setting(metadata, "HttpTokens", "required")),
    (
        "instant-spot",
        setting(metadata, "HttpPutResponseHopLimit", 2),
        setting(metadata, "HttpPutResponseHopLimit", 1),
    ),
    ("instant-spot", lambda of: interface(of)["Groups"].append("sg-9"), lambda of: interface(of)["Groups"].pop()),
    (
        "instant-spot",
        setting(interface, "AssociatePublicIpAddress", True),
        setting(interface, "AssociatePublicIpAddress", False),
    ),
    ("instant-spot", setting(machine, "KeyName", "mine"), setting(machine, "KeyName", None)),
    ("instant-spot", nothing, setting(machine, "IamInstanceProfile", None)),
    ("instant-spot", nothing, setting(parameter("TargetCapacity"), "MaxValue", 10)),
    ("instant-spot", nothing, lambda of: fleet(of)["LaunchTemplateConfigs"][0]["Overrides"].pop()),
    ("instant-spot", nothing, lambda of: override(of).update(MaxPrice="0.09")),
    ("instant-spot", nothing, lambda of: tags_of_instances(of).append({"Key": "a", "Value": "b"})),
    ("instant-spot", nothing, setting(machine, "ImageId", "ami-0a1b2c3d4e5f60002")),
    ("heterogeneous-spot", nothing, lambda of: of["Resources"].pop("OnDemandRest")),
    ("asg-mixed", nothing, lambda of: of.update(Description="another")),
]


@pytest.mark.parametrize(("example", "before", "after"), NARROWING)
def test_what_allows_less_or_something_else_does_not_broaden(
    example: str, before: Callable[[Body], object], after: Callable[[Body], object]
) -> None:
    changes = changes_between(*pair(example, before, after))
    assert changes
    assert [change.broadens for change in changes if change.broadens] == []


def test_a_second_interface_in_the_same_groups_is_nothing_new() -> None:
    one, other = body("instant-spot"), body("instant-spot")
    groups = interface(one)["Groups"]
    machine(other)["NetworkInterfaces"] = [
        {"DeviceIndex": min(number, 1), "NetworkCardIndex": number, "Groups": groups, "DeleteOnTermination": True}
        for number in (0, 1)
    ]
    assert [change.broadens for change in changes_between(one, other) if change.broadens] == []


def test_every_rule_has_a_case_and_stands_in_the_manual_with_its_meaning() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert {case[0] for case in CASES} == set(names)
    page = (ROOT / "docs" / "review.md").read_text()
    assert re.findall(r"^\| `([a-z0-9-]+)` \| (.*?) \|", page, re.MULTILINE) == [
        (rule.name, rule.meaning) for rule in RULES
    ]


def test_the_manual_tells_the_groups() -> None:
    page = (ROOT / "docs" / "review.md").read_text()
    assert re.findall(r"^- \*\*([a-z]+)\*\*", page, re.MULTILINE) == list(GROUPS)
