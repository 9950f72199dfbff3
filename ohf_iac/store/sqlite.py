"""The store in one SQLite file: for long histories, because a record costs one look however many there are.

What is over stays in the file: `archive` marks it with its month, and memory no longer shows it.
"""

from __future__ import annotations

import math
import os
import time
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ohf_iac.errors import StorageError
from ohf_iac.store import event_table, months
from ohf_iac.store.aside import set_aside, told
from ohf_iac.store.document import SECTIONS, CorruptError
from ohf_iac.store.durable import make_folder, not_written
from ohf_iac.store.json_file import LAST_CHANCE
from ohf_iac.store.lock import locked
from ohf_iac.store.memory import Memory
from ohf_iac.store.sqlite_file import COMPANIONS, explained, is_damaged, make, reader, writer
from ohf_iac.store.sqlite_records import ALL, CURRENT, Snapshot, SqlRecords, write_records
from ohf_iac.store.tables import STEPS, Steps

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Mapping
    from contextlib import AbstractContextManager

    from ohf_iac.store.event_table import EventRow

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """`Store` in the file at `path`, with `<path>.lock` and, while in use, `-wal` and `-shm` beside it; all 0600.

    Damage and later versions are treated as by `JsonStore`, and so is the waiting for the lock. A memory that was
    read sees the file as it was then; damage that shows later sets the file aside as well, and the memory is empty
    from there on. For local disks: SQLite's log needs shared memory, which network file systems do not have.
    """

    path: str
    lock_timeout: float
    now: Callable[[], float]
    left: Callable[[], float]
    tell: Callable[[str], None]
    steps: Steps = STEPS

    def exists(self) -> bool:
        return os.path.exists(self.path)

    def read(self) -> Memory:
        if not self.exists():
            return Memory()
        try:
            return _memory(self._snapshot().opened())
        except CorruptError as error:
            with self._locked():
                return Memory(recovered_from=self._set_aside(error))

    def change(self, edit: Callable[[Memory], Memory]) -> Memory:
        make_folder(os.path.dirname(self.path))
        new = self._alone(lambda aside: self._edited(edit, aside))
        snapshot = self._snapshot()
        sections: dict[str, Any] = {name: _seen_by(snapshot, getattr(new, name)) for name in SECTIONS}
        return Memory(**sections, recovered_from=new.recovered_from)

    def archive(self, before: float) -> int:
        """Mark what is long over with the month of its verdict; events of that age are deleted."""

        def mark(connection: sqlite3.Connection) -> int:
            event_table.forget(connection, before)
            return months.mark(connection, before)

        if not self.exists():
            return 0
        return self._alone(lambda _aside: self._transact(mark) if self.exists() else 0)

    def past(self, ids: Collection[str]) -> Memory:
        if not self.exists():
            return Memory()
        snapshot = self._snapshot()
        return Memory(
            requests=months.among(snapshot, "requests", ids), returns=months.among(snapshot, "returns", ids)
        )

    def everything(self) -> Memory:
        if not self.exists():
            return Memory()
        if is_damaged(self.path, self._patience, self.steps):
            with self._locked():
                aside = self._set_aside(CorruptError("it is damaged"))
                raise StorageError(
                    f"Cannot read {self.path}: it was damaged and is set aside as {aside}",
                    hint="AWS holds the record.",
                )
        return _memory(self._snapshot().opened(), ALL)

    def keep_events(self, rows: Iterable[EventRow]) -> None:
        """Add to the table `events`, which is made for the first one; StorageError when that is not possible."""

        def add(_aside: str) -> None:
            if not self.exists():
                self._make()
            self._transact(lambda connection: event_table.add(connection, rows))

        make_folder(os.path.dirname(self.path))
        self._alone(add)

    def events(self, since: float) -> tuple[EventRow, ...]:
        """The events from this epoch second on, oldest first."""
        return event_table.since(self._snapshot(), since) if self.exists() else ()

    @property
    def _patience(self) -> float:
        return min(self.lock_timeout, max(self.left(), LAST_CHANCE))

    def _locked(self) -> AbstractContextManager[None]:
        return locked(f"{self.path}.lock", self._patience)

    def _alone(self, work: Callable[[str], Result]) -> Result:
        """Do something under the lock, and once more where the file turns out to be damaged, now without it.

        `work` is told as what the damaged file was set aside, "" the first time.
        """
        with self._locked():
            try:
                return work("")
            except CorruptError as error:
                aside = self._set_aside(error)
            try:
                return work(aside)
            except CorruptError as error:
                raise StorageError(f"Cannot write {self.path}: {error}", hint="Is its disk failing?") from error

    def _edited(self, edit: Callable[[Memory], Memory], aside: str) -> Memory:
        """What an edit made of the memory, written."""
        if not self.exists():
            new = edit(old := Memory(recovered_from=aside))
            if new is not old:
                self._make()
                self._transact(lambda connection: _write(connection, Memory(), new))
            return new
        with closing(self._writer()) as connection:
            identity = os.stat(self.path)
            old = replace(_memory(Snapshot(self.path, lambda: connection)), recovered_from=aside)
            new = edit(old)
            if new is not old:
                with explained(self.path, "write"):
                    _write(connection, old, new)
                    connection.execute("COMMIT")
                self._put_back(connection, identity)
        return new

    def _transact(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do something in one transaction; to be called under the lock."""
        with closing(self._writer()) as connection, explained(self.path, "write"):
            result = work(connection)
            connection.execute("COMMIT")
            return result

    def _writer(self) -> sqlite3.Connection:
        """A connection in a transaction that is going to write."""
        connection = writer(self.path, self._patience, self.steps)
        try:
            with explained(self.path, "write"):
                connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            connection.close()
            raise
        return connection

    def _make(self, source: sqlite3.Connection | None = None) -> None:
        try:
            make(self.path, self._patience, self.steps, source)
        except OSError as error:
            raise not_written(self.path, error) from error

    def _put_back(self, connection: sqlite3.Connection, identity: os.stat_result) -> None:
        """Keep what was written into a file that was deleted meanwhile."""
        if not self.exists() or not os.path.samestat(identity, os.stat(self.path)):
            self._make(connection)

    def _snapshot(self) -> Snapshot:
        return Snapshot(self.path, self._reader, self._lose)

    def _reader(self) -> sqlite3.Connection | None:
        """A connection for one look; None when the file has gone."""
        try:
            found = reader(self.path, self._patience, self.steps)
            if found is None:  # its format is an older one
                with self._locked():
                    writer(self.path, self._patience, self.steps).close()
                found = reader(self.path, self._patience, self.steps)
        except StorageError:
            if self.exists():
                raise
            return None
        return found

    def _lose(self) -> None:
        """Damage showed in the midst of reading: the file goes aside, whoever reads goes on without memory."""
        try:
            with self._locked():
                self._set_aside(CorruptError("a part of it is damaged"))
        except StorageError as error:
            self.tell(f"memory is damaged: {error.message}")

    def _set_aside(self, cause: CorruptError) -> str:
        """Where the damaged file went, "" when another process was faster; to be called under the lock."""
        if not self.exists():
            return ""
        if not is_damaged(self.path, self._patience, self.steps):
            raise StorageError(
                f"Cannot use {self.path}: {cause}", hint="Call again; if it stays, move the file away."
            )
        aside = set_aside(self.path, self.now(), COMPANIONS)
        self.tell(told(aside))
        return aside


def sqlite_store(
    path: str,
    lock_timeout: float = 20.0,
    now: Callable[[], float] = time.time,
    left: Callable[[], float] = lambda: math.inf,
    tell: Callable[[str], None] = lambda _message: None,
) -> SqliteStore:
    """The store in the file at `path`; the other arguments as for `json_store`."""
    return SqliteStore(path, lock_timeout, now, left, tell)


def _memory(snapshot: Snapshot, scope: str = CURRENT) -> Memory:
    sections: dict[str, Any] = {name: SqlRecords(snapshot, name, scope) for name in SECTIONS}
    return Memory(**sections)


def _seen_by(snapshot: Snapshot, records: Mapping[str, Any]) -> Mapping[str, Any]:
    return records.seen_by(snapshot) if isinstance(records, SqlRecords) else records


def _write(connection: sqlite3.Connection, old: Memory, new: Memory) -> None:
    for name in SECTIONS:
        before, after = getattr(old, name), getattr(new, name)
        if after is before:
            continue
        if isinstance(after, SqlRecords) and after.grew_from(before):
            after.write(connection)
            continue
        connection.execute(f"DELETE FROM {name} WHERE {CURRENT}")  # noqa: S608 -- our own names
        write_records(connection, name, after)
