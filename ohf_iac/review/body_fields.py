"""From a place in a rendered body back to the catalogue: which field put it there. Pure.

The renderer's knowledge turned round. The innermost property that a field stands behind decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TYPES: Final = ("vmType", "vmTypes", "vmTypesOnDemand", "vmTypesPriority")
_SHARE: Final = ("percentOnDemand", "onDemandTargetCapacityRatio")
_PRICE: Final = ("maxSpotPrice", "spotPrice")
_SCRIPT: Final = ("userDataScript", "userData")

#: property, or the last two of a path -> the fields that may stand behind it, the likeliest first
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    # the launch template
    "ImageId": ("imageId",),
    "KeyName": ("keyName",),
    "IamInstanceProfile": ("instanceProfile",),
    "UserData": _SCRIPT,
    "BlockDeviceMappings": ("rootDeviceName",),
    "VolumeSize": ("rootDeviceVolumeSize",),
    "VolumeType": ("volumeType",),
    "Iops": ("iops",),
    "Encrypted": ("encryptVolumes",),
    "KmsKeyId": ("kmsKeyId",),
    "DeleteOnTermination": ("deleteOnTermination",),
    "EbsOptimized": ("ebsOptimized",),
    "Placement": ("placementGroupName", "tenancy"),
    "GroupName": ("placementGroupName",),
    "PlacementGroup": ("placementGroupName",),
    "Tenancy": ("tenancy",),
    "Groups": ("securityGroupIds",),
    "AssociatePublicIpAddress": ("associatePublicIpAddress",),
    "InterfaceType": ("interfaceType", "efaCount"),
    "NetworkCardIndex": ("efaCount",),
    "NetworkInterfaces": ("efaCount", "securityGroupIds"),
    "NetworkInterfaces.DeleteOnTermination": (),
    "HttpTokens": ("httpTokens",),
    "HttpPutResponseHopLimit": ("httpPutResponseHopLimit",),
    "InstanceMetadataTags": ("instanceMetadataTags",),
    "Monitoring": ("detailedMonitoring",),
    "TagSpecifications": ("instanceTags",),
    "Tags": ("instanceTags",),
    # the capacity
    "InstanceType": _TYPES,
    "Overrides": (*_TYPES, "subnetId"),
    "WeightedCapacity": ("vmTypes", "vmTypesOnDemand"),
    "Priority": ("vmTypesPriority",),
    "InstanceRequirements": ("abisInstanceRequirements",),
    "SubnetId": ("subnetId",),
    "VPCZoneIdentifier": ("subnetId",),
    "MaxPrice": _PRICE,
    "SpotMaxPrice": _PRICE,
    "SpotPrice": _PRICE,
    "AllocationStrategy": ("allocationStrategy",),
    "SpotAllocationStrategy": ("allocationStrategy",),
    "SpotOptions": ("allocationStrategy",),
    "OnDemandOptions": ("allocationStrategyOnDemand",),
    "OnDemandOptions.AllocationStrategy": ("allocationStrategyOnDemand",),
    "OnDemandAllocationStrategy": ("allocationStrategyOnDemand",),
    "SpotInstancePools": ("poolsCount", "allocationStrategy"),
    "InstancePoolsToUseCount": ("poolsCount",),
    "OnDemandPercentageAboveBaseCapacity": _SHARE,
    "OnDemandBaseCapacity": _SHARE,
    "OnDemandTargetCapacity": (*_SHARE, "priceType"),
    "DefaultTargetCapacityType": ("priceType",),
    "IamFleetRole": ("fleetRole",),
    "ValidUntil": ("spotFleetRequestExpiry", "requestValidity"),
    "Context": ("context",),
    "Type": ("fleetType", "providerApi"),
    "LaunchTemplateSpecification": ("launchTemplateId", "launchTemplateVersion"),
    "LaunchTemplateId": ("launchTemplateId",),
    "Version": ("launchTemplateVersion",),
    # the envelope
    "MaxValue": ("maxPerRequest",),
}
#: fields that stand there only when they are written: else the launch template is the stack's own
_FOREIGN: Final = frozenset({"launchTemplateId", "launchTemplateVersion"})
#: what may stand behind anything of the capacity
_FLEET_FILE: Final = "ec2FleetConfig"


def field_behind(path: Sequence[str | int], written: Mapping[str, object]) -> str:
    """The field of an entry that put a place there, "" when none did.

    Of several that may have, the one that the entry writes; of none that it writes, the likeliest.
    """
    names = [step for step in path if isinstance(step, str)]
    for end in range(len(names), 2, -1):
        fields = _FIELDS.get(".".join(names[end - 2 : end]), _FIELDS.get(names[end - 1]))
        if fields is not None:
            return _written(fields, names, written)
    return ""


def _written(fields: tuple[str, ...], names: Sequence[str], written: Mapping[str, object]) -> str:
    found = next((one for one in fields if written.get(one) is not None), None)
    if found is None and names[1] != "LaunchTemplate" and written.get(_FLEET_FILE):
        return _FLEET_FILE
    return found or next((one for one in fields if one not in _FOREIGN), "")
