"""Comparisons as Markdown for a pull request: a line per template, the changes in a table that opens.

Whatever stands in a body is text: it ends no cell, makes no link, mentions nobody and brings no HTML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.review.diff.comparison import resources_of, short
from ohf_iac.review.diff.words import SIGNS, what

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ohf_iac.review.diff.changes import Change
    from ohf_iac.review.diff.comparison import Comparison

#: characters of a comment: GitHub takes 65,536 of them, and what stands around the rows needs some
ROOM: Final = 60_000
#: characters that mean something in Markdown, HTML or GitHub's formulas, or make a link
_MEANINGFUL: Final = frozenset("&<>|`*_~[](){}#!@\\:$")


def markdown(comparisons: tuple[Comparison, ...]) -> str:
    """The comment; it ends with one newline."""
    differing = [one for one in comparisons if one.changes]
    lines = ["## Stack bodies", ""]
    if not differing:
        lines += [f"No differences in {_templates(len(comparisons))}.", ""]
        return "\n".join(lines)
    lines += ["| template | body | verdict |", "| --- | --- | --- |"]
    lines += [f"| {code(one.name)} | {_bodies(one)} | {code(one.verdict)} |" for one in differing]
    same = len(comparisons) - len(differing)
    lines += ["", *([f"No differences in {_templates(same)} more.", ""] if same else [])]
    room = ROOM - sum(map(len, lines))
    for number, one in enumerate(differing):
        details = list(_details(one, room // (len(differing) - number)))
        room -= sum(map(len, details))
        lines += details
    return "\n".join(lines)


def escaped(text: str) -> str:
    """A text that shows itself and nothing else, on one line."""
    return "".join(map(_character, text)).replace("www.", "www&#46;")


def code(text: str) -> str:
    """A text in the type of code; GitHub mentions nobody in there."""
    return f"<code>{escaped(text)}</code>"


def _character(char: str) -> str:
    if char in _MEANINGFUL:
        return f"&#{ord(char)};"
    return char if char.isprintable() else f"&#92;{ascii(char)[2:-1]}"


def _bodies(one: Comparison) -> str:
    return f"{code(short(one.before))} → {code(short(one.after))}"


def _details(one: Comparison, room: int) -> Iterator[str]:
    """The changes of a template in a table that opens; where it has no room for all, what broadens comes first."""
    opened = " open" if one.broadening else ""
    kinds = resources_of(one.after) or resources_of(one.before)
    summary = f"{code(one.name)} {code(kinds)}, against {code(one.before.source)}"
    yield f"<details{opened}><summary>{summary}</summary>"
    yield ""
    yield "| about | | what | value | broadens |"
    yield "| --- | --- | --- | --- | --- |"
    rows = [_row(change) for change in one.changes]
    if sum(map(len, rows)) > room:
        ordered = sorted(one.changes, key=lambda change: not change.broadens)
        rows = list(_within(room, map(_row, ordered)))
    yield from rows
    yield ""
    if len(rows) < len(one.changes):
        left = len(one.changes) - len(rows)
        yield f"{left} changes more, for which a comment has no room: see {code('ohf diff')}."
        yield ""
    yield "</details>"
    yield ""


def _within(room: int, rows: Iterable[str]) -> Iterator[str]:
    for row in rows:
        room -= len(row)
        if room < 0:
            return
        yield row


def _row(change: Change) -> str:
    marks = ", ".join(f"**BROADENS** {code(rule)}" for rule in change.broadens)
    cells = (change.group, code(SIGNS[change.act]), code(change.places[0]), code(what(change)), marks)
    return f"| {' | '.join(cells)} |"


def _templates(number: int) -> str:
    return f"{number} template" if number == 1 else f"{number} templates"
