"""`ohf local`, and the demo: servers that end with whoever started them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.provider import ROOT

HOSTILE = {
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "HF_PROVIDER_WORKDIR": "/nonexistent",
    "OHF_PROVIDER_REGION": "eu-north-1",
}


def answers(url: str) -> bool:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", "/_ohf/calls")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_the_local_aws_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    ready, clock = tmp_path / "ready", tmp_path / "clock"
    process = subprocess.Popen(
        [sys.executable, "-m", "ohf_cli", "local", "--ready-file", str(ready), "--clock-file", str(clock)],
        env={**os.environ, **HOSTILE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    assert answers(url)
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, ("", ""))
    assert not answers(url)


def test_a_scenario_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scenario.json").write_text('{"profile": "sunny"}')
    done = subprocess.run(
        [sys.executable, "-m", "ohf_cli", "local", "--scenario", str(tmp_path / "scenario.json")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "sunny" in done.stderr
    assert "ohf: error[E141]" in done.stderr


def demo(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "demo.py")],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(folder), **HOSTILE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_the_demo_ends_its_server_when_it_is_ended(tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = demo(tmp_path)
    assert process.stdout is not None
    url = process.stdout.readline().split()[5].rstrip(";")
    assert answers(url)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == code
    assert not answers(url)
    assert list(tmp_path.iterdir()) == []


#: a process that has the demo ended before it has itself become the program that was to be started
INTERRUPTED_START = """
import os, signal, sys, time
from demo_stage import children

def end_the_demo():
    with open(sys.argv[1], "w") as file:
        file.write(str(os.getpid()))
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(0.2)

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
with children() as start:
    start(["sleep", "60"], preexec_fn=end_the_demo)
"""


def test_a_process_whose_start_is_interrupted_ends_with_the_demo(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_START, str(noted)], cwd=ROOT / "examples", timeout=60, check=False
    )
    assert done.returncode == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), signal.SIGTERM)


@pytest.mark.sweep
def test_the_demo_shows_every_kind_whatever_the_environment_says(tmp_path: Path) -> None:
    process = demo(tmp_path)
    shown, complaints = process.communicate(timeout=300)
    assert (process.returncode, complaints) == (0, ""), shown
    table = shown[shown.index("In one table") :]
    assert table.count(" gone") == 6
    assert list(tmp_path.iterdir()) == []
