"""Sessions and clients: shared within a process, never across what makes them differ."""

from __future__ import annotations

import pytest

from ohf_iac.aws.session import Access, client_of, session_for

HERE = Access(region="us-east-1", endpoints=(("ec2", "http://127.0.0.1:9"),))


def test_one_process_makes_one_session_and_one_client() -> None:
    session = session_for(HERE)
    assert session_for(HERE) is session
    assert client_of(session, "ec2", HERE, 1.0, 2.0) is client_of(session, "ec2", HERE, 1.0, 2.0)


def test_another_region_credential_or_time_out_is_never_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_for(HERE)
    assert session_for(Access(region="eu-west-1")) is not session
    assert client_of(session, "ec2", HERE, 1.0, 2.0) is not client_of(session, "ec2", HERE, 1.0, 3.0)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA999999999999")
    assert session_for(HERE) is not session


def test_the_region_of_the_environment_is_read_under_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's tools read AWS_REGION, its SDK for Python AWS_DEFAULT_REGION alone."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert session_for(Access()).region_name == "eu-west-1"
    assert session_for(Access(region="us-east-2")).region_name == "us-east-2"
    monkeypatch.delenv("AWS_REGION")
    assert session_for(Access()).region_name == "eu-west-2"
