"""The page of a template: what every stack of it will be. No AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ohf_iac.review.report.page import Approved, Fact, Page, Remark
from ohf_iac.review.report.prices import ceiling
from ohf_iac.review.report.reading import bounds_of, most_units, parts_of, security_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from ohf_iac.approval.values import Entry
    from ohf_iac.review.findings import Finding
    from ohf_iac.stack import RenderedStack
    from ohf_iac.template.host_template import HostTemplate


def template_page(
    template: HostTemplate,
    rendered: RenderedStack,
    *,
    entry: Entry | None = None,
    findings: Iterable[Finding] = (),
    prices: Mapping[str, Decimal] | None = None,
    now: float = 0.0,
) -> Page:
    """The page; `entry` is what the lock says of this very body, `now` decides which approvals still hold."""
    body = json.loads(rendered.body)
    return Page(
        template_id=template.template_id,
        digest=rendered.digest,
        size=len(rendered.body),
        parts=parts_of(body),
        security=security_of(body),
        bounds=bounds_of(body, {}),
        summary=tuple(_summary(template, rendered, most_units(body), entry, now)),
        cost=ceiling(body, prices) if prices is not None else None,
        approvals=approved(entry, now),
        remarks=tuple(map(remark, findings)),
    )


def _summary(
    template: HostTemplate, rendered: RenderedStack, most: int | None, entry: Entry | None, now: float
) -> Iterator[Fact]:
    yield Fact("kind", rendered.kind)
    yield Fact("price type", template.price_type)
    limit = "no limit" if template.max_number < 0 else f"{template.max_number} at a time"
    yield Fact("machines", f"{limit}, {most} in one request" if most else limit)
    held = [one for one in approved(entry, now) if one.state != "expired"]
    if held:
        yield Fact("approval", f"approved by {', '.join(one.by for one in held)}", "good")
    else:
        yield Fact("approval", "expired" if entry is not None else "this body is not approved", "warn")


def approved(entry: Entry | None, now: float) -> tuple[Approved, ...]:
    """The approvals of a body, oldest first; an emergency one bears its reason for ever."""
    return tuple(
        Approved(
            one.by,
            one.at,
            one.ticket or (f"break glass: {one.break_glass}" if one.break_glass else ""),
            one.expires,
            "expired" if one.expired(now) else "break glass" if one.break_glass else "valid",
            "warn" if one.expired(now) or one.break_glass else "good",
        )
        for one in (entry.approvals if entry is not None else ())
    )


def remark(finding: Finding) -> Remark:
    """A finding as a page has it; a suppressed one says why."""
    told = f"{finding.message} (suppressed until {finding.until}: {finding.reason})" if finding.suppressed else ""
    return Remark(finding.rule, finding.level, told or finding.message, finding.where)
