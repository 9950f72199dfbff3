"""How much the bad days swept, for the summary of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def table(reports: Iterable[Any]) -> Iterator[str]:
    """A line on the bad days of the tests that passed; nothing where there were none."""
    noted = [value for one in reports for name, value in getattr(one, "user_properties", ()) if name == "bad days"]
    if noted:
        calls, days = (sum(one[place] for one in noted) for place in (0, 1))
        yield f"{len(noted)} situations with {calls} calls of AWS: {days} bad days"
