"""Operations as processes of their own, several at once, each with the moment at which it would be killed."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

from tests.e2e.provider import SCRIPTS, Provider

OPERATIONS = (
    "getAvailableTemplates",
    "requestMachines",
    "getRequestStatus",
    "requestReturnMachines",
    "getReturnRequests",
)


@dataclass(frozen=True, slots=True)
class Running:
    """A script at work."""

    operation: str
    process: subprocess.Popen[str]
    killed_at: float

    def answer(self) -> tuple[int, dict[str, Any]]:
        """Exit code and answer, checked against the schema; the script must end by itself before it is killed."""
        try:
            text, complaint = self.process.communicate(timeout=max(0.1, self.killed_at - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            said = self.process.communicate()
            raise AssertionError(f"{self.operation} was killed; it had said {said}") from error
        assert complaint == ""
        code, answer = self.process.returncode, json.loads(text)
        assert legal(self.operation, code, answer)
        return code, answer


def begin(provider: Provider, operation: str, document: object, kill_after: float = 120) -> Running:
    """Start the script of an operation; `kill_after` in real seconds."""
    for name in ("work", "log"):
        (provider.folder / name).mkdir(parents=True, exist_ok=True)
    number = sum(1 for _ in provider.folder.glob("hf_in_*"))
    source = provider.folder / f"hf_in_{number:06}"
    source.write_text(json.dumps(document, indent="\t"))
    process = subprocess.Popen(
        [str(SCRIPTS / f"{operation}.sh"), "-f", str(source)],
        env=provider.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    return Running(operation, process, time.monotonic() + kill_after)


def all_of(
    provider: Provider, calls: Iterable[tuple[str, object]], *, kill_after: float, at_once: int
) -> list[tuple[str, int, dict[str, Any]]]:
    """Operation, exit code and answer of each call, run so many at once."""
    todo, done = list(calls), []
    for start in range(0, len(todo), at_once):
        started = [begin(provider, *call, kill_after) for call in todo[start : start + at_once]]
        done += [(one.operation, *one.answer()) for one in started]
    return done


def legal(operation: str, code: int, answer: Mapping[str, Any]) -> bool:
    """Whether Host Factory may be answered so: by the schema, and a failure is a message with exit code 1."""
    schema_of(operation).validate(answer)
    return code == (1 if set(answer) == {"message"} else 0)


@cache
def schema_of(operation: str) -> Draft202012Validator:
    """The schema of an operation's answers."""
    text = (resources.files("ohf_iac.schemas") / f"{operation}.output.json").read_text()
    return Draft202012Validator(json.loads(text))
