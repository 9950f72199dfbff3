"""Stacks over HTTP with boto3: the life of each kind, what is refused, what readers are shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ohf_iac.local.scenario import PROFILES
from tests.integration.local.stack_bodies import CAPACITIES, body, parameters
from tests.local_aws import LocalAws


def create(local_aws: LocalAws, name: str = "s", kind: str = "EC2Fleet-instant", **more: Any) -> str:
    given = {"TemplateBody": body(kind), "Parameters": parameters(), **more}
    return str(local_aws.client("cloudformation").create_stack(StackName=name, **given)["StackId"])


def described(local_aws: LocalAws, name: str = "s") -> dict[str, Any]:
    stacks: list[dict[str, Any]] = local_aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return stacks[0]


def machines(local_aws: LocalAws, request_id: str = "req-1") -> list[dict[str, Any]]:
    wanted = [{"Name": "tag:ohf:request-id", "Values": [request_id]}]
    found = local_aws.client("ec2").describe_instances(Filters=wanted)["Reservations"]
    return [machine for reservation in found for machine in reservation["Instances"]]


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**params)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


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


def test_the_same_token_gives_the_same_stack(local_aws: LocalAws) -> None:
    cloudformation = local_aws.client("cloudformation")
    first = create(local_aws, ClientRequestToken="one")
    assert create(local_aws, ClientRequestToken="one") == first
    given = {"TemplateBody": body(), "Parameters": parameters()}
    exists = ("AlreadyExistsException", "Stack [s] already exists")
    assert refused(cloudformation.create_stack, StackName="s", **given) == exists
    assert refused(cloudformation.create_stack, StackName="s", ClientRequestToken="two", **given) == exists
    code, _ = refused(cloudformation.create_stack, StackName="other", ClientRequestToken="one", **given)
    assert code == "TokenAlreadyExistsException"
    local_aws.scenario(uncertain={"sameToken": "exists"})
    assert refused(cloudformation.create_stack, StackName="s", ClientRequestToken="one", **given) == exists
    assert len(cloudformation.describe_stacks()["Stacks"]) == 1


def test_the_stack_quota(local_aws: LocalAws) -> None:
    local_aws.scenario(stacks={"limit": 1})
    stack_id = create(local_aws)
    call = local_aws.client("cloudformation").create_stack
    code, _ = refused(call, StackName="t", TemplateBody=body(), Parameters=parameters())
    assert code == "LimitExceededException"
    local_aws.client("cloudformation").delete_stack(StackName=stack_id)
    local_aws.advance(600)
    create(local_aws, "t")


VALUES = {"TemplateBody": body(), "Parameters": parameters()}
REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"StackName": "a_b"}, "Value 'a_b' at 'stackName' failed to satisfy constraint"),
    "no template": ({"TemplateBody": None}, "Either Template URL or Template Body must be specified."),
    "long template": ({"TemplateBody": "x" * 51201}, "Member must have length less than or equal to 51200"),
    "no JSON": ({"TemplateBody": "{"}, "Template format error: JSON not well-formed. (line 1, column 2)"),
    "no object": ({"TemplateBody": "[]"}, "Template format error: unsupported structure."),
    "no resources": (
        {"TemplateBody": "{}"},
        "Template format error: At least one Resources member must be defined.",
    ),
    "foreign type": (
        {"TemplateBody": json.dumps({"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}), "Parameters": []},
        "Template format error: Unrecognized resource types: [AWS::S3::Bucket]",
    ),
    "foreign section": (
        {"TemplateBody": '{"Resourcen": {}}'},
        "Invalid template property or properties [Resourcen]",
    ),
    "dangling": (
        {"TemplateBody": body().replace('"Ref": "LaunchTemplate"', '"Ref": "Nothing"')},
        "Unresolved resource dependencies [Nothing] in the Resources block of the template",
    ),
    "missing": ({"Parameters": parameters()[:1]}, "Parameters: [TargetCapacity] must have values"),
    "unknown": (
        {"Parameters": [*parameters(), {"ParameterKey": "X", "ParameterValue": "1"}]},
        "Parameters: [X] do not exist in the template",
    ),
    "pattern": ({"Parameters": parameters(2, "A B")}, "Parameter 'RequestId' must match pattern [a-z0-9-]+"),
    "too many": (
        {"Parameters": parameters(101)},
        "Parameter 'TargetCapacity' must be a number not greater than 100",
    ),
    "too few": ({"Parameters": parameters(0)}, "Parameter 'TargetCapacity' must be a number not less than 1"),
    "aws tag": (
        {"Tags": [{"Key": "aws:x", "Value": "1"}]},
        "aws: prefixed tag key names are not allowed for external use.",
    ),
    "many tags": (
        {"Tags": [{"Key": f"k{n}", "Value": "1"} for n in range(51)]},
        "Member must have length less than or equal to 50",
    ),
    "both": (
        {"OnFailure": "DELETE", "DisableRollback": True},
        "Either DisableRollback or OnFailure can be specified, not both.",
    ),
    "token": ({"ClientRequestToken": "a b"}, "at 'clientRequestToken' failed to satisfy constraint"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_create_stack_refuses(local_aws: LocalAws, case: str) -> None:
    changed, words = REFUSALS[case]
    params = {key: value for key, value in {"StackName": "s", **VALUES, **changed}.items() if value is not None}
    code, message = refused(local_aws.client("cloudformation", parameter_validation=False).create_stack, **params)
    assert code == "ValidationError"
    assert words in message
    assert local_aws.client("cloudformation").list_stacks()["StackSummaries"] == []


def test_an_empty_tag_value_is_refused_by_the_service(local_aws: LocalAws) -> None:
    call = local_aws.client("cloudformation", parameter_validation=False).create_stack
    code, message = refused(call, StackName="s", Tags=[{"Key": "k", "Value": ""}], **VALUES)
    assert (code, "length greater than or equal to 1" in message) == ("ValidationError", True)


def test_missing_stacks_in_each_calls_words(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    missing = ("ValidationError", "Stack with id none does not exist")
    assert refused(client.describe_stacks, StackName="none") == missing
    assert refused(client.describe_stack_resources, StackName="none") == missing
    assert refused(client.list_stack_resources, StackName="none") == missing
    assert refused(client.get_template, StackName="none") == missing
    in_brackets = ("ValidationError", "Stack [none] does not exist")
    assert refused(client.describe_stack_events, StackName="none") == in_brackets
    client.delete_stack(StackName="none")


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


def test_the_rest_by_update_stack(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    create(local_aws, kind="EC2Fleet-maintain")
    local_aws.advance(60)
    previous = [{"ParameterKey": "RequestId", "UsePreviousValue": True}, parameters(3)[1]]
    client.update_stack(StackName="s", UsePreviousTemplate=True, Parameters=previous)
    assert described(local_aws)["StackStatus"] == "UPDATE_IN_PROGRESS"
    local_aws.advance(120)
    assert described(local_aws)["StackStatus"] == "UPDATE_COMPLETE"
    assert len(machines(local_aws)) == 3
    same = refused(client.update_stack, StackName="s", UsePreviousTemplate=True, Parameters=previous)
    assert same == ("ValidationError", "No updates are to be performed.")


def test_termination_protection_is_switched(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    create(local_aws)
    client.update_termination_protection(StackName="s", EnableTerminationProtection=True)
    assert described(local_aws)["EnableTerminationProtection"] is True
    code, message = refused(client.delete_stack, StackName="s")
    assert (code, message) == (
        "ValidationError",
        "Stack [s] cannot be deleted while TerminationProtection is enabled",
    )


def test_a_change_set_for_a_new_stack(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    made = client.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", **VALUES)
    assert described(local_aws)["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert refused(client.create_stack, StackName="s", **VALUES)[0] == "AlreadyExistsException"
    shown = client.describe_change_set(StackName="s", ChangeSetName="c")
    assert (shown["Status"], shown["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    changes = [(c["ResourceChange"]["Action"], c["ResourceChange"]["LogicalResourceId"]) for c in shown["Changes"]]
    assert changes == [("Add", "Capacity"), ("Add", "LaunchTemplate")]
    client.execute_change_set(ChangeSetName=made["Id"])
    local_aws.advance(60)
    assert described(local_aws, made["StackId"])["StackStatus"] == "CREATE_COMPLETE"
    assert len(machines(local_aws)) == 2


def test_change_sets_for_a_standing_stack(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    create(local_aws, kind="EC2Fleet-maintain")
    local_aws.advance(60)
    same = {"StackName": "s", "UsePreviousTemplate": True}
    client.create_change_set(ChangeSetName="none", Parameters=parameters(), **same)
    shown = client.describe_change_set(StackName="s", ChangeSetName="none")
    assert shown["Status"] == "FAILED"
    assert "didn't contain changes" in shown["StatusReason"]
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        client.execute_change_set(StackName="s", ChangeSetName="none")
    client.create_change_set(ChangeSetName="more", Parameters=parameters(4), **same)
    change = client.describe_change_set(StackName="s", ChangeSetName="more")["Changes"][0]["ResourceChange"]
    assert (change["Action"], change["LogicalResourceId"], change["Replacement"]) == ("Modify", "Capacity", "False")
    client.delete_change_set(StackName="s", ChangeSetName="more")
    assert [s["ChangeSetName"] for s in client.list_change_sets(StackName="s")["Summaries"]] == ["none"]
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        client.describe_change_set(StackName="s", ChangeSetName="more")


def test_drift_sees_what_is_gone(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    create(local_aws)
    local_aws.advance(60)

    def status() -> str:
        found = client.detect_stack_drift(StackName="s")["StackDriftDetectionId"]
        return str(client.describe_stack_drift_detection_status(StackDriftDetectionId=found)["StackDriftStatus"])

    assert status() == "IN_SYNC"
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described(local_aws)["Outputs"]}
    local_aws.client("ec2").delete_launch_template(LaunchTemplateId=outputs["LaunchTemplateId"])
    assert status() == "DRIFTED"
    drifts = client.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    assert {d["LogicalResourceId"]: d["StackResourceDriftStatus"] for d in drifts} == {
        "Capacity": "IN_SYNC",
        "LaunchTemplate": "DELETED",
    }


def test_state_shows_everything_at_once(local_aws: LocalAws) -> None:
    create(local_aws)
    local_aws.advance(60)
    region = next(r for r in local_aws.state()["regions"] if r["stacks"])
    assert region["stacks"][0]["status"] == "CREATE_COMPLETE"
    assert [machine["state"] for machine in region["machines"]] == ["running", "running"]
    assert region["fleets"][0]["fulfilled"] == 2
