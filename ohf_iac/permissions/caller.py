"""The policy of the credentials that the management host works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.permissions.reviewing import review_statements
from ohf_iac.permissions.service_role import service_role_statements
from ohf_iac.permissions.statement import Statement, equals, from_bodies, tagged, together, via_cloudformation
from ohf_iac.request import RETURN_TAG_PREFIX, TAG_OWNER, TAG_SETTLED
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, SPOT_MAINTAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.permissions.needs import Needs

#: the names of our stacks and groups (design: names derived from the id)
NAMES: Final = "ohf-req-*"


def caller_statements(needs: Needs, *, importing: bool = False, reviewing: bool = False) -> tuple[Statement, ...]:
    """Everything that the five operations and the commands that operate ask of AWS.

    `importing`: `ohf templates import` as well; `reviewing`: change sets, bodies and drift of stacks as well.

    Without a service role CloudFormation works with these permissions too: then the role's own statements stand
    among them, limited to calls that CloudFormation makes.
    """
    own = (*_stacks(needs), *_bodies(needs), *_looks(needs, importing), *_freezes(needs), *_machines(needs))
    own = (*own, *review_statements(needs, NAMES)) if reviewing else own
    own = own if needs.assumed_role else (*own, *secret_statements(needs))
    return own if needs.service_role else (*own, *via_cloudformation(service_role_statements(needs)))


def _stacks(needs: Needs) -> Iterator[Statement]:
    """Stacks by name: a deleted one shows no tags any more, and must be deleted again without harm."""
    ours = (needs.place.arn("cloudformation", f"stack/{NAMES}/*"),)
    owned = tagged("aws:RequestTag", TAG_OWNER, needs.owner)
    role = equals(cloudformation__RoleArn=needs.service_role) if needs.service_role else {}
    made = together(owned, role, from_bodies(needs))
    yield Statement("CreateStacks", ("cloudformation:CreateStack",), ours, made)
    yield Statement("TagThem", ("cloudformation:TagResource",), ours, owned)
    yield Statement("DeleteStacks", ("cloudformation:DeleteStack",), ours, role)
    if needs.service_role:
        passed = equals(iam__PassedToService="cloudformation.amazonaws.com")
        yield Statement("HandTheRoleOver", ("iam:PassRole",), (needs.service_role,), passed)
    work = ["cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResources"]
    # IAM cannot tell an update with the previous template from one with a template of its own
    work += ["cloudformation:UpdateStack"] if needs.has_rest and not needs.locked else []
    yield Statement("OurStacks", tuple(work), ours)


def _bodies(needs: Needs) -> Iterator[Statement]:
    """Bodies in S3; CloudFormation reads the version that a call names with the permissions of whoever calls."""
    if not needs.bucket:
        return
    reading = ("s3:GetObject", "s3:GetObjectVersion")
    if needs.published:
        yield Statement("PublishedBodies", reading, (needs.bodies,))
    else:
        yield Statement("LongBodies", (*reading, "s3:PutObject"), (needs.bodies,))


def publisher_statements(needs: Needs) -> Iterator[Statement]:
    """What `ohf publish` asks of AWS."""
    yield Statement("Publish", ("s3:GetObject", "s3:PutObject"), (needs.bodies,))


def secret_statements(needs: Needs) -> Iterator[Statement]:
    """What the configuration refers to, asked for with the host's own credentials: the way to STS may need it."""
    secret = needs.secret
    if secret is None or secret.keeper == "env":
        return
    if secret.keeper == "ssm":
        parameter = needs.place.arn("ssm", f"parameter/{secret.name.lstrip('/')}")
        yield Statement("ReadParameters", ("ssm:GetParameter",), (parameter,))
        return
    # AWS adds six characters of its own to a secret's name (Secrets Manager user guide, ARNs in policies)
    by_name = needs.place.arn("secretsmanager", f"secret:{secret.name}-??????")
    where = secret.name if secret.name.startswith("arn:") else by_name
    yield Statement("ReadSecrets", ("secretsmanager:GetSecretValue",), (where,))


def _looks(needs: Needs, importing: bool) -> Iterator[Statement]:
    """What reads: none of these actions knows resources, or the resource is not known before it was read."""
    looks = ["cloudformation:DescribeStacks", "cloudformation:ListStacks"]
    looks += ["ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "ec2:DescribeLaunchTemplates"]
    if any(one.owns_launch_template or one.template.kind != ASG for one in needs.specs):
        looks.append("ec2:DescribeTags")
    if needs.spot:
        looks.append("ec2:DescribeSpotInstanceRequests")
    if needs.groups:
        looks += [f"autoscaling:Describe{what}" for what in ("AutoScalingGroups", "AutoScalingInstances")]
        looks.append("autoscaling:DescribeScalingActivities")
    if needs.fleets:
        looks.append("ec2:DescribeFleets")
    if needs.lasting_fleets:
        looks += ["ec2:DescribeFleetHistory", "ec2:DescribeFleetInstances"]
    if needs.spot_fleets:
        looks += [f"ec2:DescribeSpotFleet{what}" for what in ("Instances", "RequestHistory", "Requests")]
    if importing:
        looks.append("ec2:DescribeLaunchTemplateVersions")
    yield Statement("LookAround", tuple(looks))


def _freezes(needs: Needs) -> Iterator[Statement]:
    """What keeps groups and maintain fleets from launching. Groups by name: one that is gone shows no tags."""
    groups = (needs.place.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{NAMES}"),)
    if needs.groups:
        yield Statement("FreezeGroups", ("autoscaling:SuspendProcesses",), groups)
    if any(one.template.kind == ASG for one in needs.foreign_templates):
        marks = {"ForAllValues:StringEquals": {"aws:TagKeys": (TAG_SETTLED,)}}
        yield Statement("MarkGroups", ("autoscaling:CreateOrUpdateTags",), groups, marks)
    owned = tagged("ec2:ResourceTag", TAG_OWNER, needs.owner)
    if FLEET_MAINTAIN in needs.maintained:
        yield Statement("FreezeFleets", ("ec2:ModifyFleet",), (needs.place.ec2("fleet/*"),), owned)
    if SPOT_MAINTAIN in needs.maintained:
        requests = (needs.place.ec2("spot-fleet-request/*"),)
        yield Statement("FreezeSpotFleets", ("ec2:ModifySpotFleetRequest",), requests, owned)


def _machines(needs: Needs) -> Iterator[Statement]:
    """Machines are ended and marked by the owner's tag, and no mark of ours can make a machine ours."""
    owned = tagged("ec2:ResourceTag", TAG_OWNER, needs.owner)
    yield Statement("EndMachines", ("ec2:TerminateInstances",), (needs.place.ec2("instance/*"),), owned)
    if needs.own_templates:  # one that survived the deletion of its stack
        templates = (needs.place.ec2("launch-template/*"),)
        yield Statement("CollectTemplates", ("ec2:DeleteLaunchTemplate",), templates, owned)
    marked = ["instance/*"]
    marked += ["launch-template/*"] if needs.own_templates else []
    marked += ["fleet/*"] if any(one.template.kind != ASG for one in needs.foreign_templates) else []
    keys = {"ForAllValues:StringLike": {"aws:TagKeys": (TAG_SETTLED, f"{RETURN_TAG_PREFIX}*")}}
    resources = tuple(needs.place.ec2(one) for one in marked)
    yield Statement("MarkMachines", ("ec2:CreateTags",), resources, together(owned, keys))
