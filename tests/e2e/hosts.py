"""Calls of the machine face in processes forked off this one: real processes, with nothing to import anew.

They can be killed at any moment, and side by side they contend for the store's files as scripts do.
"""

from __future__ import annotations

import json
import os
import select
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ohf_cli import machine as face
from ohf_iac.aws import session
from tests.e2e.permitted import environment
from tests.e2e.processes import legal
from tests.e2e.provider import Provider


@dataclass(frozen=True, slots=True)
class Forked:
    """A call at work in a process of its own; `pipe` brings its answer."""

    operation: str
    pid: int
    pipe: int

    def answer(self) -> tuple[int, dict[str, Any]]:
        """Exit code and answer, checked against the schema; chores are over, too, when this returns."""
        with _closing(self.pipe):
            text = b"".join(iter(lambda: os.read(self.pipe, 65536), b""))
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        assert status == 0, f"{self.operation} ends with {status}: {text.decode(errors='replace')}"
        code, answer = json.loads(text)
        assert legal(self.operation, code, answer), (self.operation, code, answer)
        return code, answer

    def killed(self, seconds: float) -> tuple[int, dict[str, Any]] | None:
        """Its answer if it gave one within so many real seconds, which may be just before it was killed."""
        with _closing(self.pipe):
            select.select([self.pipe], [], [], seconds)
            os.kill(self.pid, signal.SIGKILL)
            text = b"".join(iter(lambda: os.read(self.pipe, 65536), b""))
        os.waitpid(self.pid, 0)
        return tuple(json.loads(text)) if text else None


def forked(provider: Provider, operation: str, document: object) -> Forked:
    """Begin a call in a process of its own."""
    for name in ("work", "log"):
        (provider.folder / name).mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(provider, operation, document, writing)
    os.close(writing)
    return Forked(operation, pid, reading)


def side_by_side(calls: Sequence[tuple[Provider, str, object]]) -> list[tuple[int, dict[str, Any]]]:
    """The answers of calls that are at work at the same time."""
    return [one.answer() for one in [forked(*call) for call in calls]]


def _child(provider: Provider, operation: str, document: object, writing: int) -> None:
    """The call; never returns. Connections of the process that it was forked from must not be used by both."""
    status = 70
    try:
        session.client_of.cache_clear()
        session._session.cache_clear()
        source = provider.folder / f"hf_in_{os.getpid()}"
        source.write_text(json.dumps(document))
        with environment(provider.environ):
            code, text, afterwards = face.answer([operation, "-f", str(source)], os.environ)
            os.write(writing, json.dumps([code, json.loads(text)]).encode())
            afterwards()
        source.unlink()
        status = 0
    except BaseException:  # noqa: BLE001 -- the edge of this process: whatever happens is told to its parent
        os.write(writing, traceback.format_exc().encode())
    finally:
        os._exit(status)


@contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)
