"""Roles assumed on the local AWS: whose calls they make, when they end, who may have them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local_aws import ACCOUNT, REGION, LocalAws

THEIRS = "210987654321"
ROLE = f"arn:aws:iam::{THEIRS}:role/grid"
ENDED: dict[str, tuple[str, Callable[[Any], object]]] = {
    "ec2": ("RequestExpired", lambda client: client.describe_instances()),
    "cloudformation": ("ExpiredToken", lambda client: client.describe_stacks()),
    "sts": ("ExpiredToken", lambda client: client.get_caller_identity()),
    "ssm": ("ExpiredTokenException", lambda client: client.get_parameter(Name="/ohf/images/grid")),
    "s3": ("ExpiredToken", lambda client: client.list_objects_v2(Bucket="b")),
}


@pytest.fixture(autouse=True)
def _nobody_is_restricted_afterwards(local_aws: LocalAws) -> Iterator[None]:
    yield
    local_aws.control("PUT", "policies", {})


def assumed(aws: LocalAws, **parameters: Any) -> dict[str, Any]:
    asked = {"RoleArn": ROLE, "RoleSessionName": "me", **parameters}
    return dict(aws.client("sts").assume_role(**asked)["Credentials"])


def client_with(aws: LocalAws, service: str, credentials: dict[str, Any], token: str = "") -> Any:
    keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], token or credentials["SessionToken"])
    session: Any = boto3.Session(*keys, region_name=REGION)
    settings = Config(proxies={}, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return session.client(service, endpoint_url=aws.url, config=settings)


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def test_a_session_is_the_roles_in_the_roles_account(local_aws: LocalAws) -> None:
    who = client_with(local_aws, "sts", assumed(local_aws)).get_caller_identity()
    assert (who["Account"], who["Arn"]) == (THEIRS, f"arn:aws:sts::{THEIRS}:assumed-role/grid/me")
    assert local_aws.client("sts").get_caller_identity()["Account"] == ACCOUNT


@pytest.mark.parametrize("service", ENDED)
def test_a_session_ends_on_the_virtual_clock(local_aws: LocalAws, service: str) -> None:
    keys = assumed(local_aws, DurationSeconds=900)
    assert abs(keys["Expiration"].timestamp() - local_aws.now() - 900) < 60
    client_with(local_aws, "sts", keys).get_caller_identity()
    local_aws.advance(901)
    code, call = ENDED[service]
    with pytest.raises(ClientError) as refused:
        call(client_with(local_aws, service, keys))
    assert code_of(refused) == code


def test_keys_of_a_session_are_nothing_without_its_token(local_aws: LocalAws) -> None:
    keys = assumed(local_aws)
    with pytest.raises(ClientError) as refused:
        client_with(local_aws, "ec2", keys, token="another").describe_instances()
    assert code_of(refused) == "AuthFailure"


def test_a_role_that_asks_for_an_external_id_is_had_by_that_alone(local_aws: LocalAws) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "grid-7"}},
            }
        ],
    }
    iam = local_aws.client("iam", account=THEIRS)
    iam.create_role(RoleName="grid", AssumeRolePolicyDocument=json.dumps(trust))
    for given in ({}, {"ExternalId": "grid-8"}):
        with pytest.raises(ClientError) as refused:
            assumed(local_aws, **given)
        assert code_of(refused) == "AccessDenied"
    assert assumed(local_aws, ExternalId="grid-7")["AccessKeyId"].startswith(f"ASIA{THEIRS}")
    with pytest.raises(ClientError, match="MaxSessionDuration"):
        assumed(local_aws, ExternalId="grid-7", DurationSeconds=7200)


def test_policies_hold_for_assuming_and_for_the_session(local_aws: LocalAws) -> None:
    caller = f"AKIA{ACCOUNT}"
    allow = {"Statement": {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}}
    local_aws.control("PUT", "policies", {"policies": {ROLE: allow}})
    keys = assumed(local_aws)
    client_with(local_aws, "ec2", keys).describe_instances()
    with pytest.raises(ClientError, match="assumed-role/grid/me is not authorized to perform: ec2:DescribeTags"):
        client_with(local_aws, "ec2", keys).describe_tags()
    local_aws.control("PUT", "policies", {"policies": {caller: allow}})
    with pytest.raises(ClientError, match=f"not authorized to perform: sts:AssumeRole on resource: {ROLE}"):
        assumed(local_aws)


@pytest.mark.parametrize(
    "asked",
    [{"RoleArn": "grid-worker-role-without-arn"}, {"RoleSessionName": "a b"}, {"DurationSeconds": 90000}],
)
def test_what_sts_would_not_take_is_refused(local_aws: LocalAws, asked: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        assumed(local_aws, **asked)
    assert code_of(refused) == "ValidationError"


def test_secrets_are_kept_and_asked_for_by_name(local_aws: LocalAws) -> None:
    secrets = local_aws.client("secretsmanager")
    secrets.create_secret(Name="grid/proxy", SecretString='{"password": "p"}')
    assert secrets.get_secret_value(SecretId="grid/proxy")["SecretString"] == '{"password": "p"}'
    named = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:grid/proxy-??????"
    allow = {"Statement": {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": named}}
    local_aws.control("PUT", "policies", {"policies": {f"AKIA{ACCOUNT}": allow}})
    secrets.get_secret_value(SecretId="grid/proxy")
    with pytest.raises(ClientError, match="not authorized to perform: secretsmanager:GetSecretValue"):
        secrets.get_secret_value(SecretId="grid/other")
    local_aws.control("PUT", "policies", {})
    local_aws.reset()
    with pytest.raises(ClientError, match="can't find"):
        secrets.get_secret_value(SecretId="grid/proxy")
