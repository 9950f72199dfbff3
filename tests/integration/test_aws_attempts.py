"""Attempts of calls: what botocore repeats, what each attempt leaves open, what it tells of quotas and of time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.aws import cloudformation, ec2
from ohf_iac.aws.attempts import Attempts, attempting
from ohf_iac.aws.calls import CLOCKS_AGREE, Calls
from ohf_iac.aws.groups import suspend_group
from ohf_iac.aws.in_time import OutOfTimeError
from ohf_iac.errors import ProviderError
from ohf_iac.template.kinds import INSTANT
from tests.integration.gateway import calls_to, counted, make
from tests.local_aws import LocalAws

OTHER = "<DescribeAccountLimitsResponse/>"
WRITES: Mapping[str, Callable[[Calls], object]] = {
    "CreateTags": lambda calls: ec2.tag(calls, ["i-0123456789abcdef0"], "ohf:settled", "complete"),
    "TerminateInstances": lambda calls: ec2.terminate(calls, ["i-0123456789abcdef0"]),
    "DeleteStack": lambda calls: cloudformation.delete_stack(calls, "ohf-1", "ohf-1-delete-complete"),
    "SuspendProcesses": lambda calls: suspend_group(calls, "ohf-1"),
}


def error(code: str, **more: Any) -> dict[str, Any]:
    return {"kind": "error", "status": 400, "code": code, **more}


@pytest.mark.parametrize("action", WRITES)
def test_the_answer_of_another_call_is_no_consent(local_aws: LocalAws, calls: Calls, action: str) -> None:
    local_aws.scenario(faults=[{"action": action, "kind": "garbage", "body": OTHER}])
    with pytest.raises(ProviderError, match=f"not an answer to {action}") as failure:
        WRITES[action](calls)
    assert (failure.value.sent, failure.value.transient) == (True, True)


def test_a_refusal_after_an_attempt_that_told_nothing_may_hide_a_stack(local_aws: LocalAws, calls: Calls) -> None:
    del calls
    lost = {"action": "CreateStack", "kind": "lost", "times": 1}
    local_aws.scenario(faults=[lost, {"action": "CreateStack", "kind": "throttle"}])
    with pytest.raises(ProviderError) as failure:
        make(local_aws, calls_to(local_aws, attempts=2), INSTANT)
    assert (failure.value.aws_code, failure.value.sent) == ("Throttling", True)


def test_attempts_that_were_all_refused_have_done_nothing(local_aws: LocalAws, calls: Calls) -> None:
    del calls
    local_aws.scenario(faults=[{"action": "CreateStack", "kind": "throttle"}])
    with counted(local_aws) as actions, pytest.raises(ProviderError) as failure:
        make(local_aws, calls_to(local_aws, attempts=2), INSTANT)
    assert actions == ["CreateStack"] * 2
    assert not failure.value.sent


def test_no_attempt_is_begun_when_the_time_of_the_call_is_over(local_aws: LocalAws, calls: Calls) -> None:
    """The thread of a call that was given up goes on with botocore's attempts."""
    client = calls.client("ec2")
    with counted(local_aws) as actions:
        with attempting(Attempts(time.monotonic(), time.time)), pytest.raises(OutOfTimeError):
            client.describe_instances()
        client.describe_instances()
    assert actions == ["DescribeInstances"]


@pytest.mark.parametrize(
    ("action", "code", "quota"),
    [
        ("CreateStack", "LimitExceededException", "Stack count"),
        ("CreateStack", "LimitExceeded", "L-0485CB21"),
    ],
)
def test_a_quota_is_named_and_not_asked_again(
    local_aws: LocalAws, calls: Calls, action: str, code: str, quota: str
) -> None:
    del calls
    local_aws.scenario(faults=[error(code, action=action, message="Limit for stack has been exceeded")])
    with counted(local_aws) as actions, pytest.raises(ProviderError) as failure:
        make(local_aws, calls_to(local_aws, attempts=4), INSTANT)
    assert actions == [action]
    assert quota in failure.value.hint
    assert failure.value.aws_code == code, "as AWS says it, whatever botocore was told"
    assert (failure.value.transient, failure.value.sent) == (False, False)


def test_a_rate_is_told_apart_from_a_quota(local_aws: LocalAws, calls: Calls) -> None:
    local_aws.scenario(faults=[{"kind": "throttle"}])
    with pytest.raises(ProviderError) as failure:
        ec2.of_owner(calls, "here")
    assert "rate of calls" in failure.value.hint
    assert "quota" not in failure.value.hint


def late(seconds: float, aws: LocalAws) -> Calls:
    """Calls of a host whose clock is so many seconds ahead of AWS's."""
    ahead = aws.now() - time.time() + seconds
    return calls_to(aws, now=lambda: time.time() + ahead)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("SignatureDoesNotMatch", "Signature expired: 20261123T190000Z is now earlier than 20261123T191000Z"),
        ("InvalidSignatureException", "Signature not yet current: 20261123T190000Z is still later than"),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large"),
        ("AuthFailure", "AWS was not able to validate the provided access credentials"),
        ("RequestExpired", "Request has expired."),
    ],
)
@pytest.mark.parametrize(("seconds", "words"), [(1200, "ahead of"), (-900, "behind")])
def test_a_clock_that_is_off_is_told_as_the_cause(
    local_aws: LocalAws, calls: Calls, code: str, text: str, seconds: int, words: str
) -> None:
    del calls
    local_aws.scenario(faults=[error(code, message=text)])
    with pytest.raises(ProviderError) as failure:
        ec2.of_owner(late(seconds, local_aws), "here")
    told = failure.value
    found = re.search(r"this host's clock is (\d+) s (ahead of|behind) AWS's", told.message)
    assert found
    assert abs(int(found[1]) - abs(seconds)) < 5
    assert found[2] == words
    assert text in told.message
    assert "NTP" in told.hint
    assert (told.code, told.transient, told.sent) == ("E7702", True, False)


def test_the_text_alone_tells_of_the_clock(local_aws: LocalAws, calls: Calls) -> None:
    text = "Signature not yet current: 20261123T190000Z is still later than 20261123T185000Z"
    local_aws.scenario(faults=[error("SignatureDoesNotMatch", message=text)])
    with pytest.raises(ProviderError, match="this host's clock is") as failure:
        ec2.of_owner(calls, "here")
    assert failure.value.code == "E7702"


def test_keys_that_are_wrong_are_not_blamed_on_the_clock(local_aws: LocalAws, calls: Calls) -> None:
    del calls
    local_aws.scenario(faults=[error("AuthFailure", message="AWS was not able to validate the credentials")])
    with pytest.raises(ProviderError) as failure:
        ec2.of_owner(late(0, local_aws), "here")
    assert failure.value.code == "E7701"
    assert "clock" not in failure.value.message


@pytest.mark.parametrize("seconds", [7200, -7200, CLOCKS_AGREE + 10])
def test_moments_are_awss_where_clocks_differ(local_aws: LocalAws, calls: Calls, seconds: int) -> None:
    del calls
    off = late(seconds, local_aws)
    assert abs(off.moment() - local_aws.now() - seconds) < 5, "nobody has told yet"
    ec2.account(off)
    assert abs(off.within(lambda: 5.0).moment() - local_aws.now()) < 5


def test_moments_are_this_hosts_where_clocks_agree(local_aws: LocalAws, calls: Calls) -> None:
    del calls
    near = late(CLOCKS_AGREE - 10, local_aws)
    ec2.account(near)
    assert abs(near.moment() - local_aws.now() - CLOCKS_AGREE + 10) < 5


def keys(path: Path, account: str) -> None:
    path.write_text(f"[default]\naws_access_key_id = AKIA{account}\naws_secret_access_key = fake\n")
    path.chmod(0o600)


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId"]
)
def test_credentials_that_were_renewed_meanwhile_are_used(
    local_aws: LocalAws, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    del calls
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    file = tmp_path / "credentials"
    keys(file, "210987654321")
    patient = calls_to(local_aws, credentials_file=str(file))
    assert ec2.account(patient) == "210987654321"
    keys(file, "111122223333")
    local_aws.scenario(faults=[error(code, times=1)])
    with counted(local_aws) as actions:
        assert ec2.account(patient.within(lambda: 20.0)) == "111122223333"
    assert actions == ["GetCallerIdentity"] * 2
    assert ec2.account(patient) == "111122223333"


def test_credentials_that_nobody_renewed_are_tried_once_more(
    local_aws: LocalAws, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del calls
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    file = tmp_path / "credentials"
    keys(file, "210987654321")
    local_aws.scenario(faults=[error("ExpiredToken", message="The security token included is expired")])
    with counted(local_aws) as actions, pytest.raises(ProviderError, match="expired") as failure:
        ec2.account(calls_to(local_aws, credentials_file=str(file)))
    assert actions == ["GetCallerIdentity"] * 2
    assert failure.value.hint == "renew the credentials"
