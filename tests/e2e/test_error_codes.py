"""AWS's error codes reach LSF: `Error Code: <Code>` in the message that ebrokerd reads (contract §1.6)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ohf_iac.template.kinds import Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import Provider
from tests.local_aws import LocalAws

CODES = {
    "AuthFailure": 401,
    "UnauthorizedOperation": 403,
    "AccessDenied": 403,
    "ExpiredToken": 400,
    "InvalidClientTokenId": 403,
    "RequestLimitExceeded": 503,
    "Throttling": 400,
    "InternalError": 500,
    "ServiceUnavailable": 503,
    "Blocked": 403,
    "OptInRequired": 401,
    "InvalidAction": 400,
    "ValidationError": 400,
    "InsufficientCapabilitiesException": 400,
}


@pytest.fixture
def provider(local_aws: LocalAws, tmp_path: Path) -> Provider:
    """A provider whose SDK does not retry."""
    return Provider(tmp_path, local_aws, extra={"OHF_PROVIDER_RETRY_ATTEMPTS": "0"})


def ask(template: str, count: int) -> dict[str, Any]:
    return {"template": {"templateId": template, "machineCount": count}}


@pytest.mark.parametrize("code", CODES)
def test_a_refused_call_is_told_by_its_code_in_every_operation(provider: Provider, code: str) -> None:
    aws = provider.aws
    request_id = provider.request("instant-ondemand", 1)
    machines = provider.settle(request_id)["machines"]
    again = provider.request("asg-ondemand", 1)
    aws.scenario(faults=[{"kind": "error", "status": CODES[code], "code": code, "message": "not today"}])
    told = f"not today (Error Code: {code})"

    said, answer = provider.tried("requestMachines", ask("instant-ondemand", 1))
    assert told in answer["message"]
    assert (said == 1) == ("requestId" not in answer)
    poll = {"requests": [{"requestId": again}, {"requestId": request_id}]}
    polled = provider.call("getRequestStatus", poll)
    assert [one["status"] for one in polled["requests"]] == ["running", "complete"]
    assert told in polled["requests"][0]["message"]
    assert polled["message"] == ""
    hosts = {"machines": [{"name": machines[0]["name"], "machineId": machines[0]["machineId"]}]}
    assert told in provider.call("getReturnRequests", hosts)["message"]
    assert told in provider.call("requestReturnMachines", hosts)["message"]


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_shortage_is_told_by_its_code_in_the_message_of_the_whole_answer(provider: Provider, kind: Kind) -> None:
    provider.aws.reset(capacity={"*": 1})
    request_id = provider.request(TEMPLATES[kind], 3)
    entry = provider.settle(request_id, step=120)
    answer = provider.call("getRequestStatus", {"requests": [{"requestId": request_id}]})
    assert answer["requests"] == [entry]
    assert answer["message"] == entry["message"]
    assert entry["message"].startswith("1 of 3 machines: Error Code: ")
    assert "Capacity: " in answer["message"]


def test_a_return_that_ec2_refuses_is_told_by_its_code(provider: Provider) -> None:
    request_id = provider.request("instant-ondemand", 1)
    (machine,) = provider.settle(request_id)["machines"]
    provider.aws.client("ec2").modify_instance_attribute(
        InstanceId=machine["machineId"], DisableApiTermination={"Value": True}
    )
    answer = provider.call("getRequestStatus", {"requests": [{"requestId": provider.give_back([machine])}]})
    assert answer["requests"][0]["status"] == "complete_with_error"
    assert "Error Code: OperationNotPermitted" in answer["message"]
