"""A local AWS of one's own for as long as a rehearsal lasts, and an environment that leads nowhere else.

The local AWS runs as a process: nothing here imports it. It ends with the pipe to its stdin, and so with this
process, however that ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ohf_iac.errors import CommandError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REGION: Final = "us-east-1"
#: seconds within which the server has to come up, on a laptop that is busy with other things
_PATIENCE: Final = 60.0
#: what says where a provider's configuration lies
_PLACES: Final = ("HF_PROVIDER_CONFDIR", "HF_CONFDIR", "PRO_CONF_DIR")
#: settings by which a configuration would lead to a real AWS, or take credentials from somewhere
_ENDPOINTS: Final = ("EC2", "CLOUDFORMATION", "AUTOSCALING", "STS", "S3")
_ACCESS: Final = ("PROFILE", "CREDENTIALS_FILE", "CREDENTIAL_SCRIPT", "ASSUME_ROLE_ARN", "PROXY_HOST")


@dataclass(frozen=True, slots=True)
class LocalAws:
    """A running local AWS; `clock_file` holds its virtual clock's offset."""

    url: str
    clock_file: Path

    def now(self) -> float:
        """The virtual time in epoch seconds."""
        return self.advance(0)

    def advance(self, seconds: float) -> float:
        """Let virtual time pass; the new time in epoch seconds."""
        return float(self._control("POST", "clock", {"advance": seconds})["now"])

    def _control(self, method: str, verb: str, document: Mapping[str, object]) -> dict[str, Any]:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=_PATIENCE)
        try:
            connection.request(method, f"/_ohf/{verb}", json.dumps(document))
            answer = connection.getresponse()
            found: dict[str, Any] = json.loads(answer.read())
        except (OSError, ValueError) as error:
            raise CommandError(f"ask the local AWS for its {verb}: {error}", hint="docs/local.md") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise CommandError(f"ask the local AWS for its {verb}: {found.get('error')}", hint="docs/local.md")
        return found


@contextmanager
def local_aws(folder: Path, scenario: Path | None = None) -> Iterator[LocalAws]:
    """A local AWS whose files are kept in `folder`; it has ended when this returns.

    ConfigurationError when the extra `local` is not installed or the scenario is refused.
    """
    ready, clock, told = folder / "ready", folder / "clock", folder / "server.log"
    command = [sys.executable, "-m", "ohf_iac.local", "--port", "0", "--end-with-stdin"]
    command += ["--ready-file", str(ready), "--clock-file", str(clock)]
    command += ["--scenario", str(scenario)] if scenario else []
    with told.open("w") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)  # noqa: S603 -- ours
    try:
        yield LocalAws(_address(process, ready, told), clock)
    finally:
        _end(process)


def neutral_environ(environ: Mapping[str, str], name: str, folder: Path, aws: LocalAws) -> dict[str, str]:
    """A whole environment for the provider `name` against this local AWS, with folders of its own.

    `environ` says where its configuration is; what that says of endpoints, credentials and proxies is overruled.
    """
    for one in ("work", "log"):
        (folder / one).mkdir(exist_ok=True)
    return {
        **{one: os.path.abspath(environ[one]) for one in _PLACES if environ.get(one)},
        **{f"OHF_PROVIDER_{one}_ENDPOINT": aws.url for one in _ENDPOINTS},
        **{f"OHF_PROVIDER_{one}": "" for one in _ACCESS},
        "OHF_LOGGING_IO_LOG": "false",
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath)),
        "HOME": str(folder),
        "HF_PROVIDER_NAME": name,
        "HF_PROVIDER_WORKDIR": str(folder / "work"),
        "HF_PROVIDER_LOGDIR": str(folder / "log"),
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "AKIA123456789012",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "OHF_CLOCK_FILE": str(aws.clock_file),
    }


@contextmanager
def environment(environ: Mapping[str, str]) -> Iterator[None]:
    """This process under another environment, which the AWS SDK reads wherever it likes."""
    kept = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environ)
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _address(process: subprocess.Popen[bytes], ready: Path, told: Path) -> str:
    end = time.monotonic() + _PATIENCE
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > end:
            lines = told.read_text(errors="replace").splitlines() or ["it did not come up in time"]
            missing = "ModuleNotFoundError" in lines[-1]
            raise ConfigurationError(
                f"start the local AWS: {lines[-1]}",
                hint="pip install 'ohf_iac[local]' (a bundle: EXTRAS=local)"
                if missing
                else "docs/local.md describes it",
            )
        time.sleep(0.05)
    return str(json.loads(ready.read_text())["url"])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
