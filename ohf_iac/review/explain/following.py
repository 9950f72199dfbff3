"""One request followed from what was asked to its stack's deletion, and one template to the stacks made of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ohf_iac import queries
from ohf_iac.approval.decide import Refused, judged
from ohf_iac.approval.values import EMPTY
from ohf_iac.config.lock_file import lock_or_empty
from ohf_iac.errors import ApprovalError, StorageError
from ohf_iac.operations.approved import rules_of, verifier
from ohf_iac.request import TAG_DIGEST, TAG_TEMPLATE, request_id_of
from ohf_iac.review.explain.catalogue import written
from ohf_iac.review.explain.kept import asked, with_archived
from ohf_iac.review.explain.life import answer_link, deletion_link, resources_link, returns_link, stack_link
from ohf_iac.review.explain.link import Chain, Gap, Link
from ohf_iac.review.explain.machines import machines_link
from ohf_iac.review.explain.origin import (
    approval_link,
    approval_rows,
    body_link,
    input_link,
    parameters_link,
    template_link,
    told_approvals,
)
from ohf_iac.review.explain.shown import shown_of
from ohf_iac.review.explain.trail import Trail
from ohf_iac.review.proving import proven
from ohf_iac.review.report.reading import bounds_of

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.approval.values import Lock
    from ohf_iac.observation import StackSeen
    from ohf_iac.review.explain.catalogue import Written
    from ohf_iac.review.explain.kept import Kept
    from ohf_iac.review.explain.shown import Asking
    from ohf_iac.review.proving import Proof

_SHORT: Final = 12
#: stacks of a template that are named one by one
_MOST: Final = 50


def trail_of(asking: Asking, kept: Kept, request_id: str, stack_id: str = "") -> Trail:
    """All that is known of a request; `stack_id` is its stack's where somebody gave it."""
    app = asking.app
    memory = with_archived(app, kept, [request_id]).memory
    record = memory.requests.get(request_id)
    known = {one.machine_id for one in (record.machines if record else ())}
    known |= {one.machine_id for one in kept.events if one.request_id == request_id and one.machine_id}
    known |= {key for key, one in memory.machines.items() if one.request_id == request_id}
    shown = shown_of(asking, request_id, record, sorted(known), stack_id)
    known |= {one.instance_id for one in shown.instances}
    events = tuple(one for one in kept.events if one.request_id == request_id or one.machine_id in known)
    remembered = tuple(
        one
        for _, one in sorted(memory.returns.items())
        if any(machine.request_id == request_id or machine.machine_id in known for machine in one.machines)
    )
    try:
        calls, gap = asked(app, {request_id, *known}), ""
    except StorageError as error:
        calls, gap = (), error.message
    about = Trail(request_id, shown, record, remembered, events, calls, gap)
    return about if about.asking or gap else replace(about, calls_gap=_not_logged(app))


def request_chain(asking: Asking, about: Trail) -> Chain:
    """The chain of a request of which something is known."""
    settings = asking.app.settings
    template_id, _ = about.template_id
    found = written(settings, template_id)
    sent, _, _ = about.sent_digest
    lock, problem = _lock(asking.app)
    entry = lock.entries.get(sent)
    links = (
        input_link(about),
        template_link(template_id, found, sent),
        body_link(about, template_id, found, entry),
        approval_link(about, _proof(asking.app, about, lock), entry, settings.approvals.mode, problem),
        parameters_link(about),
        stack_link(about),
        resources_link(about),
        machines_link(about),
        answer_link(about),
        returns_link(about),
        deletion_link(about),
    )
    return Chain(about.request_id, links)


def template_chain(asking: Asking, kept: Kept, template_id: str, found: Written) -> Chain:
    """What a template gives now, who approved that, and the requests that were made of it."""
    if found.rendered is None:
        return Chain(
            template_id, (template_link(template_id, found), _requests_link(asking, kept, template_id, ""))
        )
    rendered = found.rendered
    abi = f"{rendered.digest[:_SHORT]}, {len(rendered.body)} bytes, as the configuration gives it now"
    body = Link("body", "ok", abi, ("catalogue",), {"sha256": rendered.digest, "bytes": str(len(rendered.body))})
    bounds = bounds_of(json.loads(rendered.body), {})
    rows = tuple({"parameter": one.name, "default": one.default, "allowed": one.allowed} for one in bounds)
    units = next((one.allowed for one in bounds if one.name == "TargetCapacity"), "")
    links = (
        template_link(template_id, found),
        body,
        _approval_now(asking.app, template_id, rendered.digest),
        Link("parameters", "ok", f"TargetCapacity {units} in one request", ("catalogue",), {}, rows),
        _requests_link(asking, kept, template_id, rendered.digest),
    )
    return Chain(template_id, links)


def _approval_now(app: App, template_id: str, digest: str) -> Link:
    """Who approved what a template gives now."""
    lock, problem = _lock(app)
    facts = {"mode": app.settings.approvals.mode}
    if problem:
        return Link(
            "approval", "unknown", f"not known: {problem}", ("lock",), facts, unknown=(Gap("approval", problem),)
        )
    entry = lock.entries.get(digest)
    if entry is None and app.settings.approvals.mode == "off":
        return Link("approval", "none", "nobody is asked: approvals.mode is off", ("settings", "lock"), facts)
    if entry is None or entry.template != template_id:
        return Link("approval", "look", f"body {digest[:_SHORT]} is not in ohf.lock", ("lock",), facts)
    verdict = judged(entry, rules_of(app.settings), app.now(), verifier(app.settings))
    rows = approval_rows(entry)
    if isinstance(verdict, Refused):
        return Link("approval", "look", verdict.reason, ("lock",), facts | {"code": verdict.code}, rows)
    if verdict.break_glass:
        return Link("approval", "look", f"broken glass: {verdict.break_glass}", ("lock",), facts, rows)
    return Link("approval", "ok", told_approvals(entry), ("lock",), facts, rows)


def _requests_link(asking: Asking, kept: Kept, template_id: str, digest: str) -> Link:
    """The requests of a template: those with a live stack, and those that this host remembers."""
    owner = asking.app.owner
    none: dict[str, StackSeen] = {}
    stacks, why = asking.read(lambda calls: queries.stacks_of_owner(calls, owner), none)
    found: dict[str, dict[str, str]] = {}
    for request_id, record in kept.memory.requests.items():
        if record.request.template_id == template_id:
            found[request_id] = _row(request_id, record.verdict or "running", "", record.digest, digest, "memory")
    for name, stack in stacks.items():
        request_id = request_id_of(name) or ""
        if request_id and stack.tags.get(TAG_TEMPLATE) == template_id and stack.phase != "review":
            status = found.get(request_id, {}).get("status", "")
            tag = stack.tags.get(TAG_DIGEST, "")
            found[request_id] = _row(request_id, status, stack.status, tag, digest, "AWS")
    rows = tuple(found[one] for one in sorted(found, reverse=True))
    gaps = (Gap("its live stacks", why),) if why else ()
    if not rows:
        return Link("requests", "unknown" if why else "none", "none is known", ("AWS", "memory"), unknown=gaps)
    told = f"{len(rows)}, newest first" + (f"; the first {_MOST} are named" if len(rows) > _MOST else "")
    return Link("requests", "ok", told, ("AWS", "memory"), {"count": str(len(rows))}, rows[:_MOST], gaps)


def _row(request_id: str, status: str, stack: str, digest: str, now: str, source: str) -> dict[str, str]:
    body = "" if not digest or not now else "that of now" if digest == now else f"another ({digest[:_SHORT]})"
    return {"request": request_id, "status": status, "stack": stack, "body": body, "from": source}


def _lock(app: App) -> tuple[Lock, str]:
    """The lock, and what is wrong with it where it cannot be used."""
    try:
        return lock_or_empty(app.settings), ""
    except ApprovalError as error:
        return EMPTY, error.message


def _proof(app: App, about: Trail, lock: Lock) -> Proof | None:
    """What `ohf verify --deployed` finds of the stack; None where stack or body was not read."""
    if about.shown.stack is None or not about.shown.body:
        return None
    digest = hashlib.sha256(about.shown.body.encode("ascii")).hexdigest()
    return proven(about.shown.stack, digest, app.owner, lock, rules_of(app.settings), verifier(app.settings))


def _not_logged(app: App) -> str:
    if not app.settings.logging.io_log:
        return "the I/O log is off (logging.ioLog)"
    return "this host's I/O log does not hold it: ohf asked, or another host, or it was rotated away"
