"""`ohf selftest` on provider directories: rehearsed, against an AWS that is not its own, ended early, on faults."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ohf_cli.validation import schema_findings
from tests.e2e.provider import ROOT, live_machines, live_stacks, wait_until
from tests.local_aws import LocalAws

OHF = (sys.executable, "-m", "ohf_cli")
STEPS = [
    "getAvailableTemplates",
    "requestMachines",
    "getRequestStatus",
    "requestMachines",
    "getRequestStatus",
    "getRequestStatus",
    "getReturnRequests",
    "requestReturnMachines",
    "getRequestStatus",
    "getReturnRequests",
]


def ohf(*words: str, code: int = 0, environ: Mapping[str, str] | None = None) -> tuple[Any, str]:
    """The document that a command prints, and its stderr."""
    done = subprocess.run(
        [*OHF, *words, "--output", "json"],
        env={"PATH": os.environ["PATH"], **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert schema_findings(document["schema"].split("/")[1], document) == ()
    return document, done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A provider directory as `ohf init` writes it."""
    folder = tmp_path / "a provider"
    ohf("init", "-d", str(folder))
    return folder


def passed(document: Any) -> bool:
    return document["ok"] and [one["operation"] for one in document["checks"]] == STEPS


HOSTILE = {
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
}


def test_a_fresh_directory_passes_and_is_left_as_it_is(home: Path, tmp_path: Path) -> None:
    """Whatever the caller's environment says; memory and logs of the rehearsal lie elsewhere, and go."""
    before = sorted(home.rglob("*"))
    passing = tmp_path / "tmp"
    passing.mkdir()
    environ = {**HOSTILE, "TMPDIR": str(passing)}
    document, _ = ohf("selftest", "-d", str(home), "--local", "--count", "2", environ=environ)
    assert passed(document)
    assert (document["registered"], document["scripts"]) == (f"{home}/hostProviders.json", f"{home}/scripts")
    assert sorted(home.rglob("*")) == before
    assert list(passing.iterdir()) == []


@pytest.mark.sweep
def test_a_fresh_directory_for_lsf_passes(tmp_path: Path) -> None:
    ohf("init", "-d", str(tmp_path), "--scheduler", "lsf")
    document, _ = ohf("selftest", "-d", str(tmp_path), "--local", "--template", "group")
    assert (document["scheduler"], passed(document)) == ("lsf", True)


@pytest.mark.sweep
def test_a_catalogue_of_ones_own_passes_whatever_it_names(home: Path) -> None:
    """Strangers' images by parameter, subnets and groups; a launch template of the account is passed over."""
    common = {"maxNumber": 5, "attributes": {"type": "X86_64", "ncpus": 1, "nram": 1024}}
    theirs = {
        "imageId": "/golden/rhel9",
        "vmTypes": {"m5.large": 1, "m5.xlarge": 2},
        "subnetId": "subnet-00000000000000abc",
        "securityGroupIds": ["sg-00000000000000abc"],
        "instanceProfile": "theirs",
        "keyName": "theirs",
    }
    foreign = {"launchTemplateId": "lt-00000000000000abc", "launchTemplateVersion": "3", "vmType": "m5.large"}
    document = {
        "templates": [
            {"templateId": "foreign", **common, **foreign},
            {"templateId": "own", **common, **theirs},
        ]
    }
    (home / "awsprov_templates.json").write_text(json.dumps(document))
    found, _ = ohf("selftest", "-d", str(home), "--local", "--count", "3")
    assert passed(found), found


@pytest.mark.sweep
def test_the_example_provider_passes() -> None:
    document, _ = ohf(
        "selftest",
        "-d",
        str(ROOT / "examples" / "provider"),
        "--local",
        "--scripts",
        str(ROOT / "cli" / "hostfactory"),
        "--template",
        "instant-spot",
    )
    assert passed(document)


def test_a_broken_script_fails_its_step(home: Path) -> None:
    (home / "scripts" / "getAvailableTemplates.sh").write_text("#!/bin/sh\necho warning >&2\necho '{}'\n")
    document, errors = ohf("selftest", "-d", str(home), "--local", code=1)
    (check,) = document["checks"]
    assert (check["operation"], check["ok"]) == ("getAvailableTemplates", False)
    assert "stderr" in check["note"]
    assert "error[E140]" in errors


def test_scripts_that_are_not_there_are_said_to_be_missing(tmp_path: Path) -> None:
    document, _ = ohf("selftest", "-d", str(tmp_path), "--local", code=78)
    assert str(tmp_path / "scripts") in document["error"]["message"]


def environ_of(aws: LocalAws) -> dict[str, str]:
    return {name: value for name, value in aws.environ().items() if name.startswith(("AWS_", "OHF_"))}


def test_nothing_is_started_for_money_unless_somebody_says_so(home: Path, local_aws: LocalAws) -> None:
    local_aws.clear_calls()
    document, _ = ohf("selftest", "-d", str(home), code=64, environ=environ_of(local_aws))
    assert "--yes" in document["error"]["message"]
    assert local_aws.calls() == []


def test_an_aws_that_is_not_its_own_is_left_empty(home: Path, local_aws: LocalAws) -> None:
    """The local AWS stands for the real one here; virtual time passes with each call."""
    local_aws.scenario(clock={"perCall": 15})
    document, _ = ohf("selftest", "-d", str(home), "--yes", "--every", "0.1", environ=environ_of(local_aws))
    assert passed(document)
    assert live_machines(local_aws) == []
    memory = json.loads((home / "work" / "ohf-request_database.json").read_text())
    assert list(memory["requests"]) == [document["checks"][3]["note"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_started_is_given_back_when_it_is_ended_early(
    home: Path, local_aws: LocalAws, number: signal.Signals
) -> None:
    local_aws.scenario(times={"pending": 100_000})
    process = subprocess.Popen(
        [*OHF, "selftest", "-d", str(home), "--yes", "--every", "0.1", "--count", "2", "--output", "json"],
        env={"PATH": os.environ["PATH"], **environ_of(local_aws)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: live_stacks(local_aws), 60)
    local_aws.advance(30)
    wait_until(lambda: len(live_machines(local_aws)) == 2, 60)
    os.killpg(process.pid, number)  # as a terminal does it; a script under way must not be cut off
    shown, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    *_, interrupted, deletion = json.loads(shown)["checks"]
    assert (interrupted["note"], deletion["operation"], deletion["ok"]) == ("interrupted", "ohf delete", True)
    assert deletion["note"] == "2 machines given back, stack deleting"
    local_aws.advance(300)
    assert live_machines(local_aws) == []
    assert live_stacks(local_aws) == []


def test_a_request_that_does_not_end_is_given_back(home: Path, local_aws: LocalAws) -> None:
    local_aws.scenario(times={"pending": 100_000}, clock={"perCall": 1})
    document, _ = ohf(
        "selftest",
        "-d",
        str(home),
        "--yes",
        "--every",
        "1",
        "--timeout",
        "2",
        code=1,
        environ=environ_of(local_aws),
    )
    *_, failed, deletion = document["checks"]
    assert "still running after 2 polls" in failed["note"]
    assert (deletion["operation"], deletion["ok"]) == ("ohf delete", True)
    local_aws.advance(300)
    assert live_machines(local_aws) == []
