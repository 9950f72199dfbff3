"""What `ohf iam-policy` prints is enough for a provider whose configuration refers to a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.permitted import said
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import ACCOUNT, LocalAws
from tests.proxy_server import proxy

ROLE = f"arn:aws:iam::{ACCOUNT}:role/grid"


@pytest.fixture(autouse=True)
def _nobody_is_restricted_afterwards(local_aws: LocalAws) -> Iterator[None]:
    yield
    local_aws.control("PUT", "policies", {})


PARAMETER, SECRET = "ssm:/grid/proxy", "secretsmanager:grid/proxy#password"


@pytest.mark.parametrize(
    ("reference", "role"),
    [
        (SECRET, ROLE),
        (PARAMETER, ""),
        pytest.param(PARAMETER, ROLE, marks=pytest.mark.sweep),
        pytest.param(SECRET, "", marks=pytest.mark.sweep),
    ],
)
def test_a_provider_with_a_secret_runs_under_what_is_printed(
    local_aws: LocalAws, tmp_path: Path, reference: str, role: str
) -> None:
    local_aws.client("ssm").put_parameter(Name="/grid/proxy", Value="hunter2", Type="SecureString")
    local_aws.client("secretsmanager").create_secret(Name="grid/proxy", SecretString='{"password": "hunter2"}')
    with proxy(tmp_path, local_aws.url, "grid:hunter2") as way:
        provider = configured(
            tmp_path,
            local_aws,
            {"proxyHost": "127.0.0.1", "proxyPort": way.port, "proxyUser": "grid", "proxyPassword": reference},
            role,
        )
        printed = json.loads(said(provider, "iam-policy", "--account", ACCOUNT, "--role", "caller"))
        own = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}, reads(reference)]}
        policies = {ROLE: printed, f"AKIA{ACCOUNT}": own} if role else {f"AKIA{ACCOUNT}": printed}
        local_aws.control("PUT", "policies", {"policies": policies})
        assert provider.settle(provider.request("instant-ondemand", 1))["status"] == "complete"
        assert local_aws.control("GET", "policies")["denied"] == []
        assert {one.who for one in way.seen} == {"grid:hunter2"}
        assert role or {"ssm:GetParameter", "secretsmanager:GetSecretValue"} & actions(printed)


def configured(folder: Path, aws: LocalAws, way: dict[str, Any], role: str) -> Provider:
    """The example provider behind a proxy."""
    conf = folder / "conf"
    conf.mkdir()
    for name in ("awsprov_config.json", "awsprov_templates.json"):
        (conf / name).write_bytes((EXAMPLE / name).read_bytes())
    (conf / "scripts").symlink_to(EXAMPLE / "scripts")
    own = {"owner": "ohf", "region": "us-east-1", **way, **({"assumeRoleArn": role} if role else {})}
    (conf / "ohf.json").write_text(json.dumps({"provider": own}))
    return Provider(folder, aws, conf=conf, extra={"NO_PROXY": "", "no_proxy": ""})


def reads(reference: str) -> dict[str, Any]:
    """What the note on stderr says of the host's own credentials."""
    if reference.startswith("ssm:"):
        where = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/grid/proxy"
        return {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": where}
    where = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:grid/proxy-??????"
    return {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": where}


def actions(policy: dict[str, Any]) -> set[str]:
    found = [one["Action"] for one in policy["Statement"]]
    return {action for one in found for action in ([one] if isinstance(one, str) else one)}
