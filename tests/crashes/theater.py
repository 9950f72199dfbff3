"""Stages set once, split for each crash, and played to the end: the side of the test process."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from signal import SIGKILL
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ohf_iac.template.kinds import Kind
from tests.crashes.afterwards import After
from tests.crashes.crash import changes, provider_at, shape
from tests.crashes.stages import STAGES
from tests.e2e.provider import ROOT

STORES = ("json", "sqlite")
#: how the local AWS logs a request that ended after its headers
CUT_OFF = "POST /"


class Moment(NamedTuple):
    """A moment before or after an effect, and the state that the world was in (`tests.crashes.crash.World`)."""

    label: str
    side: str
    state: str
    shape: str

    @property
    def lasting(self) -> bool:
        """Whether AWS or the memory is another one from here on, or the caller was told."""
        what, _, of = self.label.partition(" ")
        return self.side == "after" and (
            (what == "call" and not of.endswith("answered") and changes(self.label))
            or (what == "replace" and "_database" in of)
            or of.endswith(("_database.json", "_database.sqlite"))
            or self.label in ("sqlite COMMIT", "write answer")
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A provider's folder and the local AWS that it uses."""

    folder: Path
    url: str
    extra: Mapping[str, str]

    def spoken(self) -> dict[str, Any]:
        return {"folder": str(self.folder), "url": self.url, "extra": dict(self.extra)}


@dataclass(frozen=True, slots=True)
class Scene:
    """A stage as it is set: the call to be killed, what Host Factory knows, the moments of the call."""

    name: str
    place: Place
    call: Mapping[str, Any]
    knowledge: Mapping[str, Any]
    moments: tuple[Moment, ...] = ()

    def turns(self, *, all_of_them: bool) -> list[int]:
        """The first moment of each state of the world: until the next one nothing is changed by anything.

        Else those alone that change AWS or the memory for good.
        """
        states = [one.state for one in self.moments]
        turns = [at for at in range(1, len(states)) if states[at] != states[at - 1]]
        return turns if all_of_them else [at for at in turns if self.moments[at].lasting]

    def effects(self) -> int:
        """How many effects the call has."""
        return sum(one.side == "before" for one in self.moments)


@dataclass(slots=True)
class Theater:
    """A local AWS that splits, and a process that forks the processes of the product.

    Copies come one at a time, and all at `port`: so that process has the clients for it at hand.
    """

    folder: Path
    url: str
    server: subprocess.Popen[str]
    children: subprocess.Popen[str]
    port: int
    _numbers: Iterator[int] = field(default_factory=count)

    def scene(self, stage: str, kind: Kind, store: str) -> Scene:
        """Set a stage, and watch its call once."""
        extra = {**STAGES[stage].extra, "OHF_STORAGE_KIND": store}
        place = self._split(Place(self._new_folder(), self.url, extra))
        made = self._job(place.folder, "stages:prepare", place=place.spoken(), stage=stage, kind=kind)
        _control(place.url, "DELETE", "/_ohf/calls")
        bare = Scene(f"{stage} | {kind} | {store}", place, made["call"], made["knowledge"])
        with self.copy(place) as watched:
            found = self._job(watched.folder, "crash:run", place=watched.spoken(), call=bare.call)
        assert found["code"] == 0, found
        return replace(bare, moments=tuple(Moment(*one) for one in found["moments"]))

    def killed(self, place: Place, scene: Scene, at: int) -> None:
        """Carry out the scene's call and kill its process at a moment."""
        name = scene.moments[at].label
        self._job(place.folder, "crash:run", SIGKILL, place=place.spoken(), call=scene.call, at=at, name=name)

    def goes_on(self, place: Place, scene: Scene, after: After) -> None:
        """Play what comes afterwards; AssertionError when something is not as it must be."""
        then = [after.then, after.lost, after.heard]
        known = scene.knowledge
        self._job(
            place.folder, "afterwards:play", place=place.spoken(), call=scene.call, knowledge=known, after=then
        )

    def shape(self, place: Place) -> str:
        """The shape of a place's world, looked at from outside."""
        calls = _control(place.url, "GET", "/_ohf/calls")["calls"]
        done = (f"call {one['action']}" for one in calls if one["action"] != CUT_OFF)
        return shape(provider_at(place.spoken()), filter(changes, done))

    @contextmanager
    def copy(self, place: Place) -> Iterator[Place]:
        """The same world once more; it ends with the context."""
        folder = self._new_folder()
        shutil.copytree(place.folder, folder, dirs_exist_ok=True)
        half = self._split(replace(place, folder=folder), self.port)
        try:
            yield half
        finally:
            self.end(half)
            shutil.rmtree(folder)

    def end(self, place: Place) -> None:
        """End the local AWS of a place."""
        try:
            _control(place.url, "POST", "/_end")
        except (OSError, HTTPException):
            return  # it does as it is told, and answers no more

    def _split(self, place: Place, port: int = 0) -> Place:
        asked = {"folder": str(place.folder), "port": port}
        return replace(place, url=_control(place.url, "POST", "/_split", asked)["url"])

    def _new_folder(self) -> Path:
        folder = self.folder / f"{next(self._numbers):05}"
        folder.mkdir()
        return folder

    def _job(self, folder: Path, job: str, end: int = 0, **arguments: Any) -> Any:
        """What a function returns that a child process calls; the process must end by that signal, or by itself."""
        assert self.children.stdin is not None
        assert self.children.stdout is not None
        out = folder / "result"
        out.unlink(missing_ok=True)
        self.children.stdin.write(json.dumps({"job": job, "arguments": arguments, "out": str(out)}) + "\n")
        self.children.stdin.flush()
        ended = json.loads(self.children.stdout.readline())["signal"]
        found = json.loads(out.read_text()) if out.exists() else {}
        assert "error" not in found, found["error"]
        assert ended == end
        return found.get("result")


def start(folder: Path) -> Theater:
    """Start both processes."""
    server, children = _started("splitting_aws", str(folder)), _started("children")
    assert server.stdout is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return Theater(folder, server.stdout.readline().strip(), server, children, port)


def stop(running: Theater) -> None:
    """End both processes, and all copies: they end with their stdin."""
    for process in (running.server, running.children):
        process.communicate()


def _started(module: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"tests.crashes.{module}", *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def _control(url: str, method: str, target: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request(method, target, json.dumps(document or {}))
    content: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return content
