"""Entries and approvals for tests, of a body that is really rendered."""

from __future__ import annotations

import calendar
import time
from dataclasses import replace
from typing import Any

from ohf_iac.approval.envelope import envelope_of, images_of, resources_of
from ohf_iac.approval.inputs import input_hash
from ohf_iac.approval.values import Approval, Entry, Lock
from ohf_iac.render import RENDERER_ABI, render
from ohf_iac.template.catalogue import parse_catalogue
from ohf_iac.template.defaults import TemplateDefaults
from ohf_iac.template.kinds import INSTANT
from tests.unit.field_rows import API, BASE

NOW = float(calendar.timegm(time.strptime("2026-11-24", "%Y-%m-%d")))
ALICE = Approval("alice@corp", "2026-11-23T08:31:00Z", "2027-02-28", "CHG1", "bob@corp")
CAROL = replace(ALICE, by="carol@corp", at="2026-11-23T09:00:00Z")
DEFAULTS = TemplateDefaults()


def body_of(**fields: Any) -> tuple[str, str, str]:
    """Body, digest and input hash of a template with these fields."""
    template = parse_catalogue({"templates": [{**BASE, **API[INSTANT], **fields}]}, DEFAULTS, {}).templates[0]
    stack = render(template, DEFAULTS, {})
    return stack.body, stack.digest, input_hash(template, DEFAULTS, {})


def entry_with(*approvals: Approval, **fields: Any) -> Entry:
    """The entry of a template's body with these approvals."""
    body, digest, hashed = body_of(**fields)
    return Entry(
        digest=digest,
        template=str(fields.get("templateId", "t1")),
        kind="EC2Fleet-instant",
        input=hashed,
        renderer_abi=RENDERER_ABI,
        envelope=envelope_of(body),
        images=images_of(body),
        resources=resources_of(body),
        approvals=tuple(sorted(approvals, key=lambda one: (one.at, one.by))),
    )


def lock_of(*entries: Entry) -> Lock:
    return Lock({one.digest: one for one in entries})


def good(_entry: Entry, _approval: Approval) -> str:
    """Every signature holds."""
    return ""


def bad(_entry: Entry, _approval: Approval) -> str:
    """No signature holds."""
    return "not by them"
