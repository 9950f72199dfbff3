"""Comparisons of bodies as people read them on a screen.

A change is one line where the screen is wide enough for all, else its place with its mark, and its value below.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from ohf_cli.plain_text import plain
from ohf_cli.table import Cell, text_of
from ohf_iac.review.diff.comparison import resources_of, short
from ohf_iac.review.diff.words import SIGNS, mark, what

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_cli.table import Line, Tone
    from ohf_iac.review.diff.changes import Change
    from ohf_iac.review.diff.comparison import Comparison

_TONES: Final[Mapping[str, Tone]] = {"+": "good", "-": "bad", "~": "busy"}
_GROUP: Final = 10  # columns of a group's name, with what is between it and the next
_INDENT: Final = " " * (_GROUP + 4)


def diff_lines(comparisons: tuple[Comparison, ...], width: int | None) -> Iterator[Line]:
    """The comparisons one below the other; those without differences in a line each."""
    for number, one in enumerate(comparisons):
        if number and (one.changes or comparisons[number - 1].changes):
            yield (Cell(""),)
        yield from comparison_lines(one, width)


def comparison_lines(one: Comparison, width: int | None) -> Iterator[Line]:
    """What became of what, the changes by group, and the verdict."""
    if not one.changes:
        yield (Cell(one.name, "head"), Cell(f"  {short(one.after)}  no differences"))
        return
    kinds = resources_of(one.after) or resources_of(one.before)
    bodies = f"  {short(one.before)} -> {short(one.after)}  {kinds}"
    yield (Cell(one.name, "head"), Cell(bodies))
    yield (Cell(f"  {one.before.source} -> {one.after.source}", "dim"),)
    column = max(len(change.places[0]) for change in one.changes)
    beside = tuple(_lines(one.changes, column, None))
    fits = width is None or all(len(text_of(line)) <= width for line in beside)
    yield from beside if fits else _lines(one.changes, column, width)
    yield (Cell(f"verdict: {one.verdict}", "bad" if one.broadening else "busy"),)


def _lines(changes: tuple[Change, ...], column: int, width: int | None) -> Iterator[Line]:
    """The changes, each with its group where that is another than before; `width` None: a line each."""
    group = ""
    for change in changes:
        about = "" if change.group == group else change.group
        group = change.group
        sign = SIGNS[change.act]
        head = (Cell(about.ljust(_GROUP), "head"), Cell(f"{sign} ", _TONES[sign]))
        marked = Cell(f"  {mark(change)}" if change.broadens else "", "bad")
        if width is None:
            yield (*head, Cell(change.places[0].ljust(column)), Cell(f"  {what(change)}"), marked)
        else:
            yield (*head, Cell(change.places[0]), marked)
            yield from _wrapped(what(change), width)


def _wrapped(text: str, width: int) -> Iterator[Line]:
    room = max(24, width - len(_INDENT))
    for part in textwrap.wrap(plain(text), room, break_on_hyphens=False, break_long_words=False):
        yield (Cell(_INDENT), Cell(part))
