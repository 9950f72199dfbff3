"""Proxies of the configuration and of the environment, and where their password is kept.

The proxy plays AWS behind its real names: no endpoint is configured, and no call could arrive without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.aws import ec2
from ohf_iac.aws.assumed_role import Role
from ohf_iac.aws.calls import Calls
from ohf_iac.aws.proxies import Proxy
from ohf_iac.config.references import reference_in
from ohf_iac.errors import ConfigurationError, ProviderError
from tests.e2e.bad_servers import refusing, silent
from tests.integration.gateway import calls_to
from tests.local_aws import ACCOUNT, LocalAws
from tests.proxy_server import RunningProxy, proxy

#: what a URL would stumble over
PASSWORD = "hunter2@:/%?# +"
AWS = "us-east-1.amazonaws.com"
_processes = count(1)


@pytest.fixture(autouse=True)
def _surroundings(calls: Calls, local_aws: LocalAws) -> Iterator[None]:
    """Fake keys, and nothing in the environment that leads elsewhere."""
    del calls
    yield
    local_aws.control("PUT", "policies", {})


@pytest.fixture
def ours(local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningProxy]:
    """A proxy that knows one user."""
    with proxy(tmp_path, local_aws.url, f"grid:{PASSWORD}") as running:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(running.certificate))
        yield running


def through(aws: LocalAws, running: RunningProxy, password: str = "", **access: Any) -> Calls:
    """The calls of a new process by that proxy, with a reference to the password."""
    way = Proxy("127.0.0.1", running.port, "grid" if password else "", reference_in(password))
    given = {"endpoints": (), "proxy": way, "connect_timeout": 5 + next(_processes) / 1000, **access}
    return calls_to(aws, **given).within(lambda: 20.0)


def test_every_service_is_called_by_it_under_its_real_name(
    local_aws: LocalAws, ours: RunningProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXY_PASSWORD", PASSWORD)
    calls = through(local_aws, ours, "env:PROXY_PASSWORD")
    assert ec2.of_owner(calls, "here") == ()
    assert ec2.account(calls) == ACCOUNT
    calls.call("cloudformation", "describe_stacks", "describe", "stacks")
    calls.call("autoscaling", "describe_auto_scaling_groups", "describe", "groups")
    assert ours.hosts == {f"{one}.{AWS}" for one in ("ec2", "sts", "cloudformation", "autoscaling")}
    assert {one.who for one in ours.seen} == {f"grid:{PASSWORD}"}


def test_roles_are_assumed_by_it_those_of_profiles_too(
    local_aws: LocalAws, ours: RunningProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXY_PASSWORD", PASSWORD)
    config = tmp_path / "config"
    config.write_text(
        f"[profile grid]\nrole_arn = arn:aws:iam::{ACCOUNT}:role/first\ncredential_source = Environment\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    last = Role("arn:aws:iam::210987654321:role/last")
    calls = through(local_aws, ours, "env:PROXY_PASSWORD", profile="grid", role=last)
    assert ec2.account(calls) == "210987654321"
    assert ours.hosts == {f"sts.{AWS}"}
    assert [one["action"] for one in local_aws.calls()] == ["AssumeRole", "AssumeRole", "GetCallerIdentity"]


@pytest.fixture
def kept(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password where AWS keeps secrets, which are reached without the proxy."""
    local_aws.client("ssm").put_parameter(Name="/grid/proxy", Value=PASSWORD, Type="SecureString")
    secrets = local_aws.client("secretsmanager")
    secrets.create_secret(Name="grid/proxy", SecretString=PASSWORD)
    secrets.create_secret(Name="grid/json", SecretString=json.dumps({"password": PASSWORD, "port": 1}))
    for name in ("SSM", "SECRETS_MANAGER"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", local_aws.url)
    local_aws.clear_calls()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("reference", "action"),
    [
        ("ssm:/grid/proxy", "GetParameter"),
        ("secretsmanager:grid/proxy", "GetSecretValue"),
        ("secretsmanager:grid/json#password", "GetSecretValue"),
    ],
)
def test_its_password_is_looked_up_once_where_aws_keeps_it(
    local_aws: LocalAws, ours: RunningProxy, reference: str, action: str
) -> None:
    calls = through(local_aws, ours, reference, role=Role(f"arn:aws:iam::{ACCOUNT}:role/grid"))
    ec2.of_owner(calls, "here")
    assert ec2.account(calls) == ACCOUNT
    made = [one["action"] for one in local_aws.calls()]
    assert made == [action, "AssumeRole", "DescribeInstances", "GetCallerIdentity"]
    assert local_aws.calls()[0]["key"] == f"AKIA{ACCOUNT}", "the source asks, not the role"
    assert {one.who for one in ours.seen} == {f"grid:{PASSWORD}"}


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("env:NOT_SET", "Cannot use the secret env:NOT_SET: it is empty"),
        (
            "secretsmanager:grid/proxy#password",
            "Cannot use the secret secretsmanager:grid/proxy#password: it is not",
        ),
        ("secretsmanager:grid/json#user", "has no text under user"),
        ("secretsmanager:grid/json#port", "has no text under port"),
        ("ssm:/grid/none", "read the secret ssm:/grid/none: "),
        ("secretsmanager:none", "read the secret secretsmanager:none: "),
    ],
)
def test_a_password_that_is_not_to_be_had_is_told_by_its_reference(
    local_aws: LocalAws, ours: RunningProxy, reference: str, says: str
) -> None:
    with pytest.raises((ConfigurationError, ProviderError)) as failure:
        ec2.of_owner(through(local_aws, ours, reference), "here")
    assert says in failure.value.message
    assert "hunter2" not in f"{failure.value.message} {failure.value.hint}"
    assert not getattr(failure.value, "sent", False)
    assert ours.seen == []


@pytest.mark.usefixtures("kept")
def test_a_password_that_may_not_be_read_is_told_with_the_permission(
    local_aws: LocalAws, ours: RunningProxy
) -> None:
    allow = {"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}
    local_aws.control("PUT", "policies", {"policies": {f"AKIA{ACCOUNT}": allow}})
    with pytest.raises(ProviderError, match="not authorized to perform: ssm:GetParameter") as failure:
        ec2.of_owner(through(local_aws, ours, "ssm:/grid/proxy"), "here")
    assert (failure.value.code, failure.value.sent) == ("E7701", False)
    assert "ohf iam-policy" in failure.value.hint


@pytest.mark.usefixtures("kept")
def test_a_call_whose_password_is_not_to_be_had_now_was_not_sent(local_aws: LocalAws, ours: RunningProxy) -> None:
    local_aws.scenario(faults=[{"service": "ssm", "kind": "throttle"}])
    with pytest.raises(ProviderError, match="read the secret ssm:/grid/proxy: Rate exceeded") as failure:
        ec2.of_owner(through(local_aws, ours, "ssm:/grid/proxy"), "here")
    assert (failure.value.transient, failure.value.sent) == (True, False)


@pytest.mark.usefixtures("kept")
def test_what_is_not_used_is_not_looked_up(
    local_aws: LocalAws, ours: RunningProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert through(local_aws, ours, "ssm:/grid/proxy").region == "us-east-1"  # a session, and no client of it
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.url)
    ec2.of_owner(calls_to(local_aws, proxy=None), "here")
    assert [one["action"] for one in local_aws.calls()] == ["DescribeInstances"]


@pytest.mark.parametrize("password", ["", "env:WRONG"])
def test_a_proxy_that_asks_who_it_is_is_told_with_the_next_step(
    local_aws: LocalAws, ours: RunningProxy, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("WRONG", "guess-7f")
    for endpoints in ((), (("ec2", local_aws.url),)):  # by CONNECT, and by a plain request
        with pytest.raises(ProviderError) as failure:
            ec2.of_owner(through(local_aws, ours, password, endpoints=endpoints), "here")
        told = f"{failure.value.message} {failure.value.hint}"
        assert (failure.value.code, failure.value.transient) == ("E6901", True)
        assert "provider.proxyPassword" in failure.value.hint
        assert "407" in failure.value.message
        assert not failure.value.sent
        assert "guess-7f" not in told
    assert local_aws.calls() == []


def test_a_proxy_that_is_not_there_or_says_nothing_is_no_answer(local_aws: LocalAws, ours: RunningProxy) -> None:
    with refusing() as url:
        nobody = RunningProxy(int(url.rpartition(":")[2]), ours.certificate)
        with pytest.raises(ProviderError, match="AWS was not reached") as failure:
            ec2.of_owner(through(local_aws, nobody), "here")
        assert (failure.value.sent, failure.value.transient, failure.value.code) == (False, True, "E6901")
        assert "proxy" in failure.value.hint
    with silent() as url:
        mute = RunningProxy(int(url.rpartition(":")[2]), ours.certificate)
        with pytest.raises(ProviderError, match="did not answer in the time that was left") as failure:
            ec2.of_owner(through(local_aws, mute).within(lambda: 0.5), "here")
        assert failure.value.transient


def test_no_proxy_is_honored_for_the_configured_one_too(
    local_aws: LocalAws, ours: RunningProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXY_PASSWORD", PASSWORD)
    direct = (("ec2", local_aws.url),)
    calls = through(local_aws, ours, "env:PROXY_PASSWORD", endpoints=direct)
    ec2.of_owner(calls, "here")
    assert [one.target for one in ours.seen] == [f"{local_aws.url}/"]
    ours.seen.clear()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    calls = through(local_aws, ours, "env:PROXY_PASSWORD", endpoints=direct)
    ec2.of_owner(calls, "here")
    assert ours.seen == []
    ec2.account(calls)
    assert ours.hosts == {f"sts.{AWS}"}


def test_the_environments_proxy_counts_where_none_is_configured(
    local_aws: LocalAws, ours: RunningProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXY_PASSWORD", PASSWORD)
    with proxy(tmp_path, local_aws.url) as theirs:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(theirs.certificate))
        monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:else@127.0.0.1:{theirs.port}")
        ec2.of_owner(calls_to(local_aws, endpoints=()), "here")
        assert [(one.method, one.who) for one in theirs.seen] == [("CONNECT", "somebody:else")]
        ec2.of_owner(through(local_aws, theirs), "here")
        assert [one.who for one in theirs.seen] == ["somebody:else", ""]
    assert ours.seen == []


def test_half_a_proxy_is_told(local_aws: LocalAws) -> None:
    for half, says in (
        (Proxy("proxy", 0), "its port is not set"),
        (Proxy("proxy", 3128, password=reference_in("env:A")), "provider.proxyUser is not"),
    ):
        with pytest.raises(ConfigurationError, match=says):
            ec2.of_owner(calls_to(local_aws, proxy=half), "here")


def test_a_password_that_cannot_be_sent_is_refused_unseen(
    local_aws: LocalAws, ours: RunningProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXY_PASSWORD", "hünter2")
    with pytest.raises(ConfigurationError, match="letters beyond ASCII") as failure:
        ec2.of_owner(through(local_aws, ours, "env:PROXY_PASSWORD"), "here")
    assert "ü" not in failure.value.message


def test_an_address_of_ipv6_is_put_in_brackets() -> None:
    assert Proxy("fd00::1", 3128).url(str) == "http://[fd00::1]:3128"
    assert Proxy("[fd00::1]", 3128, "a b").url(str) == "http://a%20b@[fd00::1]:3128"
