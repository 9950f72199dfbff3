"""Whole lives while one call in eight goes wrong, in every way that the local AWS knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ohf_iac.request import stack_name
from ohf_iac.template.kinds import Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import Provider, live_machines, live_stacks
from tests.local_aws import LocalAws

WEATHER: dict[str, dict[str, Any]] = {
    "throttled": {"kind": "throttle"},
    "server errors": {"kind": "error", "status": 503, "code": "ServiceUnavailable"},
    "garbage": {"kind": "garbage"},
    "resets": {"kind": "reset"},
    "lost answers": {"kind": "lost"},
    "expired tokens": {"kind": "error", "status": 400, "code": "ExpiredToken"},
}


@pytest.fixture
def provider(local_aws: LocalAws, tmp_path: Path) -> Provider:
    """A provider whose SDK does not retry: every fault reaches our code."""
    return Provider(tmp_path, local_aws, extra={"OHF_PROVIDER_RETRY_ATTEMPTS": "0"})


def accepted(provider: Provider, template: str) -> str:
    """Ask until the call is accepted, as Host Factory would with the next demand."""
    document = {"template": {"templateId": template, "machineCount": 3}}
    for _ in range(40):
        code, answer = provider.tried("requestMachines", document)
        if code == 0:
            return str(answer["requestId"])
        assert set(answer) == {"message"}
    raise AssertionError("never accepted")


@pytest.mark.parametrize("weather", WEATHER)
@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_life_in_bad_weather(provider: Provider, kind: Kind, weather: str) -> None:
    aws = provider.aws
    fault = {"service": "*", "action": "*", "probability": 0.125, **WEATHER[weather]}
    aws.reset(profile="realistic", seed=7, faults=[fault])
    request_id = accepted(provider, TEMPLATES[kind])
    entry = provider.settle(request_id)
    while entry["status"] != "complete":
        # CreateStack itself was refused by the fault: the request never had a stack, and says so
        assert "never created" in entry["message"], entry
        assert stack_name(request_id) not in live_stacks(aws)
        request_id = accepted(provider, TEMPLATES[kind])
        entry = provider.settle(request_id)
    aws.scenario(profile="realistic")
    assert len(entry["machines"]) == 3
    assert {one["machineId"] for one in entry["machines"]} == {one["InstanceId"] for one in live_machines(aws)}

    aws.scenario(profile="realistic", seed=11, faults=[fault])
    returned = provider.settle(provider.give_back(entry["machines"]))
    assert returned["status"] == "complete"
    assert {one["machineId"] for one in returned["machines"]} == {one["machineId"] for one in entry["machines"]}
    for _ in range(20):
        provider.polls(120, step=60)
        aws.scenario(profile="realistic")
        if stack_name(request_id) not in live_stacks(aws):
            break
        aws.scenario(profile="realistic", seed=13, faults=[fault])
    assert live_machines(aws) == []
    assert stack_name(request_id) not in live_stacks(aws)
