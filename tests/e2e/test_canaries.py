"""A canary in every place where a secret lies, a whole life with its failures and the loudest logs, and then a look
into everything that was written, printed and sent: each canary is where it belongs and nowhere else.

The proxy between the scripts and the local AWS keeps every request as it was sent.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

import pytest

from ohf_cli.edge import run
from ohf_cli.human import called
from tests.e2e.bad_servers import refusing
from tests.e2e.permitted import environment
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import ACCOUNT, LocalAws
from tests.proxy_server import RunningProxy, proxy

#: no word of them looks like a secret: what is kept from being written, not what is recognized in time, counts
FILE, ENVIRONMENT, PROXY, DATA, ASKED, CALLERS, PARAMETER = (
    f"kanari-{place}-x7Qd2" for place in ("file", "env", "proxy", "data", "asked", "caller", "ssm")
)
USER = "gridproxyuser"


@dataclass(frozen=True, slots=True)
class Stage:
    """A provider behind a proxy, and all that its processes printed."""

    provider: Provider
    way: RunningProxy
    printed: list[str]

    def script(self, operation: str, document: object, *, fresh: bool = False) -> tuple[int, dict[str, Any]]:
        """One call, by the real script where it is about files that a process reads once."""
        self.provider.fresh = fresh
        code, answer = self.provider.tried(operation, document)
        self.printed.append(json.dumps(answer))
        return code, answer

    def ohf(self, *words: str) -> str:
        """What the other face says, its errors too."""
        told = io.StringIO()
        with environment(self.provider.environ), redirect_stdout(told), redirect_stderr(told):
            run(called, words)
        self.printed.append(told.getvalue())
        return self.printed[-1]

    @property
    def written(self) -> Iterator[tuple[str, str]]:
        """Every file of the work and log folders."""
        for folder in (self.provider.work, self.provider.folder / "log"):
            for file in sorted(one for one in folder.rglob("*") if one.is_file()):
                yield file.name, file.read_text(errors="replace")


@pytest.fixture(params=[pytest.param("env", marks=pytest.mark.sweep), "ssm"])
def stage(request: pytest.FixtureRequest, local_aws: LocalAws, tmp_path: Path) -> Iterator[Stage]:
    secret = PROXY if request.param == "env" else PARAMETER
    local_aws.client("ssm").put_parameter(Name="/grid/proxy", Value=PARAMETER, Type="SecureString")
    local_aws.clear_calls()
    conf = tmp_path / "conf"
    conf.mkdir()
    with proxy(tmp_path, local_aws.url, f"{USER}:{secret}") as way:
        reference = "env:GRID_PROXY" if request.param == "env" else "ssm:/grid/proxy"
        configure(conf, way.port, reference)
        extra = {
            "NO_PROXY": "",
            "no_proxy": "",
            "GRID_PROXY": PROXY,
            "AWS_SECRET_ACCESS_KEY": ENVIRONMENT,
            "AWS_SESSION_TOKEN": ENVIRONMENT,
        }
        yield Stage(Provider(tmp_path, local_aws, conf=conf, extra=extra), way, [])


def configure(conf: Path, port: int, reference: str) -> None:
    """A provider that makes use of every secret there is."""
    catalogue = json.loads((EXAMPLE / "awsprov_templates.json").read_text())
    (one,) = [each for each in catalogue["templates"] if each["templateId"] == "instant-ondemand"]
    one["userDataScript"] = "data.sh"
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": [one]}))
    (conf / "data.sh").write_text(f"#!/bin/sh\nexport LICENSE={DATA}\n")
    (conf / "awsprov_config.json").write_text('{"AWS_REGION": "us-east-1", "AWS_CREDENTIAL_FILE": "keys"}')
    (conf / "keys").touch(mode=0o600)
    (conf / "keys").write_text(
        f"[default]\naws_access_key_id = AKIA{ACCOUNT}\naws_secret_access_key = {FILE}\n"
        f"aws_session_token = {CALLERS}\n"
    )
    provider = {
        "owner": "ohf",
        "proxyHost": "127.0.0.1",
        "proxyPort": port,
        "proxyUser": USER,
        "proxyPassword": reference,
        "assumeRoleArn": f"arn:aws:iam::{ACCOUNT}:role/grid",
        "retryAttempts": 0,
    }
    logging = {"level": "TRACE", "ioLog": True}
    settings = {"provider": provider, "logging": logging, "storage": {"kind": "sqlite", "events": True}}
    (conf / "ohf.json").write_text(json.dumps(settings))


def live(stage: Stage) -> None:
    """A life: asked for, seen, returned; what goes wrong on the way; what people look at."""
    aws = stage.provider.aws
    ask = {
        "template": {"templateId": "instant-ondemand", "machineCount": 1},
        "userData": {"license": ASKED},
        "user_data": {"license": ASKED},
    }
    code, answer = stage.script("requestMachines", ask)
    assert code == 0
    aws.advance(60)
    poll = {"requests": [{"requestId": answer["requestId"]}]}
    _, told = stage.script("getRequestStatus", poll)
    (entry,) = told["requests"]
    assert entry["status"] == "complete"
    for fault in ("throttle", "garbage", "reset", "error"):
        aws.scenario(faults=[{"kind": fault}])
        stage.script("requestMachines", ask)
        stage.script("getReturnRequests", {})
    aws.scenario()
    stage.script("requestMachines", f'{{"template": {{}}, "userData": {{"license": "{ASKED}"')
    stage.script("requestReturnMachines", {"machines": [{"machineId": entry["machines"][0]["machineId"]}]})
    stage.script("getAvailableTemplates", {})
    for words in (["config"], ["doctor"], ["status"], ["--debug", "events", answer["requestId"]], ["iam-policy"]):
        stage.ohf(*words)
    assert f"{USER}" in stage.ohf("config", "--output", "json")


def fail(stage: Stage) -> None:
    """What keeps every call from AWS, told to Host Factory, to people with `--debug`, and to the logs."""
    provider = stage.provider
    with refusing() as url:
        provider.extra["AWS_ENDPOINT_URL"] = url
        stage.script("getReturnRequests", {})
        del provider.extra["AWS_ENDPOINT_URL"]
    own = provider.conf / "ohf.json"
    for wrong in ("somebody", USER):
        broken = own.read_text().replace(f'"proxyUser": "{USER}"', f'"proxyUser": "{wrong}"')
        if wrong == USER:  # and a literal where a reference belongs
            broken = re.sub(r'"proxyPassword": "[^"]*"', f'"proxyPassword": "{PROXY}"', broken)
        kept, _ = own.read_text(), own.write_text(broken)
        stage.script("getReturnRequests", {})
        for words in (["--debug", "doctor"], ["--debug", "config"], ["--debug", "status"]):
            stage.ohf(*words)
        own.write_text(kept)
    keys = provider.conf / "keys"
    keys.chmod(0o644)
    ask = {"template": {"templateId": "instant-ondemand", "machineCount": 1}}
    assert "chmod 600" in stage.script("requestMachines", ask, fresh=True)[1]["message"]
    assert "chmod 600" in stage.ohf("--debug", "doctor")
    keys.write_text(f"[default\n{FILE}")
    keys.chmod(0o600)
    stage.script("getReturnRequests", {}, fresh=True)
    stage.ohf("--debug", "doctor")
    keys.unlink()
    script = provider.conf / "keys.sh"
    script.write_text(f'#!/bin/sh\necho "{{\\"SecretAccessKey\\": \\"{FILE}\\""\necho {FILE} >&2\nexit 1\n')
    script.chmod(0o700)
    provider.extra["OHF_PROVIDER_CREDENTIAL_SCRIPT"] = str(script)
    stage.script("getReturnRequests", {})
    stage.ohf("--debug", "doctor")


def forms(secret: str) -> tuple[str, ...]:
    """The spellings in which a secret could go about."""
    coded = base64.b64encode(secret.encode()).decode()
    return secret, quote(secret, safe=""), coded.rstrip("="), secret[::-1], secret.encode().hex()


def places(stage: Stage, secret: str) -> set[str]:
    """Where a secret is found: files by name, `printed`, and requests by their action."""
    found = {name for name, text in stage.written if any(form in text for form in forms(secret))}
    if any(form in text for text in stage.printed for form in forms(secret)):
        found.add("printed")
    for raw in stage.way.passed:
        text = raw.decode(errors="replace")
        for part in re.findall(r"[A-Za-z0-9+/=]{40,}", unquote_plus(text)):
            text += _decoded(part)
        if any(form in text or form in unquote_plus(text) for form in forms(secret)):
            action = re.search(r"Action=(\w+)", text)
            found.add(f"sent {action[1] if action else text.splitlines()[0]}")
    return found


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode(errors="replace")
    except ValueError:
        return ""


def test_a_secret_is_where_it_belongs_and_nowhere_else(stage: Stage) -> None:
    live(stage)
    (roles,) = stage.provider.work.glob("*-roles.json")
    sessions = list(json.loads(roles.read_text())["roles"].values())
    assert sessions
    fail(stage)
    assert len(stage.way.passed) > 10
    assert any(one.who.startswith(f"{USER}:kanari") for one in stage.way.seen)
    for secret in (ENVIRONMENT, PROXY, PARAMETER):
        assert places(stage, secret) == set(), secret
    # the source's keys sign; its session token goes to STS in a header, as that of the role goes everywhere
    assert places(stage, FILE) == set()
    assert places(stage, CALLERS) == {"sent AssumeRole"}
    assert places(stage, DATA) == {"sent CreateStack"}
    assert places(stage, ASKED) <= {"sent CreateStack"}
    for session in sessions:
        assert places(stage, session["secret_key"]) == {roles.name}
        where = places(stage, session["token"])
        assert {one for one in where if not one.startswith("sent ")} == {roles.name}
        assert "sent CreateStack" in where


def test_the_look_finds_what_is_there(stage: Stage) -> None:
    """Each spelling is found in each place, or the test above would prove nothing."""
    stage.provider.work.mkdir()
    for number, form in enumerate(forms(FILE)):
        (stage.provider.work / f"file{number}").write_text(f"x{form}y")
    assert places(stage, FILE) == {f"file{number}" for number in range(len(forms(FILE)))}
    stage.printed.append(f"a {DATA}")
    coded = base64.b64encode(f"#!/bin/sh\nexport LICENSE={DATA}\n".encode()).decode()
    stage.way.passed.append(f"POST /\n\nAction=CreateStack&TemplateBody={quote(coded, safe='')}".encode())
    assert places(stage, DATA) == {"printed", "sent CreateStack"}
