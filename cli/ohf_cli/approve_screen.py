"""What an approver sees before the question: who, what, and within which bounds. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_cli.table import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_cli.table import Line
    from ohf_iac.approval.values import Approval, Entry
    from ohf_iac.review.authorship import Author
    from ohf_iac.stack import RenderedStack

_SHORT = 12


def before_lines(
    stack: RenderedStack, entry: Entry, previous: Entry | None, author: Author, given: Approval
) -> Iterator[Line]:
    """Who approves whose work, the digests, what the body makes and what its parameters may be."""
    yield (
        Cell(f"You are {given.by}. Author: {author.name or given.author or 'unknown'} ({author.where}). "),
        _eyes(given),
    )
    before = previous.digest[:_SHORT] if previous else "never approved"
    made = ", ".join(f"{count} {kind}" for kind, count in sorted(entry.resources.items()))
    yield (Cell(f"{stack.template_id}  {before} -> "), Cell(stack.digest, "head"), Cell(f"  {stack.kind}"))
    yield (Cell(f"  makes  {made}"),)
    for image in entry.images:
        yield (Cell(f"  image  {image}"),)
    for name, bounds in entry.envelope.items():
        told = ", ".join(f"{word} {value}" for word, value in bounds.items())
        yield (Cell(f"  {name}  {told or 'anything'}"),)


def question(entry: Entry, given: Approval) -> str:
    """The question to the approver."""
    most = entry.envelope.get("TargetCapacity", {}).get("max", "any")
    return f"Approve {entry.digest[:_SHORT]} for {entry.template}, TargetCapacity <= {most}, until {given.expires}?"


def _eyes(given: Approval) -> Cell:
    if given.break_glass:
        return Cell(f"BREAK GLASS: {given.break_glass}", "bad")
    return Cell("OK: four eyes.", "good")
