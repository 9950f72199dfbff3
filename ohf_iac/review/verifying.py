"""Does the configuration stand as it was approved, and does the lock hold what it held? Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ohf_iac.approval.decide import BROKEN, CHANGED, UNSIGNED, Allowed, decide, file_problem
from ohf_iac.render import RENDERER_ABI
from ohf_iac.render.canonical import digest as digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_iac.approval.decide import Rules, Verify
    from ohf_iac.approval.values import Entry, Lock
    from ohf_iac.stack import RenderedStack


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of one thing: a template as configured, or an entry of the lock.

    `code` is "" for what is as it should be, else one of docs/errors.md; `message` then tells why, and otherwise
    what is worth knowing. `entry` is the one that counts, None without one. `emergency` is the reason of a
    break-glass approval, which is told for ever.
    """

    template: str
    digest: str
    code: str = ""
    message: str = ""
    fix: str = ""
    entry: Entry | None = None
    emergency: str = ""
    of_lock: bool = False

    @property
    def ok(self) -> bool:
        return not self.code


@dataclass(frozen=True, slots=True)
class Configured:
    """A template as it is configured now: the body that it gives, and the hash of what reaches it."""

    stack: RenderedStack
    input_hash: str


def verify_template(
    one: Configured, lock: Lock, bodies: Mapping[str, str], rules: Rules, now: float, verify: Verify
) -> Check:
    """Whether a request of this template would be let through; `bodies` are the approved files by digest."""
    stack = one.stack
    verdict = decide(lock, stack.template_id, one.input_hash, rules, now, verify)
    if not isinstance(verdict, Allowed):
        return Check(stack.template_id, stack.digest, verdict.code, verdict.reason, verdict.hint)
    entry = verdict.entry
    check = Check(stack.template_id, entry.digest, entry=entry, emergency=verdict.break_glass)
    if problem := _of_file(entry, bodies):
        return _failed(check, *problem)
    if entry.digest == stack.digest:
        return check
    if entry.renderer_abi == RENDERER_ABI:
        told = (
            f"it gives {stack.digest[:12]} now, by the renderer that gave {entry.digest[:12]} when it was approved"
        )
        return _failed(check, CHANGED, told)
    told = f"this version renders otherwise ({stack.digest[:12]}); the approved body is sent"
    return replace(check, message=told)


def verify_lock(lock: Lock, bodies: Mapping[str, str], verify: Verify) -> Iterator[Check]:
    """What is wrong with the lock's entries, whether they still count or not, and every emergency there was.

    Each approved file has to be there, and every signature to hold.
    """
    for digest in sorted(lock.entries):
        entry = lock.entries[digest]
        check = Check(entry.template, digest, entry=entry, of_lock=True)
        if problem := _of_file(entry, bodies):
            yield _failed(check, *problem)
        for approval in entry.approvals:
            if approval.signature and (wrong := verify(entry, approval)):
                yield _failed(
                    check, UNSIGNED, f"the signature of {approval.by} ({approval.at}) does not hold: {wrong}"
                )
            if approval.break_glass:
                reason = approval.break_glass
                told = f"break glass by {approval.by} at {approval.at}, until {approval.expires}: {reason}"
                yield replace(check, message=told, emergency=reason)


def _of_file(entry: Entry, bodies: Mapping[str, str]) -> tuple[str, str] | None:
    """The code and the words for what is wrong with an entry's file; None when nothing is."""
    body = bodies.get(entry.digest)
    if body is None:
        return BROKEN, f"approved/{entry.digest}.json is missing, or cannot be read"
    problem = file_problem(entry, body, digest_of(body))
    return (CHANGED, problem) if problem else None


def _failed(check: Check, code: str, message: str) -> Check:
    fix = "restore ohf.lock, approved/ and the allowed signers from version control"
    return replace(check, code=code, message=message, fix=fix)
