"""The links up to the stack: what was asked for, the template, the body, who approved it, the parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from ohf_iac.approval.envelope import envelope_of, outside
from ohf_iac.request import (
    TAG_APPROVAL,
    TAG_DIGEST,
    TAG_RC_ACCOUNT,
    TAG_VERSION,
    minted_at,
)
from ohf_iac.review.explain.kept import input_of
from ohf_iac.review.explain.link import Gap, Link, moment, unknown
from ohf_iac.review.report.reading import bounds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.approval.values import Approval, Entry
    from ohf_iac.review.explain.catalogue import Written
    from ohf_iac.review.explain.link import Origin, State
    from ohf_iac.review.explain.trail import Trail
    from ohf_iac.review.proving import Proof

_SHORT: Final = 12


def input_link(about: Trail) -> Link:
    """Who asked for what, when; who it was is known from the I/O log alone."""
    template, source = about.template_id
    units, counted = _units(about)
    at = minted_at(about.request_id) or 0
    sources: list[Origin] = ["id", source, counted]
    gaps: list[Gap] = []
    who = ""
    if about.asking is not None:
        who = f" by Host Factory's {about.asking.operation}"
        sources.append("I/O log")
    else:
        gaps.append(Gap("who asked", about.calls_gap))
    if not template:
        gaps.append(Gap("the template", "neither AWS nor this host tells"))
    if not units:
        gaps.append(Gap("how much", "neither AWS nor this host tells"))
    what = f"{units} {'unit' if units == '1' else 'units'} of {template}" if template and units else template
    facts = {"at": moment(at), "template": template, "units": units, "account": _account(about)}
    return Link(
        "input",
        "ok" if template and units else "unknown",
        f"{what} asked for{who} at {moment(at)}".lstrip(),
        tuple(dict.fromkeys(sources)),
        {name: value for name, value in facts.items() if value},
        unknown=tuple(gaps),
    )


def template_link(template_id: str, found: Written, sent: str = "") -> Link:
    """Where the template is written; `sent` is the digest of a body that was made of it before."""
    if not template_id:
        return unknown("template", "neither AWS nor this host tells which it was")
    if not found.line:
        return unknown("template", found.why, "catalogue")
    place = f"{template_id}, {found.file}:{found.line}"
    facts = {"template": template_id, "file": found.file, "line": str(found.line)}
    if found.template is None:
        return Link("template", "look", f"{place}; {found.why}", ("catalogue",), facts)
    rows = tuple({"field": name, "line": str(line)} for name, line in found.fields)
    gaps: tuple[Gap, ...] = ()
    if sent and (found.rendered is None or found.rendered.digest != sent):
        gaps = (Gap("its lines then", "the catalogue has changed since: these are those of now"),)
    told = f"{place}; {len(rows)} of its fields reach the body"
    return Link("template", "ok", told, ("catalogue",), facts, rows, gaps)


def body_link(about: Trail, template_id: str, found: Written, entry: Entry | None) -> Link:
    """What was sent, what rendered it, and whether the configuration still gives it."""
    sent, source, unread = about.sent_digest
    if not sent:
        return unknown("body", unread, "AWS")
    stack = about.shown.stack
    facts = {"sha256": sent, "bytes": str(len(about.shown.body)) if about.shown.body else ""}
    facts["renderedBy"] = stack.tags.get(TAG_VERSION, "") if stack else ""
    facts["rendererAbi"] = str(entry.renderer_abi) if entry else ""
    now, state, sources = _now(template_id, sent, found)
    gaps = [Gap("the body itself", unread)] if unread else []
    gaps += [Gap("what the catalogue gives now", found.problem)] if found.rendered is None else []
    gaps += [] if facts["renderedBy"] else [Gap("what rendered it", "no tag of a stack tells")]
    said = stack.tags.get(TAG_DIGEST, "") if stack else ""
    if said != sent and stack is not None:
        now, state = f"; its tag says {said[:_SHORT] or 'nothing'}", "look"
    by = f", rendered by ohf {facts['renderedBy']}" if facts["renderedBy"] else ""
    size = f", {facts['bytes']} bytes" if facts["bytes"] else ""
    told = f"{sent[:_SHORT]}{size}{by}{now}"
    kept: tuple[Origin, ...] = (source, *sources, *(("lock",) if entry else ()))
    return Link(
        "body",
        "unknown" if unread and not sent else state,
        told,
        tuple(dict.fromkeys(kept)),
        {name: value for name, value in facts.items() if value},
        unknown=tuple(gaps),
    )


def approval_link(about: Trail, proof: Proof | None, entry: Entry | None, mode: str, problem: str) -> Link:
    """Who let the body through; `proof` is what `ohf verify --deployed` finds of the stack, None where it was not
    read, `problem` what is wrong with the lock as a whole."""
    facts = {"mode": mode}
    if problem:
        return Link(
            "approval", "unknown", f"not known: {problem}", ("lock",), facts, unknown=(Gap("approval", problem),)
        )
    sent, _, unread = about.sent_digest
    if not sent:
        return Link(
            "approval", "unknown", "not known, because the body is not", ("AWS",), facts,
            unknown=(Gap("approval", unread),),
        )  # fmt: skip
    tag = about.shown.stack.tags.get(TAG_APPROVAL, "") if about.shown.stack else ""
    if tag:
        facts["tag"] = tag
    if entry is None and not tag and mode == "off":
        return Link("approval", "none", "nobody was asked: approvals.mode is off", ("settings", "lock"), facts)
    rows = approval_rows(entry)
    deviations = proof.deviations if proof else ()
    if deviations:
        facts |= {f"deviation {number}": one.text for number, one in enumerate(deviations, 1)}
        told = "; ".join(dict.fromkeys(one.text for one in deviations))
        return Link("approval", "look", told, ("AWS", "lock"), facts, rows)
    if entry is None:
        return Link("approval", "look", f"body {sent[:_SHORT]} is not in ohf.lock", ("lock",), facts)
    if proof and proof.emergency:
        return Link("approval", "look", f"broken glass: {proof.emergency}", ("AWS", "lock"), facts, rows)
    gaps = (Gap("whether it counted for this stack", unread),) if proof is None else ()
    return Link("approval", "ok", told_approvals(entry), ("lock", "AWS") if proof else ("lock",), facts, rows, gaps)


def parameters_link(about: Trail) -> Link:
    """The values that this request's stack was given, beside what the body allows."""
    stack = about.shown.stack
    if stack is None:
        why = about.shown.gaps.get("stack", "CloudFormation knows no such stack")
        units, source = _units(about)
        link = unknown("parameters", why, "AWS")
        if not units:
            return link
        return Link("parameters", "unknown", f"TargetCapacity {units}; the others are not known: {why}", (source,),
                    {"TargetCapacity": units}, unknown=link.unknown)  # fmt: skip
    given = dict(stack.parameters)
    allowed = {}
    gaps: tuple[Gap, ...] = ()
    wrong: tuple[str, ...] = ()
    if about.shown.body:
        bounds = bounds_of(json.loads(about.shown.body), given)
        allowed = {one.name: one.allowed for one in bounds}
        given |= {one.name: one.given for one in bounds if one.name in given}
        wrong = outside(envelope_of(about.shown.body), dict(stack.parameters))
    else:
        gaps = (Gap("what they may be", about.shown.gaps.get("body", "the body was not read")),)
    rows = tuple(
        {"parameter": name, "value": value, "allowed": allowed.get(name, "")}
        for name, value in sorted(given.items())
    )
    told = "; ".join(wrong) or ", ".join(
        f"{name} {value}" for name, value in sorted(given.items()) if "Capacity" in name
    )
    return Link("parameters", "look" if wrong else "ok", told or "none", ("AWS",), {}, rows, gaps)


def approval_rows(entry: Entry | None) -> tuple[dict[str, str], ...]:
    """The approvals of an entry, oldest first."""
    return tuple(
        {
            "by": one.by,
            "at": one.at,
            "until": one.expires,
            "ticket": one.ticket,
            "signed": "yes" if one.signature else "no",
            "why": f"broken glass: {one.break_glass}" if one.break_glass else "",
        }
        for one in (entry.approvals if entry else ())
    )


def told_approvals(entry: Entry) -> str:
    """Who approved a body, in a sentence."""
    return "approved by " + ", ".join(map(_told, entry.approvals))


def _told(one: Approval) -> str:
    ticket = f" ({one.ticket})" if one.ticket else ""
    return f"{one.by}{ticket} until {one.expires}"


def _units(about: Trail) -> tuple[str, Origin]:
    """The units asked for, and where that is known from."""
    return next(((units, source) for units, source in _all_units(about) if units), ("", "id"))


def _all_units(about: Trail) -> Iterator[tuple[str, Origin]]:
    stack = about.shown.stack
    if stack is not None:
        yield stack.parameters.get("TargetCapacity", ""), "AWS"
    if about.record is not None:
        yield str(about.record.request.units), "memory"
    yield from ((str(one.units), "events") for one in about.events if one.what == "RequestCreated" and one.units)
    if about.asking is not None:
        template = input_of(about.asking).get("template")
        yield str(template.get("machineCount", "")) if isinstance(template, dict) else "", "I/O log"


def _account(about: Trail) -> str:
    stack = about.shown.stack
    if stack is not None and TAG_RC_ACCOUNT in stack.tags:
        return stack.tags[TAG_RC_ACCOUNT]
    return about.record.request.rc_account if about.record else ""


def _now(template_id: str, sent: str, found: Written) -> tuple[str, State, tuple[Origin, ...]]:
    """What the configuration gives now, beside what was sent."""
    if found.rendered is None:
        return "", "ok", ()
    if found.rendered.digest == sent:
        return "; the configuration still gives it", "ok", ("catalogue",)
    told = f"; the catalogue has changed since: {template_id} gives {found.rendered.digest[:_SHORT]} now"
    return told, "ok", ("catalogue",)
