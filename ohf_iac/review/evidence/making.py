"""A request's evidence pack, made from what can be read now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohf_iac.approval.values import day
from ohf_iac.config.folders import read_file
from ohf_iac.errors import ApprovalError
from ohf_iac.render import render
from ohf_iac.review.drift.detecting import drift_of
from ohf_iac.review.evidence.documents import pack_of
from ohf_iac.review.evidence.facts import facts_of
from ohf_iac.review.lint import linted
from ohf_iac.review.lint_input import lintable, suppressions

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.config import Settings
    from ohf_iac.review.evidence.facts import Facts
    from ohf_iac.review.evidence.pack import Pack
    from ohf_iac.review.findings import Finding
    from ohf_iac.template.host_template import HostTemplate


def evidence_of(app: App, request_id: str, *, drift: bool = False) -> Pack:
    """The pack of a request, live or deleted: nothing in AWS is changed, and no request is polled.

    With `drift` a live stack is held against its template, which takes AWS a while.

    ResourceNotFoundError where nobody knows it, ConfigurationError where it is another owner's.
    """
    found = facts_of(app, request_id)
    if drift and found.stack is not None and found.stack.phase != "deleted":
        with found.reading("drift.json"):
            (found.drift,) = drift_of(app, [found.stack], bodies={found.stack.stack_id: found.body})
    return pack_from(app, found)


def pack_from(app: App, found: Facts) -> Pack:
    """The pack of facts, with what the configuration adds to them."""
    looked = found.drift is not None or any(one.name == "drift.json" for one in found.gaps)
    if not looked and found.stack is not None and found.stack.phase != "deleted":
        found.absent("drift.json", "nobody looked: --drift was not given")
    approvals = app.settings.approvals
    rules = {
        "mode": approvals.mode,
        "minApprovals": approvals.min_approvals,
        "unsigned": approvals.unsigned,
    }
    findings = None
    with found.reading("findings.json"):
        findings = _findings(app, found)
    signers = b""
    with found.reading("allowed_signers"):
        signers = _signers(app.settings)
    return pack_of(found, rules, findings, signers)


def _signers(settings: Settings) -> bytes:
    path = settings.approvals.allowed_signers
    if not path:
        return b""
    content = read_file(path)
    if content is None:
        raise ApprovalError(f"read {path}: there is no such file", code="E406")
    return content


def _findings(app: App, found: Facts) -> dict[str, Any] | None:
    """What the approvers saw, and what the house's rules find where the catalogue still gives this very body."""
    seen = [
        {"by": one.by, "findings": list(one.findings)} for one in (found.entry.approvals if found.entry else ())
    ]
    now = _found_now(app, found)
    if now is None:
        found.absent("findings.json", "the catalogue gives another body now: nothing can be said of this one")
        return {"approvers": seen, "now": None} if seen else None
    return {"approvers": seen, "now": [_finding(one) for one in now]}


def _found_now(app: App, found: Facts) -> tuple[Finding, ...] | None:
    settings = app.settings
    what = lintable(settings, settings.conf_dir)
    template = next((one for one in what.catalogue.templates if one.template_id == found.template_id), None)
    if template is None or not _gives(settings, template, what.files, found.digest):
        return None
    today = day(app.now())
    # the house's rules alone, as for `ohf report`: they are this version's, cfn-lint's change with its releases
    return linted(what, (template,), None, suppressions(settings, settings.conf_dir), today).findings


def _gives(settings: Settings, template: HostTemplate, files: Any, digest: str) -> bool:
    return render(template, settings.template.defaults, files).digest == digest


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "level": one.level,
        "field": one.field,
        "message": one.message,
        "where": one.where,
        "suppressed": {"reason": one.reason, "until": one.until} if one.suppressed else None,
    }
