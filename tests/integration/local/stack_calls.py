"""Calls about stacks that their tests share: one made, shown, its machines."""

from __future__ import annotations

from typing import Any

from tests.integration.local.stack_bodies import body, parameters
from tests.local_aws import LocalAws

VALUES = {"TemplateBody": body(), "Parameters": parameters()}


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
