"""AWS on a bad day: what each failure is to us: to be repeated or not, carried out perhaps or surely not."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ohf_iac.aws import cloudformation, ec2
from ohf_iac.aws.assumed_role import Role
from ohf_iac.aws.calls import CallNote, Calls
from ohf_iac.aws.groups import group_seen
from ohf_iac.aws.session import Access
from ohf_iac.aws.translate import known
from ohf_iac.errors import ConfigurationError, ProviderError
from ohf_iac.machine import CREATE_RESULT
from ohf_iac.template.kinds import INSTANT
from tests.integration.gateway import calls_to, counted, make
from tests.local_aws import LocalAws

READS: Mapping[str, Callable[[Calls], object]] = {
    "ec2": lambda calls: ec2.of_owner(calls, "here"),
    "cloudformation": lambda calls: cloudformation.describe_stack(calls, "ohf-1"),
    "autoscaling": lambda calls: group_seen(calls, "ohf-1", 0),
    "sts": ec2.account,
}


@dataclass(frozen=True)
class Bad:
    """A fault, and what it must become."""

    fault: Mapping[str, Any]
    transient: bool
    sent: bool
    code: str | None = None
    says: str = ""


DAYS = {
    "throttled": Bad({"kind": "throttle"}, transient=True, sent=False),
    "5xx": Bad({"kind": "error", "status": 503, "code": "ServiceUnavailable"}, True, True, "ServiceUnavailable"),
    "expired token": Bad(
        {"kind": "error", "status": 400, "code": "ExpiredToken"},
        True,
        False,
        "ExpiredToken",
        "renew the credentials",
    ),
    "denied": Bad(
        {"kind": "error", "status": 403, "code": "AccessDenied", "message": "no"},
        False,
        False,
        "AccessDenied",
        "ohf iam-policy",
    ),
    "refused": Bad({"kind": "error", "status": 400, "code": "InvalidParameterValue"}, False, False),
    "garbage": Bad({"kind": "garbage"}, True, True, "", ""),
    "truncated": Bad({"kind": "truncated"}, True, True, ""),
    "another call's": Bad({"kind": "garbage", "body": "<DescribeSomethingElseResponse/>"}, True, True, ""),
    "reset": Bad({"kind": "reset"}, True, True, ""),
    "lost": Bad({"kind": "lost"}, True, True, ""),
}


@pytest.mark.parametrize("service", READS)
@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
def test_a_failed_read_is_never_an_empty_answer(local_aws: LocalAws, calls: Calls, service: str, day: Bad) -> None:
    local_aws.scenario(faults=[{"service": service, **day.fault}])
    with pytest.raises(ProviderError) as failure:
        READS[service](calls)
    error = failure.value
    assert (error.transient, error.sent) == (day.transient, day.sent)
    assert day.code is None or error.aws_code == day.code
    assert day.says in error.hint
    assert ": " in error.message


@pytest.mark.parametrize(("service", "code"), [("ec2", "RequestLimitExceeded"), ("cloudformation", "Throttling")])
def test_throttling_is_known_in_each_services_words(
    local_aws: LocalAws, calls: Calls, service: str, code: str
) -> None:
    local_aws.scenario(faults=[{"service": service, "kind": "throttle"}])
    with pytest.raises(ProviderError) as failure:
        READS[service](calls)
    assert failure.value.aws_code == code
    assert "the next call will try again" in failure.value.hint


def test_a_lost_answer_hides_a_stack_that_was_made(local_aws: LocalAws, calls: Calls) -> None:
    local_aws.scenario(faults=[{"action": "CreateStack", "kind": "lost"}])
    with pytest.raises(ProviderError) as failure:
        make(local_aws, calls, INSTANT)
    assert (failure.value.sent, failure.value.transient, failure.value.aws_code) == (True, True, "")
    assert len(list(cloudformation.walk_stacks(calls))) == 1


def test_a_lost_answer_that_botocore_repeats_makes_one_stack(local_aws: LocalAws, calls: Calls) -> None:
    del calls
    local_aws.scenario(faults=[{"action": "CreateStack", "kind": "lost", "times": 1}])
    patient = calls_to(local_aws, attempts=2)
    made = make(local_aws, patient, INSTANT)
    assert [one.name for one in cloudformation.walk_stacks(patient)] == [made.name]


def test_a_throttled_call_is_repeated_within_the_call(local_aws: LocalAws, calls: Calls) -> None:
    del calls
    local_aws.scenario(faults=[{"service": "ec2", "kind": "throttle", "times": 1}])
    with counted(local_aws) as actions:
        assert ec2.of_owner(calls_to(local_aws, attempts=2), "here") == ()
    assert actions == ["DescribeInstances"] * 2


def test_a_slow_answer_is_given_up(local_aws: LocalAws, calls: Calls) -> None:
    del calls
    local_aws.scenario(faults=[{"service": "ec2", "kind": "delay", "seconds": 1, "times": 1}])
    with pytest.raises(ProviderError, match="describe all machines") as failure:
        ec2.of_owner(calls_to(local_aws, read_timeout=0.2), "here")
    assert (failure.value.transient, failure.value.sent) == (True, True)


def test_an_aws_that_is_not_reached_was_sent_nothing(local_aws: LocalAws, calls: Calls) -> None:
    del calls
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(ProviderError, match="AWS was not reached") as failure:
            ec2.of_owner(calls_to(local_aws, endpoints=(("ec2", nowhere),)), "here")
    assert (failure.value.transient, failure.value.sent) == (True, False)
    assert "ohf doctor" in failure.value.hint


def test_without_credentials_it_is_the_configuration(
    local_aws: LocalAws, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    del calls
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ConfigurationError, match="describe all machines of this provider: ") as failure:
        ec2.of_owner(calls_to(local_aws), "here")
    assert "AWS_CREDENTIAL_FILE" in failure.value.hint


def test_a_profile_that_does_not_exist_is_the_configuration(local_aws: LocalAws, calls: Calls) -> None:
    del calls
    with pytest.raises(ConfigurationError, match="nowhere"):
        ec2.of_owner(calls_to(local_aws, profile="nowhere"), "here")


def test_without_a_region_it_is_the_configuration(local_aws: LocalAws, calls: Calls) -> None:
    del calls
    with pytest.raises(ConfigurationError, match="region"):
        ec2.of_owner(calls_to(local_aws, region=""), "here")


def test_no_call_is_made_once_the_deadline_has_passed(local_aws: LocalAws, calls: Calls) -> None:
    late = calls.within(lambda: 0.0)
    with counted(local_aws) as actions, pytest.raises(ProviderError, match="used up") as failure:
        ec2.of_owner(late, "here")
    assert actions == []
    assert (failure.value.transient, failure.value.sent) == (True, False)


def test_calls_beyond_the_limit_are_not_made(local_aws: LocalAws, calls: Calls) -> None:
    few = calls.limited(2)
    with counted(local_aws) as actions:
        ec2.of_owner(few, "here")
        ec2.account(few)
        with pytest.raises(ProviderError, match="used up"):
            ec2.of_owner(few, "here")
        ec2.of_owner(calls, "here")
    assert actions == ["DescribeInstances", "GetCallerIdentity", "DescribeInstances"]


def test_every_call_is_noted_with_its_outcome(local_aws: LocalAws, calls: Calls) -> None:
    notes: list[CallNote] = []
    noting = Calls(calls.access, note=notes.append)
    ec2.account(noting)
    local_aws.scenario(faults=[{"service": "ec2", "kind": "error", "status": 400, "code": "Nonsense"}])
    with pytest.raises(ProviderError):
        ec2.of_owner(noting, "here")
    assert [(one.service, one.action, one.error) for one in notes] == [
        ("sts", "GetCallerIdentity", ""),
        ("ec2", "DescribeInstances", "Nonsense"),
    ]
    assert notes[0].aws_request_id


def test_a_parameter_that_the_sdk_refuses_was_not_sent(local_aws: LocalAws, calls: Calls) -> None:
    with counted(local_aws) as actions, pytest.raises(ProviderError) as failure:
        calls.call("ec2", "describe_instances", "describe", "machines", Nonsense=1)
    assert actions == []
    assert (failure.value.sent, failure.value.transient) == (False, False)


def test_a_state_that_this_version_does_not_know_is_a_failed_read() -> None:
    assert known(CREATE_RESULT, "running", "machine i-1") == "succeed"
    with pytest.raises(ProviderError, match=r"machine i-1: AWS shows the state 'hibernated'") as failure:
        known(CREATE_RESULT, "hibernated", "machine i-1")
    assert failure.value.transient


def test_keys_come_from_a_file_or_a_script_where_the_configuration_names_one(
    local_aws: LocalAws, calls: Calls, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    del calls
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    file = tmp_path / "credentials"
    file.touch(mode=0o600)
    file.write_text("[default]\naws_access_key_id = AKIA210987654321\naws_secret_access_key = fake\n")
    assert ec2.account(calls_to(local_aws, credentials_file=str(file))) == "210987654321"
    script = tmp_path / "keys.sh"
    keys = '{"AccessKeyId": "AKIA111122223333", "SecretAccessKey": "fake", "SessionToken": "t"}'
    script.write_text(f"#!/bin/sh\necho '{keys}'\n")
    script.chmod(0o755)
    assert ec2.account(calls_to(local_aws, credential_script=str(script))) == "111122223333"


@pytest.mark.parametrize("text", ["exit 1", "echo nothing", "echo '{}'"])
def test_a_script_that_gives_no_keys_is_the_configuration(
    local_aws: LocalAws, calls: Calls, tmp_path: Any, text: str
) -> None:
    del calls
    script = tmp_path / "keys.sh"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    with pytest.raises(ConfigurationError, match="AWS_CREDENTIAL_SCRIPT"):
        ec2.account(calls_to(local_aws, credential_script=str(script)))


def test_nothing_is_asked_of_aws_before_the_first_call(local_aws: LocalAws, calls: Calls) -> None:
    with counted(local_aws) as actions:
        Calls(Access(region="us-east-1", role=Role("arn:aws:iam::123456789012:role/x")))
        calls.client("ec2")
    assert actions == []
