"""The policy of CloudFormation's service role: what the handlers of our resource types call.

The actions are those of the types' registry schemas (CloudFormation, `handlers`), narrowed to the verbs that our
stacks meet: they are created and deleted, and the one update there is adds a fleet. CreateFleet and
RequestSpotFleet stand without resources, because EC2 holds them against everything that the request names. What a
stack deletes is its own; a condition on tags would only fail the deletion of a fleet that EC2 has forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.permissions.launching import launching_statements
from ohf_iac.permissions.statement import Statement, equals, tagged, together
from ohf_iac.request import TAG_OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.permissions.needs import Needs


def service_role_statements(needs: Needs) -> tuple[Statement, ...]:
    """Everything that CloudFormation does for stacks of this catalogue, besides what service-linked roles do."""
    return (
        Statement("Look", tuple(_looks(needs))),
        *_launch_templates(needs),
        *_groups(needs),
        *_fleets(needs),
        *_tags(needs),
        *launching_statements(needs),
        *_linked_roles(needs),
    )


def trust() -> dict[str, object]:
    """Who may work as the service role."""
    principal = {"Service": "cloudformation.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _looks(needs: Needs) -> Iterator[str]:
    """What handlers read. That of groups names no more than Describe*, which takes in all of EC2's others."""
    if needs.groups:
        yield from ("autoscaling:Describe*", "ec2:Describe*")
    if any(one.template.requirements for one in needs.specs):
        yield "ec2:GetInstanceTypesFromInstanceRequirements"
    if needs.groups:
        return
    if needs.own_templates:
        yield from ("ec2:DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplates")
    if needs.fleets:
        yield from ("ec2:DescribeFleetInstances", "ec2:DescribeFleets")
    if needs.spot_fleets:
        yield from ("ec2:DescribeSpotFleetInstances", "ec2:DescribeSpotFleetRequests")
    if needs.fleets or needs.spot_fleets:
        yield "ec2:DescribeInstanceStatus"
    files = (one.template.fleet_config for one in needs.specs)
    if any(one and one.on_demand_options.get("CapacityReservationOptions") for one in files):
        yield "ec2:DescribeCapacityReservations"


def _launch_templates(needs: Needs) -> Iterator[Statement]:
    if needs.own_templates:
        ours = (needs.place.ec2("launch-template/*"),)
        wanted = tagged("aws:RequestTag", TAG_OWNER, needs.owner)
        yield Statement("MakeLaunchTemplates", ("ec2:CreateLaunchTemplate",), ours, wanted)
        yield Statement("DropLaunchTemplates", ("ec2:DeleteLaunchTemplate",), ours)


def _groups(needs: Needs) -> Iterator[Statement]:
    if needs.groups:
        yield Statement(
            "Groups",
            tuple(
                f"autoscaling:{action}"
                for action in (
                    "CreateAutoScalingGroup",
                    "CreateOrUpdateTags",
                    "DeleteAutoScalingGroup",
                    "UpdateAutoScalingGroup",
                )
            ),
            (needs.place.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/ohf-req-*"),),
        )


def _fleets(needs: Needs) -> Iterator[Statement]:
    making: list[str] = []
    ending: list[str] = []
    ended: list[str] = []
    if needs.fleets:
        making.append("ec2:CreateFleet")
        ending.append("ec2:DeleteFleets")
        ended.append("fleet/*")
    if needs.spot_fleets:
        making.append("ec2:RequestSpotFleet")
        ending.append("ec2:CancelSpotFleetRequests")
        ended.append("spot-fleet-request/*")
    yield Statement("MakeFleets", tuple(making))
    yield Statement("EndFleets", tuple(ending), tuple(needs.place.ec2(one) for one in ended))
    if needs.fleets:
        owned = tagged("ec2:ResourceTag", TAG_OWNER, needs.owner)
        yield Statement("EndTheirMachines", ("ec2:TerminateInstances",), (needs.place.ec2("instance/*"),), owned)


def _tags(needs: Needs) -> Iterator[Statement]:
    """Tags are given at creation alone; RunInstances gives those of a launch template."""
    creators = ["CreateLaunchTemplate", "RunInstances"] if needs.own_templates else []
    things = ["instance/*", "launch-template/*", "network-interface/*", "volume/*"] if needs.own_templates else []
    if any(one.template.price_type == "spot" for one in needs.own_templates):
        things.append("spot-instances-request/*")
    if needs.fleets:
        creators.append("CreateFleet")
        things += ["fleet/*"]
        things += ["instance/*", "network-interface/*", "volume/*"] if needs.instant else []
    if needs.spot_fleets:
        creators.append("RequestSpotFleet")
        things.append("spot-fleet-request/*")
    if needs.foreign_templates and "RunInstances" not in creators:
        creators.append("RunInstances")
        things += ["instance/*", "network-interface/*", "volume/*"]
    condition = equals(ec2__CreateAction=sorted(creators))
    yield Statement("TagAtCreation", ("ec2:CreateTags",), tuple(needs.place.ec2(one) for one in things), condition)


def _linked_roles(needs: Needs) -> Iterator[Statement]:
    """On first use in an account. Fleets of the other types find theirs there, or fail (EC2 user guide)."""
    made = [("autoscaling", "AWSServiceRoleForAutoScaling")] if needs.groups else []
    made += [("spot", "AWSServiceRoleForEC2Spot")] if needs.instant and needs.spot else []
    if made:
        services = [f"{service}.amazonaws.com" for service, _ in made]
        roles = (needs.place.role(f"aws-service-role/{service}.amazonaws.com/{name}") for service, name in made)
        condition = together(equals(iam__AWSServiceName=services))
        yield Statement("ServiceLinkedRoles", ("iam:CreateServiceLinkedRole",), tuple(roles), condition)
