"""Everything runs under exactly the policies that `ohf iam-policy` prints, and each action in them is needed.

`NEEDED` names for each action the smallest scenario that asks for it; without the action that scenario fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from ohf_iac.template.kinds import ASG, SPOT_MAINTAIN
from tests.e2e.matrix import TEMPLATES
from tests.e2e.permission_scenarios import SCENARIOS
from tests.e2e.permitted import (
    PRINCIPALS,
    ROLE,
    Installation,
    Who,
    actions_of,
    client_of,
    denied,
    installation,
    without,
)
from tests.e2e.test_life import live
from tests.local_aws import IMAGE, LocalAws

REQUEST_FLEET: Final = "start of a request fleet"
NEEDED: Final[dict[tuple[Who, str], str]] = {
    ("caller", "autoscaling:CreateOrUpdateTags"): "memory lost, machines of a foreign group gone",
    ("caller", "autoscaling:DescribeAutoScalingGroups"): "memory lost, machines of a foreign group gone",
    ("caller", "autoscaling:DescribeAutoScalingInstances"): "reclaims",
    ("caller", "autoscaling:DescribeScalingActivities"): "shortage of ASG",
    ("caller", "autoscaling:SuspendProcesses"): "mixed group",
    ("caller", "cloudformation:BatchDescribeTypeConfigurations"): "drift",
    ("caller", "cloudformation:CreateChangeSet"): "rehearsal",
    ("caller", "cloudformation:CreateStack"): REQUEST_FLEET,
    ("caller", "cloudformation:DeleteChangeSet"): "plans",
    ("caller", "cloudformation:DeleteStack"): "memory lost, all gone",
    ("caller", "cloudformation:DescribeChangeSet"): "rehearsal",
    ("caller", "cloudformation:DescribeStackEvents"): "memory lost, all gone",
    ("caller", "cloudformation:DescribeStackDriftDetectionStatus"): "drift",
    ("caller", "cloudformation:DescribeStackResourceDrifts"): "drift",
    ("caller", "cloudformation:DescribeStackResources"): "failed creation",
    ("caller", "cloudformation:DetectStackDrift"): "drift",
    ("caller", "cloudformation:DetectStackResourceDrift"): "drift",
    ("caller", "cloudformation:DescribeStacks"): "memory lost, cancelled",
    ("caller", "cloudformation:ExecuteChangeSet"): "plans",
    ("caller", "cloudformation:GetTemplate"): "plans",
    ("caller", "cloudformation:ListChangeSets"): "rehearsal left behind",
    ("caller", "cloudformation:ListStacks"): "memory lost, all gone",
    ("caller", "cloudformation:TagResource"): REQUEST_FLEET,
    ("caller", "cloudformation:UpdateStack"): "on-demand rest",
    ("caller", "ec2:CreateTags"): REQUEST_FLEET,
    ("caller", "ec2:DescribeFleetHistory"): "shortage of EC2Fleet-request",
    ("caller", "ec2:DescribeFleetInstances"): "shortage of EC2Fleet-request",
    ("caller", "ec2:DescribeFleets"): "shortage of EC2Fleet-instant",
    ("caller", "ec2:DescribeInstanceStatus"): "reclaims",
    ("caller", "ec2:DescribeInstances"): REQUEST_FLEET,
    ("caller", "ec2:DeleteLaunchTemplate"): "orphans",
    ("caller", "ec2:DescribeLaunchTemplateVersions"): "import",
    ("caller", "ec2:DescribeLaunchTemplates"): "orphans",
    ("caller", "ec2:DescribeSpotFleetInstances"): "shortage of SpotFleet-maintain",
    ("caller", "ec2:DescribeSpotFleetRequestHistory"): "shortage of SpotFleet-maintain",
    ("caller", "ec2:DescribeSpotFleetRequests"): "shortage of SpotFleet-request",
    ("caller", "ec2:DescribeSpotInstanceRequests"): "reclaims",
    ("caller", "ec2:DescribeTags"): "memory lost, machines gone",
    ("caller", "ec2:ModifyFleet"): "memory lost, cancelled",
    ("caller", "ec2:ModifySpotFleetRequest"): "life of SpotFleet-maintain",
    ("caller", "ec2:TerminateInstances"): "memory lost, all gone",
    ("caller", "iam:PassRole"): REQUEST_FLEET,
    ("caller", "s3:GetObject"): "long body",
    ("caller", "s3:GetObjectVersion"): "long body in versions",
    ("caller", "s3:PutObject"): "long body",
    ("service", "autoscaling:CreateAutoScalingGroup"): "mixed group",
    ("service", "autoscaling:CreateOrUpdateTags"): "mixed group",
    ("service", "autoscaling:DeleteAutoScalingGroup"): "foreign group",
    ("service", "autoscaling:Describe*"): "mixed group",
    ("service", "autoscaling:UpdateAutoScalingGroup"): "foreign group",
    ("service", "ec2:CancelSpotFleetRequests"): "life of SpotFleet-request",
    ("service", "ec2:CreateFleet"): REQUEST_FLEET,
    ("service", "ec2:CreateLaunchTemplate"): REQUEST_FLEET,
    ("service", "ec2:CreateTags"): REQUEST_FLEET,
    ("service", "ec2:DeleteFleets"): "stack deleted by hand",
    ("service", "ec2:DeleteLaunchTemplate"): "stack deleted by hand",
    ("service", "ec2:Describe*"): "reserved",
    ("service", "ec2:GetInstanceTypesFromInstanceRequirements"): "attributes",
    ("service", "ec2:RequestSpotFleet"): "start of a Spot Fleet",
    ("service", "ec2:RunInstances"): REQUEST_FLEET,
    ("service", "ec2:TerminateInstances"): "stack deleted by hand",
    ("service", "iam:CreateServiceLinkedRole"): "start of an instant spot fleet",
    ("service", "iam:PassRole"): "start of an instant spot fleet",
    ("service", "kms:CreateGrant"): "own key",
    ("service", "kms:Decrypt"): "own key",
    ("service", "kms:DescribeKey"): "own key",
    ("service", "kms:GenerateDataKeyWithoutPlaintext"): "own key",
    ("service", "kms:ReEncryptFrom"): "own key",
    ("service", "kms:ReEncryptTo"): "own key",
    ("service", "ssm:GetParameters"): "start of an instant spot fleet",
}
#: what the service role reads where no template makes a group, instead of `Describe*`
NEEDED_WITHOUT_GROUPS: Final[dict[tuple[Who, str], str]] = {
    ("service", "ec2:DescribeCapacityReservations"): "reserved",
    ("service", "ec2:DescribeFleetInstances"): "stack deleted by hand",
    ("service", "ec2:DescribeFleets"): "reserved",
    ("service", "ec2:DescribeInstanceStatus"): "stack deleted by hand",
    ("service", "ec2:DescribeLaunchTemplateVersions"): "reserved",
    ("service", "ec2:DescribeLaunchTemplates"): "reserved",
    ("service", "ec2:DescribeSpotFleetInstances"): "life of SpotFleet-request",
    ("service", "ec2:DescribeSpotFleetRequests"): "start of a Spot Fleet",
}
OF_GROUPS: Final = {(who, action) for who, action in NEEDED if action.startswith("autoscaling:")} | {
    ("service", "ec2:Describe*"),
    ("service", "ec2:GetInstanceTypesFromInstanceRequirements"),
}


@pytest.fixture(autouse=True)
def _nobody_is_restricted_afterwards(local_aws: LocalAws) -> Iterator[None]:
    yield
    local_aws.control("PUT", "policies", {})


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_runs_under_what_is_printed(local_aws: LocalAws, tmp_path: Path, name: str) -> None:
    run(installation(tmp_path, local_aws), name)


@pytest.mark.parametrize("name", sorted({*NEEDED_WITHOUT_GROUPS.values(), "doctor"}))
def test_it_runs_under_what_is_printed_without_groups(local_aws: LocalAws, tmp_path: Path, name: str) -> None:
    run(installation(tmp_path, local_aws, groups=False), name)


@pytest.mark.parametrize(
    "name", [name if "life" in name else pytest.param(name, marks=pytest.mark.sweep) for name in SCENARIOS]
)
def test_it_runs_without_a_service_role(local_aws: LocalAws, tmp_path: Path, name: str) -> None:
    run(installation(tmp_path, local_aws, role=False), name)


@pytest.mark.parametrize(
    "kind",
    [kind if kind in (ASG, SPOT_MAINTAIN) else pytest.param(kind, marks=pytest.mark.sweep) for kind in TEMPLATES],
)
def test_the_life_of_each_kind_under_what_is_printed(local_aws: LocalAws, tmp_path: Path, kind: Any) -> None:
    installed = installation(tmp_path, local_aws)
    installed.prepare({"profile": "realistic"})
    live(installed.provider, TEMPLATES[kind], (60,))
    assert denied(local_aws) == []


def run(installed: Installation, name: str) -> None:
    installed.prepare(SCENARIOS[name].world)
    SCENARIOS[name].run(installed)
    assert denied(installed.provider.aws) == []


def test_every_action_has_a_scenario(local_aws: LocalAws, tmp_path: Path) -> None:
    printed = installation(tmp_path / "all", local_aws).prepare({})
    assert {(who, action) for who in PRINCIPALS for action in actions_of(printed[who])} == set(NEEDED)
    printed = installation(tmp_path / "few", local_aws, groups=False).prepare({})
    few = {(who, action) for who in PRINCIPALS for action in actions_of(printed[who])}
    assert few == (set(NEEDED) - OF_GROUPS) | set(NEEDED_WITHOUT_GROUPS)


@pytest.mark.parametrize(("who", "action"), NEEDED)
def test_no_action_is_there_for_nothing(local_aws: LocalAws, tmp_path: Path, who: Who, action: str) -> None:
    fails_without(installation(tmp_path, local_aws), who, action, NEEDED[who, action])


@pytest.mark.parametrize(("who", "action"), NEEDED_WITHOUT_GROUPS)
def test_no_action_is_there_for_nothing_without_groups(
    local_aws: LocalAws, tmp_path: Path, who: Who, action: str
) -> None:
    fails_without(installation(tmp_path, local_aws, groups=False), who, action, NEEDED_WITHOUT_GROUPS[who, action])


#: no role to hand over; and what CloudFormation reads of groups the caller reads too
MEANINGLESS: Final = {("caller", "iam:PassRole"), ("service", "autoscaling:Describe*")}


@pytest.mark.sweep
@pytest.mark.parametrize(("who", "action"), [key for key in NEEDED if key not in MEANINGLESS])
def test_no_action_is_there_for_nothing_without_a_service_role(
    local_aws: LocalAws, tmp_path: Path, who: Who, action: str
) -> None:
    fails_without(installation(tmp_path, local_aws, role=False), "caller", action, NEEDED[who, action])


def fails_without(installed: Installation, who: Who, action: str, name: str) -> None:
    """The scenario fails, and that action was denied; that it passes otherwise is seen above."""
    aws = installed.provider.aws
    printed = installed.prepare(SCENARIOS[name].world)
    installed.enforce({**printed, who: without(printed[who], action)})
    with pytest.raises(AssertionError):
        SCENARIOS[name].run(installed)
    refused = {(principal, name) for principal, name, _ in denied(aws) if fnmatchcase(name, action)}
    assert {principal for principal, _ in refused} == {PRINCIPALS[who]}


def test_the_hosts_credentials_are_good_for_nothing_else(local_aws: LocalAws, tmp_path: Path) -> None:
    installed = installation(tmp_path, local_aws)
    installed.prepare({})
    SCENARIOS[REQUEST_FLEET].run(installed)
    started = local_aws.client("ec2").run_instances(ImageId=IMAGE, InstanceType="m5.large", MinCount=1, MaxCount=1)
    theirs = started["Instances"][0]["InstanceId"]
    (ours,) = [
        one["InstanceId"]
        for part in local_aws.client("ec2").describe_instances()["Reservations"]
        for one in part["Instances"]
        if one["InstanceId"] != theirs
    ]
    ec2, cloudformation = client_of(local_aws, "ec2"), client_of(local_aws, "cloudformation")
    mine = [{"Key": "ohf:owner", "Value": "ohf"}]
    named = {"StackName": "ohf-req-65000000-0123456789abcdef", "TemplateBody": '{"Resources": {}}'}
    attempts: list[Callable[[], object]] = [
        lambda: ec2.terminate_instances(InstanceIds=[theirs]),
        lambda: ec2.create_tags(Resources=[theirs], Tags=mine),
        lambda: ec2.create_tags(Resources=[theirs], Tags=[{"Key": "ohf:settled", "Value": "complete"}]),
        lambda: ec2.create_tags(Resources=[ours], Tags=[{"Key": "ohf:owner", "Value": "me"}]),
        lambda: ec2.delete_tags(Resources=[ours], Tags=mine),
        lambda: ec2.run_instances(ImageId=IMAGE, InstanceType="m5.large", MinCount=1, MaxCount=1),
        lambda: ec2.stop_instances(InstanceIds=[ours]),
        lambda: cloudformation.create_stack(**named, Tags=mine),
        lambda: cloudformation.create_stack(**named, Tags=mine, RoleARN=ROLE.replace("ohf", "admin")),
        lambda: cloudformation.create_stack(**named, RoleARN=ROLE),
        lambda: cloudformation.create_stack(**{**named, "StackName": "theirs"}, Tags=mine, RoleARN=ROLE),
        lambda: cloudformation.delete_stack(StackName="theirs", RoleARN=ROLE),
        lambda: cloudformation.delete_stack(StackName=named["StackName"]),
        lambda: client_of(local_aws, "s3").put_object(Bucket="grid-bodies", Key="other.txt", Body=b""),
        lambda: client_of(local_aws, "s3").list_objects_v2(Bucket="grid-bodies"),
        lambda: client_of(local_aws, "ssm").get_parameters(Names=["/ohf/images/grid"]),
    ]
    for place, attempt in enumerate(attempts):
        with pytest.raises(ClientError) as refused:
            attempt()
        code = refused.value.response["Error"]["Code"]
        assert code in ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException"), (place, code)
