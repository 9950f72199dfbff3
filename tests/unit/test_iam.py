"""The IAM policies that `ohf iam-policy` computes: what they say, and that they name what the code calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.config.references import reference_in
from ohf_iac.permissions.formats import as_cloudformation, as_terraform
from ohf_iac.permissions.needs import Needs, Place, partition_of
from ohf_iac.permissions.policies import Policies, policies_of
from ohf_iac.stack import spec_for
from ohf_iac.template.catalogue import parse_catalogue
from ohf_iac.template.defaults import TemplateDefaults
from tests.called import called_operations, operations
from tests.unit.iam_examples import printed

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples" / "iam").glob("*.json"))
ROLE = "arn:aws:iam::123456789012:role/ohf-cloudformation"
#: actions that IAM knows and that are no API operation (service authorization reference)
PERMISSION_ONLY = {
    "iam:PassRole",
    "cloudformation:TagResource",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "s3:GetObjectVersion",
}
#: what CloudFormation does with the caller's permissions: it reads the template that the caller names, and looks at
#: each resource when it detects drift
ON_OUR_BEHALF = {
    "s3:GetObject",
    "cloudformation:BatchDescribeTypeConfigurations",
    "cloudformation:DetectStackResourceDrift",
}

PLAIN: Mapping[str, Any] = {
    "maxNumber": 5,
    "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "2"], "nram": ["Numeric", "8192"]},
    "imageId": "ami-0a1b2c3d4e5f60001",
    "vmType": "m5.large",
    "subnetId": "subnet-0a1b2c3d4e5f60001",
    "securityGroupIds": ["sg-0a1b2c3d4e5f60001"],
}
FOREIGN = {"launchTemplateId": "lt-0a1b2c3d4e5f60001", "launchTemplateVersion": "3"}
SPOT_FLEET = {"providerApi": "SpotFleet", "priceType": "spot"}
#: one template of each kind, and of what else makes a difference
EVERYTHING: Mapping[str, Mapping[str, Any]] = {
    "instant": {},
    "request": {"fleetType": "request", "priceType": "spot"},
    "maintain": {"fleetType": "maintain"},
    "group": {"providerApi": "ASG"},
    "sfr-request": {**SPOT_FLEET, "fleetRole": "fleets"},
    "sfr-maintain": {**SPOT_FLEET, "fleetType": "maintain"},
    "rest": {"priceType": "heterogeneous"},
    "foreign-group": {"providerApi": "ASG", **FOREIGN},
    "foreign-instant": FOREIGN,
    "profiled": {"instanceProfile": "arn:aws:iam::123456789012:instance-profile/grid/worker"},
    "parameter": {"imageId": "/ohf/images/grid"},
    "public-parameter": {"imageId": "/aws/service/ami-amazon-linux-latest/al2023-x86_64"},
    "encrypted": {"kmsKeyId": "alias/grid", "rootDeviceName": "/dev/xvda"},
}


def entry(name: str) -> dict[str, Any]:
    """A template of the catalogue; a foreign launch template says by itself what ours would say."""
    own = EVERYTHING[name]
    plain = {key: value for key, value in PLAIN.items() if "foreign" not in name or key not in IMAGE_PARTS}
    return {"templateId": name, **plain, **own}


IMAGE_PARTS = ("imageId", "securityGroupIds")


def needs_of(*names: str, service_role: str = ROLE, bucket: str = "", **more: Any) -> Needs:
    catalogue = parse_catalogue({"templates": [entry(one) for one in names]}, TemplateDefaults(), {})
    assert catalogue.refused == ()
    specs = tuple(spec_for(one, TemplateDefaults(), {}) for one in catalogue.templates)
    place = more.pop("place", Place("aws", "us-east-1", "123456789012"))
    return Needs(place, "ohf", specs, service_role, bucket, more)


def of(*names: str, importing: bool = False, reviewing: bool = False, **more: Any) -> Policies:
    return policies_of(needs_of(*names, **more), importing=importing, reviewing=reviewing)


def several(value: str | list[str]) -> list[str]:
    """IAM writes one text where there is one, a list where there are more."""
    return [value] if isinstance(value, str) else value


def actions(policy: Mapping[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in several(statement["Action"])}


def statements_on(policy: Mapping[str, Any], action: str) -> list[dict[str, Any]]:
    return [one for one in policy["Statement"] if action in several(one["Action"])]


def resources_of(policy: Mapping[str, Any], action: str) -> set[str]:
    return {resource for one in statements_on(policy, action) for resource in several(one["Resource"])}


def called() -> set[str]:
    """The IAM actions of every operation that the code names."""
    return {f"{service}:{name}" for service, names in called_operations().items() for name in names}


@pytest.mark.parametrize("service_role", [ROLE, ""], ids=["service role", "caller alone"])
def test_every_action_exists(service_role: str) -> None:
    policies = of(*EVERYTHING, service_role=service_role, bucket="b", importing=True, reviewing=True)
    for action in actions(policies.caller) | actions(policies.service) - PERMISSION_ONLY:
        prefix, pattern = action.split(":")
        known = action in PERMISSION_ONLY or any(fnmatchcase(name, pattern) for name in operations(prefix))
        assert known, action


def test_the_caller_may_do_what_the_code_does_and_no_more() -> None:
    needed = called()
    assert {"cloudformation:CreateStack", "s3:PutObject"} <= needed
    given = actions(of(*EVERYTHING, bucket="b", importing=True, reviewing=True).caller)
    assert given - PERMISSION_ONLY == needed | ON_OUR_BEHALF


@pytest.mark.parametrize("service_role", [ROLE, ""], ids=["service role", "caller alone"])
def test_whatever_changes_something_is_limited_to_what_is_ours(service_role: str) -> None:
    policies = of(*EVERYTHING, service_role=service_role, bucket="b", importing=True, reviewing=True)
    orders = {"ec2:CreateFleet", "ec2:RequestSpotFleet"}  # EC2 holds them against all that the request names
    for policy in (policies.caller, policies.service):
        for statement in policy["Statement"]:
            names = set(several(statement["Action"]))
            verbs = [name.partition(":")[2] for name in names]
            looks = ("BatchDescribe", "Describe", "List", "GetInstanceTypes")
            reading = all(one.startswith(looks) for one in verbs)
            assert reading or names <= orders or "*" not in several(statement["Resource"]), statement["Sid"]


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("instant", set()),
        ("request", {"ec2:DescribeFleetHistory", "ec2:DescribeFleetInstances", "ec2:DescribeSpotInstanceRequests"}),
        ("maintain", {"ec2:DescribeFleetHistory", "ec2:DescribeFleetInstances", "ec2:ModifyFleet"}),
    ],
)
def test_each_kind_adds_what_it_needs(name: str, theirs: set[str]) -> None:
    assert actions(of(name).caller) - actions(of("instant").caller) == theirs


def test_a_host_that_reviews_nothing_has_no_change_sets_and_a_rehearsal_is_never_executed() -> None:
    assert not [one for one in actions(of("instant").caller) if "ChangeSet" in one or one.endswith("GetTemplate")]
    policies = of("instant", reviewing=True)
    (applying,) = statements_on(policies.caller, "cloudformation:ExecuteChangeSet")
    assert applying["Resource"] == "arn:aws:cloudformation:us-east-1:123456789012:stack/ohf-req-*/*"
    (making,) = statements_on(policies.caller, "cloudformation:CreateChangeSet")
    assert making["Condition"]["StringEquals"] == {
        "aws:RequestTag/ohf:owner": "ohf",
        "cloudformation:RoleArn": ROLE,
    }


def test_the_host_detects_no_drift() -> None:
    assert not [one for one in actions(of(*EVERYTHING, bucket="b").caller) if "Drift" in one]
    (detecting,) = statements_on(of("instant", reviewing=True).caller, "cloudformation:DetectStackDrift")
    assert detecting["Resource"] == "arn:aws:cloudformation:us-east-1:123456789012:stack/ohf-req-*/*"


def test_what_no_template_needs_is_not_allowed() -> None:
    policies = of("group")
    for absent in ("DescribeFleets", "ModifyFleet", "DescribeSpotFleetRequests", "CreateFleet", "UpdateStack"):
        assert not [one for one in actions(policies.caller) | actions(policies.service) if one.endswith(absent)]
    assert not statements_on(policies.service, "iam:PassRole")
    assert not statements_on(policies.service, "ssm:GetParameters")
    assert not statements_on(policies.caller, "s3:PutObject")
    assert not statements_on(of("instant").service, "iam:CreateServiceLinkedRole")


def test_without_a_service_role_the_caller_holds_both_and_the_roles_part_by_stacks_alone() -> None:
    policies = of("group", service_role="")
    assert actions(policies.service) <= actions(policies.caller)
    assert not statements_on(policies.caller, "iam:PassRole")
    (creating,) = statements_on(policies.caller, "autoscaling:CreateAutoScalingGroup")
    assert creating["Condition"] == {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}
    assert any("serviceRoleArn" in note for note in policies.notes)


def test_the_service_role_is_the_only_one_that_is_handed_over() -> None:
    policies = of("instant")
    (creating,) = statements_on(policies.caller, "cloudformation:CreateStack")
    assert creating["Condition"]["StringEquals"]["cloudformation:RoleArn"] == ROLE
    (passing,) = statements_on(policies.caller, "iam:PassRole")
    assert (passing["Resource"], passing["Condition"]) == (
        ROLE,
        {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
    )


def test_machines_are_ended_and_marked_by_the_owners_tag() -> None:
    policies = of(*EVERYTHING)
    (ending,) = statements_on(policies.caller, "ec2:TerminateInstances")
    assert ending["Condition"] == {"StringEquals": {"ec2:ResourceTag/ohf:owner": "ohf"}}
    (marking,) = statements_on(policies.caller, "ec2:CreateTags")
    assert marking["Condition"]["ForAllValues:StringLike"] == {"aws:TagKeys": ["ohf:settled", "ohf:return:*"]}
    assert marking["Condition"]["StringEquals"] == {"ec2:ResourceTag/ohf:owner": "ohf"}


def test_launches_are_limited_to_what_the_templates_name() -> None:
    service = of("group", "instant").service
    resources = resources_of(service, "ec2:RunInstances")
    assert "arn:aws:ec2:us-east-1::image/ami-0a1b2c3d4e5f60001" in resources
    assert "arn:aws:ec2:us-east-1:123456789012:subnet/subnet-0a1b2c3d4e5f60001" in resources
    assert "arn:aws:ec2:us-east-1:123456789012:security-group/sg-0a1b2c3d4e5f60001" in resources
    assert not [one for one in resources if "key-pair" in one or "placement-group" in one]
    (machines,) = [one for one in statements_on(service, "ec2:RunInstances") if one["Sid"] == "LaunchMachines"]
    assert machines["Condition"]["StringEquals"] == {
        "aws:RequestTag/ohf:owner": "ohf",
        "ec2:MetadataHttpTokens": "required",
    }


def test_foreign_launch_templates_are_named_and_their_roles_are_not_guessed() -> None:
    policies = of("foreign-group")
    resources = resources_of(policies.service, "ec2:RunInstances")
    template = "arn:aws:ec2:us-east-1:123456789012:launch-template/lt-0a1b2c3d4e5f60001"
    assert template in resources
    assert "arn:aws:ec2:us-east-1::image/*" in resources
    assert not statements_on(policies.service, "iam:PassRole")
    assert not statements_on(policies.service, "ec2:CreateLaunchTemplate")
    assert any("--instance-role lt-" in note for note in policies.notes)
    workers: dict[str, Any] = {"lt-0a1b2c3d4e5f60001": "workers"}
    named = of("foreign-group", **workers)
    assert resources_of(named.service, "iam:PassRole") == {"arn:aws:iam::123456789012:role/workers"}


def test_roles_parameters_and_keys_are_those_of_the_templates() -> None:
    service = of("profiled", "parameter", "public-parameter", "encrypted", "sfr-request", "sfr-maintain").service
    roles = {
        one["Condition"]["StringEquals"]["iam:PassedToService"]: one
        for one in statements_on(service, "iam:PassRole")
    }
    assert roles["ec2.amazonaws.com"]["Resource"] == "arn:aws:iam::123456789012:role/worker"
    assert roles["spotfleet.amazonaws.com"]["Resource"] == [
        "arn:aws:iam::123456789012:role/aws-ec2-spot-fleet-tagging-role",
        "arn:aws:iam::123456789012:role/fleets",
    ]
    assert resources_of(service, "ssm:GetParameters") == {
        "arn:aws:ssm:us-east-1:123456789012:parameter/ohf/images/grid",
        "arn:aws:ssm:us-east-1::parameter/aws/service/ami-amazon-linux-latest/al2023-x86_64",
    }
    (granting,) = statements_on(service, "kms:CreateGrant")
    assert granting["Condition"] == {
        "StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"},
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/grid"},
        "Bool": {"kms:GrantIsForAWSResource": "true"},
    }
    assert resources_of(of("profiled", worker="other").service, "iam:PassRole") == {
        "arn:aws:iam::123456789012:role/other"
    }


def test_what_is_not_known_of_the_place_is_any() -> None:
    policies = of("encrypted", "group", service_role="", place=Place(partition_of("cn-north-1")))
    (creating,) = statements_on(policies.caller, "cloudformation:CreateStack")
    assert creating["Resource"] == "arn:aws-cn:cloudformation:*:*:stack/ohf-req-*/*"
    (granting,) = statements_on(policies.service, "kms:CreateGrant")
    assert granting["Condition"]["StringLike"] == {"kms:ViaService": "ec2.*.amazonaws.com.cn"}
    assert partition_of("us-gov-west-1") == "aws-us-gov"
    assert any("--account" in note for note in policies.notes)


def test_a_policy_that_iam_would_not_take_is_told_of() -> None:
    assert any("a managed policy may have 6144" in note for note in of(*EVERYTHING, service_role="").notes)
    assert not [note for note in of("instant").notes if "characters" in note]


def test_as_a_template_of_cloudformation() -> None:
    policies = of("instant")
    template = as_cloudformation(policies, None)
    kinds = {name: one["Type"] for name, one in template["Resources"].items()}
    assert kinds == {"CallerPolicy": "AWS::IAM::ManagedPolicy", "ServiceRole": "AWS::IAM::Role"}
    role = template["Resources"]["ServiceRole"]["Properties"]
    assert role["RoleName"] == "ohf-cloudformation"
    assert role["Policies"][0]["PolicyDocument"] == policies.service
    assert role["AssumeRolePolicyDocument"] == policies.trust
    assert set(as_cloudformation(policies, "caller")["Resources"]) == {"CallerPolicy"}


@pytest.mark.parametrize(
    ("text", "action", "resource"),
    [
        ("env:PASSWORD", "", ""),
        ("ssm:/grid/proxy", "ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/grid/proxy"),
        ("ssm:proxy", "ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/proxy"),
        (
            "secretsmanager:grid/proxy#password",
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:grid/proxy-??????",
        ),
        (
            "secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:a-b1c2d3",
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:1:secret:a-b1c2d3",
        ),
    ],
)
def test_a_secret_that_is_referred_to_may_be_read_and_no_other(text: str, action: str, resource: str) -> None:
    needs = replace(needs_of("instant"), secret=reference_in(text))
    more = actions(policies_of(needs).caller) - actions(of("instant").caller)
    assert more == ({action} if action else set())
    assert resources_of(policies_of(needs).caller, action) == ({resource} if resource else set())
    role = "arn:aws:iam::123456789012:role/grid"
    assumed = policies_of(replace(needs, assumed_role=role))
    assert not actions(assumed.caller) & {"ssm:GetParameter", "secretsmanager:GetSecretValue"}
    (note,) = [one for one in assumed.notes if "sts:AssumeRole" in one]
    assert f"{action} on {resource}" in note or not action


def test_as_terraform() -> None:
    policies = of("instant")
    resources = as_terraform(policies, None)["resource"]
    assert json.loads(resources["aws_iam_policy"]["ohf_caller"]["policy"]) == policies.caller
    assert json.loads(resources["aws_iam_role"]["ohf_service"]["assume_role_policy"]) == policies.trust
    assert json.loads(resources["aws_iam_role_policy"]["ohf_service"]["policy"]) == policies.service
    assert set(as_terraform(policies, "caller")["resource"]) == {"aws_iam_policy"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_what_is_printed_for_the_example_provider(example: Path) -> None:
    assert json.loads(example.read_text()) == printed()[example.stem]
