"""Is a stack that exists, or existed, one that was approved? Whoever looked at AWS hands over what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ohf_iac.approval.decide import CHANGED, EXPIRED, MISSING
from ohf_iac.approval.envelope import outside
from ohf_iac.approval.values import BREAK_GLASS, tags_so_far
from ohf_iac.request import TAG_APPROVAL, TAG_DIGEST, TAG_TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_iac.approval.values import Entry

#: the stack's parameter that repeats the template's id (design §11)
_TEMPLATE_PARAMETER: Final = "TemplateId"


@dataclass(frozen=True, slots=True)
class Deviation:
    """What of a stack is not as approved: the code (docs/errors.md) and a sentence without a final stop."""

    code: str
    text: str


def judge_deployed(
    entry: Entry | None, parameters: Mapping[str, str], tags: Mapping[str, str], digest: str, now: float
) -> tuple[Deviation, ...]:
    """What of a stack deviates from the lock; nothing for one that was approved.

    `entry` is the lock's entry for `digest` (None without one), `digest` that of the body as CloudFormation gives
    it back, `now` the epoch second at which the stack was created: what expired since was good then.
    """
    if entry is None:
        return (Deviation(MISSING, f"body {digest[:12]} is not in ohf.lock"),)
    return tuple(_deviations(entry, parameters, tags, digest, now))


def emergency_of(entry: Entry | None, tags: Mapping[str, str]) -> str:
    """The reason of the emergency approval by which a stack came to be, "" for every other stack."""
    if tags.get(TAG_APPROVAL) != BREAK_GLASS:
        return ""
    reasons = [one.break_glass for one in (entry.approvals if entry else ()) if one.break_glass]
    return reasons[-1] if reasons else "no reason is in ohf.lock"


def _deviations(
    entry: Entry, parameters: Mapping[str, str], tags: Mapping[str, str], digest: str, now: float
) -> Iterator[Deviation]:
    if digest != entry.digest:
        yield Deviation(CHANGED, f"body {digest[:12]} is not the approved {entry.digest[:12]}")
    expected = {TAG_DIGEST: digest, TAG_TEMPLATE: entry.template}
    for key, value in expected.items():
        if tags.get(key, "") != value:
            yield Deviation(CHANGED, f'tag {key} is "{tags.get(key, "")}", expected "{value}"')
    if parameters.get(_TEMPLATE_PARAMETER, entry.template) != entry.template:
        yield Deviation(CHANGED, f"parameter {_TEMPLATE_PARAMETER} is not {entry.template}")
    yield from (Deviation(CHANGED, text) for text in outside(entry.envelope, parameters))
    yield from _approval(entry, tags.get(TAG_APPROVAL, ""), now)


def _approval(entry: Entry, tag: str, now: float) -> Iterator[Deviation]:
    if tag == BREAK_GLASS:
        if not any(one.break_glass for one in entry.approvals):
            yield Deviation(MISSING, "tag ohf:approval says break-glass, and ohf.lock holds no emergency approval")
    elif tag not in tags_so_far(entry):
        yield Deviation(CHANGED, f'tag ohf:approval is "{tag}", which no approval of {entry.digest[:12]} gives')
    if all(one.expired(now) for one in entry.approvals):
        yield Deviation(EXPIRED, f"every approval of {entry.digest[:12]} had expired when the stack was created")
