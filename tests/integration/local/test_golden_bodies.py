"""Every golden body is created on the local AWS and brings machines: what is rendered is what AWS accepts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.local.grid import alive, template
from tests.local_aws import LocalAws

GOLDEN = Path(__file__).parents[2] / "golden"
BODIES = sorted(GOLDEN.glob("*/stack.json"))
FOREIGN = re.compile(r'"LaunchTemplateId": ?"lt-[0-9a-f]+"')
GIVEN = {
    "RequestId": "req-12345678-0123456789abcdef",
    "TargetCapacity": "3",
    "OnDemandCapacity": "1",
}
# What the seeded world lacks, and what each body says of it.
SEEDED = ("/ohf/images/grid:7", "/ohf/images/grid:1")
ROOTS = {"images": {"ami-0a1b2c3d4e5f60001": {"rootDeviceName": "/dev/sda1"}}}


def body_of(aws: LocalAws, text: str) -> str:
    """The body with launch templates of other people replaced by one that exists here."""
    if FOREIGN.search(text):
        own = template(aws, "foreign")
        text = FOREIGN.sub(f'"LaunchTemplateId": "{own["LaunchTemplateId"]}"', text)
        text = re.sub(r'"Version": ?"\d+"', '"Version": "1"', text)
    return text.replace(*SEEDED)


def parameters(aws: LocalAws, body: dict[str, Any]) -> list[dict[str, str]]:
    until = datetime.fromtimestamp(int(aws.now() + 1740), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = {**GIVEN, "ValidUntil": until}
    return [
        {"ParameterKey": name, "ParameterValue": known.get(name, "x")}
        for name, declared in body["Parameters"].items()
        if name in known or "Default" not in declared
    ]


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.parent.name)
def test_a_golden_body_brings_machines(local_aws: LocalAws, path: Path) -> None:
    text = body_of(local_aws, path.read_text())
    if "/dev/sda1" in text:
        local_aws.scenario(**ROOTS)
    cloudformation = local_aws.client("cloudformation")
    cloudformation.create_stack(
        StackName="ohf-1",
        TemplateBody=text,
        Parameters=parameters(local_aws, json.loads(text)),
        OnFailure="DO_NOTHING",
    )
    for _ in range(6):
        local_aws.advance(10)
    [stack] = cloudformation.describe_stacks(StackName="ohf-1")["Stacks"]
    events = cloudformation.describe_stack_events(StackName="ohf-1")["StackEvents"]
    reasons = [event.get("ResourceStatusReason") for event in events]
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons
    assert alive(local_aws)
