"""The page of a request: the stack that was really made, and what became of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ohf_iac.app import calls_of
from ohf_iac.aws.sent_bodies import sent_body
from ohf_iac.config.lock_file import lock_or_empty
from ohf_iac.errors import OhfError
from ohf_iac.log import stamp
from ohf_iac.operations.happenings import happenings
from ohf_iac.operations.history import History, history_of
from ohf_iac.operations.overview import overview
from ohf_iac.render.canonical import digest
from ohf_iac.request import TAG_DIGEST, TAG_TEMPLATE
from ohf_iac.review.report.of_template import approved
from ohf_iac.review.report.page import Fact, Host, Moment, Page
from ohf_iac.review.report.prices import ceiling
from ohf_iac.review.report.reading import bounds_of, parts_of, security_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from ohf_iac.app import App
    from ohf_iac.approval.values import Entry
    from ohf_iac.cfn import StackEvent
    from ohf_iac.machine import Machine
    from ohf_iac.status.answer import RequestStatus
    from ohf_iac.store.event_table import EventRow


def request_page(app: App, request_id: str, prices: Mapping[str, Decimal] | None = None) -> Page:
    """The page; what cannot be read is named on it. ResourceNotFoundError where AWS knows no stack of the id."""
    (seen,) = overview(app, [request_id])
    story = history_of(app, request_id)
    gaps: list[str] = []
    text = _body(app, story, gaps)
    body = json.loads(text)
    stack = story.stack
    given = dict(stack.parameters) if stack else {}
    told = _told(app, request_id, gaps)
    entry = lock_or_empty(app.settings).entries.get(digest(text)) if text != "{}\n" else None
    units = given.get("TargetCapacity", "")
    return Page(
        template_id=stack.tags.get(TAG_TEMPLATE, "") if stack else "",
        request_id=request_id,
        digest=digest(text),
        size=len(text),
        parts=parts_of(body),
        security=security_of(body),
        bounds=bounds_of(body, given),
        summary=tuple(_summary(seen.answer, story, digest(text), entry, app.now())),
        cost=ceiling(body, prices, int(units) if units.isdigit() else None) if prices is not None else None,
        approvals=approved(entry, app.now()),
        tags=tuple(Fact(key, value) for key, value in sorted(stack.tags.items())) if stack else (),
        moments=_moments(story.events, told),
        machines=tuple(map(_host, seen.answer.machines)),
        gaps=tuple(gaps),
    )


def _body(app: App, story: History, gaps: list[str]) -> str:
    """The body that was sent, as AWS has it; nothing in its place where it cannot be read."""
    try:
        return sent_body(calls_of(app), story.stack.stack_id if story.stack else _id_in(story.events))
    except OhfError as error:
        gaps.append(f"the stack's body ({error.message})")
        return "{}\n"


def _id_in(events: tuple[StackEvent, ...]) -> str:
    """The stack's id by its own events: those of the stack itself bear it as their resource."""
    return next((one.physical_id for one in events if one.of_stack), "")


def _told(app: App, request_id: str, gaps: list[str]) -> tuple[EventRow, ...]:
    try:
        return happenings(app, 0.0, request_id).events
    except OhfError as error:
        gaps.append(f"what this provider noted ({error.message})")
        return ()


def _summary(answer: RequestStatus, story: History, sent: str, entry: Entry | None, now: float) -> Iterator[Fact]:
    good = answer.status == "complete"
    yield Fact(
        "status", answer.status.replace("_", " "), "good" if good else "bad" if "error" in answer.status else ""
    )
    if answer.message:
        yield Fact("why", answer.message)
    if story.cause:
        yield Fact("root cause", story.cause, "bad")
    for one in story.shortfalls:
        yield Fact("shortfall", f"{one.code}: {one.text}" if one.code else one.text, "warn")
    if story.stack:
        yield Fact("stack", f"{story.stack.stack_id} ({story.stack.status})")
        said = story.stack.tags.get(TAG_DIGEST, "")
        same = said == sent
        yield Fact("digest in its tag", "that of the body" if same else said or "none", "good" if same else "bad")
    held = [one for one in approved(entry, now) if one.state != "expired"]
    if held:
        yield Fact("approval", f"approved by {', '.join(one.by for one in held)}", "good")
    else:
        yield Fact("approval", "expired" if entry is not None else "this body is not in the lock", "warn")


def _moments(events: tuple[StackEvent, ...], told: tuple[EventRow, ...]) -> tuple[Moment, ...]:
    """What CloudFormation tells and what this provider noted, in the order of time."""
    rows = [(one.at, Moment(stamp(one.at), one.status, _subject(one), one.reason)) for one in events]
    rows += [(one.at, _noted(one)) for one in told]
    return tuple(moment for _, moment in sorted(rows, key=lambda pair: pair[0]))


def _subject(event: StackEvent) -> str:
    return "stack" if event.of_stack else f"{event.logical_id} {event.physical_id}".strip()


def _noted(event: EventRow) -> Moment:
    status = f"{event.previous} -> {event.status}" if event.previous else event.status
    why = ": ".join(part for part in (status, event.message) if part)
    return Moment(stamp(event.at), event.what, event.machine_id or event.return_id or event.request_id, why)


def _host(machine: Machine) -> Host:
    return Host(
        machine.machine_id,
        machine.name,
        machine.status,
        machine.instance_type,
        machine.price_type,
        stamp(machine.launch_time) if machine.launch_time else "",
        machine.message,
    )
