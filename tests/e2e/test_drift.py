"""`ohf drift`: the life of a request is no drift, whatever its kind; what somebody else did to its stack is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.request import stack_name
from tests.e2e.human import Human
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import LocalAws

#: templates of the example catalogue that mix types, prices or weights
MIXED = ("asg-mixed", "instant-spot", "weighted-spot")
Tampering = Callable[[Human, str], object]
CHECKED = ("fleets", "groups")
#: looks that let nothing wait in real time
QUICK = ("--every", "0.1")


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


def drift(human: Human, *words: str, code: int = 0) -> dict[str, Any]:
    """The stacks of the document by request."""
    document = human.reads("drift", *QUICK, *words, code=code)
    return {one["requestId"]: one for one in document["stacks"]}


def requested(human: Human, template: str, count: int = 2) -> str:
    """A settled request."""
    request_id = human.provider.request(template, count)
    human.provider.settle(request_id)
    return request_id


def ec2(human: Human) -> Any:
    return human.provider.aws.client("ec2")


def physical(human: Human, request_id: str, name: str = "Capacity") -> str:
    rows = human.provider.aws.client("cloudformation").describe_stack_resources(StackName=stack_name(request_id))
    return str(
        next(one for one in rows["StackResources"] if one["LogicalResourceId"] == name)["PhysicalResourceId"]
    )


def in_sync(found: dict[str, Any]) -> dict[str, Any]:
    """What is not in sync, by request: nothing, as it should be."""
    return {
        name: (one["verdict"], one["reason"], one["resources"])
        for name, one in found.items()
        if one["verdict"] != "in sync"
    }


@pytest.mark.parametrize("checked", ["fleets", pytest.param("groups", marks=pytest.mark.sweep)])
def test_no_kinds_life_is_drift(human: Human, checked: str) -> None:
    aws = human.provider.aws
    aws.scenario(profile="realistic", uncertain={"driftChecked": checked})
    asked = {template: human.provider.request(template, 3) for template in (*TEMPLATES.values(), *MIXED)}
    entries = [human.provider.settle(request_id) for request_id in asked.values()]
    assert {one["status"] for one in entries} == {"complete"}
    fresh = drift(human)
    assert set(fresh) == set(asked.values())
    assert in_sync(fresh) == {}
    frozen = [one for one in fresh[asked["maintain-spot"]]["resources"] if one["logicalId"] == "Capacity"]
    assert {str(each["after"]) for each in frozen[0]["expected"]} == {"0"}
    human.provider.settle(human.provider.give_back([one["machines"][0] for one in entries]))
    assert in_sync(drift(human)) == {}
    aws.advance(3 * 86400)
    assert in_sync(drift(human)) == {}


@pytest.mark.parametrize("checked", [pytest.param("fleets", marks=pytest.mark.sweep), "groups"])
def test_a_shortage_is_no_drift(human: Human, checked: str) -> None:
    aws = human.provider.aws
    aws.scenario(profile="realistic", capacity={"*": 9}, uncertain={"driftChecked": checked})
    asked = [human.provider.request(template, 2) for template in TEMPLATES.values()]
    entries = [human.provider.settle(request_id, step=300) for request_id in asked]
    assert {len(one["machines"]) for one in entries} == {0, 1, 2}
    left = in_sync(drift(human))
    assert {(verdict, reason) for verdict, reason, _ in left.values()} <= {("not checked", "it is being deleted")}


def test_the_rest_on_demand_is_no_drift(human: Human) -> None:
    human.provider.aws.scenario(profile="realistic", quota={"spot": 2}, uncertain={"driftChecked": "groups"})
    request_id = requested(human, "heterogeneous-spot", 3)
    (found,) = drift(human).values()
    assert found["requestId"] == request_id
    assert {one["logicalId"] for one in found["resources"]} == {"LaunchTemplate", "Capacity", "OnDemandRest"}
    assert in_sync(drift(human)) == {}


def test_our_mark_on_what_is_not_ours_is_no_drift(human: Human) -> None:
    """Where the launch template is somebody else's, group or fleet bears the mark, which CloudFormation sees."""
    data = {"ImageId": "ami-0a1b2c3d4e5f60001", "InstanceType": "m5.large"}
    made = ec2(human).create_launch_template(LaunchTemplateName="theirs", LaunchTemplateData=data)
    conf = human.provider.folder / "conf"
    shutil.copytree(EXAMPLE, conf)
    human.provider.conf = conf
    theirs = {"launchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"], "launchTemplateVersion": 1}
    plain = {"maxNumber": 9, "attributes": {"type": ["String", "X86_64"]}, "subnetId": "subnet-0a1b2c3d4e5f60001"}
    entries = [{"templateId": kind, "providerApi": kind, **plain, **theirs} for kind in ("ASG", "EC2Fleet")]
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": entries}))
    for kind in ("ASG", "EC2Fleet"):
        requested(human, kind)
    found = drift(human)
    assert in_sync(found) == {}
    marks = [each["place"] for one in found.values() for part in one["resources"] for each in part["expected"]]
    assert marks == [
        "Capacity.Tags[ohf:settled]"
    ]  # the group's; a fleet's tags are read by us, those of the body alone


def new_version(human: Human, request_id: str, data: dict[str, Any], *, default: bool = True) -> None:
    """Somebody makes another version of the stack's launch template."""
    template = physical(human, request_id, "LaunchTemplate")
    ec2(human).create_launch_template_version(LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData=data)
    if default:
        ec2(human).modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")


def group(human: Human, request_id: str, **changed: Any) -> None:
    name = physical(human, request_id)
    human.provider.aws.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, **changed)


def other_version_in_use(human: Human, request_id: str) -> None:
    new_version(human, request_id, {"ImageId": "ami-0a1b2c3d4e5f60666"}, default=False)
    template = physical(human, request_id, "LaunchTemplate")
    group(human, request_id, LaunchTemplate={"LaunchTemplateId": template, "Version": "2"})


def group_tag_gone(human: Human, request_id: str) -> None:
    tag = {"ResourceId": physical(human, request_id), "ResourceType": "auto-scaling-group", "Key": "ohf:owner"}
    human.provider.aws.client("autoscaling").delete_tags(Tags=[tag])


def fleet_raised(human: Human, request_id: str) -> None:
    ec2(human).modify_fleet(
        FleetId=physical(human, request_id), TargetCapacitySpecification={"TotalTargetCapacity": 9}
    )


def spot_fleet_raised(human: Human, request_id: str) -> None:
    ec2(human).modify_spot_fleet_request(SpotFleetRequestId=physical(human, request_id), TargetCapacity=9)


def spot_fleet_terminates(human: Human, request_id: str) -> None:
    ec2(human).modify_spot_fleet_request(
        SpotFleetRequestId=physical(human, request_id), ExcessCapacityTerminationPolicy="default"
    )


def tag_gone(name: str) -> Tampering:
    return lambda human, request_id: ec2(human).delete_tags(
        Resources=[physical(human, request_id, name)], Tags=[{"Key": "ohf:owner"}]
    )


def template_deleted(human: Human, request_id: str) -> None:
    ec2(human).delete_launch_template(LaunchTemplateId=physical(human, request_id, "LaunchTemplate"))


def fleet_deleted(human: Human, request_id: str) -> None:
    ec2(human).delete_fleets(FleetIds=[physical(human, request_id)], TerminateInstances=False)


def spot_fleet_cancelled(human: Human, request_id: str) -> None:
    ec2(human).cancel_spot_fleet_requests(
        SpotFleetRequestIds=[physical(human, request_id)], TerminateInstances=False
    )


def group_deleted(human: Human, request_id: str) -> None:
    client = human.provider.aws.client("autoscaling")
    client.delete_auto_scaling_group(AutoScalingGroupName=physical(human, request_id), ForceDelete=True)
    human.provider.aws.advance(120)


INTERFACE = {"NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-0a1b2c3d4e5f60001", "sg-0a1b2c3d4e5f60666"]}]}
#: template, what somebody does, and what is told of it: resource, group, a part of the place, rules (some of them)
TAMPERING: dict[str, tuple[str, Tampering, str, str, str, str]] = {
    "security group": (
        "instant-ondemand",
        lambda h, r: new_version(h, r, INTERFACE),
        "LaunchTemplate",
        "security",
        "NetworkInterfaces[0].Groups[sg-0a1b2c3d4e5f60666]",
        "security-group",
    ),
    "image": (
        "asg-ondemand",
        lambda h, r: new_version(h, r, {"ImageId": "ami-0a1b2c3d4e5f60666"}),
        "LaunchTemplate",
        "identity",
        "ImageId",
        "",
    ),
    "profile": (
        "maintain-spot",
        lambda h, r: new_version(h, r, {"IamInstanceProfile": {"Name": "admin"}}),
        "LaunchTemplate",
        "security",
        "IamInstanceProfile.Name",
        "instance-profile",
    ),
    "user data": (
        "spotfleet-request",
        lambda h, r: new_version(h, r, {"UserData": "ZWNobyBodW50ZXIyCg=="}),
        "LaunchTemplate",
        "security",
        "UserData",
        "user-data",
    ),
    "latest version": (
        "request-spot",
        lambda h, r: new_version(h, r, {"ImageId": "ami-0a1b2c3d4e5f60666"}, default=False),
        "LaunchTemplate",
        "other",
        "LatestVersionNumber",
        "",
    ),
    "other version in use": (
        "asg-ondemand",
        other_version_in_use,
        "Capacity",
        "identity",
        "LaunchTemplate.Version",
        "foreign-launch-template",
    ),
    "subnet": (
        "asg-ondemand",
        lambda h, r: group(h, r, VPCZoneIdentifier="subnet-0a1b2c3d4e5f60666"),
        "Capacity",
        "capacity",
        "VPCZoneIdentifier[subnet-0a1b2c3d4e5f60666]",
        "",
    ),
    "group raised": (
        "asg-ondemand",
        lambda h, r: group(h, r, MaxSize=9, DesiredCapacity=9),
        "Capacity",
        "capacity",
        "DesiredCapacity",
        "fixed-count",
    ),
    "group protected": (
        "asg-ondemand",
        lambda h, r: group(h, r, NewInstancesProtectedFromScaleIn=True),
        "Capacity",
        "capacity",
        "NewInstancesProtectedFromScaleIn",
        "unattended",
    ),
    "fleet raised": ("maintain-spot", fleet_raised, "Capacity", "capacity", "TotalTargetCapacity", "fixed-count"),
    "Spot Fleet raised": (
        "spotfleet-maintain",
        spot_fleet_raised,
        "Capacity",
        "capacity",
        "TargetCapacity",
        "fixed-count",
    ),
    "Spot Fleet terminates": (
        "spotfleet-maintain",
        spot_fleet_terminates,
        "Capacity",
        "capacity",
        "ExcessCapacityTerminationPolicy",
        "unattended",
    ),
    "tag of a group": ("asg-ondemand", group_tag_gone, "Capacity", "identity", "Tags[ohf:owner]", "tags"),
    "tag of a fleet": ("maintain-spot", tag_gone("Capacity"), "Capacity", "identity", "Tags[ohf:owner]", "tags"),
    "tag of a Spot Fleet": (
        "spotfleet-maintain",
        tag_gone("Capacity"),
        "Capacity",
        "identity",
        "Tags[ohf:owner]",
        "tags",
    ),
    "tag of a launch template": (
        "instant-ondemand",
        tag_gone("LaunchTemplate"),
        "LaunchTemplate",
        "identity",
        "Tags[ohf:owner]",
        "tags",
    ),
    "launch template deleted": ("instant-ondemand", template_deleted, "LaunchTemplate", "", "", ""),
    "group deleted": ("asg-ondemand", group_deleted, "Capacity", "", "", ""),
    "fleet deleted": ("maintain-spot", fleet_deleted, "Capacity", "", "", ""),
    "Spot Fleet cancelled": ("spotfleet-maintain", spot_fleet_cancelled, "Capacity", "", "", ""),
}


def told_of(found: dict[str, Any], name: str, about: str, place: str, rule: str) -> str:
    """What is missing in what is told of a resource that was tampered with; "" when nothing is."""
    resource = next(one for one in found["resources"] if one["logicalId"] == name)
    if not place:
        return "" if (resource["state"], resource["changes"]) == ("deleted", []) else str(resource)
    told = [one for one in resource["changes"] if place in one["places"][0]]
    marked = not rule or any(rule in one["broadens"] for one in told)
    return "" if marked and {one["group"] for one in told} == {about} else str(resource)


@pytest.mark.parametrize("checked", CHECKED)
def test_tampering_is_told(human: Human, checked: str) -> None:
    human.provider.aws.scenario(uncertain={"driftChecked": checked})
    asked = {what: human.provider.request(template, 1) for what, (template, *_) in TAMPERING.items()}
    for request_id in asked.values():
        human.provider.settle(request_id)
    for what, request_id in asked.items():  # no polls from here on: they tidy up what lost its machines
        TAMPERING[what][1](human, request_id)
    found = drift(human)
    assert {what for what, request_id in asked.items() if found[request_id]["verdict"] != "drifted"} == set()
    missing = {what: told_of(found[request_id], *TAMPERING[what][2:]) for what, request_id in asked.items()}
    assert {what: text for what, text in missing.items() if text} == {}
    assert "hunter2" not in str(found)
