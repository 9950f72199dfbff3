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
