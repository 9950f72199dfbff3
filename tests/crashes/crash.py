"""One operation in a child process: watched, or killed at a moment; and what it had done to the world by then."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ohf_cli import edge, human, machine
from tests.crashes.effects import Effects, Side, kill
from tests.e2e.provider import Provider
from tests.local_aws import LocalAws

#: calls that change nothing
_LOOKS: Final = re.compile(r"call (Describe|List|Get)")
#: written, and never read by an operation
_TOLD_ONLY: Final = re.compile(r".*(\.lock|-audit\.jsonl|-shm)")


def provider_at(place: Mapping[str, Any]) -> Provider:
    """The provider of a place: `folder`, `url` of the local AWS, `extra` variables."""
    folder = Path(place["folder"])
    aws = LocalAws(None, place["url"], folder / "clock", folder / "complaints")  # type: ignore[arg-type]
    provider = Provider(folder, aws, extra=dict(place["extra"]))
    provider.work.mkdir(exist_ok=True)
    (folder / "log").mkdir(exist_ok=True)
    return provider


def run(place: Mapping[str, Any], call: Mapping[str, Any], at: int = -1, name: str = "") -> Any:
    """Carry out a call of either face, and be killed at the moment of that number, which bears that name.

    Returns the moments as [name, side, state of the world, its shape], the exit code and what stderr got. `answer`
    in the place's folder holds stdout.
    """
    provider = provider_at(place)
    source = provider.folder / "hf_in_Ab3xYz"
    source.write_text(json.dumps(call.get("document"), indent="\t"))
    for descriptor, file in ((1, "answer"), (2, "complaints")):
        os.dup2(os.open(provider.folder / file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.environ.clear()
    os.environ.update(provider.environ)
    moments: list[tuple[str, str, str, str]] = []
    world = World(provider)

    def seen(number: int, label: str, side: Side) -> None:
        world.heard(label, side)
        if at < 0:
            moments.append((label, side, world.state(), world.shape()))
        if number == at and label != name:
            raise AssertionError(f"moment {at} is {label}, expected was {name}")
        if number == at:
            kill()

    effects = Effects(seen)
    effects.watch()
    code = _machine(call, source) if call["face"] == "machine" else edge.run(human.called, words_of(call, provider))
    sys.stdout.flush()
    effects.moment("end", "after")
    effects.stop()
    complaints = (provider.folder / "complaints").read_text()
    return {"moments": moments, "code": code, "complaints": complaints}


def words_of(call: Mapping[str, Any], provider: Provider) -> list[str]:
    """The words of a call of the human face; `{folder}` in them is the folder of the place where it is made."""
    return [word.replace("{folder}", str(provider.folder)) for word in call["words"]]


def _machine(call: Mapping[str, Any], source: Path) -> int:
    sys.argv = ["ohf-hostfactory", call["operation"], "-f", str(source)]
    return machine.main()


class World:
    """The state of the world as far as it can matter to anybody: what has been done in AWS, what files hold, what
    the caller was told. Times are those of the clock that stands still."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._done: list[str] = []

    def heard(self, label: str, side: Side) -> None:
        """A moment has come."""
        if side == "after" and label.startswith("call ") and not label.endswith(" answered"):
            self._done += [label] if changes(label) else []

    def state(self) -> str:
        """A name for it: equal ones are equal states, within one run (ids differ from run to run)."""
        files = [(file.name, _content(file)) for file in sorted(self._provider.work.iterdir())]
        return hashlib.sha256(repr((self._done, files, told(self._provider))).encode()).hexdigest()[:16]

    def shape(self) -> str:
        """The same without what differs from run to run."""
        return shape(self._provider, self._done)


def changes(label: str) -> bool:
    """Whether a call of that name may change anything in AWS."""
    return not _LOOKS.match(label)


def told(provider: Provider) -> int:
    """How many bytes the caller has got."""
    return (provider.folder / "answer").stat().st_size


def shape(provider: Provider, done: Iterable[str]) -> str:
    """What was done in AWS, the work folder's files and their sizes, what the caller was told."""
    sizes = [f"{file.name} {len(_content(file))}" for file in sorted(provider.work.iterdir())]
    return "; ".join([*done, *sizes, str(told(provider))])


def _content(file: Path) -> bytes:
    return b"" if _TOLD_ONLY.fullmatch(file.name) else file.read_bytes()
