"""An explanation as lines: a mark, the step, what is known of it, and where that is known from."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from ohf_cli.table import Cell, Table, laid_out, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_cli.table import Line, Tone
    from ohf_iac.review.explain.link import Explained, Gap, Link, State

#: state -> its mark and tone; the words behind it say the same
_MARKS: Final[Mapping[State, tuple[str, Tone]]] = {
    "ok": ("ok", "good"),
    "look": ("!!", "bad"),
    "open": ("..", "busy"),
    "none": ("--", "dim"),
    "unknown": ("??", "busy"),
}
_STEP: Final = 11
_INDENT: Final = "    "
#: steps whose rows stand in their text already, or are too many to read
_TOLD: Final = ("template",)
#: a reason is the last column of a table, and needs no header of its own
_NOTE: Final = "why"


def explained_lines(found: Explained, width: int | None) -> Iterator[Line]:
    """The explanation for people; `width` in characters, None where lines may be as long as needed."""
    for link in found.first:
        yield from _link(link, width)
    for chain in found.chains:
        if found.first or len(found.chains) > 1:
            yield ()
        yield (Cell(chain.about, "head"),)
        for link in chain.links:
            yield from _link(link, width)
    if found.others:
        yield from _text((Cell(""),), f"not followed: {', '.join(found.others)}", width, "")
    for gap in found.gaps:
        yield from _gap(gap, width)


def _link(link: Link, width: int | None) -> Iterator[Line]:
    mark, tone = _MARKS[link.state]
    sources = f"  [{', '.join(link.sources)}]" if link.sources else ""
    head = (Cell(f"{mark}  ", tone), Cell(f"{link.step:<{_STEP}} "))
    yield from _text(head, link.text + sources, width, " " * (_STEP + 5))
    if link.rows and link.step not in _TOLD:
        yield from _rows(link, width)
    elif link.rows:
        told = ", ".join(f"{one['field']} {one['line']}" for one in link.rows)
        yield from _text((Cell(_INDENT),), f"fields and their lines: {told}", width, _INDENT)
    for gap in link.unknown:
        if gap.what != link.step:  # else its text says it
            yield from _gap(gap, width)


def _rows(link: Link, width: int | None) -> Iterator[Line]:
    names = [one for one in link.rows[0] if one != _NOTE and any(row[one] for row in link.rows)]
    if not names:
        for one in link.rows:
            yield from _text((Cell(_INDENT),), one[_NOTE], width, _INDENT)
        return
    rows = tuple(row(*(one[name] for name in names), note=one.get(_NOTE, "")) for one in link.rows)
    note = "WHY" if any(one.get(_NOTE) for one in link.rows) else ""
    room = None if width is None else width - len(_INDENT)
    for line in laid_out(Table(tuple(name.upper() for name in names), rows, note), room):
        yield (Cell(_INDENT), *line)


def _gap(gap: Gap, width: int | None) -> Iterator[Line]:
    yield from _text((Cell(_INDENT), Cell("?? ", "busy")), f"{gap.what}: {gap.why}", width, f"{_INDENT}   ")


def _text(head: Line, text: str, width: int | None, indent: str) -> Iterator[Line]:
    if width is None:
        yield (*head, Cell(text))
        return
    room = max(24, width - len(indent))
    first, *rest = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield (*head, Cell(first))
    for part in rest:
        yield (Cell(indent), Cell(part))
