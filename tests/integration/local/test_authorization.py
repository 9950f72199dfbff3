"""Policies in force on the local AWS: who is refused, in whose words, and what tags have to do with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local_aws import ACCOUNT, IMAGE, REGION, LocalAws

KEY = f"AKIA{ACCOUNT}CALLER"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ohf-cloudformation"
BODY = '{"Resources": {"T": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {}}}}}'


@pytest.fixture(autouse=True)
def _nobody_is_restricted_afterwards(local_aws: LocalAws) -> Iterator[None]:
    yield
    local_aws.control("PUT", "policies", {})


def restrict(aws: LocalAws, principal: str, *statements: dict[str, Any]) -> None:
    allow = [{"Effect": "Allow", "Resource": "*", **one} for one in statements]
    aws.control("PUT", "policies", {"policies": {principal: {"Statement": allow}}})


def caller(aws: LocalAws, service: str) -> Any:
    session: Any = boto3.Session(KEY, "fake", region_name=REGION)
    settings = Config(proxies={}, retries={"total_max_attempts": 1})
    return session.client(service, endpoint_url=aws.url, config=settings)


def refusal(call: Any, **parameters: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    answer = refused.value.response
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def machine(aws: LocalAws, **tags: str) -> str:
    given = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
    started = aws.client("ec2").run_instances(
        ImageId=IMAGE, InstanceType="m5.large", MinCount=1, MaxCount=1, TagSpecifications=given if tags else []
    )
    return str(started["Instances"][0]["InstanceId"])


def test_each_service_refuses_in_its_own_words(local_aws: LocalAws) -> None:
    restrict(local_aws, KEY, {"Action": "sts:AssumeRole"})
    status, code, text = refusal(caller(local_aws, "ec2").describe_instances)
    assert (status, code) == (403, "UnauthorizedOperation")
    assert text.startswith("You are not authorized to perform this operation. User: arn:aws:iam::")
    assert "is not authorized to perform: ec2:DescribeInstances on resource: *" in text
    status, code, text = refusal(caller(local_aws, "autoscaling").describe_auto_scaling_groups)
    assert (status, code) == (403, "AccessDenied")
    assert "no identity-based policy allows the autoscaling:DescribeAutoScalingGroups action" in text
    status, code, _ = refusal(caller(local_aws, "ssm").get_parameter, Name="/a")
    assert (status, code) == (400, "AccessDeniedException")
    assert caller(local_aws, "sts").get_caller_identity()["Account"] == ACCOUNT
    assert local_aws.client("ec2").describe_instances()["Reservations"] == []


def test_a_machine_without_the_tag_refuses_the_whole_batch(local_aws: LocalAws) -> None:
    ours, theirs = machine(local_aws, owner="grid"), machine(local_aws)
    owned = {"StringEquals": {"ec2:ResourceTag/owner": "grid"}}
    restrict(local_aws, KEY, {"Action": "ec2:TerminateInstances", "Condition": owned})
    ec2 = caller(local_aws, "ec2")
    for others in (theirs, "i-00000000000000001"):
        assert refusal(ec2.terminate_instances, InstanceIds=[ours, others])[1] == "UnauthorizedOperation"
    assert ec2.terminate_instances(InstanceIds=[ours])["TerminatingInstances"]


def test_only_tags_with_the_keys_allowed_are_given(local_aws: LocalAws) -> None:
    ours = machine(local_aws)
    keys = {"ForAllValues:StringLike": {"aws:TagKeys": ["ours:*"]}}
    restrict(local_aws, KEY, {"Action": "ec2:CreateTags", "Condition": keys})
    ec2 = caller(local_aws, "ec2")
    ec2.create_tags(Resources=[ours], Tags=[{"Key": "ours:a", "Value": ""}])
    both = [{"Key": "ours:a", "Value": ""}, {"Key": "owner", "Value": "me"}]
    assert refusal(ec2.create_tags, Resources=[ours], Tags=both)[1] == "UnauthorizedOperation"


def stack_status(aws: LocalAws, name: str) -> tuple[str, str]:
    aws.advance(30)
    (stack,) = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    events = aws.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    reasons = [one.get("ResourceStatusReason", "") for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
    return stack["StackStatus"], " ".join(reasons)


def test_handlers_work_with_the_callers_permissions_where_there_is_no_role(local_aws: LocalAws) -> None:
    restrict(local_aws, KEY, {"Action": "cloudformation:*"})
    caller(local_aws, "cloudformation").create_stack(StackName="bare", TemplateBody=BODY, OnFailure="DO_NOTHING")
    status, reason = stack_status(local_aws, "bare")
    assert status == "CREATE_FAILED"
    assert "user/AKIA123456789012CALLER is not authorized to perform: ec2:CreateLaunchTemplate" in reason
    assert "HandlerErrorCode: AccessDenied" in reason
    via = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}
    restrict(local_aws, KEY, {"Action": "cloudformation:*"}, {"Action": "ec2:*", "Condition": via})
    caller(local_aws, "cloudformation").create_stack(StackName="more", TemplateBody=BODY)
    assert stack_status(local_aws, "more")[0] == "CREATE_COMPLETE"
    assert refusal(caller(local_aws, "ec2").describe_instances)[1] == "UnauthorizedOperation"


def test_handlers_work_with_the_roles_permissions_and_the_role_must_be_passed(local_aws: LocalAws) -> None:
    restrict(local_aws, KEY, {"Action": "cloudformation:*"})
    cloudformation = caller(local_aws, "cloudformation")
    status, code, text = refusal(
        cloudformation.create_stack, StackName="handed", TemplateBody=BODY, RoleARN=ROLE, OnFailure="DO_NOTHING"
    )
    assert (status, code) == (403, "AccessDenied")
    assert f"iam:PassRole on resource: {ROLE}" in text
    restrict(local_aws, ROLE, {"Action": "ec2:Describe*"})
    cloudformation.create_stack(StackName="handed", TemplateBody=BODY, RoleARN=ROLE, OnFailure="DO_NOTHING")
    ended, reason = stack_status(local_aws, "handed")
    assert ended == "CREATE_FAILED"
    assert "assumed-role/ohf-cloudformation/AWSCloudFormation is not authorized to perform" in reason


def test_what_was_asked_and_denied_can_be_seen(local_aws: LocalAws) -> None:
    restrict(local_aws, KEY, {"Action": "ec2:DescribeInstances"})
    caller(local_aws, "ec2").describe_instances()
    refusal(caller(local_aws, "ec2").describe_fleets)
    seen = local_aws.control("GET", "policies")
    assert seen["asked"] == {KEY: ["ec2:DescribeFleets", "ec2:DescribeInstances"]}
    assert seen["denied"] == [{"principal": KEY, "action": "ec2:DescribeFleets", "resource": "*"}]


def test_a_policy_that_is_not_understood_is_refused(local_aws: LocalAws) -> None:
    with pytest.raises(AssertionError, match="NotAction"):
        local_aws.control(
            "PUT",
            "policies",
            {"policies": {KEY: {"Statement": [{"Effect": "Deny", "NotAction": "*", "Resource": "*"}]}}},
        )
