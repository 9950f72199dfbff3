"""What an approver sees before the question: who, what changes, within which bounds, with which findings. Pure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from ohf_cli.diff_screen import comparison_lines
from ohf_cli.table import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_cli.table import Line
    from ohf_iac.approval.values import Approval, Entry
    from ohf_iac.review.authorship import Author
    from ohf_iac.review.diff.comparison import Comparison

_SHORT: Final = 12
_INDENT: Final = 8
_NARROWEST: Final = 24


def before_lines(
    entry: Entry, change: Comparison, author: Author, given: Approval, width: int | None
) -> Iterator[Line]:
    """Who approves whose work, what differs from what was approved last, the bounds, and what lint finds."""
    wrote = author.name or given.author or "unknown"
    yield (Cell(f"You are {given.by}. Author: {wrote} ({author.where}). "), _eyes(given))
    yield from comparison_lines(change, width)
    made = ", ".join(f"{count} {kind}" for kind, count in sorted(entry.resources.items()))
    yield (Cell("makes   ", "head"), Cell(made))
    for image in entry.images:
        yield (Cell("image   ", "head"), Cell(image))
    bounds = [f"{name} {_bounds(told)}" for name, told in entry.envelope.items() if "max" in told]
    yield (Cell("within  ", "head"), Cell(", ".join(bounds)))
    for finding in given.findings:
        yield from _finding(finding, width)


def question(entry: Entry, given: Approval) -> str:
    """The question to the approver."""
    most = entry.envelope.get("TargetCapacity", {}).get("max", "any")
    return f"Approve {entry.digest[:_SHORT]} for {entry.template}, TargetCapacity <= {most}, until {given.expires}?"


def _eyes(given: Approval) -> Cell:
    if given.break_glass:
        return Cell(f"BREAK GLASS: {given.break_glass}", "bad")
    return Cell("OK: four eyes.", "good")


def _finding(finding: str, width: int | None) -> Iterator[Line]:
    room = 10_000 if width is None else max(_NARROWEST, width - _INDENT)
    first, *rest = textwrap.wrap(finding, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield (Cell(f"{'lint':<{_INDENT}}", "head"), Cell(first, "busy"))
    for part in rest:
        yield (Cell(" " * _INDENT), Cell(part, "busy"))


def _bounds(told: Mapping[str, Any]) -> str:
    return f"{told.get('min', 0)} to {told['max']}"
