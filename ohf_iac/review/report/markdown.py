"""A report as Markdown, sized for the description of a pull request. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ohf_iac.review.report.page import Fact, Page, Part

#: what would be markup, an image, a mention or a row of a table
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&:-])")
_SIGNS: Final = {"good": "ok", "warn": "**look**", "bad": "**wrong**", "": ""}


def markdown(page: Page) -> str:
    """The page; ends in one newline, and nothing in it is markup that this module did not write."""
    return "\n".join(_lines(page)).rstrip("\n") + "\n"


def text(value: str) -> str:
    """A value as plain text of one line."""
    return _MARKUP.sub(r"\\\1", " ".join(value.split()))


def _lines(page: Page) -> Iterator[str]:
    yield f"## {text(page.title)}"
    yield ""
    yield f"Body `{page.digest}`, {page.size} bytes."
    for gap in page.gaps:
        yield f"\n> Not shown: {text(gap)}"
    yield from _facts("Summary", page.summary)
    yield from _facts("Security", page.security)
    yield from _table("Envelope", ("parameter", "may be", "default", "given"), (
        (one.name, one.allowed, one.default, one.given) for one in page.bounds
    ))  # fmt: skip
    if page.cost:
        told = f"${page.cost.an_hour} an hour: " if page.cost.an_hour else ""
        lacking = f"; no price for {', '.join(page.cost.unpriced)}" if page.cost.unpriced else ""
        yield from ("", "### Cost ceiling", "", text(f"{told}{page.cost.how}{lacking}"))
    yield from _table("Approvals", ("by", "at", "ticket", "until", "state"), (
        (one.by, one.at, one.ticket, one.until, one.state) for one in page.approvals
    ))  # fmt: skip
    yield from _table("Findings", ("rule", "level", "finding", "place"), (
        (one.rule, one.level, one.message, one.place) for one in page.remarks
    ))  # fmt: skip
    yield from _resources(page.parts)
    yield from _facts("Tags of the stack", page.tags)
    yield from _table("Machines", ("machine", "name", "state", "type", "price", "launched", ""), (
        (one.machine_id, one.name, one.state, one.type, one.price, one.launched, one.note) for one in page.machines
    ))  # fmt: skip
    yield from _table("Timeline", ("at", "what", "of", "why"), (
        (one.at, one.what, one.of, one.why) for one in page.moments
    ))  # fmt: skip


def _resources(parts: tuple[Part, ...]) -> Iterator[str]:
    yield from ("", "### Resources")
    for part in parts:
        condition = f", if {text(part.condition)}" if part.condition else ""
        yield from ("", f"**{text(part.logical_id)}** ({text(part.type)}{condition}): {text(part.why)}", "")
        yield from (f"- {text(one.name)}: {text(one.value)}" for one in part.facts)
        yield from (f"- uses {text(one)}" for one in part.uses)


def _facts(title: str, facts: tuple[Fact, ...]) -> Iterator[str]:
    yield from _rows(title, ("what", "value", ""), (
        (text(one.name), text(one.value), _SIGNS[one.tone]) for one in facts
    ))  # fmt: skip


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield from _rows(title, head, (tuple(map(text, row)) for row in rows))


def _rows(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A heading and a table of cells that are Markdown already; nothing where there are no rows."""
    cells = tuple(rows)
    if cells:
        yield from ("", f"### {title}", "", _row(head), _row("---" for _ in head), *map(_row, cells))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
