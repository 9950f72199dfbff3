"""The table behind test_template_fields: each field of hostfactory-contract.md §3.1, kind by kind.

A row says where a value comes out in the rendered body; `LT` stands for the launch template's data, `FLEET` for the
properties of the group or fleet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ohf_iac.template.kinds import (
    ASG,
    FLEET_MAINTAIN,
    FLEET_REQUEST,
    INSTANT,
    KINDS,
    SPOT_MAINTAIN,
    SPOT_REQUEST,
    Kind,
)

EC2_FLEETS: tuple[Kind, ...] = (INSTANT, FLEET_REQUEST, FLEET_MAINTAIN)
SPOT_FLEETS: tuple[Kind, ...] = (SPOT_REQUEST, SPOT_MAINTAIN)
API: dict[Kind, dict[str, str]] = {
    ASG: {"providerApi": "ASG"},
    INSTANT: {"providerApi": "EC2Fleet", "fleetType": "instant"},
    FLEET_REQUEST: {"providerApi": "EC2Fleet", "fleetType": "request"},
    FLEET_MAINTAIN: {"providerApi": "EC2Fleet", "fleetType": "maintain"},
    SPOT_REQUEST: {"providerApi": "SpotFleet", "fleetType": "request"},
    SPOT_MAINTAIN: {"providerApi": "SpotFleet", "fleetType": "maintain"},
}
BASE: dict[str, Any] = {
    "templateId": "t1",
    "maxNumber": 10,
    "priceType": "spot",
    "imageId": "ami-0a1b2c3d4e5f60001",
    "vmType": "m5.large",
    "subnetId": "subnet-0a1b2c3d4e5f60001",
    "rootDeviceName": "/dev/xvda",
    "fleetRole": "arn:aws:iam::123456789012:role/fleet",
}
OVERRIDES = "FLEET.LaunchTemplateConfigs.0.Overrides"
GROUP_TYPES = "FLEET.MixedInstancesPolicy.LaunchTemplate.Overrides"
DISTRIBUTION = "FLEET.MixedInstancesPolicy.InstancesDistribution"
FLEET_FILE = {
    "fleet.json": json.dumps(
        {
            "Type": "request",
            "LaunchTemplateConfigs": [{"Overrides": [{"InstanceType": "c5.large", "WeightedCapacity": 3}]}],
            "SpotOptions": {"AllocationStrategy": "diversified"},
            "TargetCapacitySpecification": {"TotalTargetCapacity": "$LSF_TOTAL_TARGET_CAPACITY"},
        }
    ).encode()
}


@dataclass(frozen=True)
class Refused:
    """What the refusal's message must contain."""

    text: str


@dataclass(frozen=True)
class Known:
    """No property: a value of the host template itself."""

    attribute: str
    value: Any


class Echoed:
    """Nothing that AWS is told: Host Factory reads it, or another cloud would."""


@dataclass(frozen=True)
class Row:
    """A value of a field, and what becomes of it; the first of `at` that lists a kind holds for it."""

    name: str
    value: Any
    at: dict[tuple[Kind, ...], Any]
    also: dict[str, Any] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)


def everywhere(name: str, value: Any, path: str, expected: Any, **more: Any) -> Row:
    return Row(name, value, {KINDS: (path, expected)}, **more)


def per_kind(name: str, value: Any, asg: Any, ec2: Any, spot: Any, **more: Any) -> Row:
    return Row(name, value, {(ASG,): asg, EC2_FLEETS: ec2, SPOT_FLEETS: spot}, **more)


ROOT = "LT.BlockDeviceMappings.0"
FOREIGN = {"launchTemplateVersion": "3"}

ROWS = [
    everywhere("templateId", "t2", "Description", "t2"),
    Row("templateID", "t2", {KINDS: ("Description", "t2")}, drop=("templateId",)),
    Row("maxNumber", "7", {KINDS: Known("max_number", 7)}),
    Row("maxPerRequest", 50, {KINDS: ("Parameters.TargetCapacity.MaxValue", 50)}),
    Row(
        "attributes",
        {"ncpus": 2, "ncores": 2, "nram": 2, "type": 2},
        {KINDS: Known("attributes", dict.fromkeys(("ncpus", "ncores", "nram", "type"), ("Numeric", "2")))},
    ),
    *[
        Row(name, 3, {KINDS: Echoed})
        for name in ("availableNumber", "priority", "computeUnit", "ttl", "machineCount")
    ],
    *[Row(name, "x", {KINDS: Echoed}) for name in ("requestedMachines", "gpuextend")],
    Row("customScriptUri", "https://x", {KINDS: Known("fleet_role", BASE["fleetRole"])}),
    Row("marketSpotPrice", 0.1, {KINDS: Echoed}),
    per_kind(
        "priceType",
        "ondemand",
        asg=("FLEET.LaunchTemplate.LaunchTemplateId", {"Ref": "LaunchTemplate"}),
        ec2=("FLEET.TargetCapacitySpecification.DefaultTargetCapacityType", "on-demand"),
        spot=("FLEET.OnDemandTargetCapacity", {"Ref": "TargetCapacity"}),
    ),
    Row(
        "priceType",
        "heterogeneous",
        {
            (ASG, INSTANT): Refused("waits for spot capacity"),
            KINDS: (
                "Resources.OnDemandRest.Properties.TargetCapacitySpecification.TotalTargetCapacity",
                {"Ref": "RestCapacity"},
            ),
        },
    ),
    Row("providerApi", "RunInstances", {KINDS: Refused("RunInstances makes no stack")}),
    Row("fleetType", "maintain", {(ASG,): Refused("no fleet type"), KINDS: ("FLEET.Type", "maintain")}),
    Row(
        "fleetType",
        "instant",
        {
            (ASG,): Refused("no fleet type"),
            SPOT_FLEETS: Refused("request or maintain"),
            KINDS: ("FLEET.Type", "instant"),
        },
    ),
    everywhere("imageId", "ami-0a1b2c3d4e5f60002", "LT.ImageId", "ami-0a1b2c3d4e5f60002"),
    everywhere("imageId", "/ohf/images/grid", "LT.ImageId", "{{resolve:ssm:/ohf/images/grid}}"),
    everywhere("vmType", "c5.large", "LT.InstanceType", "c5.large"),
    per_kind(
        "vmType",
        "c5.large, m5.large",
        asg=(f"{GROUP_TYPES}.1.InstanceType", "m5.large"),
        ec2=(f"{OVERRIDES}.1.InstanceType", "m5.large"),
        spot=(f"{OVERRIDES}.1.InstanceType", "m5.large"),
    ),
    per_kind(
        "vmTypes",
        {"c5.large": "2", "c5.xlarge": 4.0},
        asg=(f"{GROUP_TYPES}.1", {"InstanceType": "c5.xlarge", "WeightedCapacity": "4"}),
        ec2=(f"{OVERRIDES}.1.WeightedCapacity", 4),
        spot=(f"{OVERRIDES}.1.WeightedCapacity", 4),
    ),
    Row(
        "vmTypesOnDemand",
        {"c5.large": 2},
        {
            (ASG, INSTANT): Refused("waits for spot"),
            KINDS: ("Resources.OnDemandRest.Properties.LaunchTemplateConfigs.0.Overrides.0.WeightedCapacity", 2),
        },
        also={"priceType": "heterogeneous"},
    ),
    Row("vmTypesOnDemand", {"c5.large": 2}, {KINDS: Refused("one list of types")}),
    per_kind(
        "vmTypesPriority",
        {"m5.large": 1, "c5.large": 0},
        asg=(f"{GROUP_TYPES}.0.InstanceType", "c5.large"),
        ec2=(f"{OVERRIDES}.0.Priority", 0),
        spot=(f"{OVERRIDES}.1.Priority", 1),
        also={"vmType": "m5.large,c5.large"},
    ),
    per_kind(
        "abisInstanceRequirements",
        {"vCpuCount": {"min": 2}, "MemoryMiB": {"Min": 1024}},
        asg=(f"{GROUP_TYPES}.0.InstanceRequirements.VCpuCount", {"Min": 2}),
        ec2=(f"{OVERRIDES}.0.InstanceRequirements.VCpuCount", {"Min": 2}),
        spot=(f"{OVERRIDES}.0.InstanceRequirements.VCpuCount", {"Min": 2}),
        drop=("vmType",),
    ),
    *[
        per_kind(
            name,
            value,
            asg=("FLEET.VPCZoneIdentifier", ["subnet-a", "subnet-b"]),
            ec2=(f"{OVERRIDES}.1.SubnetId", "subnet-b"),
            spot=(f"{OVERRIDES}.1.SubnetId", "subnet-b"),
            drop=() if name == "subnetId" else ("subnetId",),
        )
        for name, value in (("subnetId", "subnet-a,subnet-b"), ("subnetIds", ["subnet-a", "subnet-b"]))
    ],
    everywhere("securityGroupIds", ["sg-1", "", "sg-2"], "LT.NetworkInterfaces.0.Groups", ["sg-1", "sg-2"]),
    everywhere("keyName", "grid-key", "LT.KeyName", "grid-key"),
    everywhere("instanceProfile", "grid", "LT.IamInstanceProfile", {"Name": "grid"}),
    everywhere(
        "instanceProfile",
        "arn:aws:iam::1:instance-profile/x",
        "LT.IamInstanceProfile.Arn",
        "arn:aws:iam::1:instance-profile/x",
    ),
    everywhere("instanceTags", "Name=x;b=c", "LT.TagSpecifications.0.Tags.0", {"Key": "Name", "Value": "x"}),
    everywhere("instanceTags", {"A": 1}, "LT.TagSpecifications.1.Tags.0", {"Key": "A", "Value": "1"}),
    everywhere("userDataScript", "s.sh", "LT.UserData", "ZWNobw==", files={"s.sh": b"echo"}),
    everywhere(
        "userData",
        "a=b c",
        "LT.UserData.Fn::Base64.Fn::Sub",
        "export a='b c';export rc_account=${RcAccount};export template_id=${TemplateId};"
        "export providerName=${Owner};"
        "export HF_PROVIDER_NAME=${Owner};export HF_TEMPLATE_ID=${TemplateId};export HF_REQUEST_ID=${RequestId};",
        files={"scripts/user_data.sh": b"%EXPORT_USER_DATA%"},
    ),
    everywhere("rootDeviceName", "/dev/sda1", f"{ROOT}.DeviceName", "/dev/sda1"),
    everywhere("rootDeviceVolumeSize", "50", f"{ROOT}.Ebs.VolumeSize", 50),
    everywhere("volumeType", "gp2", f"{ROOT}.Ebs.VolumeType", "gp2"),
    everywhere("iops", 4000, f"{ROOT}.Ebs.Iops", 4000, also={"volumeType": "io2"}),
    everywhere("encryptVolumes", False, f"{ROOT}.Ebs.Encrypted", False),
    everywhere("kmsKeyId", "alias/grid", f"{ROOT}.Ebs.KmsKeyId", "alias/grid"),
    everywhere("deleteOnTermination", "false", f"{ROOT}.Ebs.DeleteOnTermination", False),
    everywhere("ebsOptimized", "true", "LT.EbsOptimized", True),
    *[everywhere(name, "pg", "LT.Placement.GroupName", "pg") for name in ("placementGroupName", "pgrpName")],
    everywhere("tenancy", "dedicated", "LT.Placement.Tenancy", "dedicated"),
    Row("tenancy", "host", {KINDS: Refused("dedicated hosts")}),
    everywhere("interfaceType", "efa", "LT.NetworkInterfaces.0.InterfaceType", "efa"),
    everywhere("efaCount", 2, "LT.NetworkInterfaces.1.NetworkCardIndex", 1),
    everywhere("httpTokens", "optional", "LT.MetadataOptions.HttpTokens", "optional"),
    everywhere("httpPutResponseHopLimit", 2, "LT.MetadataOptions.HttpPutResponseHopLimit", 2),
    everywhere("instanceMetadataTags", True, "LT.MetadataOptions.InstanceMetadataTags", "enabled"),
    everywhere("associatePublicIpAddress", True, "LT.NetworkInterfaces.0.AssociatePublicIpAddress", True),
    everywhere("detailedMonitoring", True, "LT.Monitoring.Enabled", True),
    Row(
        "launchTemplateId",
        "lt-1",
        {
            (ASG,): (
                "FLEET.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification",
                {"LaunchTemplateId": "lt-1", "Version": "3"},
            ),
            (INSTANT,): (
                "FLEET.LaunchTemplateConfigs.0.LaunchTemplateSpecification",
                {"LaunchTemplateId": "lt-1", "Version": "3"},
            ),
            KINDS: Refused("could not be tagged"),
        },
        also=FOREIGN,
        drop=("imageId", "rootDeviceName"),
    ),
    Row(
        "launchTemplateVersion",
        "$Default",
        {(ASG, INSTANT): Refused("version must be a number"), KINDS: Refused("could not be tagged")},
        also={"launchTemplateId": "lt-1"},
        drop=("imageId", "rootDeviceName"),
    ),
    Row(
        "fleetRole",
        "arn:aws:iam::1:role/r",
        {
            SPOT_FLEETS: ("FLEET.IamFleetRole", "arn:aws:iam::1:role/r"),
            KINDS: Known("fleet_role", "arn:aws:iam::1:role/r"),
        },
    ),
    *[
        per_kind(
            name,
            0.05,
            asg=(f"{DISTRIBUTION}.SpotMaxPrice", "0.05"),
            ec2=(f"{OVERRIDES}.0.MaxPrice", "0.05"),
            spot=("FLEET.SpotPrice", "0.05"),
        )
        for name in ("spotPrice", "maxSpotPrice")
    ],
    Row(
        "spotFleetRequestExpiry",
        20,
        {(ASG, INSTANT): Known("validity", 1200), KINDS: ("FLEET.ValidUntil", {"Ref": "ValidUntil"})},
    ),
    Row("requestValidity", "00:20", {KINDS: Known("validity", 1200)}),
    Row("durationInHours", 2, {KINDS: Refused("spot blocks")}),
    *[
        per_kind(
            "allocationStrategy",
            written,
            asg=(f"{DISTRIBUTION}.SpotAllocationStrategy", kebab),
            ec2=("FLEET.SpotOptions.AllocationStrategy", kebab),
            spot=("FLEET.AllocationStrategy", camel),
        )
        for written, kebab, camel in (
            ("lowestPrice", "lowest-price", "lowestPrice"),
            ("price-capacity-optimized", "price-capacity-optimized", "priceCapacityOptimized"),
        )
    ],
    per_kind(
        "allocationStrategy",
        "Diversified",
        asg=(f"{DISTRIBUTION}.SpotInstancePools", 1),
        ec2=("FLEET.SpotOptions.AllocationStrategy", "diversified"),
        spot=("FLEET.AllocationStrategy", "diversified"),
    ),
    per_kind(
        "allocationStrategyOnDemand",
        "lowestPrice",
        asg=(f"{DISTRIBUTION}.OnDemandAllocationStrategy", "lowest-price"),
        ec2=("FLEET.OnDemandOptions.AllocationStrategy", "lowest-price"),
        spot=("FLEET.OnDemandAllocationStrategy", "lowestPrice"),
    ),
    per_kind(
        "percentOnDemand",
        "30",
        asg=(f"{DISTRIBUTION}.OnDemandPercentageAboveBaseCapacity", 30),
        ec2=("FLEET.TargetCapacitySpecification.OnDemandTargetCapacity", {"Ref": "OnDemandCapacity"}),
        spot=("FLEET.OnDemandTargetCapacity", {"Ref": "OnDemandCapacity"}),
    ),
    per_kind(
        "onDemandTargetCapacityRatio",
        0.125,
        asg=(f"{DISTRIBUTION}.OnDemandBaseCapacity", {"Ref": "OnDemandCapacity"}),
        ec2=("FLEET.TargetCapacitySpecification.OnDemandTargetCapacity", {"Ref": "OnDemandCapacity"}),
        spot=("FLEET.OnDemandTargetCapacity", {"Ref": "OnDemandCapacity"}),
    ),
    per_kind(
        "poolsCount",
        2,
        asg=(f"{DISTRIBUTION}.SpotInstancePools", 2),
        ec2=("FLEET.SpotOptions.InstancePoolsToUseCount", 2),
        spot=("FLEET.InstancePoolsToUseCount", 2),
    ),
    Row(
        "ec2FleetConfig",
        "fleet.json",
        {
            (FLEET_REQUEST,): (f"{OVERRIDES}.0", {"InstanceType": "c5.large", "WeightedCapacity": 3}),
            EC2_FLEETS: Refused("where ec2FleetConfig says request"),
            KINDS: Refused("describes an EC2 Fleet"),
        },
        files=FLEET_FILE,
    ),
    everywhere("context", "reserved", "FLEET.Context", "reserved"),
    Row("partialStatus", "complete_with_error", {KINDS: Known("partial_status", "complete_with_error")}),
]
