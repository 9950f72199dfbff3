"""The words in which screens speak of requests: states, ages, moments."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ohf_cli.table import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_cli.table import Tone

#: Host Factory's statuses as people read them
_STATES: Final[Mapping[str, tuple[str, Tone]]] = {
    "running": ("running", "busy"),
    "complete": ("complete", "good"),
    "complete_with_error": ("error", "bad"),
}
_RESULTS: Final[Mapping[str, Tone]] = {"executing": "busy", "succeed": "good", "fail": "bad"}


def state_cell(status: str) -> Cell:
    """A request's or a return's status; `error` stands for complete_with_error."""
    return Cell(*_STATES[status])


def machine_cell(state: str, result: str) -> Cell:
    """A machine's state in EC2's word, in the tone of what it means for its request or return."""
    return Cell(state, _RESULTS[result])


def age(seconds: float) -> str:
    """A span in its largest unit: 41s, 6m, 3h, 2d."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= 2 * size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def span(seconds: float) -> str:
    """A span as hours, minutes and seconds: 0:01:05."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def clock_time(moment: float) -> str:
    """The time of day of an epoch second, UTC."""
    return time.strftime("%H:%M:%S", time.gmtime(moment))


def instant(moment: float) -> str:
    """An epoch second as date and time, UTC; "" for 0, which is "not yet"."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)) if moment else ""


def plural(number: int, thing: str) -> str:
    """A number of things: `1 machine`, `3 machines`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
