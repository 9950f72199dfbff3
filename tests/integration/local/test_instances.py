"""Instances over the wire: life, looks, filters, pages, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.local.grid import (
    GONE_AFTER,
    RUNNING_AFTER,
    fleet,
    instances,
    refused,
    states,
    tags,
    template,
)
from tests.local_aws import ARM_IMAGE, IMAGE, SECURITY_GROUP, SUBNET_A, SUBNET_B, LocalAws


def run(aws: LocalAws, count: int = 1, region: str = "us-east-1", **more: Any) -> list[str]:
    request = {"ImageId": IMAGE, "InstanceType": "m5.large", "SubnetId": SUBNET_A, **more}
    answer = aws.client("ec2", region).run_instances(MinCount=count, MaxCount=count, **request)
    return [machine["InstanceId"] for machine in answer["Instances"]]


def test_a_machine_lives_on_the_virtual_clock(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    [machine_id] = run(local_aws)
    assert states(local_aws) == {machine_id: "pending"}
    local_aws.advance(RUNNING_AFTER)
    assert states(local_aws) == {machine_id: "running"}
    [change] = ec2.terminate_instances(InstanceIds=[machine_id])["TerminatingInstances"]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == ("running", "shutting-down")
    assert states(local_aws) == {machine_id: "shutting-down"}
    local_aws.advance(GONE_AFTER)
    [gone] = instances(local_aws)
    assert gone["State"]["Name"] == "terminated"
    assert gone["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert gone["StateTransitionReason"].startswith("User initiated (")
    assert (gone["PrivateDnsName"], gone.get("PrivateIpAddress"), gone.get("SubnetId")) == ("", None, None)


def test_terminating_again_is_harmless(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    [machine_id] = run(local_aws)
    ec2.terminate_instances(InstanceIds=[machine_id])
    local_aws.advance(GONE_AFTER)
    [change] = ec2.terminate_instances(InstanceIds=[machine_id])["TerminatingInstances"]
    assert change["CurrentState"]["Name"] == "terminated"


@pytest.mark.parametrize(
    ("region", "domain"), [("us-east-1", "ec2.internal"), ("eu-west-1", "eu-west-1.compute.internal")]
)
def test_the_private_name_comes_from_the_address(local_aws: LocalAws, region: str, domain: str) -> None:
    run(local_aws, region=region)
    [machine] = instances(local_aws, region=region)
    assert machine["PrivateDnsName"] == f"ip-{machine['PrivateIpAddress'].replace('.', '-')}.{domain}"
    assert machine["PrivateIpAddress"].startswith("10.0.")
    assert "PublicIpAddress" not in machine
    assert machine["Placement"]["AvailabilityZone"] == f"{region}a"


def test_addresses_are_unique_and_public_only_on_request(local_aws: LocalAws) -> None:
    run(local_aws, 20)
    interface = {
        "DeviceIndex": 0,
        "AssociatePublicIpAddress": True,
        "SubnetId": SUBNET_B,
        "Groups": [SECURITY_GROUP],
    }
    answer = local_aws.client("ec2").run_instances(
        ImageId=IMAGE, InstanceType="m5.large", MinCount=1, MaxCount=1, NetworkInterfaces=[interface]
    )
    assert answer["Instances"][0]["PublicIpAddress"]
    found = instances(local_aws)
    assert len({machine["PrivateIpAddress"] for machine in found}) == 21
    assert answer["Instances"][0]["SecurityGroups"] == [{"GroupId": SECURITY_GROUP, "GroupName": "grid"}]


def test_a_template_decides_what_a_machine_is(local_aws: LocalAws) -> None:
    given = template(
        local_aws,
        KeyName="grid-key",
        IamInstanceProfile={"Name": "grid-worker"},
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "enabled"},
        CpuOptions={"CoreCount": 1, "ThreadsPerCore": 1},
        Placement={"GroupName": "grid-pg", "Tenancy": "dedicated"},
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "Encrypted": True}}],
        TagSpecifications=[
            {"ResourceType": kind, "Tags": [{"Key": "cost", "Value": kind}]}
            for kind in ("instance", "volume", "network-interface")
        ],
    )
    ec2 = local_aws.client("ec2")
    ec2.run_instances(LaunchTemplate=given, MinCount=1, MaxCount=1)
    [machine] = instances(local_aws)
    assert tags(machine) == {
        "cost": "instance",
        "aws:ec2launchtemplate:id": given["LaunchTemplateId"],
        "aws:ec2launchtemplate:version": "1",
    }
    assert machine["IamInstanceProfile"]["Arn"] == "arn:aws:iam::123456789012:instance-profile/grid-worker"
    assert machine["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
    assert machine["CpuOptions"] == {"CoreCount": 1, "ThreadsPerCore": 1}
    assert (machine["Placement"]["GroupName"], machine["Placement"]["Tenancy"]) == ("grid-pg", "dedicated")
    assert machine["KeyName"] == "grid-key"
    here = [{"Name": "attachment.instance-id", "Values": [machine["InstanceId"]]}]
    [volume] = ec2.describe_volumes(Filters=here)["Volumes"]
    assert (volume["Size"], volume["Encrypted"], tags(volume)) == (30, True, {"cost": "volume"})
    [interface] = ec2.describe_network_interfaces(Filters=here)["NetworkInterfaces"]
    assert {tag["Key"]: tag["Value"] for tag in interface["TagSet"]} == {"cost": "network-interface"}


@pytest.mark.parametrize(
    ("name", "find"),
    [
        ("instance-id", lambda m: m["InstanceId"]),
        ("private-dns-name", lambda m: m["PrivateDnsName"]),
        ("private-ip-address", lambda m: m["PrivateIpAddress"]),
        ("private-dns-name", lambda m: m["PrivateDnsName"].replace("ip-", "i?-")),
        ("tag:Name", lambda m: tags(m)["Name"]),
        ("tag:Name", lambda m: tags(m)["Name"][:-1] + "*"),
        ("subnet-id", lambda m: m["SubnetId"]),
        ("availability-zone", lambda m: m["Placement"]["AvailabilityZone"]),
        ("launch-time", lambda m: m["LaunchTime"].strftime("%Y-%m-%dT%H:*")),
    ],
)
def test_filters_find_one_among_others(local_aws: LocalAws, name: str, find: Any) -> None:
    [first] = run(
        local_aws, TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "one"}]}]
    )
    local_aws.advance(3600)
    run(local_aws, 2, SubnetId=SUBNET_B)
    wanted = next(machine for machine in instances(local_aws) if machine["InstanceId"] == first)
    assert [m["InstanceId"] for m in instances(local_aws, (name, find(wanted)))] == [first]


def test_filters_are_anded_and_unknown_ones_refused(local_aws: LocalAws) -> None:
    [first, second] = run(local_aws, 2)
    local_aws.advance(RUNNING_AFTER)
    local_aws.client("ec2").terminate_instances(InstanceIds=[second])
    assert list(states(local_aws, ("instance-state-name", "running"), ("instance-type", "m5.*"))) == [first]
    assert states(local_aws, ("instance-id", "i-0123456789abcdef0")) == {}
    code, _ = refused(local_aws.client("ec2").describe_instances, Filters=[{"Name": "nonsense", "Values": ["x"]}])
    assert code == "InvalidParameterValue"


def test_pages_show_every_machine_once(local_aws: LocalAws) -> None:
    made = fleet(local_aws, "instant", 23)["Instances"][0]["InstanceIds"]
    ec2 = local_aws.client("ec2")
    first = ec2.describe_instances(MaxResults=10)
    assert sum(len(held["Instances"]) for held in first["Reservations"]) == 10
    ec2.terminate_instances(InstanceIds=made[:5])
    assert [m["InstanceId"] for m in instances(local_aws, PaginationConfig={"PageSize": 10})] == made
    assert refused(ec2.describe_instances, NextToken="nonsense")[0] == "InvalidParameterValue"
    assert refused(ec2.describe_instances, InstanceIds=made, MaxResults=10)[0] == "InvalidParameterCombination"
    assert refused(ec2.describe_instances, MaxResults=4)[0] == "InvalidParameterValue"


def test_one_wrong_id_refuses_the_whole_call(local_aws: LocalAws) -> None:
    [machine_id] = run(local_aws)
    ec2 = local_aws.client("ec2")
    unknown = ["i-0123456789abcdef0", "i-0123456789abcdef1"]
    for call in (ec2.describe_instances, ec2.terminate_instances):
        assert refused(call, InstanceIds=[machine_id, *unknown]) == (
            "InvalidInstanceID.NotFound",
            "The instance IDs 'i-0123456789abcdef0, i-0123456789abcdef1' do not exist",
        )
    assert refused(ec2.terminate_instances, InstanceIds=[machine_id, "host-7"])[0] == "InvalidInstanceID.Malformed"
    assert states(local_aws) == {machine_id: "pending"}


def test_a_protected_machine_spares_its_zone(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    [protected, neighbour] = run(local_aws, 2)
    [elsewhere] = run(local_aws, SubnetId=SUBNET_B)
    ec2.modify_instance_attribute(InstanceId=protected, DisableApiTermination={"Value": True})
    shown = ec2.describe_instance_attribute(InstanceId=protected, Attribute="disableApiTermination")
    assert shown["DisableApiTermination"] == {"Value": True}
    code, message = refused(ec2.terminate_instances, InstanceIds=[protected, neighbour, elsewhere])
    assert code == "OperationNotPermitted"
    assert protected in message
    assert states(local_aws) == {protected: "pending", neighbour: "pending", elsewhere: "shutting-down"}


def test_stopping_and_starting(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    [machine_id] = run(local_aws)
    local_aws.advance(RUNNING_AFTER)
    ec2.stop_instances(InstanceIds=[machine_id])
    local_aws.advance(GONE_AFTER)
    assert states(local_aws) == {machine_id: "stopped"}
    ec2.start_instances(InstanceIds=[machine_id])
    local_aws.advance(RUNNING_AFTER)
    assert states(local_aws) == {machine_id: "running"}


def test_status_shows_running_machines(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    [machine_id] = run(local_aws)
    assert ec2.describe_instance_status(InstanceIds=[machine_id])["InstanceStatuses"] == []
    local_aws.advance(RUNNING_AFTER)
    [status] = ec2.describe_instance_status()["InstanceStatuses"]
    assert (status["InstanceId"], status["InstanceStatus"]["Status"]) == (machine_id, "ok")
    many = [f"i-{number:017x}" for number in range(101)]
    assert refused(ec2.describe_instance_status, InstanceIds=many)[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("request_data", "code"),
    [
        ({"ImageId": "ami-0bad0bad0bad0bad0"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "grid"}, "InvalidAMIID.Malformed"),
        ({"SubnetId": "subnet-0bad0bad0bad0bad0"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-0bad0bad0bad0bad0"]}, "InvalidGroup.NotFound"),
        ({"KeyName": "lost"}, "InvalidKeyPair.NotFound"),
        ({"IamInstanceProfile": {"Name": "nobody"}}, "InvalidParameterValue"),
        ({"Placement": {"GroupName": "nowhere"}}, "InvalidPlacementGroup.Unknown"),
        ({"ImageId": ARM_IMAGE}, "InvalidParameterValue"),
        ({"InstanceType": "huge"}, "InvalidParameterValue"),
        ({"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"Encrypted": True}}]}, "MissingParameter"),
        (
            {
                "SecurityGroupIds": [SECURITY_GROUP],
                "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": SUBNET_A}],
            },
            "InvalidParameterCombination",
        ),
    ],
)
def test_what_does_not_exist_is_not_launched(local_aws: LocalAws, request_data: dict[str, Any], code: str) -> None:
    local_aws.scenario(adopt=False)
    request = {"ImageId": IMAGE, "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1, **request_data}
    assert refused(local_aws.client("ec2").run_instances, **request)[0] == code
    assert states(local_aws) == {}


def test_well_formed_strangers_are_adopted_unless_refused(local_aws: LocalAws) -> None:
    stranger = "ami-0123456789abcdef0"
    local_aws.scenario(images={stranger: {"rootDeviceName": "/dev/sda1", "architecture": "arm64"}})
    ec2 = local_aws.client("ec2")
    [image] = ec2.describe_images(ImageIds=[stranger])["Images"]
    assert (image["RootDeviceName"], image["Architecture"]) == ("/dev/sda1", "arm64")
    run(local_aws, ImageId=stranger, InstanceType="m6g.large", SubnetId="subnet-00000000000000001", KeyName="any")
    [subnet] = ec2.describe_subnets(SubnetIds=["subnet-00000000000000001"])["Subnets"]
    [machine] = instances(local_aws)
    assert machine["Placement"]["AvailabilityZone"] == subnet["AvailabilityZone"]
    local_aws.scenario(refuse={"ids": {stranger: "No such image"}})
    assert refused(ec2.describe_images, ImageIds=[stranger]) == ("InvalidAMIID.NotFound", "No such image")


def test_an_image_may_be_named_by_parameter(local_aws: LocalAws) -> None:
    run(local_aws, ImageId="resolve:ssm:/ohf/images/grid")
    assert instances(local_aws)[0]["ImageId"] == IMAGE


def test_a_parameter_that_nobody_has_put_holds_an_image_unless_refused(local_aws: LocalAws) -> None:
    run(local_aws, ImageId="resolve:ssm:/golden/rhel9")
    image = instances(local_aws)[0]["ImageId"]
    assert local_aws.client("ec2").describe_images(ImageIds=[image])["Images"]
    client = local_aws.client("ec2")
    request = {"ImageId": "resolve:ssm:/golden/rhel9", "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1}
    for scenario in ({"adopt": False}, {"refuse": {"ids": {"/golden/rhel9": ""}}}):
        local_aws.scenario(**scenario)
        code, message = refused(client.run_instances, **request)
        assert (code, "/golden/rhel9" in message) == ("InvalidParameterValue", True)


def test_a_full_subnet_refuses(local_aws: LocalAws) -> None:
    local_aws.scenario(subnets={SUBNET_A: {"freeAddresses": 2}})
    ids = run(local_aws, 2)
    request = {"ImageId": IMAGE, "InstanceType": "m5.large", "SubnetId": SUBNET_A, "MinCount": 1, "MaxCount": 1}
    assert refused(local_aws.client("ec2").run_instances, **request)[0] == "InsufficientFreeAddressesInSubnet"
    local_aws.client("ec2").terminate_instances(InstanceIds=ids)
    local_aws.advance(GONE_AFTER)
    assert len(run(local_aws, 2)) == 2
