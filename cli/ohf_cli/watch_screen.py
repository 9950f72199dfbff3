"""What a watcher sees: a screen that is drawn anew with every look, or one line per change where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_cli.requests import machines_table, progress, stack_word
from ohf_cli.table import Cell, laid_out
from ohf_cli.words import clock_time, plural, span, state_cell
from ohf_iac.request import minted_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_cli.table import Line, Tone
    from ohf_iac.cfn import StackEvent
    from ohf_iac.watch import Frame

#: seconds without a change after which a line says that nothing changed: CI systems kill what is silent
HEARTBEAT: Final = 30
#: machines beyond this many are counted, not listed
_LISTED: Final = 20


def screen(frame: Frame, width: int | None) -> Iterator[Line]:
    """One look as lines: the request, its resources, its machines, why."""
    yield _headline(frame)
    for event in _latest(frame).values():
        glyph, tone = _glyph(event.status)
        what = f"  {glyph}  {event.logical_id:<16}{event.status:<20}{event.physical_id}"
        yield (Cell(what, tone),)
    machines = frame.seen.answer.machines
    if machines:
        yield ()
        yield from laid_out(machines_table(machines[:_LISTED]), width)
    if len(machines) > _LISTED:
        yield (Cell(f"... and {plural(len(machines) - _LISTED, 'machine')} more", "dim"),)
    for text in _whys(frame):
        yield ()
        yield (Cell(text, "bad"),)


def changes(before: Frame | None, after: Frame) -> Iterator[str]:
    """What is new since the look before, a line each, with the time of day (UTC)."""
    known = {one.event_id for one in before.history.events} if before else set()
    for event in after.history.events:
        if event.event_id not in known and not event.of_stack:
            reason = f" {event.reason}" if event.reason else ""
            yield f"{clock_time(event.at)} {event.logical_id} {event.status}{reason}"
    if before is None or _state(before) != _state(after):
        yield f"{clock_time(after.at)} {_state(after)}"
    said = set(_whys(before)) if before else set()
    for text in _whys(after):
        if text not in said:
            yield f"{clock_time(after.at)} why: {text}"


def heartbeat(frame: Frame) -> str:
    """The line that says that nothing changed."""
    return (
        f"{clock_time(frame.at)} still {frame.seen.answer.status} {_elapsed(frame)} machines {progress(frame.seen)}"
    )


def _headline(frame: Frame) -> Line:
    seen = frame.seen
    parts = [seen.record.request.template_id if seen.record else "", stack_word(seen), _elapsed(frame)]
    parts += [f"{progress(seen)} machines", _left(frame)]
    state = state_cell(seen.answer.status)
    return (Cell(seen.answer.request_id, "head"), Cell("  "), state, Cell("  " + "  ".join(filter(None, parts))))


def _state(frame: Frame) -> str:
    """Status, stack and machines in one line: what a line per change is about."""
    seen = frame.seen
    machines = seen.answer.machines
    counts = [
        (word, sum(one.status == word for one in machines))
        for word in dict.fromkeys(one.status for one in machines)
    ]
    told = ", ".join(f"{number} {word}" for word, number in counts)
    parts = [seen.answer.request_id, seen.answer.status, stack_word(seen), f"machines {progress(seen)}"]
    return " ".join(filter(None, parts)) + (f" ({told})" if told else "")


def _whys(frame: Frame) -> tuple[str, ...]:
    """The reasons known: the answer's, the stack's root cause, what group or fleet complain of; each once."""
    shortfalls = [f"{one.code}: {one.text}" if one.code else one.text for one in frame.history.shortfalls]
    texts = [frame.seen.answer.message, frame.history.cause, *shortfalls]
    found: list[str] = []
    for text in texts:
        if text and not any(text in one for one in found):
            found.append(text)
    return tuple(found)


def _latest(frame: Frame) -> Mapping[str, StackEvent]:
    """The newest event of each resource, in the order in which they began."""
    return {one.logical_id: one for one in frame.history.events if not one.of_stack}


def _glyph(status: str) -> tuple[str, Tone]:
    if status.endswith("_FAILED"):
        return "!!", "bad"
    if status.endswith("_IN_PROGRESS"):
        return "..", "busy"
    return "ok", "good"


def _elapsed(frame: Frame) -> str:
    return span(frame.at - (minted_at(frame.seen.answer.request_id) or frame.at))


def _left(frame: Frame) -> str:
    record = frame.seen.record
    if record is None or record.settled:
        return ""
    return f"deadline in {span(record.request.deadline - frame.at)}"
