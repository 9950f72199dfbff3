"""The local AWS as tests use it: a server of its own process, reached over HTTP with the real boto3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

ACCOUNT = "123456789012"
REGION = "us-east-1"
SUBNET_A, SUBNET_B, SUBNET_C = (f"subnet-0a1b2c3d4e5f6000{place}" for place in (1, 2, 3))
SECURITY_GROUP = "sg-0a1b2c3d4e5f60001"
IMAGE, ARM_IMAGE = "ami-0a1b2c3d4e5f60001", "ami-0a1b2c3d4e5f60002"
FLEET_ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-ec2-spot-fleet-tagging-role"
FOREIGN = ("AWS_", "OHF_", "HF_", "MOTO_")


@dataclass(slots=True)
class LocalAws:
    """A running local AWS. `log` is its stderr: a crash in the server leaves its traceback there."""

    process: subprocess.Popen[str]
    url: str
    clock_file: Path
    log: Path
    _clients: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def control(self, method: str, verb: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One request to the control endpoint; AssertionError with its message when it is refused."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        connection.request(method, f"/_ohf/{verb}", json.dumps(document or {}))
        answer = connection.getresponse()
        content: dict[str, Any] = json.loads(answer.read())
        connection.close()
        assert answer.status == 200, content
        return content

    def advance(self, seconds: float) -> float:
        """Move the virtual clock on; the new time in epoch seconds."""
        return float(self.control("POST", "clock", {"advance": seconds})["now"])

    def now(self) -> float:
        """The virtual time in epoch seconds."""
        return self.advance(0)

    def calls(self) -> list[dict[str, Any]]:
        """The AWS calls since the start or the last clearing, oldest first."""
        return list(self.control("GET", "calls")["calls"])

    def clear_calls(self) -> None:
        """Empty the log of calls."""
        self.control("DELETE", "calls")

    def scenario(self, **document: Any) -> None:
        """Replace the scenario while things live."""
        self.control("PUT", "scenario", document)

    def interrupt(self, ids: list[str] | None = None, count: int | None = None) -> list[str]:
        """Interrupt these spot instances, or any `count`; the ids of those interrupted."""
        document: dict[str, Any] = {"count": count} if ids is None else {"ids": ids}
        return list(self.control("POST", "interrupt", document)["ids"])

    def reset(self, **scenario: Any) -> None:
        """An empty world under this scenario."""
        self.control("POST", "reset", scenario)

    def state(self) -> dict[str, Any]:
        """What lives, in all accounts and regions."""
        return self.control("GET", "state")

    def client(self, service: str, region: str = REGION, account: str = ACCOUNT, **config: Any) -> Any:
        """A boto3 client with fake keys of that account; `config` goes to botocore's Config."""
        key = (service, region, account, repr(sorted(config.items())))
        if key not in self._clients:
            session: Any = boto3.Session(f"AKIA{account}", "fake", region_name=region)
            settings = Config(**{"proxies": {}, "retries": {"total_max_attempts": 1}, **config})
            self._clients[key] = session.client(service, endpoint_url=self.url, config=settings)
        return self._clients[key]

    def environ(self) -> dict[str, str]:
        """A whole environment for subprocesses: this one's, without anything that leads to a real AWS."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(FOREIGN) and not name.lower().endswith("_proxy")
        }
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": f"AKIA{ACCOUNT}",
            "AWS_SECRET_ACCESS_KEY": "fake",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "OHF_CLOCK_FILE": str(self.clock_file),
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }


def start(folder: Path) -> LocalAws:
    """Start a server that keeps its files in `folder`. AssertionError with its stderr when it does not come up."""
    clock_file, log = folder / "clock", folder / "stderr"
    command = [sys.executable, "-m", "ohf_iac.local", "--port", "0", "--clock-file", str(clock_file)]
    with log.open("w") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the local AWS did not start:\n{log.read_text()}"
    return LocalAws(process, json.loads(line)["url"], clock_file, log)


def stop(running: LocalAws) -> int:
    """End the server; its exit status."""
    running.process.terminate()
    status = running.process.wait(timeout=20)
    if running.process.stdout is not None:
        running.process.stdout.close()
    return status


def switched(name: str, value: Any) -> dict[str, Any]:
    """The scenario that sets one switch of `ohf_iac.local.scenario.SWITCHES`, given by its dotted name.

    Launches in flight exist only where launching takes time, so that switch brings it along.
    """
    section, member = name.split(".")
    document: dict[str, Any] = {section: {member: value}}
    return {**document, "times": {"launch": 3}} if name == "lag.inFlight" and value else document
