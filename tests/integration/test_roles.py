"""The role that an installation works as: assumed once for many processes, renewed in time, never another's.

Sessions live as long as a process: `process` stands for a new one by a connect time-out of its own, which is no
part of what tells roles apart.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ohf_iac.aws import ec2
from ohf_iac.aws.assumed_role import Role
from ohf_iac.aws.calls import Calls
from ohf_iac.errors import ConfigurationError, ProviderError
from tests.integration.gateway import calls_to
from tests.local_aws import ACCOUNT, LocalAws

THEIRS, CONTAINERS = "210987654321", "444444444444"
ROLE = Role(f"arn:aws:iam::{THEIRS}:role/grid")
HERE = {"installation": "grid of ohf"}
_processes = count(1)


@pytest.fixture
def roles_file(tmp_path: Path) -> Path:
    return tmp_path / "grid-roles.json"


@pytest.fixture(autouse=True)
def _surroundings(calls: Calls, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test's environment leads to the local AWS, botocore's own calls of STS too."""
    del calls
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.url)
    yield
    local_aws.control("PUT", "policies", {})


def process(aws: LocalAws, roles_file: Path, role: Role | None = ROLE, **access: Any) -> Calls:
    """The calls of a process that has just begun."""
    own = {"connect_timeout": 10 + next(_processes) / 1000, **HERE, **access}
    calls = calls_to(aws, role=role, roles_file=str(roles_file), now=aws.now, **own)
    return calls.within(lambda: 20.0)


def asked(aws: LocalAws) -> int:
    """How often a role was assumed."""
    return sum(one["action"] == "AssumeRole" for one in aws.calls())


def who(calls: Calls) -> str:
    return str(calls.call("sts", "get_caller_identity", "identify", "the caller")["Arn"])


def test_processes_assume_it_once_and_work_in_its_account(local_aws: LocalAws, roles_file: Path) -> None:
    before = os.umask(0)
    try:
        for _ in range(3):
            assert who(process(local_aws, roles_file)) == f"arn:aws:sts::{THEIRS}:assumed-role/grid/ohf"
    finally:
        os.umask(before)
    assert asked(local_aws) == 1
    assert stat.S_IMODE(roles_file.stat().st_mode) == 0o600
    assert {one["account"] for one in local_aws.calls() if one["action"] != "AssumeRole"} == {THEIRS}


def test_session_name_external_id_and_duration_are_those_of_the_configuration(
    local_aws: LocalAws, roles_file: Path
) -> None:
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": "grid-7"}}}
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **condition}]}
    iam = local_aws.client("iam", account=THEIRS)
    iam.create_role(RoleName="grid", AssumeRolePolicyDocument=json.dumps(trust))
    with pytest.raises(ProviderError, match="not authorized to perform: sts:AssumeRole"):
        who(process(local_aws, roles_file))
    named = ROLE._replace(session_name="north", external_id="grid-7", duration=1800)
    calls = process(local_aws, roles_file, named)
    assert who(calls) == f"arn:aws:sts::{THEIRS}:assumed-role/grid/north"
    (entry,) = json.loads(roles_file.read_text())["roles"].values()
    assert abs(entry["ends"] - local_aws.now() - 1800) < 300


@pytest.mark.parametrize("one_process", [True, False])
def test_it_is_renewed_when_less_than_five_minutes_are_left(
    local_aws: LocalAws, roles_file: Path, one_process: bool
) -> None:
    calls = process(local_aws, roles_file)
    who(calls)
    for left, times in ((420, 1), (240, 2), (3000, 2)):
        entry = max(one["ends"] for one in json.loads(roles_file.read_text())["roles"].values())
        local_aws.advance(max(0, entry - left - local_aws.now()))
        who(calls if one_process else process(local_aws, roles_file))
        assert asked(local_aws) == times, left


def test_what_is_left_is_used_where_sts_fails_up_to_the_last_minute(local_aws: LocalAws, roles_file: Path) -> None:
    who(process(local_aws, roles_file))
    local_aws.scenario(faults=[{"service": "sts", "action": "AssumeRole", "kind": "throttle"}])
    local_aws.advance(3600 - 200)
    ec2.of_owner(process(local_aws, roles_file), "here")
    local_aws.advance(150)
    with pytest.raises(ProviderError, match=f"assume role {ROLE.arn}: Rate exceeded") as failure:
        ec2.of_owner(process(local_aws, roles_file), "here")
    assert (failure.value.transient, failure.value.sent) == (True, False)


def test_a_session_that_has_ended_is_never_used(local_aws: LocalAws, roles_file: Path) -> None:
    calls = process(local_aws, roles_file)
    who(calls)
    local_aws.advance(4000)
    who(calls)
    who(process(local_aws, roles_file))
    assert asked(local_aws) == 2
    assert [one["status"] for one in local_aws.calls()] == [200] * 5


#: what makes another session of it
OTHERS: dict[str, dict[str, Any]] = {
    "role": {"role": Role(f"arn:aws:iam::{ACCOUNT}:role/grid")},
    "session name": {"role": ROLE._replace(session_name="south")},
    "external id": {"role": ROLE._replace(external_id="grid-7")},
    "duration": {"role": ROLE._replace(duration=1800)},
    "region": {"region": "eu-west-1"},
    "installation": {"installation": "grid of others"},
}


@pytest.mark.parametrize(
    "what",
    [one if one in ("role", "installation") else pytest.param(one, marks=pytest.mark.sweep) for one in OTHERS],
)
def test_another_one_is_never_taken_for_it(local_aws: LocalAws, roles_file: Path, what: str) -> None:
    who(process(local_aws, roles_file))
    who(process(local_aws, roles_file, **OTHERS[what]))
    assert asked(local_aws) == 2
    who(process(local_aws, roles_file))
    who(process(local_aws, roles_file, **OTHERS[what]))
    assert asked(local_aws) == 2, "both are kept"


def test_other_source_keys_get_a_session_of_their_own(
    local_aws: LocalAws, roles_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who(process(local_aws, roles_file))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"AKIA{THEIRS}")
    who(process(local_aws, roles_file))
    assert asked(local_aws) == 2
    keys = keys_file(tmp_path, f"AKIA{ACCOUNT}OTHER")
    who(process(local_aws, roles_file, credentials_file=keys))
    assert asked(local_aws) == 3
    assert [one["key"] for one in local_aws.calls() if one["action"] == "AssumeRole"] == [
        f"AKIA{ACCOUNT}",
        f"AKIA{THEIRS}",
        f"AKIA{ACCOUNT}OTHER",
    ]


def test_a_file_that_is_spoilt_or_cannot_be_written_costs_a_call_and_nothing_else(
    local_aws: LocalAws, roles_file: Path
) -> None:
    who(process(local_aws, roles_file))
    roles_file.write_text(roles_file.read_text()[:100])
    assert "assumed-role/grid" in who(process(local_aws, roles_file))
    nowhere = roles_file.parent / "none" / "roles.json"
    assert "assumed-role/grid" in who(process(local_aws, nowhere))
    assert asked(local_aws) == 3


def test_a_role_that_is_denied_is_told_with_the_next_step(local_aws: LocalAws, roles_file: Path) -> None:
    allow = {"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}
    local_aws.control("PUT", "policies", {"policies": {f"AKIA{ACCOUNT}": allow}})
    with pytest.raises(ProviderError) as failure:
        ec2.of_owner(process(local_aws, roles_file), "here")
    error = failure.value
    assert error.message.startswith(f"assume role {ROLE.arn}: User: arn:aws:iam::{ACCOUNT}:user/")
    assert "sts:AssumeRole" in error.message
    assert "trust policy" in error.hint
    assert (error.code, error.transient, error.sent) == ("E7701", False, False)
    assert not roles_file.exists()


def keys_file(folder: Path, key: str) -> str:
    file = folder / f"keys-{key}"
    file.touch(mode=0o600)
    file.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = none\n")
    return str(file)


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A profile that names a role; the keys in its source profile."""
    config = tmp_path / "config"
    config.write_text(
        f"[profile grid]\nrole_arn = {ROLE.arn}\nsource_profile = host\nrole_session_name = byprofile\n"
    )
    keys = tmp_path / "credentials"
    keys.touch(mode=0o600)
    keys.write_text(f"[host]\naws_access_key_id = AKIA{ACCOUNT}\naws_secret_access_key = none\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    return keys


def test_a_profiles_role_is_kept_between_processes_too(
    local_aws: LocalAws, roles_file: Path, profile: Path
) -> None:
    for _ in range(2):
        calls = process(local_aws, roles_file, None, profile="grid")
        assert who(calls) == f"arn:aws:sts::{THEIRS}:assumed-role/grid/byprofile"
    assert asked(local_aws) == 1
    who(process(local_aws, roles_file, None, profile="grid", installation="grid of others"))
    assert asked(local_aws) == 2
    profile.write_text(profile.read_text().replace(f"AKIA{ACCOUNT}", f"AKIA{ACCOUNT}NEW"))
    who(process(local_aws, roles_file, None, profile="grid"))
    assert asked(local_aws) == 3
    profile.chmod(0o644)
    with pytest.raises(ConfigurationError, match="every user of this host") as refused:
        who(process(local_aws, roles_file, None, profile="grid"))
    assert refused.value.hint == f"chmod 600 {profile}"


def test_a_role_over_a_profiles_role(local_aws: LocalAws, roles_file: Path, profile: Path) -> None:
    del profile
    last = Role(f"arn:aws:iam::{ACCOUNT}:role/last")
    for _ in range(2):
        calls = process(local_aws, roles_file, last, profile="grid")
        assert who(calls) == f"arn:aws:sts::{ACCOUNT}:assumed-role/last/ohf"
    assert asked(local_aws) == 2


def test_the_configured_endpoint_of_sts_serves_profiles_too(
    local_aws: LocalAws, roles_file: Path, profile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del profile
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    calls = process(local_aws, roles_file, Role(f"arn:aws:iam::{ACCOUNT}:role/last"), profile="grid")
    assert who(calls) == f"arn:aws:sts::{ACCOUNT}:assumed-role/last/ohf"


def test_keys_that_a_script_gives_assume_it(local_aws: LocalAws, roles_file: Path, tmp_path: Path) -> None:
    script = tmp_path / "keys.sh"
    keys = {"AccessKeyId": f"AKIA{ACCOUNT}SCRIPT", "SecretAccessKey": "fake"}
    script.write_text(f"#!/bin/sh\necho '{json.dumps(keys)}'\n")
    script.chmod(0o755)
    assert "assumed-role/grid" in who(process(local_aws, roles_file, credential_script=str(script)))
    assert [one["key"] for one in local_aws.calls() if one["action"] == "AssumeRole"] == [keys["AccessKeyId"]]


def test_keys_of_a_script_that_have_ended_are_told(local_aws: LocalAws, roles_file: Path, tmp_path: Path) -> None:
    script = tmp_path / "keys.sh"
    keys = {"AccessKeyId": "A", "SecretAccessKey": "hunter2", "Expiration": "2020-01-01T00:00:00Z"}
    script.write_text(f"#!/bin/sh\necho '{json.dumps(keys)}'\n")
    script.chmod(0o755)
    with pytest.raises(ConfigurationError, match="its keys ended at 2020-01-01T00:00:00Z") as failure:
        who(process(local_aws, roles_file, None, credential_script=str(script)))
    assert "hunter2" not in str(failure.value)


@contextmanager
def keys_of_a_container() -> Iterator[str]:
    """Where a container gets its keys: those of another account."""
    keys = {"AccessKeyId": f"AKIA{CONTAINERS}", "SecretAccessKey": "s", "Token": "t"}
    body = json.dumps({**keys, "Expiration": "2100-01-01T00:00:00Z"}).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Tests print nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_source_that_is_configured_is_never_replaced_by_another(
    local_aws: LocalAws, roles_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"AKIA{ACCOUNT}")
    assert ec2.account(
        process(local_aws, roles_file, None, credentials_file=keys_file(tmp_path, f"AKIA{THEIRS}"))
    ) == (THEIRS)
    empty, bare = tmp_path / "empty", tmp_path / "bare"
    for file, text in ((empty, ""), (bare, "[default]\nregion = us-east-1\n")):
        file.touch(mode=0o600)
        file.write_text(text)
    with keys_of_a_container() as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        for file in (empty, bare, tmp_path / "none"):
            with pytest.raises(ConfigurationError):
                ec2.account(process(local_aws, roles_file, None, credentials_file=str(file)))
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        assert ec2.account(process(local_aws, roles_file, None)) == CONTAINERS, "they are there to be had"
    wide = Path(keys_file(tmp_path, f"AKIA{ACCOUNT}WIDE"))
    wide.chmod(0o644)
    with pytest.raises(ConfigurationError, match="every user of this host") as refused:
        ec2.account(process(local_aws, roles_file, None, credentials_file=str(wide)))
    assert refused.value.hint == f"chmod 600 {wide}"


def test_a_profiles_role_that_is_denied_or_throttled_was_no_call(
    local_aws: LocalAws, roles_file: Path, profile: Path
) -> None:
    del profile
    allow = {"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}
    local_aws.control("PUT", "policies", {"policies": {f"AKIA{ACCOUNT}": allow}})
    with pytest.raises(ProviderError, match="sts:AssumeRole") as failure:
        ec2.of_owner(process(local_aws, roles_file, None, profile="grid"), "here")
    assert (failure.value.sent, failure.value.transient) == (False, False)
    assert "trust policy" in failure.value.hint
    local_aws.control("PUT", "policies", {})
    local_aws.scenario(faults=[{"service": "sts", "kind": "throttle"}])
    with pytest.raises(ProviderError, match="Rate exceeded") as failure:
        ec2.of_owner(process(local_aws, roles_file, None, profile="grid"), "here")
    assert (failure.value.sent, failure.value.transient) == (False, True)


def test_keys_that_end_at_once_are_told(local_aws: LocalAws, roles_file: Path) -> None:
    late = process(local_aws, roles_file, role=ROLE._replace(duration=900))
    hasty = Calls(replace(late.access, now=lambda: local_aws.now() + 2000), lambda: 20.0)
    with pytest.raises(ProviderError, match="have ended already") as failure:
        ec2.of_owner(hasty, "here")
    assert (failure.value.sent, failure.value.transient) == (False, True)
    assert "clock" in failure.value.hint


def test_keys_that_aws_calls_expired_are_fetched_anew_once(local_aws: LocalAws, roles_file: Path) -> None:
    """A host whose clock is behind, or keys that somebody revoked: the file says that they are good."""
    who(process(local_aws, roles_file))
    local_aws.advance(4000)
    begun = process(local_aws, roles_file)
    behind = Calls(replace(begun.access, now=lambda: local_aws.now() - 4000), lambda: 20.0)
    assert ec2.of_owner(behind, "here") == ()
    actions = [(one["action"], one["status"]) for one in local_aws.calls()]
    assert actions[-3:] == [("DescribeInstances", 400), ("AssumeRole", 200), ("DescribeInstances", 200)]
    local_aws.scenario(faults=[{"service": "ec2", "kind": "error", "status": 400, "code": "RequestExpired"}])
    local_aws.clear_calls()
    with pytest.raises(ProviderError, match="RequestExpired"):
        ec2.of_owner(process(local_aws, roles_file), "here")
    assert [one["action"] for one in local_aws.calls()] == ["DescribeInstances", "AssumeRole", "DescribeInstances"]
