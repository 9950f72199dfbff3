"""The stage of a row: an installed provider, a local AWS in the row's situation, and one call of a real script.

Situations are made with calls in this process, which are cheap; the call that is judged is always a new process of
the script itself, as Host Factory starts it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.flavors import Installed
from tests.contract.names import Names
from tests.contract.row import Row
from tests.e2e.provider import Provider
from tests.local_aws import LocalAws

READING = ("Describe", "List", "Get")


@dataclass(frozen=True, slots=True)
class Played:
    """What a script printed and changed: `answer` with the real values, `normal` with placeholders."""

    code: int
    answer: dict[str, Any]
    normal: dict[str, Any]
    changes: tuple[str, ...]


@dataclass(slots=True)
class Stage:
    """`provider` is the one whose scripts are judged, `names` what stands for what its world has made; `shown` is
    what EC2 has told of machines, which it does not where the world is `dark`.
    """

    provider: Installed
    names: Names = field(default_factory=Names)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    dark: bool = False

    @property
    def aws(self) -> LocalAws:
        return self.provider.aws

    @property
    def first_request(self) -> str:
        """The id behind `<request-1>`."""
        return self.names.filled_in("<request-1>")

    def request(self, template: str, count: int) -> str:
        """Ask for machines; the id, which becomes `<request-N>`."""
        request_id = self.provider.request(template, count)
        self.names.request(request_id)
        return request_id

    def complete(self, template: str, count: int, *, step: float = 30, patience: float = 7200) -> dict[str, Any]:
        """A request that has got its terminal answer; its machines become `<machine-N>`."""
        entry = self.provider.settle(self.request(template, count), step=step, patience=patience)
        self.remember(entry["machines"])
        return entry

    def give_back(self, machines: Sequence[Mapping[str, Any]]) -> str:
        """Return machines; the id, which becomes `<return-N>`."""
        return_id = self.provider.give_back(list(machines))
        self.names.request(return_id)
        return return_id

    def remember(self, machines: list[dict[str, Any]]) -> None:
        """Number machines in the order of an answer."""
        self.look()
        for one in machines:
            self.names.machine(self.shown[one["machineId"]])

    def remember_all(self) -> list[str]:
        """Number every machine that EC2 shows, by launch and id; the ids."""
        self.look()
        rows = sorted(self.shown.values(), key=lambda one: (one["LaunchTime"], one["InstanceId"]))
        for row in rows:
            self.names.machine(row)
        return [row["InstanceId"] for row in rows]

    def look(self) -> None:
        """Take note of what EC2 shows; a name or address that it once showed is kept."""
        if self.dark:
            return
        pages = self.aws.client("ec2").get_paginator("describe_instances").paginate()
        for row in (one for page in pages for part in page["Reservations"] for one in part["Instances"]):
            known = self.shown.setdefault(row["InstanceId"], row)
            known.update({key: value for key, value in row.items() if value})

    def forget(self) -> None:
        """Lose the provider's memory."""
        for file in self.provider.work.iterdir():
            file.unlink()

    def elsewhere(self, owner: str) -> Provider:
        """Another installation in the same account, called in this process."""
        other = Installed(self.provider.folder, self.aws, flavor=self.provider.flavor)
        work = self.provider.folder / owner
        other.extra = {"HF_PROVIDER_WORKDIR": str(work), "OHF_PROVIDER_OWNER": owner}
        return other

    def play(self, row: Row) -> Played:
        """The row's one call."""
        given = self._written(row.given)
        source = self.provider.folder / "hf_in_Ab3xYz"
        source.write_bytes(given)
        self.look()
        self.aws.clear_calls()
        code, text = self._run(row, source)
        changes = dict.fromkeys(
            one["action"]
            for one in self.aws.calls()
            if one["status"] < 400 and not one["action"].startswith(READING)
        )
        self.look()
        self.names.machines_in(text, self.shown)
        answer = json.loads(text)
        return Played(code, answer, self._normal(answer, given), tuple(changes))

    def _written(self, given: object) -> bytes:
        if isinstance(given, bytes):
            return given
        text = given if isinstance(given, str) else json.dumps(given, indent="\t")
        return self.names.filled_in(text).encode()

    def _run(self, row: Row, source: Path) -> tuple[int, str]:
        environ: dict[str, str] = self.provider.environ
        for key, value in row.environ.items():
            environ.pop(key, None)
            if value is not None:
                environ[key] = value
        script = self.provider.scripts / f"{row.operation}.sh"
        done = subprocess.run(
            [str(script), *(str(source) if one == "<input>" else one for one in row.arguments)],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            cwd="/",
            check=False,
        )
        assert done.stderr == b""
        text = done.stdout.decode("ascii")
        assert text.count("\n") == 1
        assert text.endswith("\n")
        return done.returncode, text

    def _normal(self, answer: dict[str, Any], given: bytes) -> dict[str, Any]:
        self.names.learn("<aws>", self.aws.url)
        self.names.learn("<folder>", str(self.provider.folder))
        normal: dict[str, Any] = self.names.normal(answer, given.decode("utf-8", "replace"))
        return normal
