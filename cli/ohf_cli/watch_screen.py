"""What a watcher sees: a screen that is drawn anew with every look, or one line per change where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_cli.requests import machines_table, progress, stack_word
from ohf_cli.table import Cell, Table, laid_out, row
from ohf_cli.words import clock_time, plural, span, state_cell
from ohf_iac.cfn import plain_reason
from ohf_iac.request import minted_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_cli.table import Line, Row, Tone
    from ohf_iac.cfn import StackEvent
    from ohf_iac.watch import Frame

#: seconds without a change after which a line says that nothing changed: CI systems kill what is silent
HEARTBEAT: Final = 30
#: machines beyond this many are counted, not listed
_LISTED: Final = 20


def screen(frame: Frame, width: int | None) -> Iterator[Line]:
    """One look as lines: the request, its resources, its machines, why."""
    yield from _headlines(frame)
    resources = tuple(map(_resource, _latest(frame).values()))
    if resources:
        yield ()
        yield from laid_out(Table(("RESOURCE", "STATUS"), resources, "PHYSICAL ID"), width)
    machines = frame.seen.answer.machines
    if machines:
        yield ()
        yield from laid_out(machines_table(machines[:_LISTED]), width)
    if len(machines) > _LISTED:
        yield (Cell(f"... and {plural(len(machines) - _LISTED, 'machine')} more", "dim"),)
    for text in _whys(frame):
        yield ()
        yield (Cell(f"why: {text}", "bad"),)


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


def _headlines(frame: Frame) -> Iterator[Line]:
    seen = frame.seen
    template = f"  {seen.record.request.template_id}" if seen.record else ""
    yield (Cell(seen.answer.request_id, "head"), Cell("  "), state_cell(seen.answer.status), Cell(template))
    stack = stack_word(seen)
    parts = [
        f"{progress(seen)} machines",
        f"stack {stack}" if stack else "",
        f"for {_elapsed(frame)}",
        _left(frame),
    ]
    yield (Cell(", ".join(filter(None, parts))),)


def _state(frame: Frame) -> str:
    """Status, stack and machines in one line: what a line per change is about."""
    seen = frame.seen
    machines = seen.answer.machines
    counts = [
        (word, sum(one.status == word for one in machines))
        for word in dict.fromkeys(one.status for one in machines)
    ]
    told = ", ".join(f"{number} {word}" for word, number in counts)
    stack = stack_word(seen)
    parts = [f"{seen.answer.request_id} {seen.answer.status}", f"stack {stack}" if stack else ""]
    return ", ".join([*filter(None, parts), f"machines {progress(seen)}"]) + (f" ({told})" if told else "")


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


def _resource(event: StackEvent) -> Row:
    status = event.status
    tone: Tone = "bad" if status.endswith("_FAILED") else "busy" if status.endswith("_IN_PROGRESS") else "good"
    note = f"{event.physical_id} {plain_reason(event.reason)}".strip() if tone == "bad" else event.physical_id
    return row(event.logical_id, Cell(status, tone), note=note)


def _elapsed(frame: Frame) -> str:
    minted = minted_at(frame.seen.answer.request_id)
    return span(0 if minted is None else frame.at - minted)


def _left(frame: Frame) -> str:
    record = frame.seen.record
    if record is None or record.settled:
        return ""
    return f"deadline in {span(record.request.deadline - frame.at)}"
