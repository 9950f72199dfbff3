"""Machines as DescribeInstances shows them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ohf_iac.local.answers import Written, written
from ohf_iac.local.machines import STATE_CODES, Machine, Recipe
from ohf_iac.local.offers import offer
from ohf_iac.local.templates import truth

if TYPE_CHECKING:
    from ohf_iac.local.world import Region


def reservations(region: Region, machines: Iterable[Machine]) -> list[dict[str, Any]]:
    """Reservations in the machines' order; the XML of a machine is made once per change of the machine."""
    return [
        {
            "ReservationId": reservation_id,
            "OwnerId": region.account,
            "Groups": [],
            "Instances": [instance_xml(region, machine) for machine in members],
        }
        for reservation_id, members in groupby(machines, key=lambda machine: machine.reservation_id)
    ]


def instance_xml(region: Region, machine: Machine) -> Written:
    """The content of the machine's `item` element."""
    if machine.written is None:
        machine.written = written("ec2", "Instance", instance(region, machine))
    return Written(machine.written)


def instance(region: Region, machine: Machine) -> dict[str, Any]:
    """The Instance structure; a terminated one has no address, name or subnet any more."""
    recipe = machine.recipe
    data = recipe.data
    return {
        "InstanceId": machine.id,
        "ImageId": recipe.image.id,
        "State": state(machine),
        "PrivateDnsName": "",
        "PublicDnsName": "",
        "StateTransitionReason": machine.transition,
        "StateReason": {"Code": machine.reason[0], "Message": machine.reason[1]} if machine.reason else None,
        "KeyName": data.get("KeyName"),
        "AmiLaunchIndex": 0,
        "ProductCodes": [],
        "InstanceType": recipe.instance_type,
        "LaunchTime": int(machine.launched),  # AWS shows whole seconds
        "Placement": _placement(recipe),
        "Monitoring": {"State": "enabled" if truth((data.get("Monitoring") or {}).get("Enabled")) else "disabled"},
        "Architecture": recipe.image.architecture or "x86_64",
        "RootDeviceType": "ebs",
        "RootDeviceName": recipe.image.root_device,
        "BlockDeviceMappings": [],
        "VirtualizationType": "hvm",
        "ClientToken": "",
        "InstanceLifecycle": "spot" if recipe.spot else None,
        "SpotInstanceRequestId": machine.spot_request_id or None,
        "Tags": [{"Key": key, "Value": value} for key, value in machine.tags.items()],
        "SecurityGroups": [],
        "NetworkInterfaces": [],
        "EbsOptimized": truth(data.get("EbsOptimized")),
        "EnaSupport": True,
        "Hypervisor": "xen",
        "IamInstanceProfile": {"Arn": recipe.profile_arn, "Id": "AIPAOHFLOCALAWS00000"}
        if recipe.profile_arn
        else None,
        "CpuOptions": _cpu(recipe),
        "MetadataOptions": _metadata(recipe),
        **({} if machine.state == "terminated" else _attached(region, machine)),
    }


def state(machine: Machine) -> dict[str, Any]:
    """The InstanceState structure."""
    return {"Code": STATE_CODES[machine.state], "Name": machine.state}


def groups(region: Region, recipe: Recipe) -> list[dict[str, str]]:
    """The security groups of the recipe, wherever it names them; the VPC's default group if nowhere."""
    interfaces = recipe.data.get("NetworkInterfaces") or ()
    ids = [group for interface in interfaces for group in interface.get("Groups") or ()]
    ids = list(dict.fromkeys(ids or recipe.data.get("SecurityGroupIds") or ()))
    found = [(group_id, region.ec2.get_security_group_from_id(group_id)) for group_id in ids]
    return [{"GroupId": group_id, "GroupName": group.name if group else group_id} for group_id, group in found]


def interface(region: Region, machine: Machine) -> dict[str, Any]:
    """The machine's primary network interface, with the members DescribeInstances and its own describe share."""
    subnet = machine.recipe.subnet
    return {
        "NetworkInterfaceId": machine.interface_id,
        "SubnetId": subnet.id,
        "VpcId": subnet.vpc_id,
        "OwnerId": region.account,
        "Status": "in-use",
        "PrivateIpAddress": machine.private_ip,
        "PrivateDnsName": machine.dns_name,
        "Groups": groups(region, machine.recipe),
        "SourceDestCheck": True,
        "InterfaceType": _first_interface(machine.recipe).get("InterfaceType") or "interface",
        "PrivateIpAddresses": [
            {"PrivateIpAddress": machine.private_ip, "PrivateDnsName": machine.dns_name, "Primary": True}
        ],
    }


def _attached(region: Region, machine: Machine) -> dict[str, Any]:
    """What a machine has only until it is terminated."""
    shown = interface(region, machine)
    public = _public_address(machine)
    name = f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com" if public else ""
    return {
        "PrivateDnsName": machine.dns_name,
        "PrivateIpAddress": machine.private_ip,
        "PublicDnsName": name,
        "PublicIpAddress": public or None,
        "SubnetId": machine.recipe.subnet.id,
        "VpcId": machine.recipe.subnet.vpc_id,
        "SourceDestCheck": True,
        "SecurityGroups": shown["Groups"],
        "NetworkInterfaces": [
            {**shown, "Association": {"PublicIp": public, "PublicDnsName": name}} if public else shown
        ],
        "BlockDeviceMappings": [
            {
                "DeviceName": volume.device,
                "Ebs": {
                    "VolumeId": volume.id,
                    "Status": "attached",
                    "AttachTime": machine.launched,
                    "DeleteOnTermination": truth(volume.ebs.get("DeleteOnTermination", True)),
                },
            }
            for volume in machine.volumes
        ],
    }


def _first_interface(recipe: Recipe) -> dict[str, Any]:
    interfaces = recipe.data.get("NetworkInterfaces") or ()
    return dict(interfaces[0]) if interfaces else {}


def _public_address(machine: Machine) -> str:
    if not truth(_first_interface(machine.recipe).get("AssociatePublicIpAddress")):
        return ""
    return f"54.{machine.private_ip.partition('.')[2]}"


def _placement(recipe: Recipe) -> dict[str, Any]:
    given = recipe.data.get("Placement") or {}
    return {
        "AvailabilityZone": recipe.subnet.zone,
        "AvailabilityZoneId": recipe.subnet.zone_id,
        "GroupName": given.get("GroupName") or "",
        "Tenancy": given.get("Tenancy") or "default",
    }


def _cpu(recipe: Recipe) -> dict[str, int]:
    """Cores and threads of one: two where the processor has them, one on arm64."""
    given = recipe.data.get("CpuOptions") or {}
    known = offer(recipe.instance_type)
    vcpus = known.vcpus if known else 1
    threads = 1 if known and known.architecture == "arm64" else min(2, vcpus)
    return {
        "CoreCount": int(given.get("CoreCount") or vcpus // threads),
        "ThreadsPerCore": int(given.get("ThreadsPerCore") or threads),
    }


def _metadata(recipe: Recipe) -> dict[str, Any]:
    given = recipe.data.get("MetadataOptions") or {}
    return {
        "State": "applied",
        "HttpTokens": given.get("HttpTokens") or "optional",
        "HttpPutResponseHopLimit": int(given.get("HttpPutResponseHopLimit") or 1),
        "HttpEndpoint": given.get("HttpEndpoint") or "enabled",
        "HttpProtocolIpv6": given.get("HttpProtocolIpv6") or "disabled",
        "InstanceMetadataTags": given.get("InstanceMetadataTags") or "disabled",
    }
