"""Domain events in a table of the SQLite file: `events`, made for the first one, for as long as history is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ohf_iac.store.tables import key_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from ohf_iac.store.sqlite_records import Snapshot


class EventRow(NamedTuple):
    """An event as the audit file has it: `at` in epoch seconds, `what` its name, the rest as in `events.Event`."""

    at: float
    what: str
    request_id: str = ""
    return_id: str = ""
    template_id: str = ""
    machine_id: str = ""
    machine_name: str = ""
    status: str = ""
    previous: str = ""
    units: int = 0
    machines: int = 0
    message: str = ""


def event_row(at: float, what: str, facts: Mapping[str, Any]) -> EventRow:
    """A row of the facts that an event has."""
    return EventRow(at, what, **facts)


_COLUMNS: Final = ", ".join(EventRow._fields)
_MARKS: Final = ", ".join("?" * len(EventRow._fields))
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS events (at REAL NOT NULL, what TEXT NOT NULL, request_id TEXT, return_id TEXT, "
    "template_id TEXT, machine_id TEXT, machine_name TEXT, status TEXT, previous TEXT, units INTEGER, "
    "machines INTEGER, message TEXT)"
)
_INDEX: Final = "CREATE INDEX IF NOT EXISTS events_by_time ON events (at)"
_EXISTS: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'events'"


def add(connection: sqlite3.Connection, rows: Iterable[EventRow]) -> None:
    """Put events into the table."""
    connection.execute(_TABLE)
    connection.execute(_INDEX)
    told = ([key_of(value) if isinstance(value, str) else value for value in row] for row in rows)
    connection.executemany(f"INSERT INTO events ({_COLUMNS}) VALUES ({_MARKS})", told)  # noqa: S608 -- our own names


def forget(connection: sqlite3.Connection, before: float) -> None:
    """Delete the events before this epoch second."""
    if connection.execute(_EXISTS).fetchone():
        connection.execute("DELETE FROM events WHERE at < ?", (before,))


def since(snapshot: Snapshot, moment: float) -> tuple[EventRow, ...]:
    """The events from this epoch second on, oldest first; none where there never was one."""
    if not tuple(snapshot.rows(_EXISTS)):
        return ()
    statement = f"SELECT {_COLUMNS} FROM events WHERE at >= ? ORDER BY at, rowid"  # noqa: S608 -- our own names
    return tuple(snapshot.rows(statement, moment, read=_event))


def _event(row: tuple[Any, ...]) -> EventRow:
    return EventRow._make(value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in row)
