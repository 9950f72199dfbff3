"""The links from the stack on: what launched, machines, what Host Factory was told, returns, deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.cfn import plain_reason, root_cause, verdict_in_token
from ohf_iac.machine import machines_in_words
from ohf_iac.request import TAG_SETTLED, minted_at
from ohf_iac.review.explain.link import ORIGINS, Gap, Link, moment, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.cfn import Phase, StackEvent
    from ohf_iac.review.explain.link import State
    from ohf_iac.review.explain.trail import Trail

#: what a stack's phase means for whoever looks back
_PHASES: Final[Mapping[Phase, State]] = {
    "review": "open",
    "creating": "open",
    "ready": "ok",
    "failed": "look",
    "deleting": "open",
    "delete_failed": "look",
    "deleted": "ok",
}
_DAYS: Final = "CloudFormation tells of deleted stacks for ninety days"


def stack_link(about: Trail) -> Link:
    """The stack itself, and why it failed where it did."""
    stack = about.shown.stack
    if stack is None:
        return _no_stack(about)
    facts = {"id": stack.stack_id, "name": stack.name, "status": stack.status, "created": moment(stack.created_at)}
    cause = root_cause(about.shown.events)
    if cause:
        facts["rootCause"] = cause
    shortfalls = dict.fromkeys(
        f"{one.code}: {one.text}" if one.code else one.text
        for seen in about.shown.capacities
        for one in seen.shortfalls
    )
    rows = tuple({"why": one} for one in shortfalls)
    told = f"{stack.name} {stack.status}, made at {moment(stack.created_at)}" + (f": {cause}" if cause else "")
    if stack.phase == "review":
        told += "; its change set was not executed, nothing runs"
    return Link("stack", _PHASES[stack.phase], told, ("AWS",), facts, rows, about.shown.gap("stack's events"))


def resources_link(about: Trail) -> Link:
    """The launch template, and the group or fleet, by the stack's events and by what AWS shows of them."""
    found: dict[str, StackEvent] = {}
    for event in about.shown.events:
        if not event.of_stack:
            found[event.logical_id] = event
    if about.shown.stack is not None and about.shown.stack.phase == "review":
        return Link("resources", "none", "nothing is made before its change set is executed", ("AWS",))
    if not found:
        why = about.shown.gaps.get("stack's events") or about.shown.gaps.get("stack") or "no event tells"
        return unknown("resources", why, "AWS")
    seen = {one.capacity_id: one for one in about.shown.capacities}
    rows = []
    for name, event in found.items():
        shown = seen.get(event.physical_id)
        now = "" if shown is None else "gone" if shown.gone else f"{shown.state or 'there'}, target {shown.target}"
        frozen = ", launches nothing any more" if shown is not None and shown.frozen and not shown.gone else ""
        failed = plain_reason(event.reason) if event.status.endswith("_FAILED") else ""
        rows.append(
            {
                "resource": name,
                "id": event.physical_id,
                "status": event.status,
                "type": event.resource_type,
                "now": now + frozen,
                "why": failed,
            }
        )
    told = ", ".join(f"{row['resource']} {row['id'] or '(none)'}" for row in rows)
    state: State = "look" if any(row["why"] for row in rows) else "ok"
    return Link("resources", state, told, ("AWS",), {}, tuple(rows), about.shown.gap("group or fleet"))


def answer_link(about: Trail) -> Link:
    """How the request ended for Host Factory: what it was told, and when."""
    record = about.record
    if record is not None and record.settled:
        facts = {"status": str(record.verdict), "at": moment(record.settled_at)}
        why = f": {record.message}" if record.message else ""
        state: State = "ok" if record.verdict == "complete" else "look"
        return Link("answer", state, f"{facts['status']} at {facts['at']}{why}", ("memory",), facts)
    told = next((one for one in reversed(about.events) if one.what == "RequestSettled"), None)
    if told is not None:
        state = "ok" if told.status == "complete" else "look"
        why = f": {told.message}" if told.message else ""
        facts = {"status": told.status, "at": moment(told.at)}
        return Link("answer", state, f"{told.status} at {moment(told.at)}{why}", ("events",), facts)
    marks = (one.tags.get(TAG_SETTLED, "") for one in about.shown.instances)
    token = verdict_in_token(about.shown.events, about.request_id)
    mark = token or next((one for one in marks if one), "")
    if mark:
        gaps = (Gap("when, and with which message", "neither memory nor events tell"),)
        return Link(
            "answer", "ok" if mark == "complete" else "look", mark, ("AWS",), {"status": mark}, unknown=gaps
        )
    if record is not None:
        return Link("answer", "open", "running: no final answer was given yet", ("memory",), {"status": "running"})
    return unknown("answer", "neither memory, events, nor a mark in AWS tells of a final one", "AWS", "memory")


def returns_link(about: Trail) -> Link:
    """The returns that named machines of this request, oldest first."""
    remembered = {one.return_id: one for one in about.remembered}
    rows = tuple(
        {
            "return": one,
            "asked": moment(minted_at(one) or 0),
            "status": (remembered[one].verdict or "running") if one in remembered else "",
            "machines": " ".join(sorted(named.machines)),
            "from": ", ".join(one for one in ORIGINS if one in named.sources),
            "why": remembered[one].message if one in remembered else "",
        }
        for one, named in about.returns.items()
    )
    forgotten = [row["return"] for row in rows if not row["status"]]
    gaps = (Gap(f"how {', '.join(forgotten)} ended", "memory does not hold it"),) if forgotten else ()
    if not rows:
        return Link("returns", "none", "no return of its machines is known", ("AWS", "memory", "events"))
    whole = {machine for named in about.returns.values() for machine in named.machines}
    told_by = {source for named in about.returns.values() for source in named.sources}
    sources = tuple(one for one in ORIGINS if one in told_by)
    told = f"{machines_in_words(len(whole))} in {len(rows)} {'return' if len(rows) == 1 else 'returns'}"
    running = any(row["status"] == "running" for row in rows)
    bad = any(row["status"] == "complete_with_error" for row in rows)
    state: State = "open" if running else "look" if bad else "ok"
    return Link("returns", state, told, sources, {}, rows, gaps)


def deletion_link(about: Trail) -> Link:
    """Who asked for the stack's deletion, and how it went."""
    stack, events = about.shown.stack, about.shown.events
    if stack is None:
        if about.record is not None and about.record.stack == "gone":
            return Link("deletion", "ok", "the stack is gone", ("memory",))
        why = about.shown.gaps.get("stack") or f"CloudFormation knows no such stack; {_DAYS}"
        return unknown("deletion", why, "AWS")
    if stack.stays:
        return Link("deletion", "none", "nobody has asked for it; the stack is there", ("AWS",))
    begun = next((one for one in events if one.of_stack and one.status == "DELETE_IN_PROGRESS"), None)
    ended = next((one for one in reversed(events) if one.of_stack and one.status.startswith("DELETE_")), None)
    if begun is None or ended is None:
        return unknown("deletion", about.shown.gaps.get("stack's events", "no event tells"), "AWS")
    token = verdict_in_token(events, about.request_id)
    facts = {"begun": moment(begun.at), "status": ended.status, "at": moment(ended.at), "token": token}
    by = f" by this provider, settled as {token}" if token else ", by whom no token tells"
    told = f"{ended.status} at {moment(ended.at)}; asked for at {moment(begun.at)}{by}"
    if ended.reason and ended.status == "DELETE_FAILED":
        told += f": {plain_reason(ended.reason)}"
    kept = {name: value for name, value in facts.items() if value}
    return Link("deletion", _PHASES[stack.phase], told, ("AWS",), kept)


def _no_stack(about: Trail) -> Link:
    record = about.record
    if "stack" in about.shown.gaps:
        why = about.shown.gaps["stack"]
        if record is None:
            return unknown("stack", why, "AWS")
        facts = {"state": record.stack, "id": record.stack_id}
        told = f"{record.stack}, as this host remembers; AWS: {why}"
        gaps = (Gap("what CloudFormation tells", why),)
        return Link("stack", "unknown", told, ("memory",), {k: v for k, v in facts.items() if v}, unknown=gaps)
    told = f"CloudFormation knows none, neither live nor deleted ({_DAYS})"
    if record is None:
        return Link("stack", "none", told, ("AWS",))
    return Link("stack", "look", f"{told}; this host remembers: {record.stack}", ("AWS", "memory"))
