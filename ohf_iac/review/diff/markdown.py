"""Comparisons as Markdown for a pull request: a line per template, the changes in a table that opens.

Whatever stands in a body is text: it ends no cell, makes no link, mentions nobody and brings no HTML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.review.diff.comparison import resources_of, short
from ohf_iac.review.diff.words import SIGNS, what

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.review.diff.changes import Change
    from ohf_iac.review.diff.comparison import Comparison

#: characters that mean something in Markdown or HTML, or could in some reader's extensions
_MEANINGFUL: Final = frozenset("&<>\"'|`*_~[](){}#!@\\:/$^=+-")


def markdown(comparisons: tuple[Comparison, ...]) -> str:
    """The comment; it ends with one newline."""
    differing = [one for one in comparisons if one.changes]
    lines = ["## Stack bodies", ""]
    if not differing:
        lines += [f"No differences in {_templates(len(comparisons))}.", ""]
        return "\n".join(lines)
    lines += ["| template | body | verdict |", "| --- | --- | --- |"]
    lines += [f"| {code(one.name)} | {_bodies(one)} | {escaped(one.verdict)} |" for one in differing]
    same = len(comparisons) - len(differing)
    lines += ["", *([f"No differences in {_templates(same)} more.", ""] if same else [])]
    for one in differing:
        lines += _details(one)
    return "\n".join(lines)


def escaped(text: str) -> str:
    """A text that shows itself and nothing else, on one line."""
    return "".join(_character(char) for char in text)


def code(text: str) -> str:
    """A text in the type of code; GitHub mentions nobody in there."""
    return f"<code>{escaped(text)}</code>"


def _character(char: str) -> str:
    if char in _MEANINGFUL:
        return f"&#{ord(char)};"
    return char if char.isprintable() else f"&#92;{ascii(char)[2:-1]}"


def _bodies(one: Comparison) -> str:
    return f"{code(short(one.before))} → {code(short(one.after))}"


def _details(one: Comparison) -> Iterator[str]:
    opened = " open" if one.broadening else ""
    kinds = resources_of(one.after) or resources_of(one.before)
    summary = f"{code(one.name)} {escaped(kinds)}, against {code(one.before.source)}"
    yield f"<details{opened}><summary>{summary}</summary>"
    yield ""
    yield "| about | | what | value | broadens |"
    yield "| --- | --- | --- | --- | --- |"
    yield from (_row(change) for change in one.changes)
    yield ""
    yield "</details>"
    yield ""


def _row(change: Change) -> str:
    marks = ", ".join(f"**BROADENS** {code(rule)}" for rule in change.broadens)
    cells = (change.group, code(SIGNS[change.act]), code(change.places[0]), code(what(change)), marks)
    return f"| {' | '.join(cells)} |"


def _templates(number: int) -> str:
    return f"{number} template" if number == 1 else f"{number} templates"
