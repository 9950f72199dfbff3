"""What CloudFormation refuses over HTTP, in its words: calls, repeated tokens, too many stacks, missing ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.local.grid import refused
from tests.integration.local.stack_bodies import body, parameters
from tests.integration.local.stack_calls import VALUES, create
from tests.local_aws import LocalAws

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
