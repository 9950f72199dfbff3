"""`ohf replay`: a night's calls played again on a laptop, whatever that laptop's environment leads to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ohf_cli.validation import schema_findings
from tests.e2e.provider import EXAMPLE, Provider, wait_until

#: everything that could lead a replay to a real AWS, or make it wait for one; port 9 answers nobody
HOSTILE = {
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "HF_PROVIDER_NAME": "production",
    "HF_PROVIDER_WORKDIR": "/nonexistent",
    "OHF_PROVIDER_REGION": "eu-north-1",
}
HOSTILE_FILE = {
    "profile": "production",
    "credentialsFile": "/nonexistent",
    "credentialScript": "/nonexistent",
    "assumeRoleArn": "arn:aws:iam::123456789012:role/production",
    "ec2Endpoint": "http://127.0.0.1:9",
    "cloudformationEndpoint": "http://127.0.0.1:9",
    "autoscalingEndpoint": "http://127.0.0.1:9",
    "stsEndpoint": "http://127.0.0.1:9",
    "proxyHost": "127.0.0.1",
    "proxyPort": 9,
}


@pytest.fixture
def log(quick: Provider) -> Path:
    """The I/O log of one life: machines of two kinds, some given back by name, refusals, reclaims asked for."""
    quick.aws.reset(profile="realistic")
    quick.extra["OHF_LOGGING_IO_LOG"] = "true"
    quick.call("getAvailableTemplates", {})
    lives = [quick.settle(quick.request(template, 3)) for template in ("asg-ondemand", "instant-spot")]
    quick.call("requestMachines", {"template": {"templateId": "none", "machineCount": 1}}, code=1)
    quick.call("requestMachines", '{"template": ', code=1)
    returned = [one["machines"][0] for one in lives]
    gone = quick.call("requestReturnMachines", {"machines": [returned[0]["name"], {"name": returned[1]["name"]}]})
    assert len(quick.settle(gone["requestId"])["machines"]) == 2
    quick.call("getReturnRequests", {"machines": [one["name"] for one in lives[0]["machines"][1:]]})
    return quick.folder / "log" / "grid-io.jsonl"


def conf(folder: Path) -> Path:
    """The example's catalogue in a configuration that leads to a real AWS in every way there is."""
    place = folder / "conf"
    place.mkdir()
    (place / "awsprov_templates.json").symlink_to(EXAMPLE / "awsprov_templates.json")
    shutil.copytree(EXAMPLE / "scripts", place / "scripts")
    (place / "ohf.json").write_text(json.dumps({"provider": HOSTILE_FILE}))
    return place


def replayed(folder: Path, *words: str | Path, code: int = 0) -> tuple[str, str]:
    """What `ohf replay` prints on stdout and stderr, run as a process without any of this one's environment."""
    (folder / "tmp").mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "ohf_cli", "replay", *words, "--conf", EXAMPLE],
        env={"PATH": os.defpath, "TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert list((folder / "tmp").iterdir()) == []
    return done.stdout, done.stderr


def test_a_life_is_lived_again_without_a_difference(log: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ohf_cli", "replay", log, "--conf", conf(tmp_path), "--output", "json"],
        env={**os.environ, **HOSTILE},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert schema_findings("replay", document) == ()
    assert document["differences"] == document["skipped"] == document["unknown"] == []
    assert document["calls"] == len(log.read_text().splitlines())
    assert document["seconds"] > 60


def told_otherwise(line: dict[str, Any]) -> dict[str, Any]:
    """A line of a time when nothing came of what was asked for."""
    for entry in line["answer"].get("requests", []):
        if entry.get("status") == "complete" and entry["requestId"].startswith("req-"):
            entry["status"], entry["machines"] = "complete_with_error", []
    return line


def test_what_differs_is_shown_and_is_exit_1(log: Path, tmp_path: Path) -> None:
    lines = [json.dumps(told_otherwise(json.loads(line))) for line in log.read_text().splitlines()]
    log.with_name("grid-io.jsonl.2").write_text("\n".join(lines[:3]) + "\n")
    log.with_name("grid-io.jsonl.1").write_text("\n".join(lines[3:5]) + "\n")
    log.write_text("\n".join(lines[5:]) + '\n{"schema": "ohf/io/v1", "at": "20')
    out, err = replayed(tmp_path, log, code=1)
    assert "requests[0].status    complete_with_error  complete" in out
    assert "requests[0].machines  none                 3 succeed" in out
    assert f"{log} line {len(lines) - 4} is skipped: it is no line of an I/O log" in err
    assert f"{len(lines)} calls over " in err
    assert "ohf: error[E140]: replay " in err


def test_a_part_is_replayed_under_a_scenario_and_older_requests_are_not_compared(log: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text('{"capacity": {"*": 0}}')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    first, _, unheard, _ = [number for number, line in enumerate(lines) if line["operation"] == "requestMachines"]
    older = lines[first]["answer"]["requestId"]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines[first + 1 :]))
    last = lines[unheard - 1]["at"]
    out, err = replayed(tmp_path, log, "--until", last, "--scenario", scenario, "--output", "json", code=1)
    document = json.loads(out)
    assert schema_findings("replay", document) == ()
    assert document["unknown"] == [older]
    assert f"older than the log, not compared: {older}" in err
    assert document["calls"] == unheard - 1 - first
    assert {one["where"] for one in document["differences"]} == {"requests[0].machines", "requests[0].status"}


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), ("", "no call in it can be played"), ("no line\n", "no call in it can be played")],
)
def test_what_is_no_log_is_refused(tmp_path: Path, content: str | None, why: str) -> None:
    file = tmp_path / "x-io.jsonl"
    if content is not None:
        file.write_text(content)
    assert why in replayed(tmp_path, file, code=1)[1]


def test_words_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    assert "is no moment such as" in replayed(tmp_path, tmp_path / "x", "--until", "tonight", code=64)[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_replay_that_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    log, folder = tmp_path / "grid-io.jsonl", tmp_path / "tmp"
    folder.mkdir()
    line = {"schema": "ohf/io/v1", "operation": "getAvailableTemplates", "input": {}, "exit": 0, "seconds": 0.1}
    lines = (
        {**line, "at": f"2026-11-23T0{hour}:{minute:02d}:{second:02d}.000Z", "answer": {}}
        for hour in range(9)
        for minute in range(60)
        for second in range(60)
    )
    log.write_text("".join(json.dumps(one) + "\n" for one in lines))
    process = subprocess.Popen(
        [sys.executable, "-m", "ohf_cli", "replay", log, "--conf", EXAMPLE],
        env={"PATH": os.defpath, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: list(folder.glob("*/log/*")), 60)
    (ready,) = folder.glob("*/ready")
    server = int(json.loads(ready.read_text())["pid"])
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    wait_until(lambda: not alive(server), 20)
    assert out == ""
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert err.startswith("ohf: error[E13001]: interrupted")
        assert list(folder.iterdir()) == []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
