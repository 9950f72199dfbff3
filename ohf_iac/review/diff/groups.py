"""What a property is about: security, cost, capacity, identity, or something else that a reviewer has to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Group = Literal["security", "cost", "capacity", "identity", "other"]

#: in the order in which they are told
GROUPS: Final[tuple[Group, ...]] = ("security", "cost", "capacity", "identity", "other")
#: parameters that count machines
COUNTS: Final = frozenset({"TargetCapacity", "OnDemandCapacity", "RestCapacity"})

_OF_PROPERTY: Final[Mapping[Group, str]] = {
    "security": """
        IamInstanceProfile IamFleetRole Role RoleARN ServiceLinkedRoleARN Groups SecurityGroupIds
        SecurityGroups NetworkInterfaces AssociatePublicIpAddress AssociateCarrierIpAddress Ipv6AddressCount
        Ipv6Addresses NetworkInterfaceId MetadataOptions KeyName UserData Encrypted KmsKeyId SnapshotId
        EnclaveOptions DisableApiTermination DisableApiStop PrivateDnsNameOptions
    """,
    "cost": """
        InstanceType BlockDeviceMappings Ebs VolumeSize VolumeType Iops Throughput Monitoring EbsOptimized
        CreditSpecification SpotPrice MaxPrice SpotMaxPrice MaxTotalPrice SpotMaxTotalPrice
        OnDemandMaxTotalPrice OnDemandPercentageAboveBaseCapacity OnDemandBaseCapacity
        OnDemandTargetCapacity DefaultTargetCapacityType CapacityReservationSpecification
        CapacityReservationOptions Tenancy InstanceMarketOptions
        MaxSpotPriceAsPercentageOfOptimalOnDemandPrice SpotMaxPricePercentageOverLowestPrice
        OnDemandMaxPricePercentageOverLowestPrice
    """,
    "capacity": """
        Overrides LaunchTemplateConfigs SubnetId VPCZoneIdentifier AvailabilityZones AvailabilityZone
        AllocationStrategy SpotAllocationStrategy OnDemandAllocationStrategy InstancePoolsToUseCount
        SpotInstancePools Priority WeightedCapacity MinSize MaxSize DesiredCapacity DesiredCapacityType
        TargetCapacitySpecification TargetCapacity TotalTargetCapacity SpotTargetCapacity ValidUntil
        ValidFrom Type Placement PlacementGroup GroupName Context ReplaceUnhealthyInstances
        TerminateInstancesWithExpiration ExcessCapacityTerminationPolicy CapacityRebalance
        NewInstancesProtectedFromScaleIn InstanceInterruptionBehavior SpotOptions OnDemandOptions
        MixedInstancesPolicy InstancesDistribution InstanceRequirements InterfaceType DeviceIndex
        NetworkCardIndex CpuOptions TerminationPolicies HealthCheckType HealthCheckGracePeriod Cooldown
        SpotMaintenanceStrategies MaxInstanceLifetime
    """,
    "identity": """
        ImageId LaunchTemplateName AutoScalingGroupName Tags TagSpecifications LaunchTemplateSpecification
        LaunchTemplate LaunchTemplateId Version
    """,
}
_GROUP_OF: Final[Mapping[str, Group]] = {
    name: group for group, names in _OF_PROPERTY.items() for name in names.split()
}
#: attributes of a resource beside its properties
_OF_RESOURCE: Final[Mapping[str, Group]] = {"Type": "capacity", "Condition": "cost"}
#: what stays what it is wherever it stands: the volume's key in an override would be one, its type would not
_PRICES: Final = frozenset({"MaxPrice", "SpotPrice"})


def group_of(names: tuple[str, ...]) -> Group:
    """The group of a place, given by its steps that are no members of lists.

    The innermost property that is known decides; one that nobody knows belongs to what it stands in, or is "other".
    """
    section, *rest = names
    if section in ("Transform", "Rules") or "Fn::Transform" in names:
        return "security"
    if section == "Parameters":
        return _of_parameter(rest)
    if section == "Conditions":
        return "cost"
    if section != "Resources" or len(rest) < 2:
        return "capacity" if section == "Resources" else "other"
    if rest[1] != "Properties":
        return _OF_RESOURCE.get(rest[1], "other")
    return _of_property(rest[2:])


def _of_parameter(rest: list[str]) -> Group:
    """What a request may say: how many machines is a matter of cost, all else of what may get into a stack."""
    name, fact = (*rest, "", "")[:2]
    if fact in ("Description", "ConstraintDescription"):
        return "other"
    return "cost" if name in COUNTS else "security"


def _of_property(names: list[str]) -> Group:
    if "Overrides" in names:
        return "cost" if names[-1] in _PRICES else "capacity"
    return next((_GROUP_OF[name] for name in reversed(names) if name in _GROUP_OF), "other")
