"""Groups, members and activities as the Auto Scaling API shows them."""

from __future__ import annotations

from typing import Any

from ohf_iac.local.group_record import Activity, Group, Member


def group_data(group: Group) -> dict[str, Any]:
    """The AutoScalingGroup structure."""
    config = group.config
    return {
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "LaunchTemplate": config.get("LaunchTemplate"),
        "MixedInstancesPolicy": config.get("MixedInstancesPolicy"),
        "MinSize": group.minimum,
        "MaxSize": group.maximum,
        "DesiredCapacity": group.desired,
        "DefaultCooldown": config.get("DefaultCooldown") or 300,
        "AvailabilityZones": group.zones,
        "HealthCheckType": config.get("HealthCheckType") or "EC2",
        "HealthCheckGracePeriod": config.get("HealthCheckGracePeriod") or 0,
        "Instances": [_instance(member) for member in group.members.values()],
        "CreatedTime": group.created,
        "SuspendedProcesses": [
            {"ProcessName": name, "SuspensionReason": reason} for name, reason in group.suspended.items()
        ],
        "VPCZoneIdentifier": ",".join(group.subnets),
        "Status": "Delete in progress" if group.deleting else None,
        "Tags": tags(group),
        "TerminationPolicies": config.get("TerminationPolicies") or ["Default"],
        "NewInstancesProtectedFromScaleIn": bool(config.get("NewInstancesProtectedFromScaleIn")),
        "ServiceLinkedRoleARN": config.get("ServiceLinkedRoleARN"),
        "CapacityRebalance": config.get("CapacityRebalance"),
        "DesiredCapacityType": config.get("DesiredCapacityType"),
    }


def tags(group: Group) -> list[dict[str, Any]]:
    """The TagDescription structures."""
    return [
        {
            "ResourceId": group.name,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": at_launch,
        }
        for key, (value, at_launch) in group.tags.items()
    ]


def member_data(group: Group, member: Member) -> dict[str, Any]:
    """The AutoScalingInstanceDetails structure."""
    return {
        **_instance(member),
        "AutoScalingGroupName": group.name,
        "HealthStatus": member.health.upper(),
    }


def activity_data(activity: Activity) -> dict[str, Any]:
    """The Activity structure."""
    return {
        "ActivityId": activity.id,
        "AutoScalingGroupName": activity.group,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.started,
        "EndTime": activity.ended,
        "StatusCode": activity.status,
        "StatusMessage": activity.message or None,
        "Progress": activity.progress,
        "Details": f'{{"Availability Zone":"{activity.zone}"}}' if activity.zone else "{}",
    }


def _instance(member: Member) -> dict[str, Any]:
    recipe = member.machine.recipe
    weight = member.machine.weight
    return {
        "InstanceId": member.machine.id,
        "InstanceType": recipe.instance_type,
        "AvailabilityZone": recipe.subnet.zone,
        "LifecycleState": member.state,
        "HealthStatus": member.health,
        "LaunchTemplate": {"LaunchTemplateId": recipe.template_id, "Version": recipe.template_version},
        "ProtectedFromScaleIn": member.protected,
        "WeightedCapacity": None if weight == 1 else f"{weight:g}",
    }
