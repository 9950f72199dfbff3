"""Tables as values, and how they are laid out: pure, so that every screen can be tested without a terminal.

A row is made of cells and may have a note, which is the last column where the screen is wide enough and stands on
lines of its own below the row where it is not. No cell is ever cut: ids and reasons are there to be copied.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ohf_cli.plain_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Tone = Literal["", "good", "bad", "busy", "dim", "head"]

_GAP: Final = "  "
_NOTE_INDENT: Final = "    "
#: a note column narrower than this is put below its row instead
_NARROWEST_NOTE: Final = 24


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, and what it means for whoever looks at it; the meaning never stands in the colour alone.

    Whatever text is given, the one that is held is `plain`.
    """

    text: str
    tone: Tone = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", plain(self.text))


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]
    note: Cell = Cell("")


@dataclass(frozen=True, slots=True)
class Table:
    """`headers` of the cells, then `note_header` of the notes ("" where rows have none)."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    note_header: str = ""


Line = tuple[Cell, ...]


def row(*cells: Cell | str, note: Cell | str = "") -> Row:
    """A row of cells and plain texts."""
    return Row(tuple(map(_cell, cells)), _cell(note))


def laid_out(table: Table, width: int | None) -> Iterator[Line]:
    """The lines of a table, without ends of line; `width` in characters, None where lines may be as long as needed.

    The parts of a line follow each other without anything between. Columns for which there is no room stand below
    their row, each behind its header.
    """
    widths = _widths(table)
    fitting = _fitting(widths, width)
    left = None if width is None else width - sum(widths) - len(_GAP) * len(widths)
    beside = bool(table.note_header) and fitting == len(widths) and (left is None or left >= _note_needs(table))
    heads = tuple(Cell(text, "head") for text in table.headers[:fitting])
    yield _line(heads, widths, Cell(table.note_header, "head") if beside else Cell(""))
    for one in table.rows:
        if beside:
            yield from _beside(one, widths, left)
            continue
        yield _line(one.cells[:fitting], widths, Cell(""))
        moved = zip(table.headers[fitting:], one.cells[fitting:], strict=True)
        told = "  ".join(f"{head.lower()} {cell.text}" for head, cell in moved if cell.text)
        yield from _below(Cell(told), width)
        yield from _below(one.note, width)


def text_of(line: Line) -> str:
    """A line without its tones and without blanks at its end."""
    return "".join(part.text for part in line).rstrip()


def _cell(given: Cell | str) -> Cell:
    return given if isinstance(given, Cell) else Cell(given)


def _widths(table: Table) -> tuple[int, ...]:
    rows = [table.headers, *([cell.text for cell in one.cells] for one in table.rows)]
    return tuple(max(map(len, column)) for column in zip(*rows, strict=True))


def _fitting(widths: Sequence[int], width: int | None) -> int:
    """How many columns fit beside each other; the first one always does."""
    if width is None:
        return len(widths)
    ends = [sum(widths[:count]) + len(_GAP) * (count - 1) for count in range(1, len(widths) + 1)]
    return max(1, sum(end <= width for end in ends))


def _note_needs(table: Table) -> int:
    """The width below which notes are put under their rows: no word of them is broken, or they would be ladders."""
    words = [table.note_header, *(word for one in table.rows for word in one.note.text.split())]
    whole = max((len(one.note.text) for one in table.rows), default=0)
    return max(max(map(len, words)), min(whole, _NARROWEST_NOTE))


def _wrap(text: str, room: int) -> list[str]:
    return textwrap.wrap(text, room, break_on_hyphens=False, break_long_words=False)


def _line(cells: Sequence[Cell], widths: Sequence[int], note: Cell) -> Line:
    parts = [Cell(cell.text.ljust(width) + _GAP, cell.tone) for cell, width in zip(cells, widths, strict=False)]
    if note.text:
        return (*parts, note)
    last = parts[-1]
    return (*parts[:-1], Cell(last.text.rstrip(), last.tone))


def _beside(one: Row, widths: Sequence[int], left: int | None) -> Iterator[Line]:
    parts = _wrap(one.note.text, left) if left else [one.note.text]
    yield _line(one.cells, widths, Cell(parts[0] if parts else "", one.note.tone))
    indent = " " * (sum(widths) + len(_GAP) * len(widths))
    for part in parts[1:]:
        yield (Cell(indent), Cell(part, one.note.tone))


def _below(text: Cell, width: int | None) -> Iterator[Line]:
    room = 10_000 if width is None else max(_NARROWEST_NOTE, width - len(_NOTE_INDENT))
    for part in _wrap(text.text, room):
        yield (Cell(_NOTE_INDENT), Cell(part, text.tone))
