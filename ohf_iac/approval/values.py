"""The lock as values: which bodies are approved, within which envelope, by whom and until when.

An entry's facts never change after it was made; approvals are added to it. So a signature over facts and approval
stays good whatever others add.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: approvals that one entry may hold: the hashes of all their combinations are compared with a stack's tag
MOST_APPROVALS: Final = 10
#: hex digits of an entry's hash in the tag `ohf:approval`
TAG_DIGITS: Final = 12
#: the tag's value for a stack that an emergency approval let through
BREAK_GLASS: Final = "break-glass"


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word. `at` is `YYYY-MM-DDTHH:MM:SSZ`, `expires` the last day (UTC) on which it holds.

    `author` is who wrote what is approved, as far as known. `findings` are those of `ohf lint` that the approver
    saw, one text each. `break_glass` is the reason of an emergency approval, "" for every other. `signature` is an
    SSH signature (base64, without its armor) over `statement`, "" when there is none.
    """

    by: str
    at: str
    expires: str
    ticket: str = ""
    author: str = ""
    findings: tuple[str, ...] = ()
    break_glass: str = ""
    signature: str = ""

    def expired(self, now: float) -> bool:
        """Whether its last day has passed at epoch `now`."""
        return self.expires < day(now)


@dataclass(frozen=True, slots=True)
class Entry:
    """A body that was approved, under its digest.

    `input` is the hash of all that reaches the body (`ohf_iac.approval.inputs`). `envelope`, `images` and
    `resources` (type -> number) are what the body says, for readers; the digest is what binds. `approvals` stand
    in the order of time.
    """

    digest: str
    template: str
    kind: str
    input: str
    renderer_abi: int
    envelope: Mapping[str, Mapping[str, Any]]
    images: tuple[str, ...]
    resources: Mapping[str, int]
    approvals: tuple[Approval, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """What an approval approves, as the lock has it."""
        return {
            "template": self.template,
            "kind": self.kind,
            "input": self.input,
            "rendererAbi": self.renderer_abi,
            "envelope": {name: dict(bounds) for name, bounds in self.envelope.items()},
            "images": list(self.images),
            "resources": dict(self.resources),
        }

    @property
    def findings(self) -> tuple[str, ...]:
        """What approvers saw of lint's findings, each once."""
        return tuple(dict.fromkeys(text for one in self.approvals for text in one.findings))

    @property
    def newest(self) -> str:
        """The moment of the last approval, "" without any."""
        return max((one.at for one in self.approvals), default="")


@dataclass(frozen=True, slots=True)
class Lock:
    """All entries, by digest."""

    entries: Mapping[str, Entry]

    def of_template(self, template_id: str) -> tuple[Entry, ...]:
        """The entries of a template, the one approved last first."""
        found = [one for one in self.entries.values() if one.template == template_id]
        return tuple(sorted(found, key=lambda one: (one.newest, one.digest), reverse=True))


EMPTY: Final = Lock({})


def with_approval(lock: Lock, entry: Entry, approval: Approval) -> Lock:
    """The lock with one more approval of a body; facts that are there already stay as they were approved first."""
    known = lock.entries.get(entry.digest, replace(entry, approvals=()))
    approvals = sorted((*known.approvals, approval), key=lambda one: (one.at, one.by))
    return Lock({**lock.entries, entry.digest: replace(known, approvals=tuple(approvals))})


def statement(entry: Entry, approval: Approval) -> bytes:
    """What a signature is over: the entry's facts and the approval without its signature, canonical JSON."""
    document = {
        "schema": "ohf/approval/v1",
        "sha256": entry.digest,
        "entry": entry.facts,
        "approval": approval_document(replace(approval, signature="")),
    }
    return canonical(document)


def approval_document(approval: Approval) -> dict[str, Any]:
    """An approval as the lock has it; what says nothing is left out."""
    told = {
        "by": approval.by,
        "at": approval.at,
        "expires": approval.expires,
        "ticket": approval.ticket,
        "author": approval.author,
        "findings": list(approval.findings),
        "breakGlass": approval.break_glass,
        "signature": approval.signature,
    }
    return {name: value for name, value in told.items() if value}


def entry_hash(entry: Entry) -> str:
    """The hash of an entry with its approvals, in hex; signatures are not in it, for they sign the rest."""
    approvals = [approval_document(replace(one, signature="")) for one in entry.approvals]
    document = {"sha256": entry.digest, "entry": entry.facts, "approvals": approvals}
    return hashlib.sha256(canonical(document)).hexdigest()


def approval_tag(entry: Entry) -> str:
    """The value of a stack's tag `ohf:approval`: the start of the entry's hash."""
    return entry_hash(entry)[:TAG_DIGITS]


def tags_so_far(entry: Entry) -> frozenset[str]:
    """The tags that stacks of this entry may bear: an approval that was added later changed the hash."""
    some = entry.approvals[:MOST_APPROVALS]
    choices = (chosen for count in range(1, len(some) + 1) for chosen in combinations(some, count))
    return frozenset(approval_tag(replace(entry, approvals=chosen)) for chosen in choices)


def canonical(document: object) -> bytes:
    """A document as the bytes that are hashed and signed."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii") + b"\n"


def day(moment: float) -> str:
    """The day of an epoch second, UTC, as `YYYY-MM-DD`."""
    return time.strftime("%Y-%m-%d", time.gmtime(moment))


def same_person(name: str) -> str:
    """A name in the form in which two are compared: the address in `Name <address>`, in small letters."""
    inside = name.partition("<")[2].partition(">")[0]
    return (inside or name).strip().casefold()
