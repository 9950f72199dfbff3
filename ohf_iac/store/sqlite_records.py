"""The records of a SQLite file as mappings: a record costs one look at its row, however many others there are."""

from __future__ import annotations

from collections.abc import ItemsView, ValuesView
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ohf_iac.store.document import CorruptError
from ohf_iac.store.lazy import Unread
from ohf_iac.store.sqlite_file import explained
from ohf_iac.store.tables import CONDITIONS, checked, key_of, put_statement, record_of, row_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator, Mapping

    from ohf_iac.store.lazy import Question

Record = TypeVar("Record")

#: rows that belong to the memory, and all that there are
CURRENT: Final = "month = ''"
ALL: Final = "1"


class Snapshot:
    """One view of a file, opened when the first row is asked for and closed with the last mapping that needs it.

    `lose` is called once when a row turns out to be damaged. What was asked for ends there, as if no more were
    remembered: AWS holds the record. Without `lose`, CorruptError is raised.
    """

    __slots__ = ("_connection", "_gone", "_lose", "_open", "_path", "lost")

    def __init__(
        self,
        path: str,
        open_: Callable[[], sqlite3.Connection | None],
        lose: Callable[[], None] | None = None,
    ) -> None:
        self._path = path
        self._open = open_
        self._lose = lose
        self._connection: sqlite3.Connection | None = None
        self._gone = False
        #: whether damage has shown
        self.lost = False

    def opened(self) -> Snapshot:
        """Itself, with the view as of now; raises CorruptError or StorageError."""
        self._opened()
        return self

    def records(self, section: str, condition: str, *values: object) -> Iterator[tuple[str, Any]]:
        """Ids and records of a section, in the order in which they came; StorageError when the disk fails."""
        statement = f"SELECT id, record, crc32 FROM {section} WHERE {condition} ORDER BY rowid"  # noqa: S608 -- ours
        return self.rows(statement, *values, read=lambda row: record_of(section, row))

    def few(self, section: str, condition: str, *values: object) -> Iterator[tuple[str, Any]]:
        """The same for a condition that an index answers: the plus keeps SQLite from going by the order instead."""
        statement = f"SELECT id, record, crc32 FROM {section} WHERE {condition} ORDER BY +rowid"  # noqa: S608 -- ours
        return self.rows(statement, *values, read=lambda row: record_of(section, row))

    def keys(self, section: str, condition: str) -> Iterator[str]:
        """The ids alone, of rows that are as they were written."""
        statement = f"SELECT id, record, crc32 FROM {section} WHERE {condition} ORDER BY rowid"  # noqa: S608 -- ours
        return self.rows(statement, read=lambda row: checked(section, row)[0].decode())

    def rows(
        self, statement: str, *values: object, read: Callable[[tuple[Any, ...]], Any] = lambda row: row
    ) -> Iterator[Any]:
        """What `read` makes of the rows of a statement."""
        try:
            with explained(self._path, "read"):
                connection = self._opened()
                for row in connection.execute(statement, values) if connection else ():
                    yield read(row)
        except CorruptError:
            if self._lose is None:
                raise
            if not self.lost:
                self.lost = True
                self._lose()

    def _opened(self) -> sqlite3.Connection | None:
        if self._connection is None and not self._gone:
            self._connection = self._open()
            self._gone = self._connection is None
        return self._connection

    def __del__(self) -> None:
        if self._connection is not None and self._lose is not None:  # without it, it is the writer's
            self._connection.close()


class SqlRecords(Unread[Record]):
    """The records of one section in a snapshot, with what was put in and left out since."""

    __slots__ = ("_built", "_drop", "_put", "_scope", "_section", "_seen", "_snapshot")

    def __init__(self, snapshot: Snapshot, section: str, scope: str = CURRENT) -> None:
        self._snapshot = snapshot
        self._section = section
        self._scope = scope
        self._put: Mapping[str, Record] = {}
        self._drop: frozenset[str] = frozenset()
        self._built: dict[str, Record] = {}
        self._seen: set[str] = set()

    def __getitem__(self, key: str) -> Record:
        if key in self._put:
            return self._put[key]
        if key not in self._built and key not in self._drop:
            self._built.update(self._snapshot.few(self._section, f"id = ? AND {self._scope}", key_of(key)))
            if key not in self._built and (self._snapshot.lost or key in self._seen):  # its index may be damaged
                self._built.update(self._snapshot.few(self._section, f"+id = ? AND +{self._scope}", key_of(key)))
        return self._built[key]

    def __contains__(self, key: object) -> bool:
        try:
            self[str(key)]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        for key in self._snapshot.keys(self._section, self._scope):
            if key not in self._drop:
                self._seen.add(key)
                yield key
        yield from (key for key in self._put if key not in self._seen)

    def __len__(self) -> int:
        if self._put or self._drop:
            return sum(1 for _ in self)
        statement = f"SELECT count(*) FROM {self._section} WHERE {self._scope}"  # noqa: S608 -- our names
        return sum(count for (count,) in self._snapshot.rows(statement))

    def items(self) -> ItemsView[str, Record]:
        """Ids and records; read one after the other, and none is kept."""
        return _Items(self)

    def values(self) -> ValuesView[Record]:
        """The records; read one after the other, and none is kept."""
        return _Values(self)

    def stored(self) -> Iterator[tuple[str, Record]]:
        """All of them, read one after the other."""
        return self._with_put(self._snapshot.records(self._section, self._scope))

    def where(self, question: Question, names: Collection[str] = ()) -> Iterator[Record]:
        condition = (
            f"{CONDITIONS[question]} AND +{self._scope}"  # the plus: not by the index of all that is current
        )
        values: list[tuple[str, ...]] = [(key_of(name),) for name in names] if question == "named" else [()]
        found = (one for value in values for one in self._snapshot.few(self._section, condition, *value))
        return (record for _, record in self._with_put(found))

    def changed(self, put: Mapping[str, Record], drop: frozenset[str] = frozenset()) -> SqlRecords[Record]:
        kept = {key: record for key, record in self._put.items() if key not in drop}
        return self._with({**kept, **put}, (self._drop | drop) - put.keys(), self._snapshot)

    def seen_by(self, snapshot: Snapshot) -> SqlRecords[Record]:
        """The same, once its changes are in the file."""
        return self._with(self._put, self._drop, snapshot)

    def grew_from(self, other: Mapping[str, Record]) -> bool:
        """Whether `other` and what was put in and left out since make these records."""
        return isinstance(other, SqlRecords) and other._snapshot is self._snapshot

    def write(self, connection: sqlite3.Connection) -> None:
        """Carry out what was put in and left out."""
        gone = ((key_of(key),) for key in self._drop)
        connection.executemany(f"DELETE FROM {self._section} WHERE id = ? AND {CURRENT}", gone)  # noqa: S608 -- ours
        write_records(connection, self._section, self._put)

    def _with(self, put: Mapping[str, Record], drop: frozenset[str], snapshot: Snapshot) -> SqlRecords[Record]:
        new: SqlRecords[Record] = SqlRecords(snapshot, self._section, self._scope)
        new._put, new._drop = put, drop
        return new

    def _with_put(self, stored: Iterator[tuple[str, Record]]) -> Iterator[tuple[str, Record]]:
        """What the file has, in its order, then what was put in."""
        yield from ((key, record) for key, record in stored if key not in self._put and key not in self._drop)
        yield from self._put.items()


class _Items(ItemsView[str, Record]):
    _mapping: SqlRecords[Record]

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        return self._mapping.stored()


class _Values(ValuesView[Record]):
    _mapping: SqlRecords[Record]

    def __iter__(self) -> Iterator[Record]:
        return (record for _, record in self._mapping.stored())


def write_records(connection: sqlite3.Connection, section: str, records: Mapping[str, Any]) -> None:
    """Put records into their table."""
    connection.executemany(
        put_statement(section), (row_of(section, key, record) for key, record in records.items())
    )
