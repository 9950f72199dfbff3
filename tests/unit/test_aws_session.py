"""Sessions and clients: shared within a process, never across what makes them differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ohf_iac.aws.assumed_role import Role
from ohf_iac.aws.proxies import Proxy
from ohf_iac.aws.session import Access, client_of, renew, session_for
from ohf_iac.config.references import reference_in

HERE = Access(region="us-east-1", endpoints=(("ec2", "http://127.0.0.1:9"),))


def region(access: Access) -> str:
    return str(session_for(access).get_config_variable("region"))


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
    assert region(Access()) == "eu-west-1"
    assert region(Access(region="us-east-2")) == "us-east-2"
    monkeypatch.delenv("AWS_REGION")
    assert region(Access()) == "eu-west-2"


def test_whatever_says_who_calls_and_how_makes_another_session(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.touch(mode=0o600)
    keys.write_text("[default]\n[grid]\n")
    by_proxy = replace(HERE, proxy=Proxy("proxy", 3128, "grid", reference_in("env:GRID_PROXY")))
    others = [
        by_proxy,
        replace(HERE, role=Role("arn:aws:iam::123456789012:role/grid")),
        replace(HERE, role=Role("arn:aws:iam::123456789012:role/grid"), roles_file="/nowhere/roles.json"),
        replace(HERE, installation="grid of others"),
        replace(HERE, credential_script="/bin/false"),
        replace(HERE, endpoints=()),
        replace(HERE, credentials_file=str(keys)),
        replace(HERE, credentials_file=str(keys), profile="grid"),
    ]
    assert len({id(session_for(one)) for one in (HERE, *others)}) == 9
    for name in ("GRID_PROXY", "HOME", "HTTPS_PROXY"):
        before = session_for(by_proxy)
        monkeypatch.setenv(name, "/else")
        assert session_for(by_proxy) is not before, name


def test_credentials_that_were_refused_are_forgotten_with_their_sessions() -> None:
    session = session_for(HERE)
    client = client_of(session, "ec2", HERE, 1.0, 2.0)
    renew(HERE)
    assert session_for(HERE) is not session
    assert client_of(session_for(HERE), "ec2", HERE, 1.0, 2.0) is not client
