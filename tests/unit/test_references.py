"""Settings that hold a secret hold where it is kept, and nothing that is refused as one is ever shown."""

from __future__ import annotations

import json

import pytest

from ohf_cli.validation import schema_findings
from ohf_iac.config import origins
from ohf_iac.config.references import Reference, reference_in
from ohf_iac.errors import ConfigurationError
from tests.config_files import FOLDERS, settings_of

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:grid/proxy-a1B2c3"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("env:PROXY_PASSWORD", Reference("env", "PROXY_PASSWORD")),
        ("ssm:/grid/proxy", Reference("ssm", "/grid/proxy")),
        ("ssm:proxy", Reference("ssm", "proxy")),
        ("secretsmanager:grid/proxy", Reference("secretsmanager", "grid/proxy")),
        ("secretsmanager:grid/proxy#password", Reference("secretsmanager", "grid/proxy", "password")),
        (f"secretsmanager:{ARN}#a.b", Reference("secretsmanager", ARN, "a.b")),
    ],
)
def test_a_reference_is_understood_and_written_as_it_was(text: str, meant: Reference) -> None:
    assert reference_in(text) == meant
    assert str(meant) == text
    assert schema_findings("config", {"provider": {"proxyPassword": text}}) == ()


NO_REFERENCES = (
    "hunter2",
    "env:",
    "env:1X",
    "env:A B",
    "env:A#b",
    "ssm:",
    "ssm:a b",
    "ssm:/a#b",
    "ENV:A",
    " env:A",
    "env:A\n",
    "secretsmanager:a#",
    "secretsmanager:#b",
    "vault:a",
    "file:/etc/secret",
)


@pytest.mark.parametrize("text", NO_REFERENCES)
def test_anything_else_is_none_and_is_refused_unseen(text: str) -> None:
    assert reference_in(text) is None
    for own, environ in (
        ({"provider": {"proxyPassword": text}}, {}),
        (None, {"OHF_PROVIDER_PROXY_PASSWORD": text}),
    ):
        with pytest.raises(ConfigurationError) as refused:
            settings_of(own, environ=environ)
        told = f"{refused.value.message} {refused.value.hint}"
        assert "expected a reference to where the secret is kept" in told
        assert 'write "env:NAME", "ssm:/path" or "secretsmanager:name#json-key"' in told
        assert text not in told or text in ("env:", "ssm:")
    (finding,) = schema_findings("config", {"provider": {"proxyPassword": text}})
    assert text not in finding or text in ("env:", "ssm:")


@pytest.mark.parametrize("value", [7, True, ["hunter2"], {"a": "hunter2"}])
def test_a_secret_of_another_type_is_refused_unseen(value: object) -> None:
    with pytest.raises(ConfigurationError) as refused:
        settings_of({"provider": {"proxyPassword": value}})
    assert json.dumps(value) not in refused.value.message
    (finding,) = schema_findings("config", {"provider": {"proxyPassword": value}})
    assert "hunter2" not in finding


@pytest.mark.parametrize(
    ("key", "ibm", "value"),
    [
        ("proxyHost", "AWS_PROXY_HOST", "grid:hunter2@proxy"),
        ("proxyHost", "AWS_PROXY_HOST", "http://grid:hunter2@proxy"),
        ("ec2Endpoint", "AWS_ENDPOINT_URL", "https://grid:hunter2@ec2.example/"),
        ("stsEndpoint", "AWS_STS_ENDPOINT_URL", "https://hunter2@sts.example"),
    ],
)
def test_a_password_before_a_host_is_refused_unseen(key: str, ibm: str, value: str) -> None:
    for own, document in (({"provider": {key: value}}, None), (None, {ibm: value})):
        with pytest.raises(ConfigurationError) as refused:
            settings_of(own, document)
        assert "hunter2" not in refused.value.message
        assert "what was found is not shown" in refused.value.message
        assert refused.value.hint
    (finding,) = schema_findings("config", {"provider": {key: value}})
    assert "hunter2" not in finding


@pytest.mark.parametrize("host", ["http://proxy", "proxy:3128", "proxy/x", "a b"])
def test_a_proxys_host_is_a_host(host: str) -> None:
    with pytest.raises(ConfigurationError, match="expected a host name or address without scheme, user and port"):
        settings_of({"provider": {"proxyHost": host}})
    assert schema_findings("config", {"provider": {"proxyHost": host}})


@pytest.mark.parametrize("host", ["proxy.example", "10.0.0.1", "fd00::1", "[fd00::1]", ""])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert settings_of({"provider": {"proxyHost": host}}).provider.proxy_host == host
    assert schema_findings("config", {"provider": {"proxyHost": host}}) == ()


def test_an_endpoint_may_have_an_at_sign_behind_its_host() -> None:
    assert settings_of({"provider": {"ec2Endpoint": "http://a/b@c"}}).provider.ec2_endpoint == "http://a/b@c"
    assert schema_findings("config", {"provider": {"ec2Endpoint": "http://a/b@c"}}) == ()


def test_what_is_shown_of_a_secret_is_its_reference() -> None:
    environ = {**FOLDERS, "PROXY_PASSWORD": "hunter2", "OHF_PROVIDER_PROXY_PASSWORD": "env:PROXY_PASSWORD"}
    (told,) = [one for one in origins(environ, lambda _path: None) if one.key == "proxyPassword"]
    assert (told.value, told.origin) == ("env:PROXY_PASSWORD", "environment OHF_PROVIDER_PROXY_PASSWORD")
