"""The archives of the SQLite store: rows that bear the month of their verdict.

The conditions are those of `history`, in SQL: that reads every request to find the few that are over.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.store.sqlite_records import CURRENT
from ohf_iac.store.tables import key_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from ohf_iac.store.sqlite_records import Snapshot

_HEX: Final = "[0-9a-f]"
#: an id of ours by its shape, so that its age can be told from it; the kind comes before
_SHAPE: Final = f"-{_HEX * 8}-{_HEX * 16}"
_OVER: Final = {
    "requests": "verdict IS NOT NULL AND stack IN ('gone', 'abandoned')",
    "returns": "verdict IS NOT NULL",
}
_PREFIX: Final = {"requests": "req", "returns": "ret"}


def mark(connection: sqlite3.Connection, before: float) -> int:
    """Give what was over before this epoch second its month, the places of requests too; how many records."""
    moved = 0
    for section, over in _OVER.items():
        cursor = connection.execute(
            f"SELECT id, strftime('%Y-%m', settled_at, 'unixepoch') FROM {section} "  # noqa: S608 -- our own names
            f"WHERE {CURRENT} AND settled_at < ? AND {over} AND +id GLOB ? AND +id < ?",
            (before, _PREFIX[section] + _SHAPE, f"{_PREFIX[section]}-{max(0, math.ceil(before)):08x}"),
        )
        found = [(month.decode(), key.decode()) for key, month in cursor]
        connection.executemany(f"UPDATE {section} SET month = ? WHERE id = ?", found)  # noqa: S608 -- our own names
        if section == "requests":
            connection.executemany(f"UPDATE machines SET month = ? WHERE request_id = ? AND {CURRENT}", found)  # noqa: S608 -- our own names
        moved += len(found)
    return moved


def among(snapshot: Snapshot, section: str, ids: Collection[str]) -> dict[str, Any]:
    """The archived records of these ids."""
    found: dict[str, Any] = {}
    for one in ids:
        found.update(snapshot.few(section, f"id = ? AND NOT {CURRENT}", key_of(one)))
    return found
