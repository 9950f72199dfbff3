"""How a body stands with those who approve: in a word and a note, for tables and verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ohf_iac.approval.decide import Refused, judged
from ohf_iac.config.lock_file import load_lock
from ohf_iac.errors import ApprovalError
from ohf_iac.operations.approved import rules_of, verifier

if TYPE_CHECKING:
    from ohf_iac.config import Settings


class Standing(NamedTuple):
    """Whether a body may be sent as far as approvals go, who approved it, and why or until when."""

    approved: bool
    by: str
    note: str


def asks_for_approvals(settings: Settings) -> bool:
    """Whether anybody here approves: there is a lock, or the configuration asks for one."""
    try:
        return settings.approvals.mode != "off" or load_lock(settings) is not None
    except ApprovalError:
        return True


def standing(settings: Settings, template_id: str, digest: str, now: float) -> Standing:
    """The standing of a template's body at epoch `now`; a lock that cannot be used approves nothing."""
    try:
        lock = load_lock(settings)
    except ApprovalError as error:  # `ohf verify` is there to tell more; who renders or compares needs no lock
        return Standing(False, "", error.message)
    known = lock.of_template(template_id) if lock else ()
    entry = next((one for one in known if one.digest == digest), None)
    if entry is None:
        return Standing(False, "", "body changed since approval" if known else "never approved")
    verdict = judged(entry, rules_of(settings), now, verifier(settings))
    if isinstance(verdict, Refused):
        return Standing(False, "", verdict.reason)
    if verdict.break_glass:
        return Standing(True, "", f"break-glass: {verdict.break_glass}")
    by = ", ".join(dict.fromkeys(f"{one.by} {one.ticket}".strip() for one in verdict.approvals))
    return Standing(True, by, f"{by}, until {max(one.expires for one in verdict.approvals)}")
