"""The AWS operations that the code calls, found in the code."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

CALLERS = Path(__file__).resolve().parents[1] / "ohf_iac" / "aws"
#: services that are called by the names of their operations
SERVICES = ("autoscaling", "cloudformation", "ec2", "s3")
#: of an operation that two services have, the one that is not called
NOT_CALLED = {("autoscaling", "DescribeTags")}


@cache
def operations(service: str) -> tuple[str, ...]:
    """The operations of a service in the installed botocore."""
    return tuple(botocore.session.Session().get_service_model(service).operation_names)


@cache
def called_operations() -> dict[str, frozenset[str]]:
    """Service to the operations that the code names: botocore's snake_case names stand as constants."""
    named = {
        node.value
        for path in CALLERS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {
        one: frozenset(
            name for name in operations(one) if xform_name(name) in named and (one, name) not in NOT_CALLED
        )
        for one in SERVICES
    }
