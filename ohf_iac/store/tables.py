"""The tables of the SQLite store: one per map of a memory, a row per record.

A row holds the record as the JSON that the JSON store would write, a checksum over id and record, and copies of the
few fields that questions are asked by. `month` is empty while a record belongs to the memory, and the month of its
verdict (`2026-11`) once it is history. `user_version` is the format; a new file is one of format 0 upgraded.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.store.document import FROM_TEXT, CorruptError
from ohf_iac.store.records import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ohf_iac.store.lazy import Question

#: what an upgrade from a format to the next one executes
Steps = tuple[tuple[str, ...], ...]

_ROW: Final = "id TEXT NOT NULL PRIMARY KEY, record TEXT NOT NULL, crc32 INTEGER NOT NULL, month TEXT NOT NULL"
STEPS: Final[Steps] = (
    (
        f"CREATE TABLE templates ({_ROW})",
        f"CREATE TABLE requests ({_ROW}, verdict TEXT, settled_at INTEGER, stack TEXT, chore_at INTEGER)",
        f"CREATE TABLE returns ({_ROW}, verdict TEXT, settled_at INTEGER)",
        f"CREATE TABLE machines ({_ROW}, name TEXT, request_id TEXT)",
        "CREATE INDEX requests_unsettled ON requests (id) WHERE verdict IS NULL",
        "CREATE INDEX requests_with_chore ON requests (chore_at) WHERE chore_at > 0",
        "CREATE INDEX requests_current ON requests (settled_at, id) WHERE month = ''",
        "CREATE INDEX returns_current ON returns (settled_at, id) WHERE month = ''",
        "CREATE INDEX machines_by_name ON machines (name)",
        "CREATE INDEX machines_by_request ON machines (request_id)",
    ),
)
#: the fields beside the record that each table has columns for
_COPIES: Final[Mapping[str, tuple[str, ...]]] = {
    "templates": (),
    "requests": ("verdict", "settled_at", "stack", "chore_at"),
    "returns": ("verdict", "settled_at"),
    "machines": ("name", "request_id"),
}
#: questions to a memory as conditions; "named" once per name
CONDITIONS: Final[Mapping[Question, str]] = {
    "unsettled": "verdict IS NULL",
    "with chore": "chore_at > 0",
    "named": "name = ?",
}


def put_statement(section: str) -> str:
    """Insert a row, or put it in the place of the one with its id."""
    columns = ("id", "record", "crc32", *_COPIES[section])
    marks = ", ".join("?" * len(columns))
    updates = ", ".join(f"{column} = excluded.{column}" for column in (*columns[1:], "month"))
    return (
        f"INSERT INTO {section} ({', '.join(columns)}, month) VALUES ({marks}, '') "  # noqa: S608 -- our own names
        f"ON CONFLICT (id) DO UPDATE SET {updates}"
    )


def row_of(section: str, key: str, record: Any) -> tuple[object, ...]:
    """The values of `put_statement` for a record."""
    text = encode(record)
    copies = (getattr(record, field) for field in _COPIES[section])
    named = key_of(key)
    return (
        named,
        text.decode("ascii"),
        _checksum(named.encode(), text),
        *(key_of(one) if isinstance(one, str) else one for one in copies),
    )


def record_of(section: str, row: tuple[Any, ...]) -> tuple[str, Any]:
    """Key and record of a row; CorruptError when it is not as it was written."""
    key, text = checked(section, row)
    decode: Callable[[bytes], Any] = FROM_TEXT[section]
    return key.decode(), decode(text)


def checked(section: str, row: tuple[Any, ...]) -> tuple[bytes, bytes]:
    """Key and text of a row (id, record, crc32), its texts as bytes; CorruptError as for `record_of`."""
    key, text, checksum = row
    if not (isinstance(key, bytes) and isinstance(text, bytes)) or checksum != _checksum(key, text):
        raise CorruptError(f"a row of {section} is not as it was written")
    return key, text


def key_of(text: str) -> str:
    """A text as the tables hold it: without lone surrogates, which no id of ours has and any input may have."""
    return text.encode("utf-8", "backslashreplace").decode()


def _checksum(key: bytes, text: bytes) -> int:
    return zlib.crc32(text, zlib.crc32(key + b"\0"))
