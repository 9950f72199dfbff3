"""Where the demo plays: a local AWS in a temporary folder, and the calls that are made of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parents[1]
REGION: Final = "us-east-1"
#: signals that end the demo
ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class WrongError(Exception):
    """Something is not as it should be."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: a folder of its own, the local AWS's address, and what starts processes."""

    folder: Path
    url: str
    start: Callable[..., subprocess.Popen[str]]

    def script(self, operation: str, document: object) -> dict[str, Any]:
        """One call of Host Factory: the script with its input file, answered by one JSON object."""
        handle, source = tempfile.mkstemp(dir=self.folder, prefix="hf_")
        with os.fdopen(handle, "w") as file:
            json.dump(document, file)
        answer = self._run([str(ROOT / "cli" / "hostfactory" / f"{operation}.sh"), "-f", source])
        found: dict[str, Any] = json.loads(answer)
        return found

    def advance(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._control("POST", "clock", {"advance": seconds})

    def calls(self) -> int:
        """AWS calls that were made so far."""
        return len(self._control("GET", "calls", {})["calls"])

    def _run(self, command: Sequence[str]) -> str:
        process = self.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        shown, complaints = process.communicate(timeout=120)
        if process.returncode or complaints:
            raise WrongError(f"{Path(command[0]).name} exits {process.returncode}: {shown}{complaints}")
        return shown

    def _control(self, method: str, verb: str, document: Mapping[str, object]) -> dict[str, Any]:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        connection.request(method, f"/_ohf/{verb}", json.dumps(document))
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return found


@contextmanager
def local_aws(folder: Path) -> Iterator[Stage]:
    """A local AWS that ends with the demo, however that ends."""
    ready, clock, scenario = folder / "ready", folder / "clock", folder / "scenario.json"
    forget_the_real_world(folder, clock)
    scenario.write_text(json.dumps({"profile": "realistic"}))
    command = [sys.executable, "-m", "ohf_iac.local", "--port", "0", "--ready-file", str(ready)]
    command += ["--clock-file", str(clock), "--scenario", str(scenario)]
    with children() as start:
        with (folder / "server.log").open("w") as log:
            server = start(command, stdout=log, stderr=log)
        url = wait_until_ready(server, ready, folder / "server.log")
        print(f"a local AWS serves on {url}; everything is kept in {folder}")
        os.environ["AWS_ENDPOINT_URL"] = url
        yield Stage(folder, url, start)


@contextmanager
def passing_folder() -> Iterator[Path]:
    """A temporary folder that goes with the demo; a file that appears while it is removed is no obstacle."""
    folder = Path(tempfile.mkdtemp(prefix="ohf-demo-"))
    try:
        yield folder
    finally:
        for _ in range(20):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.05)
        else:
            print(f"{folder} could not be removed", file=sys.stderr)


@contextmanager
def children() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """What starts processes (as `subprocess.Popen` does); when it closes, all have ended, the latest first."""
    started: list[subprocess.Popen[str]] = []

    def start(command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        with signals_held():
            process = subprocess.Popen(command, text=True, **options)
            started.append(process)
        return process

    try:
        yield start
    finally:
        for process in reversed(started):
            ended(process)


def ended(process: subprocess.Popen[str]) -> None:
    """End a process, unless it has, and wait until it is gone: what lives on may still write files."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def signals_held() -> Iterator[None]:
    """Signals that come meanwhile are dealt with at the end: one that interrupts a start would lose the process.

    Only the main thread is ever interrupted, others have nothing to hold.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    usual = {number: signal.signal(number, lambda number, _frame: came.append(number)) for number in ENDING}
    try:
        yield
    finally:
        for number, action in usual.items():
            signal.signal(number, action)
        for one in came[:1]:
            signal.raise_signal(one)


def wait_until_ready(server: subprocess.Popen[str], ready: Path, log: Path) -> str:
    """The server's address; WrongError with what it printed when it ends instead."""
    end = time.monotonic() + 30
    while not ready.exists():
        if server.poll() is not None or time.monotonic() > end:
            raise WrongError(f"the local AWS did not start: {log.read_text()}")
        time.sleep(0.05)
    return str(json.loads(ready.read_text())["url"])


def forget_the_real_world(folder: Path, clock: Path) -> None:
    """Replace the environment of this process and all that it starts: what Host Factory sets, and fake credentials.

    Nothing of AWS's configuration, profiles, credentials, metadata service or proxies is left.
    """
    for name in ("work", "log"):
        (folder / name).mkdir()
    os.environ.clear()
    os.environ.update(
        {
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            "HOME": str(folder),
            "HF_PROVIDER_NAME": "ohf",
            "HF_PROVIDER_CONFDIR": str(ROOT / "examples" / "provider"),
            "HF_PROVIDER_WORKDIR": str(folder / "work"),
            "HF_PROVIDER_LOGDIR": str(folder / "log"),
            "AWS_ACCESS_KEY_ID": "AKIADEMO",
            "AWS_SECRET_ACCESS_KEY": "fake",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "OHF_CLOCK_FILE": str(clock),
        }
    )
