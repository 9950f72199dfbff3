"""Stacks over HTTP with boto3: the life of each kind, what readers are shown."""

from __future__ import annotations

import pytest

from ohf_iac.local.scenario import PROFILES
from tests.integration.local.grid import refused
from tests.integration.local.stack_bodies import CAPACITIES, body, parameters
from tests.integration.local.stack_calls import VALUES, create, described, machines
from tests.local_aws import LocalAws


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", CAPACITIES)
def test_the_whole_life_of_each_kind(local_aws: LocalAws, kind: str, profile: str) -> None:
    local_aws.scenario(profile=profile, times={"types": {"LaunchTemplate": {"resourceStart": 10}}})
    cloudformation = local_aws.client("cloudformation")
    stack_id = create(local_aws, kind=kind)
    local_aws.advance(3)
    assert described(local_aws)["StackStatus"] == "CREATE_IN_PROGRESS"
    assert "Outputs" not in described(local_aws)
    local_aws.advance(120)
    stack = described(local_aws)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    found = machines(local_aws)
    assert [machine["State"]["Name"] for machine in found] == ["running", "running"]
    assert {tag["Key"] for tag in found[0]["Tags"]} >= {"ohf:request-id", "aws:ec2launchtemplate:id"}
    resources = cloudformation.describe_stack_resources(StackName=stack_id)["StackResources"]
    assert {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources} == {
        "Capacity": outputs["CapacityId"],
        "LaunchTemplate": outputs["LaunchTemplateId"],
    }
    cloudformation.delete_stack(StackName="s")
    local_aws.advance(300)
    assert described(local_aws, stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert {machine["State"]["Name"] for machine in machines(local_aws)} == {"terminated"}
    assert local_aws.client("ec2").describe_launch_templates()["LaunchTemplates"] == []


def test_events_are_told_as_aws_tells_them(local_aws: LocalAws) -> None:
    stack_id = create(local_aws, ClientRequestToken="tok-1")
    local_aws.advance(60)
    events = local_aws.client("cloudformation").describe_stack_events(StackName="s")["StackEvents"]
    told = [(e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason")) for e in reversed(events)]
    assert told == [
        ("s", "CREATE_IN_PROGRESS", "User Initiated"),
        ("LaunchTemplate", "CREATE_IN_PROGRESS", None),
        ("LaunchTemplate", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("LaunchTemplate", "CREATE_COMPLETE", None),
        ("Capacity", "CREATE_IN_PROGRESS", None),
        ("Capacity", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Capacity", "CREATE_COMPLETE", None),
        ("s", "CREATE_COMPLETE", None),
    ]
    assert {event["ClientRequestToken"] for event in events} == {"tok-1"}
    assert len({event["EventId"] for event in events}) == len(events)
    last, first = events[0], events[-1]
    assert (first["PhysicalResourceId"], first["ResourceType"]) == (stack_id, "AWS::CloudFormation::Stack")
    assert last["Timestamp"] > first["Timestamp"]
    assert [e["PhysicalResourceId"][:3] for e in events if e["LogicalResourceId"] == "LaunchTemplate"][:2] == [
        "lt-"
    ] * 2


def test_a_group_that_cannot_launch_fails_the_stack_in_aws_words(local_aws: LocalAws) -> None:
    local_aws.scenario(capacity={"*": 0}, uncertain={"groupShort": "fail"})
    stack_id = create(local_aws, kind="ASG", OnFailure="DELETE")
    local_aws.advance(7200)
    events = local_aws.client("cloudformation").describe_stack_events(StackName=stack_id)["StackEvents"]
    failed = [e for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert [event["LogicalResourceId"] for event in failed] == ["Capacity"]
    assert "We currently do not have sufficient m5.large capacity" in failed[0]["ResourceStatusReason"]
    words = "The following resource(s) failed to create: [Capacity]. Delete requested by user."
    assert words in [event.get("ResourceStatusReason") for event in events]
    assert events[0]["ResourceStatus"] == "DELETE_COMPLETE"
    assert local_aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_what_describes_show(local_aws: LocalAws) -> None:
    tags = [{"Key": "ohf:owner", "Value": "grid & co <1>"}, {"Key": "b", "Value": "2"}]
    stack_id = create(
        local_aws,
        Tags=tags,
        OnFailure="DO_NOTHING",
        TimeoutInMinutes=30,
        RoleARN="arn:aws:iam::123456789012:role/cfn-role",
    )
    local_aws.advance(60)
    stack = described(local_aws)
    assert stack_id == stack["StackId"]
    assert stack_id.startswith("arn:aws:cloudformation:us-east-1:123456789012:stack/s/")
    assert stack["Tags"] == tags
    assert {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]} == {
        "RequestId": "req-1",
        "TargetCapacity": "2",
    }
    shown = {key: stack[key] for key in ("Description", "DisableRollback", "TimeoutInMinutes", "RoleARN")}
    assert shown == {
        "Description": "A test of EC2Fleet-instant",
        "DisableRollback": True,
        "TimeoutInMinutes": 30,
        "RoleARN": "arn:aws:iam::123456789012:role/cfn-role",
    }
    assert stack["EnableTerminationProtection"] is False
    assert abs(stack["CreationTime"].timestamp() - local_aws.now() + 60) < 30


def test_the_body_comes_back_byte_for_byte(local_aws: LocalAws) -> None:
    text = body() + "\n\t \n"
    cloudformation = local_aws.client("cloudformation")
    create(local_aws, TemplateBody=text)
    raw: list[bytes] = []
    cloudformation.meta.events.register_first(
        "after-call.cloudformation.GetTemplate", lambda http_response, **_: raw.append(http_response.content)
    )
    cloudformation.get_template(StackName="s", TemplateStage="Original")
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert escaped.encode() in raw[0]


def test_paging_through_stacks_and_events(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    local_aws.reset(times={"resourceStart": 100_000})
    names = {f"s{number}" for number in range(205)}
    for name in names:
        create(local_aws, name)
    pages = [page["Stacks"] for page in client.get_paginator("describe_stacks").paginate()]
    assert [len(page) for page in pages] == [100, 100, 5]
    assert {stack["StackName"] for page in pages for stack in page} == names
    summaries = [page["StackSummaries"] for page in client.get_paginator("list_stacks").paginate()]
    assert [len(page) for page in summaries] == [100, 100, 5]
    assert client.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"] == []


def test_a_new_stack_is_briefly_invisible_when_reads_lag(local_aws: LocalAws) -> None:
    local_aws.scenario(lag={"newStack": 100})
    client = local_aws.client("cloudformation")
    stack_id = create(local_aws)
    assert refused(client.describe_stacks, StackName=stack_id)[0] == "ValidationError"
    assert client.describe_stacks()["Stacks"] == []
    assert refused(client.create_stack, StackName="s", **VALUES)[0] == "AlreadyExistsException"
    local_aws.advance(101)
    assert described(local_aws, stack_id)["StackId"] == stack_id


def test_regions_and_accounts_are_apart(local_aws: LocalAws) -> None:
    create(local_aws)
    assert local_aws.client("cloudformation", region="eu-west-1").describe_stacks()["Stacks"] == []
    assert local_aws.client("cloudformation", account="210987654321").describe_stacks()["Stacks"] == []
    other = local_aws.client("cloudformation", region="eu-west-1").create_stack(StackName="s", **VALUES)["StackId"]
    assert ":eu-west-1:" in other


def test_a_template_from_s3(local_aws: LocalAws) -> None:
    s3 = local_aws.client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="bodies")
    s3.put_object(Bucket="bodies", Key="x/body.json", Body=body().encode())
    client = local_aws.client("cloudformation")
    for place in ("https://bodies.s3.us-east-1.amazonaws.com", f"{local_aws.url}/bodies"):
        name = f"s{len(place)}"
        client.create_stack(StackName=name, TemplateURL=f"{place}/x/body.json", Parameters=parameters())
        assert described(local_aws, name)["Description"] == "A test of EC2Fleet-instant"
    code, message = refused(client.create_stack, StackName="n", TemplateURL=f"{local_aws.url}/bodies/none")
    assert (code, message) == ("ValidationError", "S3 error: The specified key does not exist.")


def test_template_questions(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    declared = client.validate_template(TemplateBody=body())["Parameters"]
    assert [parameter["ParameterKey"] for parameter in declared] == ["RequestId", "TargetCapacity"]
    summary = client.get_template_summary(TemplateBody=body("ASG"))
    assert summary["ResourceTypes"] == ["AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::LaunchTemplate"]
    assert refused(client.validate_template, TemplateBody="{}")[0] == "ValidationError"


def test_state_shows_everything_at_once(local_aws: LocalAws) -> None:
    create(local_aws)
    local_aws.advance(60)
    region = next(r for r in local_aws.state()["regions"] if r["stacks"])
    assert region["stacks"][0]["status"] == "CREATE_COMPLETE"
    assert [machine["state"] for machine in region["machines"]] == ["running", "running"]
    assert region["fleets"][0]["fulfilled"] == 2
