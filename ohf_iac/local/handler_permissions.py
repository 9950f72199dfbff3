"""What CloudFormation's resource handlers need to be permitted when they make, change and take away resources.

The actions are those that the types' registry schemas list for the verbs (`handlers`, cloudformation-schema);
what a launch needs besides is EC2's and Auto Scaling's own rule (see `launch_permissions`). What a handler would
read on the way is asked for at its start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ohf_iac.local.arns import arn_of_id, ec2_arn, group_arn, request_tags, resource_tags, role_arn, tags_of_id
from ohf_iac.local.call_permissions import parameter_arn
from ohf_iac.local.dynamic_references import REFERENCE
from ohf_iac.local.iam_policy import Ask
from ohf_iac.local.launch_permissions import encryption_asks, launch_asks, linked_role_ask, tag_maps

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Handling:
    """One verb of one resource's handler; `physical_id` is "" while there is none."""

    region: Region
    properties: Properties
    physical_id: str = ""


Asking = Callable[[Handling], Iterator[Ask]]


def handler_asks(region: Region, type_name: str, verb: str, properties: Properties, physical_id: str) -> list[Ask]:
    """The permissions that a handler needs; `verb` is create, update or delete."""
    handling = Handling(region, properties, physical_id)
    asking = _TABLE.get((type_name, verb))
    named = [] if verb == "delete" else [_parameter(region, one) for one in _references(properties)]
    return [*named, *(asking(handling) if asking else ())]


def _references(document: Any) -> Iterator[str]:
    """The parameters that dynamic references name."""
    if isinstance(document, str):
        yield from (found.group(1) for found in REFERENCE.finditer(document))
    elif isinstance(document, Mapping):
        for value in document.values():
            yield from _references(value)
    elif isinstance(document, list | tuple):
        for value in document:
            yield from _references(value)


def _parameter(region: Region, name: str) -> Ask:
    return Ask("ssm:GetParameters", parameter_arn(region, name))


def _read(*actions: str) -> list[Ask]:
    return [Ask(action) for action in actions]


def _tagged(handling: Handling, kind: str, specifications: Iterable[Any], create_action: str) -> Iterator[Ask]:
    """CreateTags on what is being made, where it is made with tags."""
    tags = tag_maps(specifications).get(kind, {})
    if tags:
        context = {**request_tags(tags), "ec2:CreateAction": (create_action,)}
        yield Ask("ec2:CreateTags", ec2_arn(handling.region, kind, "*"), context)


def _owned(handling: Handling, action: str) -> Ask:
    """An action on the EC2 resource that the handler made."""
    tags = tags_of_id(handling.region, handling.physical_id)
    return Ask(action, arn_of_id(handling.region, handling.physical_id), resource_tags(tags))


def _make_template(handling: Handling) -> Iterator[Ask]:
    specifications = handling.properties.get("TagSpecifications") or ()
    tags = tag_maps(specifications).get("launch-template", {})
    yield Ask("ec2:CreateLaunchTemplate", ec2_arn(handling.region, "launch-template", "*"), request_tags(tags))
    yield from _tagged(handling, "launch-template", specifications, "CreateLaunchTemplate")
    yield from _read("ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions")


def _change_template(handling: Handling) -> Iterator[Ask]:
    yield _owned(handling, "ec2:CreateLaunchTemplateVersion")


def _drop_template(handling: Handling) -> Iterator[Ask]:
    yield from _read("ec2:DescribeLaunchTemplates")
    yield _owned(handling, "ec2:DeleteLaunchTemplate")


def _make_group(handling: Handling) -> Iterator[Ask]:
    name = str(handling.properties.get("AutoScalingGroupName") or "*")
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in handling.properties.get("Tags") or ()}
    arn = group_arn(handling.region, name)
    yield Ask("autoscaling:CreateAutoScalingGroup", arn, request_tags(tags))
    if tags:
        yield Ask("autoscaling:CreateOrUpdateTags", arn, request_tags(tags))
    yield from _read("autoscaling:DescribeAutoScalingGroups", "ec2:DescribeLaunchTemplateVersions")
    yield from launch_asks(handling.region, handling.properties)
    yield from linked_role_ask(handling.region, "autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling")


def _change_group(handling: Handling) -> Iterator[Ask]:
    yield Ask("autoscaling:UpdateAutoScalingGroup", group_arn(handling.region, handling.physical_id))


def _drop_group(handling: Handling) -> Iterator[Ask]:
    arn = group_arn(handling.region, handling.physical_id)
    yield from _read("autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities")
    yield Ask("autoscaling:UpdateAutoScalingGroup", arn)
    yield Ask("autoscaling:DeleteAutoScalingGroup", arn)


def _make_fleet(handling: Handling) -> Iterator[Ask]:
    properties = handling.properties
    specifications = properties.get("TagSpecifications") or ()
    tags = tag_maps(specifications).get("fleet", {})
    yield Ask("ec2:CreateFleet", ec2_arn(handling.region, "fleet", "*"), request_tags(tags))
    for kind in ("fleet", "instance", "volume", "network-interface"):
        yield from _tagged(handling, kind, specifications, "CreateFleet")
    yield from _read("ec2:DescribeFleets")
    if (properties.get("OnDemandOptions") or {}).get("CapacityReservationOptions"):
        yield from _read("ec2:DescribeCapacityReservations")
    own_tags = tag_maps(specifications).get("instance", {})
    yield from launch_asks(handling.region, properties, own_tags)
    if properties.get("Type") == "instant":  # the others launch by their service-linked role, whose grant that is
        yield from encryption_asks(handling.region, properties)
        if _buys_spot(properties):
            yield from linked_role_ask(handling.region, "spot.amazonaws.com", "AWSServiceRoleForEC2Spot")


def _buys_spot(properties: Properties) -> bool:
    target = properties.get("TargetCapacitySpecification") or {}
    return target.get("DefaultTargetCapacityType") == "spot"


def _change_fleet(handling: Handling) -> Iterator[Ask]:
    yield _owned(handling, "ec2:ModifyFleet")
    yield from _read("ec2:DescribeFleets")


def _drop_fleet(handling: Handling) -> Iterator[Ask]:
    yield from _read("ec2:DescribeFleets", "ec2:DescribeFleetInstances", "ec2:DescribeInstanceStatus")
    yield _owned(handling, "ec2:DeleteFleets")
    fleet = handling.region.fleets.get(handling.physical_id)
    for member in fleet.alive() if fleet is not None else ():
        machine = member.machine
        arn = ec2_arn(handling.region, "instance", machine.id)
        yield Ask("ec2:TerminateInstances", arn, resource_tags(machine.tags))


def _make_spot_fleet(handling: Handling) -> Iterator[Ask]:
    config = handling.properties.get("SpotFleetRequestConfigData") or {}
    specifications = config.get("TagSpecifications") or ()
    tags = tag_maps(specifications).get("spot-fleet-request", {})
    arn = ec2_arn(handling.region, "spot-fleet-request", "*")
    yield Ask("ec2:RequestSpotFleet", arn, request_tags(tags))
    yield from _tagged(handling, "spot-fleet-request", specifications, "RequestSpotFleet")
    yield from _read("ec2:DescribeSpotFleetRequests")
    role = role_arn(handling.region.account, str(config.get("IamFleetRole") or ""))
    yield Ask("iam:PassRole", role, {"iam:PassedToService": ("spotfleet.amazonaws.com",)})
    yield from launch_asks(handling.region, config)


def _change_spot_fleet(handling: Handling) -> Iterator[Ask]:
    yield _owned(handling, "ec2:ModifySpotFleetRequest")
    yield from _read("ec2:DescribeSpotFleetRequests")


def _drop_spot_fleet(handling: Handling) -> Iterator[Ask]:
    yield from _read(
        "ec2:DescribeSpotFleetRequests", "ec2:DescribeSpotFleetInstances", "ec2:DescribeInstanceStatus"
    )
    yield _owned(handling, "ec2:CancelSpotFleetRequests")


_TABLE: Mapping[tuple[str, str], Asking] = {
    ("AWS::EC2::LaunchTemplate", "create"): _make_template,
    ("AWS::EC2::LaunchTemplate", "update"): _change_template,
    ("AWS::EC2::LaunchTemplate", "delete"): _drop_template,
    ("AWS::AutoScaling::AutoScalingGroup", "create"): _make_group,
    ("AWS::AutoScaling::AutoScalingGroup", "update"): _change_group,
    ("AWS::AutoScaling::AutoScalingGroup", "delete"): _drop_group,
    ("AWS::EC2::EC2Fleet", "create"): _make_fleet,
    ("AWS::EC2::EC2Fleet", "update"): _change_fleet,
    ("AWS::EC2::EC2Fleet", "delete"): _drop_fleet,
    ("AWS::EC2::SpotFleet", "create"): _make_spot_fleet,
    ("AWS::EC2::SpotFleet", "update"): _change_spot_fleet,
    ("AWS::EC2::SpotFleet", "delete"): _drop_spot_fleet,
}
