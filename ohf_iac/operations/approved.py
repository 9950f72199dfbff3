"""What a request sends: the approved file where approvals count (design §7), else the body as it renders now.

Everything is decided before anything is written or called. What is refused, and what an emergency lets through, is
told to the observers, so that the audit file holds it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ohf_iac.app import announce
from ohf_iac.approval.decide import CHANGED, Allowed, Refused, Rules, decide, decide_digest, file_problem
from ohf_iac.approval.envelope import outside
from ohf_iac.approval.inputs import input_hash
from ohf_iac.approval.values import statement
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.config.lock_file import approved_body, lock_or_empty
from ohf_iac.errors import ApprovalError
from ohf_iac.events import BreakGlassUsed, RequestRefused
from ohf_iac.request import TAG_BREAK_GLASS
from ohf_iac.stack import RenderedStack, parameters_for, tags_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.app import App
    from ohf_iac.approval.decide import Verify
    from ohf_iac.approval.values import Approval, Entry
    from ohf_iac.config import Settings
    from ohf_iac.request import Request
    from ohf_iac.template.host_template import HostTemplate

#: characters that CloudFormation takes in a tag's value, beside letters and digits, and how many
_TAG_CHARACTERS = frozenset(" _.:/=+-@")
_TAG_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A stack as it is sent: body, the parameters that the body declares, tags."""

    stack: RenderedStack
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


def outgoing(app: App, template: HostTemplate, request: Request) -> Outgoing:
    """What a request of this template sends; under `enforce` ApprovalError when nobody approved it.

    Under `warn` what is approved is sent too, and what is not is sent as it renders, with a line in the log.
    """
    parameters = parameters_for(template, request)
    try:
        found = _approved(app, template, parameters)
    except ApprovalError as error:
        if app.settings.approvals.mode == "enforce":
            _tell_refusal(app, request, error)
            raise
        app.log.warning(f"not approved, sent all the same: {error.message}", template_id=template.template_id)
        found = None
    if found is None:
        stack = _rendered(app, template)
        return Outgoing(stack, parameters, _tags(app, request, stack.digest))
    allowed, body = found
    if allowed.break_glass:
        _tell_emergency(app, request, allowed)
    stack = RenderedStack(template.template_id, template.kind, body, allowed.entry.digest)
    declared = {name: value for name, value in parameters.items() if name in allowed.entry.envelope}
    return Outgoing(stack, declared, {**_tags(app, request, stack.digest, allowed.tag), **_emergency_tag(allowed)})


def check_digest(
    app: App, template_id: str, digest: str, parameters: Mapping[str, str], now: float
) -> Allowed | Refused:
    """Whether this very body may be sent with these parameters at epoch `now`; ApprovalError for a broken lock."""
    settings = app.settings
    rules, verify = rules_of(settings), verifier(settings)
    return decide_digest(lock_or_empty(settings), template_id, digest, parameters, rules, now, verify)


def rules_of(settings: Settings) -> Rules:
    """What section `approvals` asks of an approval."""
    return Rules(settings.approvals.min_approvals, settings.approvals.unsigned)


def verifier(settings: Settings) -> Verify:
    """What checks signatures against the configured signers."""
    return verifier_by(settings.approvals.allowed_signers)


def verifier_by(signers: str) -> Verify:
    """What checks signatures against a file of allowed signers, each once: a process is started for it."""
    known: dict[tuple[bytes, str], str] = {}

    def verify(entry: Entry, approval: Approval) -> str:
        from ohf_iac.ssh_signature import fault  # not every approval is signed

        said = statement(entry, approval)
        key = (said, approval.signature)
        if key not in known:
            known[key] = fault(signers, approval.by, approval.at, approval.signature, said)
        return known[key]

    return verify


def refusals(app: App) -> tuple[Refused, ...]:
    """Why requests of templates of the catalogue are refused, or would be under `enforce`; ApprovalError for a
    lock that cannot be used."""
    settings = app.settings
    lock, files = lock_or_empty(settings), catalogue_files(settings)
    rules, verify, now = rules_of(settings), verifier(settings), app.now()
    found: list[Refused] = []
    for one in load_catalogue(settings).templates:
        hashed = input_hash(one, settings.template.defaults, files)
        verdict = decide(lock, one.template_id, hashed, rules, now, verify)
        if isinstance(verdict, Refused):
            found.append(verdict)
            continue
        try:
            sound_body(settings, verdict.entry)
        except ApprovalError as error:
            found.append(Refused(error.code, error.message, error.hint))
    return tuple(found)


def _approved(app: App, template: HostTemplate, parameters: Mapping[str, str]) -> tuple[Allowed, str] | None:
    """The approval and its body, checked to the last byte; None where approvals are off."""
    settings = app.settings
    if settings.approvals.mode == "off":
        return None
    found = input_hash(template, settings.template.defaults, catalogue_files(settings))
    lock, rules = lock_or_empty(settings), rules_of(settings)
    verdict = decide(lock, template.template_id, found, rules, app.now(), verifier(settings))
    if isinstance(verdict, Refused):
        raise ApprovalError(f"request machines: {verdict.reason}", hint=verdict.hint, code=verdict.code)
    body = sound_body(settings, verdict.entry)
    sent = {name: value for name, value in parameters.items() if name in verdict.entry.envelope}
    if wrong := outside(verdict.entry.envelope, sent):
        raise ApprovalError(f"request machines: {wrong[0]}", hint="stay within the approved envelope", code=CHANGED)
    return verdict, body


def sound_body(settings: Settings, entry: Entry) -> str:
    """The approved body of an entry, proven to be it; ApprovalError when its file is missing or another."""
    body = approved_body(settings, entry.digest)
    problem = file_problem(entry, body, hashlib.sha256(body.encode("ascii")).hexdigest())
    if problem:
        hint = "restore ohf.lock and approved/ from version control"
        raise ApprovalError(f"send the approved body: {problem}", hint=hint, code=CHANGED)
    return body


def _rendered(app: App, template: HostTemplate) -> RenderedStack:
    # troposphere takes longer to import than CreateStack to be answered, and an approved file needs none of it
    from ohf_iac.render import render

    return render(template, app.settings.template.defaults, catalogue_files(app.settings))


def _tags(app: App, request: Request, digest: str, approval: str = "") -> dict[str, str]:
    return tags_for(request, digest, approval=approval, extra=app.settings.template.defaults.tags)


def _emergency_tag(allowed: Allowed) -> dict[str, str]:
    reason = "".join(one if one.isalnum() or one in _TAG_CHARACTERS else "-" for one in allowed.break_glass)
    return {TAG_BREAK_GLASS: reason[:_TAG_LENGTH]} if reason else {}


def _tell_emergency(app: App, request: Request, allowed: Allowed) -> None:
    by = allowed.approvals[0].by
    app.log.warning(f"break-glass approval by {by}: {allowed.break_glass}", template_id=request.template_id)
    message = f"{allowed.break_glass} ({by}, body {allowed.entry.digest[:12]})"
    announce(
        app, (BreakGlassUsed(int(app.now()), request.request_id, template_id=request.template_id, message=message),)
    )


def _tell_refusal(app: App, request: Request, error: ApprovalError) -> None:
    """A refusal bears no request's id, because there is no request."""
    at, template_id = int(app.now()), request.template_id
    refusal = RequestRefused(
        at, template_id=template_id, status=error.code, units=request.units, message=error.message
    )
    announce(app, (refusal,))
