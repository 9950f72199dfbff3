"""The machine face in processes that stay: many calls at once without as many starts of Python.

`python -m tests.e2e.workers` reads calls as lines of JSON and writes an answer for each. What is at work is the
very code of the scripts; stores, locks and connections are those of processes of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from ohf_cli import machine as face
from tests.e2e.processes import legal
from tests.e2e.provider import ROOT, Provider


@dataclass(frozen=True, slots=True)
class Worker:
    """A process at a provider's disposal; one call at a time."""

    process: subprocess.Popen[str]

    def call(self, operation: str, document: object) -> tuple[int, dict[str, Any]]:
        """Exit code and answer, checked against the schema. ConnectionError when the process has ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps([operation, document]) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise ConnectionError from error
        line = self.process.stdout.readline()
        if not line:
            raise ConnectionError
        code, answer = json.loads(line)
        assert legal(operation, code, answer), (operation, code, answer)
        return code, answer

    def end(self) -> None:
        """Let it end by itself; it must not have complained."""
        complaint = self.process.communicate()[1]
        assert complaint == ""


def hire(provider: Provider) -> Worker:
    """A worker of this provider, ready for its first call."""
    for name in ("work", "log"):
        (provider.folder / name).mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.workers"],
        env=provider.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    worker = Worker(process)
    worker.call("getAvailableTemplates", {})
    return worker


def _serve() -> None:
    for line in sys.stdin:
        operation, document = json.loads(line)
        code, text, afterwards = face.answer([operation, "--data", json.dumps(document)], os.environ)
        print(json.dumps([code, json.loads(text)]), flush=True)  # noqa: T201 -- what it is for
        afterwards()


if __name__ == "__main__":
    _serve()
