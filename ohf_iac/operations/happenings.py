"""What this provider went through: the domain events that were kept, in the store's table or in the audit file."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from ohf_iac.errors import ResourceNotFoundError, StorageError
from ohf_iac.store.event_table import EventRow, event_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.app import App

#: what the fields of an event are
_KINDS: Final = tuple(map(type, EventRow(0.0, "")))


@dataclass(frozen=True, slots=True)
class Happenings:
    """Events, oldest first, and where they were kept."""

    source: Literal["store", "audit"]
    events: tuple[EventRow, ...]


def happenings(app: App, since: float, identifier: str = "") -> Happenings:
    """The events from an epoch second on, of one request or return, or of all ("").

    The table is asked where `storage.events` fills it, else the audit file with its rotated predecessors.
    ResourceNotFoundError where neither is kept, StorageError where it cannot be read.
    """
    storage = app.settings.storage
    if storage.events and storage.kind == "sqlite":
        from ohf_iac.store.sqlite import sqlite_store  # SQLite is loaded where it is chosen

        kept = Happenings("store", sqlite_store(app.settings.database_file, tell=app.log.error).events(since))
    else:
        kept = Happenings("audit", tuple(one for one in _audited(app) if one.at >= since))
    if not identifier:
        return kept
    return Happenings(
        kept.source, tuple(one for one in kept.events if identifier in (one.request_id, one.return_id))
    )


def _audited(app: App) -> Iterator[EventRow]:
    path = app.settings.audit_file
    rotated = [f"{path}.{number}" for number in range(app.settings.logging.rotations, 0, -1)]
    files = [file for file in (*rotated, path) if os.path.exists(file)]
    if not files and not app.settings.events.audit:
        raise ResourceNotFoundError(
            "read the history: none is kept", hint="set events.audit, or storage.events with storage.kind sqlite"
        )
    for file in files:
        try:
            with open(file, encoding="utf-8", errors="replace") as lines:
                yield from (event for line in lines if (event := _event_in(line)))
        except OSError as error:
            raise StorageError(
                f"Cannot read {file}: {error.strerror}", hint="Run ohf as the user that runs Host Factory."
            ) from error


def _event_in(line: str) -> EventRow | None:
    """The event of an audit line; None for calls of AWS, and for a line that a crash or a full disk cut off."""
    try:
        told: Any = json.loads(line)
        if not isinstance(told, dict) or told.get("what") in (None, "AwsCall"):
            return None
        at = datetime.fromisoformat(told["at"]).timestamp()
        row = event_row(at, told["what"], {name: told[name] for name in EventRow._fields[2:] if name in told})
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return row if tuple(map(type, row)) == _KINDS else None
