"""A SQLite file: opened for reading or writing, made, upgraded, examined; its errors in our words.

Writers come one at a time (the store's lock), so that SQLite's own waiting is the exception. Only a writer's
connection can remove the write-ahead log, and it ends before the lock does: a file that was deleted and made anew
under a process's feet keeps its log.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ohf_iac.errors import StorageError
from ohf_iac.own_file import check_own
from ohf_iac.store.document import SECTIONS, CorruptError
from ohf_iac.store.durable import discard, make_empty, put_in_place
from ohf_iac.store.tables import record_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.store.tables import Steps

#: what SQLite keeps beside a file while it is in use
COMPANIONS: Final = ("-wal", "-shm")
#: result codes that say that the file is not what we wrote (https://sqlite.org/rescode.html). Our statements are
#: right, so an error in one (SQLITE_ERROR) means that a table is missing.
_DAMAGE: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_INTERNAL,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_NOTADB,
    }
)
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
#: a limit on the size of files, as the shell's `ulimit -f`, comes as an error of I/O and not as SQLITE_FULL
_NO_ROOM: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})

#: what opening fails with where the memory that readers and writers share cannot be made beside the file
_NO_SHARING: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, *_NO_ROOM})


@contextmanager
def explained(path: str, verb: str) -> Iterator[None]:
    """SQLite's errors as CorruptError, where the file is not what was written, or StorageError."""
    try:
        yield
    except UnicodeDecodeError as error:  # what SQLite complains of is quoted in its message
        raise CorruptError("its tables' names are damaged") from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF in _DAMAGE or code == sqlite3.SQLITE_IOERR_SHORT_READ:
            raise CorruptError(str(error)) from error
        hint = "Let the user that runs Host Factory read and write there."
        if code & 0xFF in _BUSY:
            hint = "Another process keeps it busy: wait for it, or end it."
        elif code & 0xFF in _NO_ROOM:
            hint = "The disk is full or fails: make room; what was stored before is untouched."
        raise StorageError(f"Cannot {verb} {path}: {error}", hint=hint) from error


def reader(path: str, timeout: float, steps: Steps) -> sqlite3.Connection | None:
    """A connection that sees the file as it is now, whatever others write; None when its format is an older one.

    Where nothing can be written beside the file (read-only, full), it is read as it lies there, if no log belongs
    to it.
    """
    with explained(path, "read"):
        try:
            return _reading(path, "mode=ro", timeout, steps)
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code not in _NO_SHARING or not os.path.isfile(path) or _has_log(path):
                raise
        return _reading(path, "mode=ro&immutable=1", timeout, steps)


def writer(path: str, timeout: float, steps: Steps) -> sqlite3.Connection:
    """A connection for changes, under the store's lock; an older format is upgraded."""
    with explained(path, "write"):
        connection = _connected(path, "mode=rw", timeout)
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.execute("PRAGMA synchronous = FULL")
            if _format_of(connection, path, steps) < len(steps):
                _upgrade(connection, steps)
        except BaseException:
            connection.close()
            raise
        return connection


def make(path: str, timeout: float, steps: Steps, source: sqlite3.Connection | None = None) -> None:
    """A new file at `path`, empty or with all that `source` holds: whole or not at all. Raises OSError, too."""
    new = f"{path}.new"
    try:
        os.close(make_empty(new))
        with explained(path, "write"), closing(_connected(new, "mode=rw", timeout)) as connection:
            if source is not None:
                source.backup(connection)
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            _upgrade(connection, steps)
        for companion in COMPANIONS:
            discard(f"{path}{companion}")
        put_in_place(new, path)
    except BaseException:
        for name in (new, *(f"{new}{companion}" for companion in COMPANIONS)):
            discard(name)
        raise


def is_damaged(path: str, timeout: float, steps: Steps) -> bool:
    """Whether anything in the file is not as it was written; reads all. To be called under the store's lock."""
    try:
        connection = reader(path, timeout, steps)
        if connection is None:
            return False
        with closing(connection), explained(path, "read"):
            if connection.execute("PRAGMA integrity_check(1)").fetchall() != [(b"ok",)]:
                return True
            for section in SECTIONS:
                for row in connection.execute(f"SELECT id, record, crc32 FROM {section}"):  # noqa: S608 -- our names
                    record_of(section, row)
    except CorruptError:
        return True
    return False


def _reading(path: str, mode: str, timeout: float, steps: Steps) -> sqlite3.Connection | None:
    connection = _connected(path, mode, timeout)
    try:
        if _format_of(connection, path, steps) < len(steps):
            connection.close()
            return None
        connection.execute("BEGIN")
        connection.execute("SELECT id FROM templates LIMIT 1").fetchall()  # from here on the view stands still
    except BaseException:
        connection.close()
        raise
    return connection


def _connected(path: str, mode: str, timeout: float) -> sqlite3.Connection:
    """In autocommit, texts as bytes: a damaged one need not be UTF-8. Memories may cross threads."""
    try:
        check_own(path)
    except OSError as error:
        raise StorageError(f"Cannot open {path}: {error.strerror}", hint="Move it away.") from error
    connection = sqlite3.connect(
        f"file:{quote(path)}?{mode}", uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = bytes
    connection.execute("PRAGMA temp_store = MEMORY")  # sorting must not need room on the disk
    return connection


def _format_of(connection: sqlite3.Connection, path: str, steps: Steps) -> int:
    """The file's format, which is none of ours if it is 0: a file comes into its place complete."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > len(steps):
        raise StorageError(
            f"Cannot read {path}: it has format {found}, this version knows format {len(steps)}",
            hint="A later version of ohf wrote it: use that one, or move the file away and let AWS tell.",
        )
    if found < 1:
        raise CorruptError("no database of ours")
    return int(found)


def _upgrade(connection: sqlite3.Connection, steps: Steps) -> None:
    """All steps that are missing, or none."""
    connection.execute("BEGIN IMMEDIATE")
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    for statement in (one for step in steps[found:] for one in step):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(steps)}")
    connection.execute("COMMIT")


def _has_log(path: str) -> bool:
    try:
        return os.stat(f"{path}-wal").st_size > 0
    except FileNotFoundError:
        return False
