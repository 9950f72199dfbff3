"""A launch template as an entry: each member becomes a field or is named, and the stack says it again."""

from __future__ import annotations

import base64
import json
from typing import Any

import botocore.session
import pytest

from ohf_iac.render import render
from ohf_iac.template.catalogue import TemplateDefaults, parse_catalogue
from ohf_iac.template.launch_template import Imported, imported

SCRIPT = b"<powershell>\r\n\xff\x00 ${HOME} {{ x }}\r\n</powershell>"
FULL: dict[str, Any] = {
    "ImageId": "ami-0a1b2c3d4e5f60001",
    "InstanceType": "m5.large",
    "KeyName": "grid",
    "IamInstanceProfile": {"Arn": "arn:aws:iam::123456789012:instance-profile/worker"},
    "EbsOptimized": True,
    "Monitoring": {"Enabled": True},
    "Placement": {"GroupName": "near", "Tenancy": "dedicated"},
    "MetadataOptions": {
        "State": "applied",
        "HttpTokens": "optional",
        "HttpPutResponseHopLimit": 2,
        "HttpEndpoint": "enabled",
        "InstanceMetadataTags": "enabled",
    },
    "NetworkInterfaces": [
        {
            "DeviceIndex": 0,
            "AssociatePublicIpAddress": True,
            "DeleteOnTermination": True,
            "Groups": ["sg-1", "sg-2"],
            "InterfaceType": "efa",
            "SubnetId": "subnet-1",
        }
    ],
    "BlockDeviceMappings": [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {
                "VolumeSize": 80,
                "VolumeType": "io2",
                "Iops": 4000,
                "Encrypted": True,
                "KmsKeyId": "alias/grid",
                "DeleteOnTermination": False,
            },
        }
    ],
    "TagSpecifications": [
        {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "risk"}, {"Key": "empty", "Value": ""}]},
        {"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "risk"}]},
    ],
    "UserData": base64.b64encode(SCRIPT).decode(),
}


def read(data: dict[str, Any], root_device: str = "") -> Imported:
    return imported(data, "t1", 5, "scripts/t1.user-data", root_device)


def rendered(made: Imported) -> dict[str, Any]:
    files = {} if made.script is None else {"scripts/t1.user-data": made.script}
    catalogue = parse_catalogue([made.entry], TemplateDefaults(), files)
    assert not catalogue.refused, catalogue.refused[0].message
    body = json.loads(render(catalogue.templates[0], TemplateDefaults(), files).body)
    data: dict[str, Any] = body["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    return data


def test_a_whole_launch_template_comes_out_of_the_stack_as_it_went_in() -> None:
    made = read(FULL)
    assert made.left == ()
    found = rendered(made)
    tags = found.pop("TagSpecifications")
    assert {"Key": "team", "Value": "risk"} in tags[0]["Tags"]
    expected = {key: value for key, value in FULL.items() if key != "TagSpecifications"}
    expected["MetadataOptions"] = {k: v for k, v in FULL["MetadataOptions"].items() if k != "State"}
    # where EC2 wants it: fleets say the subnet of a machine with one interface in their overrides
    expected["NetworkInterfaces"] = [{k: v for k, v in FULL["NetworkInterfaces"][0].items() if k != "SubnetId"}]
    assert made.entry["subnetId"] == "subnet-1"
    assert found == expected


def test_the_script_is_the_very_bytes() -> None:
    made = read(FULL)
    assert made.script == SCRIPT
    assert made.entry["userDataScript"] == "scripts/t1.user-data"


def test_a_script_that_would_be_filled_in_is_left_rather_than_changed() -> None:
    made = read({"UserData": base64.b64encode(b"%EXPORT_USER_DATA%").decode()})
    assert (made.script, made.left) == (None, ("UserData",))
    assert "userDataScript" not in made.entry


def test_spot_and_its_price() -> None:
    options = {"MaxPrice": "0.05", "SpotInstanceType": "one-time", "InstanceInterruptionBehavior": "terminate"}
    made = read({"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": options}})
    assert made.entry == {"templateId": "t1", "maxNumber": 5, "priceType": "spot", "maxSpotPrice": "0.05"}
    assert made.left == ()


def test_selection_by_requirements() -> None:
    wanted = {"VCpuCount": {"Min": 4}, "MemoryMiB": {"Min": 8192}, "CpuManufacturers": ["intel"]}
    made = read({"ImageId": "ami-1", "InstanceRequirements": {**wanted, "RequireEncryptionInTransit": True}})
    assert made.entry["abisInstanceRequirements"] == wanted
    assert made.left == ("InstanceRequirements.RequireEncryptionInTransit",)
    rendered(made)


def test_several_interfaces_are_counted() -> None:
    def interface(number: int, **more: Any) -> dict[str, Any]:
        both = {"NetworkCardIndex": number, "DeviceIndex": min(number, 1), "InterfaceType": "efa"}
        return {**both, "Groups": ["sg-1"], "SubnetId": "subnet-1", "DeleteOnTermination": True, **more}

    made = read({"ImageId": "ami-1", "InstanceType": "m5.large", "NetworkInterfaces": [*map(interface, range(4))]})
    assert (made.entry["efaCount"], made.entry["interfaceType"], made.left) == (4, "efa", ())
    assert rendered(made)["NetworkInterfaces"] == [*map(interface, range(4))]
    other = read({"NetworkInterfaces": [interface(0), interface(1, Groups=["sg-2"])]})
    assert other.left == ("NetworkInterfaces[1].Groups",)


@pytest.mark.parametrize(
    ("data", "left"),
    [
        ({"CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 1}}, "CpuOptions.CoreCount CpuOptions.ThreadsPerCore"),
        ({"SecurityGroups": ["default"]}, "SecurityGroups"),
        ({"Placement": {"Tenancy": "host"}}, "Placement.Tenancy"),
        ({"NetworkInterfaces": [{"InterfaceType": "efa-only"}]}, "NetworkInterfaces[0].InterfaceType"),
        ({"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1"}]}, "NetworkInterfaces[0].NetworkInterfaceId"),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}}]},
            "BlockDeviceMappings[/dev/sdf].Ebs.VolumeSize",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 5, "Throughput": 200}}]},
            "BlockDeviceMappings[/dev/sda1].Ebs.Throughput",
        ),
        ({"MetadataOptions": {"HttpEndpoint": "disabled"}}, "MetadataOptions.HttpEndpoint"),
        ({"DisableApiTermination": True}, "DisableApiTermination"),
        ({"InstanceMarketOptions": {"MarketType": "capacity-block"}}, "InstanceMarketOptions.MarketType"),
        (
            {"TagSpecifications": [{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}]}]},
            "TagSpecifications[volume].a",
        ),
        (
            {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "ohf:owner", "Value": "x"}]}]},
            "TagSpecifications[instance].ohf:owner",
        ),
        (
            {"SecurityGroupIds": ["sg-1"], "NetworkInterfaces": [{"Groups": ["sg-2"]}]},
            "NetworkInterfaces[0].Groups",
        ),
    ],
    ids=str,
)
def test_what_no_field_says_is_named_by_its_place(data: dict[str, Any], left: str) -> None:
    assert read(data).left == tuple(left.split())


def test_defaults_of_ec2_are_not_worth_a_word() -> None:
    idle = {
        "DisableApiTermination": False,
        "HibernationOptions": {"Configured": False},
        "EnclaveOptions": {"Enabled": False},
        "InstanceInitiatedShutdownBehavior": "stop",
        "TagSpecifications": [],
        "KernelId": "",
    }
    assert read(idle) == Imported({"templateId": "t1", "maxNumber": 5}, None, ())


def test_the_settings_may_name_another_root_device() -> None:
    data = {"BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 9}}]}
    assert read(data).left == ("BlockDeviceMappings[/dev/sdb].Ebs.VolumeSize",)
    made = read(data, root_device="/dev/sdb")
    assert (made.entry["rootDeviceName"], made.entry["rootDeviceVolumeSize"], made.left) == ("/dev/sdb", 9, ())


def example(shape: Any) -> Any:
    """A value for every member of a shape of EC2's model, never one of EC2's defaults."""
    if shape.type_name == "structure":
        return {name: example(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [example(shape.member)]
    if shape.type_name == "boolean":
        return True
    return {"integer": 7, "double": 7.5, "string": "text", "timestamp": "later"}[shape.type_name]


def values(value: Any) -> int:
    if isinstance(value, dict):
        return sum(values(one) for one in value.values())
    return sum(values(one) for one in value) if isinstance(value, list) else 1


def test_nothing_that_ec2_can_say_gets_lost() -> None:
    """Every member of EC2's own model, those of later versions too, becomes a field or is named."""
    shape = botocore.session.Session().get_service_model("ec2").shape_for("ResponseLaunchTemplateData")
    data = example(shape)
    data["UserData"] = base64.b64encode(b"x").decode()
    made = read(data)
    said = values({name: one for name, one in made.entry.items() if name not in ("templateId", "maxNumber")})
    names = 2 + 1  # a device's, a resource type's, and a tag's key are part of places
    named = {one.partition("[")[0].partition(".")[0] for one in made.left}
    fields = {"ImageId", "InstanceType", "KeyName", "Monitoring", "EbsOptimized", "UserData", "SecurityGroupIds"}
    assert named | fields >= set(data)
    spoken = ("NetworkInterfaces[0].DeleteOnTermination",)  # true is what this provider says
    assert values(data) == said + len(made.left) + names + len(spoken)
