"""Comparisons of bodies as people read them on a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_cli.table import Cell, Table, laid_out, row
from ohf_iac.review.diff.comparison import resources_of, short
from ohf_iac.review.diff.words import SIGNS, what

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_cli.table import Line, Row, Tone
    from ohf_iac.review.diff.changes import Change
    from ohf_iac.review.diff.comparison import Comparison

_TONES: Final[Mapping[str, Tone]] = {"+": "good", "-": "bad", "~": "busy"}


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
    yield (
        Cell(one.name, "head"),
        Cell(f"  {short(one.before)} -> {short(one.after)}  {kinds}  ({one.before.source} -> {one.after.source})"),
    )
    rows = tuple(_rows(one.changes))
    yield from laid_out(Table(("ABOUT", "", "WHERE", "BROADENS"), rows, "VALUE"), width)
    yield (Cell(f"verdict: {one.verdict}", "bad" if one.broadening else "busy"),)


def _rows(changes: tuple[Change, ...]) -> Iterator[Row]:
    group = ""
    for change in changes:
        about = "" if change.group == group else change.group
        group = change.group
        sign = SIGNS[change.act]
        rules = ", ".join(change.broadens)
        yield row(
            Cell(about, "head"), Cell(sign, _TONES[sign]), change.places[0], Cell(rules, "bad"), note=what(change)
        )
