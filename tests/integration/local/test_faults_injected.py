"""Faults that the scenario orders, as boto3 meets them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from tests.local_aws import LocalAws


def fault(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, **more}


def code_and_status(refused: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    answer = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("service", "call", "expected"),
    [
        ("ec2", "describe_subnets", ("RequestLimitExceeded", 503)),
        ("autoscaling", "describe_auto_scaling_groups", ("Throttling", 400)),
        ("sts", "get_caller_identity", ("Throttling", 400)),
        ("ssm", "describe_parameters", ("ThrottlingException", 400)),
    ],
)
def test_throttling_in_each_services_words(
    local_aws: LocalAws, service: str, call: str, expected: tuple[str, int]
) -> None:
    local_aws.scenario(faults=[fault("throttle")])
    with pytest.raises(ClientError) as refused:
        getattr(local_aws.client(service), call)()
    assert code_and_status(refused) == expected
    assert local_aws.calls()[-1]["fault"] == "throttle"


def test_botocores_own_retries_get_through_a_short_throttle(local_aws: LocalAws) -> None:
    local_aws.scenario(faults=[fault("throttle", service="ec2", times=1)])
    client = local_aws.client("ec2", retries={"mode": "standard", "total_max_attempts": 2})
    assert client.describe_subnets()["Subnets"]
    assert [call["status"] for call in local_aws.calls()] == [503, 200]


def test_errors_as_the_scenario_words_them(local_aws: LocalAws) -> None:
    local_aws.scenario(
        faults=[fault("error", action="Describe*", status=403, code="Unauthorized", message="Not you")]
    )
    with pytest.raises(ClientError, match="Not you") as refused:
        local_aws.client("ec2").describe_subnets()
    assert code_and_status(refused) == ("Unauthorized", 403)
    assert local_aws.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_bare_error_is_a_500(local_aws: LocalAws) -> None:
    local_aws.scenario(faults=[fault("error")])
    with pytest.raises(ClientError) as refused:
        local_aws.client("ec2").describe_subnets()
    assert code_and_status(refused) == ("InternalError", 500)


def test_after_and_times_choose_which_calls_are_hit(local_aws: LocalAws) -> None:
    local_aws.scenario(faults=[fault("error", after=2, times=1, status=400)])
    client = local_aws.client("ec2")
    client.describe_subnets()
    client.describe_subnets()
    with pytest.raises(ClientError):
        client.describe_subnets()
    client.describe_subnets()
    assert [call["status"] for call in local_aws.calls()] == [200, 200, 400, 200]


def test_a_reset_leaves_no_answer_and_no_effect(local_aws: LocalAws) -> None:
    local_aws.scenario(faults=[fault("reset", times=1)])
    client = local_aws.client("ec2")
    with pytest.raises(ConnectionClosedError):
        client.create_key_pair(KeyName="k")
    assert [pair["KeyName"] for pair in client.describe_key_pairs()["KeyPairs"]] == ["grid-key"]
    assert [(call["status"], call.get("fault")) for call in local_aws.calls()] == [(0, "reset"), (200, None)]


def test_a_lost_answer_comes_from_a_call_that_was_carried_out(local_aws: LocalAws) -> None:
    local_aws.scenario(faults=[fault("lost", action="CreateKeyPair")])
    client = local_aws.client("ec2")
    with pytest.raises(ConnectionClosedError):
        client.create_key_pair(KeyName="k")
    assert {pair["KeyName"] for pair in client.describe_key_pairs()["KeyPairs"]} == {"grid-key", "k"}
    assert [(call["status"], call.get("fault")) for call in local_aws.calls()] == [(0, "lost"), (200, None)]


def test_garbage_cannot_be_parsed(local_aws: LocalAws) -> None:
    local_aws.scenario(faults=[fault("garbage")])
    with pytest.raises(ResponseParserError):
        local_aws.client("ec2").describe_subnets()


def test_garbage_is_what_the_scenario_says(local_aws: LocalAws) -> None:
    local_aws.scenario(faults=[fault("garbage", body="<Nonsense/>")])
    assert "Subnets" not in local_aws.client("ec2").describe_subnets()


def test_a_truncated_answer_comes_from_a_call_that_was_carried_out(local_aws: LocalAws) -> None:
    local_aws.scenario(faults=[fault("truncated", action="CreateKeyPair")])
    client = local_aws.client("ec2")
    with pytest.raises((HTTPClientError, ResponseParserError)):
        client.create_key_pair(KeyName="k")
    assert {pair["KeyName"] for pair in client.describe_key_pairs()["KeyPairs"]} == {"grid-key", "k"}
    assert [(call["status"], call.get("fault")) for call in local_aws.calls()] == [(200, "truncated"), (200, None)]


def test_a_delay_really_takes_time_and_does_not_hold_up_others(local_aws: LocalAws) -> None:
    local_aws.scenario(faults=[fault("delay", service="ec2", times=1, seconds=3)])
    with pytest.raises(ReadTimeoutError):
        local_aws.client("ec2", read_timeout=0.2).describe_subnets()
    assert local_aws.client("ec2").describe_subnets()["Subnets"]
    assert [(call["status"], call.get("fault")) for call in local_aws.calls()] == [(200, None)]


def test_a_rate_refills_on_the_virtual_clock(local_aws: LocalAws) -> None:
    local_aws.scenario(faults=[fault("throttle", service="ec2", rate=0.01, burst=2)])
    client = local_aws.client("ec2")
    client.describe_subnets()
    client.describe_subnets()
    with pytest.raises(ClientError, match="RequestLimitExceeded"):
        client.describe_subnets()
    local_aws.advance(100)
    client.describe_subnets()
    with pytest.raises(ClientError, match="RequestLimitExceeded"):
        client.describe_subnets()


def test_chance_is_drawn_from_the_seed(local_aws: LocalAws) -> None:
    def statuses(seed: int) -> list[int]:
        local_aws.reset(seed=seed, faults=[fault("error", probability=0.5, status=400)])
        client = local_aws.client("sts")
        for _ in range(12):
            try:
                client.get_caller_identity()
            except ClientError:
                continue
        return [call["status"] for call in local_aws.calls()]

    first = statuses(1)
    assert set(first) == {200, 400}
    assert statuses(1) == first
    assert statuses(2) != first
