"""The numbers of the crash-point sweep, printed at the end of a run: effects found, crashes survived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

#: the property of a test under which its numbers reach the process that prints
PROPERTY: Final = "crash points"


def table(reports: Iterable[Any]) -> Iterator[str]:
    """A line per situation, kind and store that was swept, and their sum; none where nothing was."""
    rows = sorted(value for report in reports for key, value in _properties(report) if key == PROPERTY)
    for name, effects, crashes in rows:
        yield f"{name:72} {effects:4} effects {crashes:4} crashes"
    if rows:
        effects, crashes = (sum(row[place] for row in rows) for place in (1, 2))
        yield f"{len(rows)} operations: {effects} effects, {crashes} crashes with what came afterwards"


def _properties(report: Any) -> Iterable[tuple[str, Any]]:
    return getattr(report, "user_properties", ())
