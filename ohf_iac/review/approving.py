"""An approval as it is given: of which body, by whom, within which rules."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ohf_iac.approval.decide import CHANGED, FLOATING, OWN_WORK, UNSIGNED
from ohf_iac.approval.envelope import envelope_of, floating, images_of, resources_of
from ohf_iac.approval.values import MOST_APPROVALS, Approval, Entry, day, same_person, statement
from ohf_iac.errors import ApprovalError, ValidationError
from ohf_iac.render import RENDERER_ABI
from ohf_iac.ssh_signature import fault, signed

if TYPE_CHECKING:
    from ohf_iac.approval.values import Lock
    from ohf_iac.stack import RenderedStack

#: days that an approval holds unless somebody says otherwise: ordinary ones, and those of an emergency
DAYS: Final = 90
DAYS_BREAK_GLASS: Final = 1
#: characters of a ticket, a reason or a name: they go into tags, tables and reports
_LONGEST: Final = 200


def entry_of(stack: RenderedStack, input_hash: str) -> Entry:
    """The lock's entry for a body, without approvals yet."""
    return Entry(
        digest=stack.digest,
        template=stack.template_id,
        kind=stack.kind,
        input=input_hash,
        renderer_abi=RENDERER_ABI,
        envelope=envelope_of(stack.body),
        images=images_of(stack.body),
        resources=resources_of(stack.body),
    )


def approval_at(now: float, by: str, author: str, ticket: str, expires: str, break_glass: str) -> Approval:
    """An approval given at epoch `now`, unsigned; ValidationError when something of it cannot be written down."""
    days = DAYS_BREAK_GLASS if break_glass else DAYS
    last = expires or day(now + days * 86400)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", last) or last != _normal(last):
        raise ValidationError(f"approve until {last}: it is no day", hint="write it as YYYY-MM-DD")
    if last < day(now):
        raise ValidationError(f"approve until {last}: that day has passed", hint="give a later --expires")
    for what, text in (("by", by), ("author", author), ("ticket", ticket), ("break-glass", break_glass)):
        if len(text) > _LONGEST or not text.isprintable():
            raise ValidationError(
                f"approve with this --{what}: it is longer than {_LONGEST} characters, or cannot be printed",
                hint="give a shorter one, on one line",
            )
    if not by:
        raise ValidationError("approve: nobody is named", hint="give --by, or set git's user.email")
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    return Approval(by=by, at=at, expires=last, ticket=ticket, author=author, break_glass=break_glass)


def check_four_eyes(approval: Approval, others: tuple[str, ...]) -> None:
    """ApprovalError when the approver is an author, or no author is known; an emergency needs one person alone."""
    if approval.break_glass:
        return
    authors = [one for one in (approval.author, *others) if one]
    if not authors:
        raise ApprovalError(
            "approve: nobody knows who wrote it",
            hint="commit the catalogue to git, or give --author",
            code=OWN_WORK,
        )
    if any(same_person(approval.by) == same_person(one) for one in authors):
        raise ApprovalError(
            f"approve: {approval.by} wrote it, and nobody approves work of their own",
            hint="let a second person approve; in an emergency, --break-glass REASON",
            code=OWN_WORK,
        )


def check_room(lock: Lock, entry: Entry) -> None:
    """ApprovalError when no further approval fits, or when what is to be approved is not what the lock has."""
    known = lock.entries.get(entry.digest)
    if known is None:
        return
    if known.facts != entry.facts:
        raise ApprovalError(
            f"approve {entry.digest[:12]}: ohf.lock says something else of this body",
            hint="restore ohf.lock from version control, or remove that entry; then approve again",
            code=CHANGED,
        )
    if len(known.approvals) >= MOST_APPROVALS:
        raise ApprovalError(
            f"approve {entry.digest[:12]}: it has {MOST_APPROVALS} approvals, and more are not kept",
            hint="remove expired ones from ohf.lock",
            code=CHANGED,
        )


def check_pinned(entry: Entry) -> None:
    """ApprovalError when an image is looked up at each launch."""
    floats = [image for image in entry.images if floating(image)]
    if floats:
        raise ApprovalError(
            f"approve {entry.template}: its image {floats[0]} is looked up at each launch",
            hint=f"ohf pin {entry.template}, which names the image's id in the catalogue",
            code=FLOATING,
        )


def signed_approval(entry: Entry, approval: Approval, key: str, allowed_signers: str) -> Approval:
    """The approval with a signature by `key`; ApprovalError unless it holds against the signers, if any."""
    found = replace(approval, signature=signed(key, statement(entry, approval)))
    if allowed_signers:
        wrong = fault(allowed_signers, found.by, found.at, found.signature, statement(entry, found))
        if wrong:
            hint = f"put the key of {found.by} into the allowed signers, or give another --by or --sign"
            raise ApprovalError(f"approve: the signature would not hold: {wrong}", hint=hint, code=UNSIGNED)
    return found


def _normal(text: str) -> str:
    """A day as the calendar has it, "" for the 31st of February."""
    try:
        return time.strftime("%Y-%m-%d", time.strptime(text, "%Y-%m-%d"))
    except ValueError:
        return ""
