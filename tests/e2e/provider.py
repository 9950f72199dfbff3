"""A provider as Host Factory sees it: a folder with configuration, five scripts, an input file per call.

`Provider.call` runs the real script as a process, or with `fresh` off calls the machine face in this process, for
sweeps whose number of calls would make process starts the larger part of the work. Both speak real HTTP.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ohf_cli import machine as face
from tests.local_aws import LocalAws

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "cli" / "hostfactory"
EXAMPLE = ROOT / "examples" / "provider"
NAME = "grid"


@dataclass(slots=True)
class Provider:
    """One provider instance. `fresh` makes `call` run processes instead of the machine face in this one."""

    folder: Path
    aws: LocalAws
    conf: Path = EXAMPLE
    fresh: bool = False
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def environ(self) -> dict[str, str]:
        """What Host Factory sets, PATH, and what leads boto3 to the local AWS. Nothing else."""
        return {
            "HF_PROVIDER_NAME": NAME,
            "HF_PROVIDER_CONFDIR": str(self.conf),
            "HF_PROVIDER_WORKDIR": str(self.work),
            "HF_PROVIDER_LOGDIR": str(self.folder / "log"),
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            **self.aws.environ(),
            **self.extra,
        }

    def call(self, operation: str, document: object, *, code: int = 0) -> dict[str, Any]:
        """The answer of one operation; the exit code must be as expected and stderr empty."""
        found, answer = self.tried(operation, document)
        assert found == code, f"{operation} exits {found}: {answer}"
        return answer

    def tried(self, operation: str, document: object) -> tuple[int, dict[str, Any]]:
        """Exit code and answer of one operation."""
        for name in ("work", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # as Host Factory writes it: a name without suffix, tabs
        source = self.folder / "hf_in_Ab3xYz"
        source.write_text(document if isinstance(document, str) else json.dumps(document, indent="\t"))
        code, text = self._script(operation, source) if self.fresh else self._here(operation, source)
        answer = json.loads(text)
        assert code in (0, 1)
        assert isinstance(answer, dict)
        return code, answer

    def _script(self, operation: str, source: Path) -> tuple[int, str]:
        done = subprocess.run(
            [str(SCRIPTS / f"{operation}.sh"), "-f", str(source)],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            cwd="/",
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout

    def _here(self, operation: str, source: Path) -> tuple[int, str]:
        with_environment = dict(os.environ)
        try:
            os.environ.clear()
            os.environ.update(self.environ)
            code, text, afterwards = face.answer([operation, "-f", str(source)], os.environ)
            afterwards()
        finally:
            os.environ.clear()
            os.environ.update(with_environment)
        return code, text

    def request(self, template: str, count: int) -> str:
        """Ask for machines; the request's id."""
        answer = self.call("requestMachines", {"template": {"templateId": template, "machineCount": count}})
        return str(answer["requestId"])

    def status(self, request_id: str) -> dict[str, Any]:
        """The one entry that getRequestStatus gives for an id."""
        answer = self.call("getRequestStatus", {"requests": [{"requestId": request_id}]})
        (entry,) = answer["requests"]
        assert entry["requestId"] == request_id
        return dict(entry)

    def settle(self, request_id: str, *, step: float = 30, patience: float = 4 * 3600) -> dict[str, Any]:
        """Poll as Host Factory does, every half minute of virtual time, until the answer is terminal."""
        waited = 0.0
        while (entry := self.status(request_id))["status"] == "running":
            assert waited < patience, f"still running after {waited} s: {entry}"
            self.aws.advance(step)
            waited += step
        return entry

    def give_back(self, machines: list[Mapping[str, Any]]) -> str:
        """Return machines as Host Factory names them; the return's id."""
        hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in machines]
        return str(self.call("requestReturnMachines", {"machines": hosts})["requestId"])

    def polls(self, seconds: float, step: float = 30) -> None:
        """Host Factory's housekeeping with nothing open: getReturnRequests every half minute."""
        waited = 0.0
        while waited < seconds:
            self.call("getReturnRequests", {"machines": []})
            self.aws.advance(step)
            waited += step

    def database(self) -> dict[str, Any]:
        """What the store holds."""
        found: dict[str, Any] = json.loads((self.work / f"{NAME}-request_database.json").read_text())
        return found


def forget(provider: Provider) -> None:
    """Lose the memory: delete what is in the work folder."""
    for file in provider.work.iterdir():
        file.unlink()


def live_machines(aws: LocalAws) -> list[dict[str, Any]]:
    """The machines that EC2's own describe shows as pending or running."""
    client = aws.client("ec2")
    pages = client.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    )
    return [one for page in pages for part in page["Reservations"] for one in part["Instances"]]


def live_stacks(aws: LocalAws) -> list[str]:
    """The names of the stacks that CloudFormation's own describe shows."""
    return [one["StackName"] for one in aws.client("cloudformation").describe_stacks()["Stacks"]]


def wait_until(condition: Any, seconds: float = 10) -> None:
    """Wait in real time for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
