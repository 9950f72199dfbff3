"""The IAM policies in `examples/iam`: every action exists, and the provider's are those that the code calls."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

ROOT = Path(__file__).resolve().parents[2]
POLICIES = sorted((ROOT / "examples" / "iam").glob("*.json"))
#: services called by the code, by botocore's name, with the prefix of their IAM actions
SERVICES = {"autoscaling": "autoscaling", "cloudformation": "cloudformation", "ec2": "ec2", "s3": "s3"}
#: actions that IAM knows and that are no API operation (service authorization reference)
PERMISSION_ONLY = {"iam:PassRole", "cloudformation:TagResource"}

#: what CloudFormation does with the caller's permissions: it reads the template that the caller names
ON_OUR_BEHALF = {"s3:GetObject"}


@cache
def operations(service: str) -> tuple[str, ...]:
    """The operations of a service in the installed botocore."""
    return tuple(botocore.session.Session().get_service_model(service).operation_names)


def statements(policy: Path) -> list[dict[str, Any]]:
    return list(json.loads(policy.read_text())["Statement"])


def several(value: str | list[str]) -> list[str]:
    """IAM writes one text where there is one, a list where there are more."""
    return [value] if isinstance(value, str) else value


def actions(policy: Path) -> set[str]:
    return {action for statement in statements(policy) for action in several(statement["Action"])}


def called() -> Iterator[str]:
    """The IAM actions of every operation that the code names: botocore's snake_case names stand as constants."""
    names = {
        xform_name(operation): f"{prefix}:{operation}"
        for service, prefix in SERVICES.items()
        for operation in operations(service)
    }
    for path in sorted((ROOT / "ohf_iac" / "aws").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
                yield names[node.value]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: path.stem)
def test_every_action_exists(policy: Path) -> None:
    for action in actions(policy) - PERMISSION_ONLY:
        prefix, pattern = action.split(":")
        assert any(fnmatchcase(name, pattern) for name in operations(prefix)), action


def test_the_provider_may_do_what_the_code_does_and_no_more() -> None:
    needed = set(called())
    assert {"cloudformation:CreateStack", "s3:PutObject"} <= needed
    assert actions(ROOT / "examples" / "iam" / "provider.json") - PERMISSION_ONLY == needed | ON_OUR_BEHALF


def test_whatever_changes_something_is_limited_to_what_is_ours() -> None:
    for statement in statements(ROOT / "examples" / "iam" / "provider.json"):
        reading = all(":Describe" in action or ":List" in action for action in several(statement["Action"]))
        assert reading or "*" not in several(statement["Resource"]), statement["Sid"]
