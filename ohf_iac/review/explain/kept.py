"""What this host kept of its requests: memory with its archives, domain events, the I/O log. No AWS."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.errors import OhfError, StorageError
from ohf_iac.io_log import LineError, call_in
from ohf_iac.operations.happenings import happenings
from ohf_iac.review.explain.link import Gap
from ohf_iac.store.history import together
from ohf_iac.store.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ohf_iac.app import App
    from ohf_iac.io_log import Call
    from ohf_iac.store.event_table import EventRow

_ASKING: Final = ("requestMachines", "requestReturnMachines")


@dataclass(frozen=True, slots=True)
class Kept:
    """All that is remembered, and the events, oldest first. `gaps` are those that could not be read."""

    memory: Memory
    events: tuple[EventRow, ...]
    gaps: tuple[Gap, ...] = ()


def kept_of(app: App) -> Kept:
    """What there is; a source that cannot be read is a gap and no failure."""
    gaps: list[Gap] = []
    memory = Memory()
    events: tuple[EventRow, ...] = ()
    try:
        memory = app.store.read()
        if not app.store.exists():
            gaps.append(Gap("memory", "there is none in the work folder"))
    except OhfError as error:
        gaps.append(Gap("memory", error.message))
    try:
        events = happenings(app, 0.0).events
    except OhfError as error:
        gaps.append(Gap("events", error.message))
    return Kept(memory, events, tuple(gaps))


def with_archived(app: App, kept: Kept, ids: Collection[str]) -> Kept:
    """The same with what the archives hold of these requests and returns."""
    missing = [one for one in ids if one not in kept.memory.requests and one not in kept.memory.returns]
    if not missing:
        return kept
    try:
        return Kept(together(kept.memory, app.store.past(missing)), kept.events, kept.gaps)
    except StorageError as error:
        return Kept(kept.memory, kept.events, (*kept.gaps, Gap("archives", error.message)))


def asked(app: App, ids: Collection[str]) -> tuple[Call, ...]:
    """The calls in the I/O log, oldest first, that asked for or returned machines and name one of these ids.

    StorageError when the log is there and cannot be read.
    """
    path = app.settings.io_log_file
    found: list[Call] = []
    for file in (*(f"{path}.{number}" for number in range(app.settings.logging.rotations, 0, -1)), path):
        if os.path.exists(file):
            found += _calls_in(file, ids)
    return tuple(found)


def input_of(call: Call) -> Mapping[str, Any]:
    """The document that a call was given, {} where it was none."""
    try:
        document = json.loads(call.document or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _calls_in(file: str, ids: Collection[str]) -> Iterator[Call]:
    try:
        with open(file, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not any(f'"{one}"' in line for one in _ASKING):
                    continue  # a poll names many ids, and there are many polls
                if any(one in line for one in ids) and (call := _call_in(line)) is not None:
                    yield call
    except OSError as error:
        raise StorageError(
            f"Cannot read {file}: {error.strerror}", hint="Run ohf as the user that runs Host Factory."
        ) from error


def _call_in(line: str) -> Call | None:
    """The call of a line, None for a poll and for a line that a crash or a full disk cut off."""
    try:
        call = call_in(line)
    except LineError:
        return None
    return call if call.operation in _ASKING else None
