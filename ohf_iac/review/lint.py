"""Lint: the house rules, and a linter of CloudFormation, over a catalogue; each finding leads to its line. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ohf_iac.errors import ValidationError
from ohf_iac.exposure import exposures
from ohf_iac.render import render
from ohf_iac.review.body_fields import field_behind
from ohf_iac.review.findings import Finding, Related, RuleFacts, in_order
from ohf_iac.review.rule import Hit, Policy, Rule, Subject
from ohf_iac.review.security_rules import SECURITY_RULES
from ohf_iac.review.sound_rules import SOUND_RULES
from ohf_iac.review.source import field_spot
from ohf_iac.review.suppressing import EXPIRED, IDLE, Suppressions, suppressed, told_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ohf_iac.review.cfn_lint import BodyCheck, BodyFinding
    from ohf_iac.review.places import Spot
    from ohf_iac.review.source import Source
    from ohf_iac.stack import RenderedStack
    from ohf_iac.template.catalogue import Catalogue
    from ohf_iac.template.host_template import HostTemplate

HOUSE_RULES: Final[tuple[Rule, ...]] = (*SECURITY_RULES, *SOUND_RULES)
REFUSED: Final = RuleFacts(
    "OHF-T001",
    "error",
    "Template refused",
    "Host Factory is not offered it; everything else is served.",
    "Correct the field; docs/catalogue.md describes each.",
    "docs/lint.md#ohf-t001",
)


TWICE: Final = RuleFacts(
    "OHF-T005",
    "error",
    "Key written twice",
    "Only the last one counts, and whoever reviews the catalogue may have read the first.",
    "Keep one of them.",
    "docs/lint.md#ohf-t005",
)


@dataclass(frozen=True, slots=True)
class OwnFile:
    """`ohf.json`: its name in reports, the fields that it says for all templates, and the keys written twice."""

    file: str = ""
    said: Mapping[str, Related] = field(default_factory=dict)
    twice: tuple[tuple[str, Spot], ...] = ()


@dataclass(frozen=True, slots=True)
class Lintable:
    """A catalogue with all that a look at it needs.

    `shown` names a file that the catalogue names, for reports.
    """

    catalogue: Catalogue
    source: Source
    files: Mapping[str, bytes]
    policy: Policy
    shown: Callable[[str], str]
    own: OwnFile


@dataclass(frozen=True, slots=True)
class Linted:
    """All findings, suppressed ones too, and the templates that were looked at, refused ones among them."""

    findings: tuple[Finding, ...]
    templates: tuple[str, ...]


def linted(
    what: Lintable,
    wanted: Sequence[HostTemplate] | None,
    check: BodyCheck | None,
    keeping: Suppressions,
    today: str,
) -> Linted:
    """A look at these templates, or with None at the whole catalogue: refused entries and suppressions too.

    `today` is a date in UTC, YYYY-MM-DD.
    """
    looked_at = what.catalogue.templates if wanted is None else wanted
    refused = refusals(what) if wanted is None else ()
    names = (*(one.template_id for one in looked_at), *(one.template for one in refused))
    twice = repeats(what, None if wanted is None else names)
    findings = suppressed((*refused, *twice, *lint(what, looked_at, check)), keeping, today)
    told = told_of(findings, keeping, today, whole=wanted is None and check is not None)
    return Linted(in_order((*findings, *told)), tuple(dict.fromkeys(names)))


def rules_of(findings: Iterable[Finding]) -> tuple[RuleFacts, ...]:
    """All rules of the house, and others that found something, by id."""
    ours = (REFUSED, *(rule.facts for rule in HOUSE_RULES), TWICE, EXPIRED, IDLE)
    known = {rule.id for rule in ours}
    found = {
        one.rule: RuleFacts(one.rule, one.level, one.title, doc=one.doc)
        for one in findings
        if one.rule not in known
    }
    return (*ours, *(found[rule] for rule in sorted(found)))


def lint(what: Lintable, wanted: Iterable[HostTemplate], check: BodyCheck | None) -> tuple[Finding, ...]:
    """What the rules find in these templates; `check` is asked about each body, None asks nobody.

    Refusals of entries are not among it: `refusals`.
    """
    return in_order(finding for one in wanted for finding in _of_template(what, one, check))


def refusals(what: Lintable) -> tuple[Finding, ...]:
    """The entries that cannot be served, each with the field to blame."""
    return in_order(
        _refused(what, spot, one.template_id, one.field, one.reason)
        for one, spot in zip(what.catalogue.refused, what.source.refused, strict=True)
    )


def repeats(what: Lintable, templates: Sequence[str] | None) -> Iterator[Finding]:
    """The keys written twice in the entries of these templates, or with None anywhere, in `ohf.json` too."""
    for one in what.source.repeated:
        if templates is None or one.template in templates:
            told = f"{'.'.join(map(str, one.path))} is written twice, and the last one counts"
            yield _about_entry(what, TWICE, one.template, str(one.path[0]), told, one.spot)
    for path, spot in what.own.twice if templates is None else ():
        told = f"{path} is written twice, and the last one counts"
        yield replace(_about_entry(what, TWICE, "", path, told, spot), file=what.own.file)


def _of_template(what: Lintable, template: HostTemplate, check: BodyCheck | None) -> Iterator[Finding]:
    entry = what.source.served[template.template_id]
    try:
        stack = render(template, what.policy.defaults, what.files)
    except ValidationError as error:
        yield _refused(what, entry, template.template_id, "templateId", error.message)
        return
    subject = _subject(what, template, stack)
    for rule in HOUSE_RULES:
        yield from _of_rule(what, rule, subject, entry)
    for found in check(stack.body) if check else ():
        yield _of_body(what, found, template, entry)


def _subject(what: Lintable, template: HostTemplate, stack: RenderedStack) -> Subject:
    script = what.files.get(template.user_data_script) if template.user_data_script else None
    exposed = exposures([template], what.files)
    return Subject(template, json.loads(stack.body), len(stack.body), what.policy, script, exposed)


def _of_rule(what: Lintable, rule: Rule, subject: Subject, entry: Spot) -> Iterator[Finding]:
    for hit in rule.check(subject):
        spot = field_spot(entry, hit.field)
        yield Finding(
            rule=rule.id,
            level=rule.level,
            message=hit.message,
            template=subject.template.template_id,
            field=hit.field,
            file=what.source.file,
            line=spot.line,
            column=spot.column,
            fix=rule.fix,
            doc=rule.doc,
            title=rule.title,
            place=hit.place,
            related=_related(what, hit, subject),
        )


def _related(what: Lintable, hit: Hit, subject: Subject) -> Related | None:
    """The line of a script, or of `ohf.json` where that says what the entry leaves to it."""
    if hit.related is not None:
        return replace(hit.related, file=what.shown(hit.related.file))
    return None if subject.writes(hit.field) else what.own.said.get(hit.field)


def _of_body(what: Lintable, found: BodyFinding, template: HostTemplate, entry: Spot) -> Finding:
    field = field_behind(found.path, template.raw)
    spot = field_spot(entry, field)
    return Finding(
        rule=found.rule,
        level=found.level,
        message=found.message,
        template=template.template_id,
        field=field,
        file=what.source.file,
        line=spot.line,
        column=spot.column,
        doc=found.doc,
        title=found.title,
        place=".".join(map(str, found.path)),
    )


def _refused(what: Lintable, entry: Spot, template_id: str, field: str, reason: str) -> Finding:
    return _about_entry(what, REFUSED, template_id, field, reason, field_spot(entry, field))


def _about_entry(
    what: Lintable, rule: RuleFacts, template_id: str, field: str, message: str, spot: Spot
) -> Finding:
    return Finding(
        rule=rule.id,
        level=rule.level,
        message=message,
        template=template_id,
        field=field,
        file=what.source.file,
        line=spot.line,
        column=spot.column,
        fix=rule.fix,
        doc=rule.doc,
        title=rule.title,
    )
