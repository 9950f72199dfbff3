"""Where the demo plays: a local AWS in a temporary folder, and the calls that are made of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parents[1]
REGION: Final = "us-east-1"


class WrongError(Exception):
    """Something is not as it should be."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: a folder of its own, and the local AWS's address."""

    folder: Path
    url: str

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
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode or done.stderr:
            raise WrongError(f"{Path(command[0]).name} exits {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

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
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--clock-file", str(clock), "--scenario", str(scenario)],
            stdout=log,
            stderr=log,
        )
    try:
        url = wait_until_ready(server, ready, folder / "server.log")
        print(f"a local AWS serves on {url}; everything is kept in {folder}")
        os.environ["AWS_ENDPOINT_URL"] = url
        yield Stage(folder, url)
    finally:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()


def wait_until_ready(server: subprocess.Popen[bytes], ready: Path, log: Path) -> str:
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
