"""Policies as the local AWS evaluates them: what is allowed, what is not, what is refused as not understood."""

from __future__ import annotations

from typing import Any

import pytest

from ohf_iac.local.iam_policy import Ask, allowed, read_policy
from ohf_iac.local.reading import DocumentRefused

INSTANCE = "arn:aws:ec2:us-east-1:123456789012:instance/i-0a"
OURS = {"ec2:ResourceTag/ohf:owner": ("grid",)}


def statement(**parts: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "ec2:TerminateInstances", "Resource": "*", **parts}


def allows(ask: Ask, *statements: dict[str, Any]) -> bool:
    return allowed(read_policy({"Version": "2012-10-17", "Statement": list(statements)}), ask)


def under(condition: dict[str, Any], **context: tuple[str, ...]) -> bool:
    """Whether a statement under this condition allows an ask with this context (colons and slashes as given)."""
    return allows(Ask("ec2:TerminateInstances", INSTANCE, context), statement(Condition=condition))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, True),
        ({"Action": "ec2:terminateinstances"}, True),
        ({"Action": "ec2:Terminate*"}, True),
        ({"Action": ["ec2:StopInstances", "ec2:TerminateInstances"]}, True),
        ({"Action": "ec2:StopInstances"}, False),
        ({"Action": "ec2:Terminate"}, False),
        ({"Resource": "arn:aws:ec2:*:*:instance/*"}, True),
        ({"Resource": "arn:aws:ec2:*:*:volume/*"}, False),
        ({"Resource": ["arn:aws:ec2:*:*:volume/*", INSTANCE]}, True),
        ({"Resource": INSTANCE.replace("0a", "0?")}, True),
        ({"Resource": INSTANCE.replace("instance", "Instance")}, False),
    ],
)
def test_actions_have_no_case_and_resources_do(parts: dict[str, Any], expected: bool) -> None:
    assert allows(Ask("ec2:TerminateInstances", INSTANCE), statement(**parts)) is expected


def test_what_no_statement_allows_is_denied_and_a_denial_wins() -> None:
    ask = Ask("ec2:TerminateInstances", INSTANCE)
    assert not allows(ask)
    assert not allows(ask, statement(), statement(Effect="Deny", Action="*"))


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"ec2:ResourceTag/ohf:owner": "grid"}}, OURS, True),
        ({"StringEquals": {"EC2:resourcetag/ohf:owner": "grid"}}, OURS, True),
        ({"StringEquals": {"ec2:ResourceTag/Ohf:owner": "grid"}}, OURS, False),
        ({"StringEquals": {"ec2:ResourceTag/ohf:owner": ["other", "grid"]}}, OURS, True),
        ({"StringEquals": {"ec2:ResourceTag/ohf:owner": "gri*"}}, OURS, False),
        ({"StringLike": {"ec2:ResourceTag/ohf:owner": "gri*"}}, OURS, True),
        ({"StringNotEquals": {"ec2:ResourceTag/ohf:owner": ["other", "grid"]}}, OURS, False),
        ({"StringNotEquals": {"ec2:ResourceTag/ohf:owner": ["other", "third"]}}, OURS, True),
        ({"StringEquals": {"ec2:ResourceTag/ohf:owner": "grid"}}, {}, False),
        ({"StringEqualsIfExists": {"ec2:ResourceTag/ohf:owner": "grid"}}, {}, True),
        ({"StringEqualsIfExists": {"ec2:ResourceTag/ohf:owner": "other"}}, OURS, False),
        ({"Null": {"ec2:ResourceTag/ohf:owner": "true"}}, {}, True),
        ({"Null": {"ec2:ResourceTag/ohf:owner": "true"}}, OURS, False),
        ({"Null": {"ec2:ResourceTag/ohf:owner": "false"}}, OURS, True),
        ({"Null": {"ec2:ResourceTag/ohf:owner": "false"}}, {}, False),
        ({"Bool": {"kms:GrantIsForAWSResource": "TRUE"}}, {"kms:GrantIsForAWSResource": ("true",)}, True),
        ({"ForAllValues:StringLike": {"aws:TagKeys": ["a", "b:*"]}}, {"aws:TagKeys": ("a", "b:1")}, True),
        ({"ForAllValues:StringLike": {"aws:TagKeys": ["a", "b:*"]}}, {"aws:TagKeys": ("a", "c")}, False),
        ({"ForAllValues:StringLike": {"aws:TagKeys": ["a"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"aws:CalledVia": "x"}}, {"aws:CalledVia": ("y", "x")}, True),
        ({"ForAnyValue:StringEquals": {"aws:CalledVia": "x"}}, {}, False),
        (
            {"StringEquals": {"a": "1", "b": "2"}},
            {"a": ("1",), "b": ("3",)},
            False,
        ),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, tuple[str, ...]], expected: bool) -> None:
    assert under(condition, **context) is expected


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "policy"),
        ({"Statement": "x"}, "policy.Statement"),
        ({"Statement": [statement(Effect="Maybe")]}, "policy.Statement[0].Effect"),
        ({"Statement": [{**statement(), "NotAction": "*"}]}, "policy.Statement[0].NotAction"),
        ({"Statement": [{"Effect": "Allow", "Action": "*"}]}, "policy.Statement[0].Resource"),
        (
            {"Statement": [statement(Condition={"DateLessThan": {"aws:CurrentTime": "x"}})]},
            "policy.Statement[0].Condition.DateLessThan",
        ),
        (
            {"Statement": [statement(Condition={"ForSome:StringEquals": {"a": "x"}})]},
            "policy.Statement[0].Condition.ForSome:StringEquals",
        ),
    ],
)
def test_what_is_not_evaluated_is_refused_by_its_place(document: object, place: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        read_policy(document)
    assert str(refused.value).startswith(f"{place}:")
