"""A launch template of EC2 -> an entry of the catalogue in IBM's fields, and what no field can say.

Every leaf of the launch template's data becomes a field, or is EC2's default and says nothing, or is named as left
out; nothing gets lost in silence. Members are those of EC2's ResponseLaunchTemplateData.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ohf_iac.template.fields import READERS
from ohf_iac.template.requirements import REQUIREMENTS
from ohf_iac.template.tags import sets_itself
from ohf_iac.template.user_data import is_dynamic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Leaves = dict[str, Any]

#: Leaf -> field, where the value is the same.
_FIELDS: Final[Mapping[str, str]] = {
    "ImageId": "imageId",
    "InstanceType": "vmType",
    "KeyName": "keyName",
    "IamInstanceProfile.Arn": "instanceProfile",
    "IamInstanceProfile.Name": "instanceProfile",
    "SecurityGroupIds": "securityGroupIds",
    "NetworkInterfaces[0].Groups": "securityGroupIds",
    "NetworkInterfaces[0].SubnetId": "subnetId",
    "NetworkInterfaces[0].AssociatePublicIpAddress": "associatePublicIpAddress",
    "NetworkInterfaces[0].InterfaceType": "interfaceType",
    "Monitoring.Enabled": "detailedMonitoring",
    "EbsOptimized": "ebsOptimized",
    "Placement.GroupName": "placementGroupName",
    "Placement.Tenancy": "tenancy",
    "MetadataOptions.HttpTokens": "httpTokens",
    "MetadataOptions.HttpPutResponseHopLimit": "httpPutResponseHopLimit",
    "MetadataOptions.InstanceMetadataTags": "instanceMetadataTags",
    "InstanceMarketOptions.MarketType": "priceType",
    "InstanceMarketOptions.SpotOptions.MaxPrice": "maxSpotPrice",
}
#: The same for the root volume, below its block device.
_VOLUME: Final[Mapping[str, str]] = {
    "VolumeSize": "rootDeviceVolumeSize",
    "VolumeType": "volumeType",
    "Iops": "iops",
    "Encrypted": "encryptVolumes",
    "KmsKeyId": "kmsKeyId",
    "DeleteOnTermination": "deleteOnTermination",
}
#: Values that a field takes of those that EC2 has.
_TAKEN: Final[Mapping[str, tuple[str, ...]]] = {
    "interfaceType": ("interface", "efa"),
    "tenancy": ("default", "dedicated"),
    "priceType": ("spot",),
    "volumeType": ("gp2", "gp3", "io1", "io2", "standard"),
    "instanceMetadataTags": ("enabled", "disabled"),
}
#: What EC2 does when nothing is said (EC2 API reference), and our stacks leave unsaid or say.
_IDLE: Final[Mapping[str, object]] = {
    "DisableApiTermination": False,
    "DisableApiStop": False,
    "InstanceInitiatedShutdownBehavior": "stop",
    "InstanceMarketOptions.SpotOptions.SpotInstanceType": "one-time",
    "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior": "terminate",
    "CapacityReservationSpecification.CapacityReservationPreference": "open",
    "HibernationOptions.Configured": False,
    "EnclaveOptions.Enabled": False,
    "MetadataOptions.State": "applied",
    "MetadataOptions.HttpEndpoint": "enabled",
    "MetadataOptions.HttpProtocolIpv6": "disabled",
    "MaintenanceOptions.AutoRecovery": "default",
    "NetworkPerformanceOptions.BandwidthWeighting": "default",
    "Operator.Managed": False,
    "NetworkInterfaces[0].DeviceIndex": 0,
    "NetworkInterfaces[0].NetworkCardIndex": 0,
    "NetworkInterfaces[0].DeleteOnTermination": True,
}
#: Lists of structures whose members bear names.
_NAMED: Final[Mapping[str, str]] = {"BlockDeviceMappings": "DeviceName", "TagSpecifications": "ResourceType"}
#: Devices that EC2 reserves for root volumes (EC2 user guide, device names on Linux and Windows instances).
_ROOT_DEVICES: Final = ("/dev/xvda", "/dev/sda1")


class Imported(NamedTuple):
    """An entry without attributes, its script, and what had to be left out, each by its place."""

    entry: dict[str, Any]
    script: bytes | None
    left: tuple[str, ...]


def imported(data: Mapping[str, Any], template_id: str, max_number: int, script: str, root_device: str) -> Imported:
    """The entry for a launch template's data; `script` is the name under which its user data will lie.

    `root_device` is the images' root device where the settings name it: the volume there is the root volume, else
    that of a device which EC2 reserves for it.
    """
    leaves = dict(_leaves("", data))
    entry: Leaves = {"templateId": template_id, "maxNumber": max_number}
    content = _user_data(leaves)
    if content is not None:
        entry["userDataScript"] = script
    entry |= _tags(leaves)
    entry |= _requirements(leaves)
    entry |= _interfaces(leaves)
    entry |= _root_volume(leaves, root_device)
    entry |= _taken(leaves, _FIELDS)
    left = tuple(place for place, value in leaves.items() if place not in _IDLE or _IDLE[place] != value)
    return Imported({name: entry[name] for name in READERS if name in entry}, content, left)


def _leaves(place: str, value: object) -> Iterator[tuple[str, Any]]:
    """Every value by its place: `Placement.Tenancy`, `NetworkInterfaces[0].SubnetId`."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(f"{place}.{name}" if place else name, member)
    elif isinstance(value, list) and any(isinstance(member, dict) for member in value):
        for number, member in enumerate(value):
            if place in _NAMED and isinstance(member, dict) and _NAMED[place] in member:
                rest = {name: one for name, one in member.items() if name != _NAMED[place]}
                yield from _leaves(f"{place}[{member[_NAMED[place]]}]", rest)
            elif place.startswith("TagSpecifications[") and isinstance(member, dict):
                yield f"{place.removesuffix('.Tags')}.{member['Key']}", member.get("Value", "")
            else:
                yield from _leaves(f"{place}[{number}]", member)
    elif value not in ("", [], None):
        yield place, value


def _taken(leaves: Leaves, table: Mapping[str, str], prefix: str = "") -> Leaves:
    """The fields of a table, taken out of the leaves where their values fit."""
    found: Leaves = {}
    for place, field in table.items():
        value = leaves.get(prefix + place)
        if value is None or (field in _TAKEN and value not in _TAKEN[field]) or field in found:
            continue
        del leaves[prefix + place]
        found[field] = value == "enabled" if field == "instanceMetadataTags" else value
    return found


def _user_data(leaves: Leaves) -> bytes | None:
    """The script; one that this provider would fill in could not stay as it is, and is left."""
    if "UserData" not in leaves:
        return None
    content = base64.b64decode(leaves["UserData"])
    if is_dynamic("", content):
        return None
    del leaves["UserData"]
    return content


def _tags(leaves: Leaves) -> Leaves:
    """`instanceTags`, and with them equal tags of what comes with an instance: ours are on all of it."""
    of_instance = "TagSpecifications[instance]."
    tags = {
        place.removeprefix(of_instance): leaves[place]
        for place in tuple(leaves)
        if place.startswith(of_instance) and not sets_itself(place.removeprefix(of_instance))
    }
    for resource in ("instance", "volume", "network-interface", "spot-instances-request"):
        for key, value in tags.items():
            if leaves.get(f"TagSpecifications[{resource}].{key}") == value:
                del leaves[f"TagSpecifications[{resource}].{key}"]
    return {"instanceTags": tags} if tags else {}


def _requirements(leaves: Leaves) -> Leaves:
    """`abisInstanceRequirements`, as far as a stack can say them."""
    found: dict[str, Any] = {}
    for place in tuple(leaves):
        head, *names = place.split(".")
        if head != "InstanceRequirements" or names[0] not in REQUIREMENTS:
            continue
        value = leaves.pop(place)
        if len(names) == 1:
            found[names[0]] = value
        else:
            found.setdefault(names[0], {})[names[1]] = value
    return {"abisInstanceRequirements": found} if found else {}


def _interfaces(leaves: Leaves) -> Leaves:
    """`efaCount` of several interfaces; what is not as this provider would make them stays."""
    count = len({place.partition("]")[0] for place in leaves if place.startswith("NetworkInterfaces[")})
    if count < 2:
        return {}
    for number in range(1, count):
        ours: Leaves = {"DeviceIndex": 1, "NetworkCardIndex": number, "DeleteOnTermination": True}
        for name in ("Groups", "SubnetId", "InterfaceType"):
            ours[name] = leaves.get(f"NetworkInterfaces[0].{name}")
        for name, value in ours.items():
            if leaves.get(f"NetworkInterfaces[{number}].{name}") == value:
                leaves.pop(f"NetworkInterfaces[{number}].{name}", None)
    return {"efaCount": count, "interfaceType": "interface"}


def _root_volume(leaves: Leaves, root_device: str) -> Leaves:
    """The root volume's fields, where the launch template maps a device that must be the root."""
    for device in (root_device, *_ROOT_DEVICES):
        place = f"BlockDeviceMappings[{device}].Ebs."
        if device and any(one.startswith(place) for one in leaves):
            return {"rootDeviceName": device, **_taken(leaves, _VOLUME, place)}
    return {}
