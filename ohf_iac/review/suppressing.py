"""Findings that somebody answers for: suppressions hold until their day has ended, and then are told. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ohf_iac.review.findings import Finding, RuleFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ohf_iac.config.settings import Suppression
    from ohf_iac.review.places import Spot

EXPIRED: Final = RuleFacts(
    "OHF-L001",
    "warning",
    "Suppression has expired",
    "What it kept quiet counts again.",
    "Mend what it kept quiet and remove it, or give it a new day and a reason that still holds.",
    "docs/lint.md#ohf-l001",
)
IDLE: Final = RuleFacts(
    "OHF-L002",
    "info",
    "Suppression without effect",
    "It would keep quiet what comes later, and nobody would know why.",
    "Remove it.",
    "docs/lint.md#ohf-l002",
)


@dataclass(frozen=True, slots=True)
class Suppressions:
    """What `ohf.json` says, the file as reports name it, and where each stands in it."""

    listed: Sequence[Suppression]
    file: str
    spots: Sequence[Spot]


def suppressed(findings: Iterable[Finding], what: Suppressions, today: str) -> tuple[Finding, ...]:
    """All findings, those for which a suppression holds with its reason and its day; `today` is a date in UTC."""
    holding = [one for one in what.listed if today <= one.until]
    return tuple(_marked(finding, holding) for finding in findings)


def told_of(findings: Sequence[Finding], what: Suppressions, today: str, *, whole: bool) -> Iterator[Finding]:
    """Findings about the suppressions themselves: those that have expired, and where the `whole` catalogue was
    looked at, those that none of `findings` needs."""
    for one, spot in zip(what.listed, what.spots, strict=True):
        if today > one.until:
            yield _about(EXPIRED, f"the suppression of {_of(one)} ended with {one.until}", one, what, spot)
        elif whole and not any(_fits(one, finding) for finding in findings):
            yield _about(IDLE, f"nothing is found that the suppression of {_of(one)} is for", one, what, spot)


def _marked(finding: Finding, holding: Sequence[Suppression]) -> Finding:
    found = next((one for one in holding if _fits(one, finding)), None)
    return replace(finding, reason=found.reason, until=found.until) if found else finding


def _fits(one: Suppression, finding: Finding) -> bool:
    return one.rule == finding.rule and one.template in ("", finding.template)


def _of(one: Suppression) -> str:
    return f"{one.rule} for {one.template or 'all templates'} ({one.reason})"


def _about(rule: RuleFacts, message: str, one: Suppression, what: Suppressions, spot: Spot) -> Finding:
    return Finding(
        rule=rule.id,
        level=rule.level,
        message=message,
        template=one.template,
        field="lint.suppress",
        file=what.file,
        line=spot.line,
        column=spot.column,
        fix=rule.fix,
        doc=rule.doc,
        title=rule.title,
    )
