"""Was a stack that exists, or existed, an approved one? Judged from what AWS shows of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from ohf_iac.approval.decide import CHANGED, EXPIRED, Refused, judged
from ohf_iac.approval.deployed import Deviation, emergency_of, judge_deployed
from ohf_iac.request import TAG_OWNER, TAG_REQUEST, request_id_of
from ohf_iac.review.diff.words import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.approval.decide import Rules, Verify
    from ohf_iac.approval.values import Entry, Lock
    from ohf_iac.observation import StackSeen
    from ohf_iac.review.drift.values import StackDrift

Verdict = Literal["ok", "violation", "not proven"]

#: the code of a stack that could not be read: nothing is proven of it
UNPROVEN: Final = "E411"
#: the code of what was changed behind a stack's back
DRIFTED: Final = "E414"


@dataclass(frozen=True, slots=True)
class Proof:
    """What became known of one stack.

    `digest` is that of the body as CloudFormation gives it back, "" where it does not; `unread` then says why.
    `entry` is the lock's for that digest. `emergency` is the reason of a break-glass approval, told for ever.
    `body` is the one that was read; `drift` how the stack stands, None where nobody looked, and `of_drift` what
    of that is not as it should be.
    """

    stack: StackSeen
    digest: str = ""
    entry: Entry | None = None
    deviations: tuple[Deviation, ...] = ()
    emergency: str = ""
    unread: str = ""
    body: str = ""
    drift: StackDrift | None = None
    of_drift: tuple[Deviation, ...] = ()

    @property
    def verdict(self) -> Verdict:
        if any(one.code != UNPROVEN for one in (*self.deviations, *self.of_drift)):
            return "violation"
        return "not proven" if self.unread else "ok"

    @property
    def deleted(self) -> bool:
        return self.stack.phase == "deleted"


def proven(stack: StackSeen, digest: str, owner: str, lock: Lock, rules: Rules, verify: Verify) -> Proof:
    """The proof of a stack whose body has this digest; `owner` is the installation that it has to be of.

    Approvals are judged as of the moment at which the stack was created.
    """
    entry = lock.entries.get(digest)
    deviations = [
        *_of_names(stack, owner),
        *judge_deployed(entry, stack.parameters, stack.tags, digest, stack.created_at),
    ]
    if entry is not None:
        deviations += _of_approvals(entry, rules, stack.created_at, verify)
    return Proof(stack, digest, entry, tuple(deviations), emergency_of(entry, stack.tags))


def not_proven(stack: StackSeen, why: str) -> Proof:
    """The proof of a stack that could not be read: unknown is never fine."""
    return Proof(stack, unread=why, deviations=(Deviation(UNPROVEN, why),))


def with_drift(proof: Proof, drift: StackDrift) -> Proof:
    """The proof with what was found changed behind the stack's back; what could not be seen is not proven."""
    told = [Deviation(DRIFTED, f"drift: {line}") for line in _drifted(drift)]
    told += [Deviation(UNPROVEN, f"drift: {drift.unread}")] if drift.unread else []
    return replace(proof, unread=proof.unread or drift.unread, drift=drift, of_drift=tuple(told))


def _drifted(drift: StackDrift) -> Iterator[str]:
    for one in drift.resources:
        if one.state == "deleted":
            yield f"{one.logical_id} ({one.physical_id}) was deleted"
        elif one.drifted and not one.changes:
            yield f"{one.logical_id} ({one.physical_id}): {one.why}"
        yield from (line_of(change) for change in one.changes)


def is_of(stack: StackSeen, owner: str) -> bool:
    """Whether a stack is this owner's to answer for: by tag, by parameter, or by name where nobody owns it.

    Somebody who takes the tag away does not take the stack away.
    """
    owners = {stack.tags.get(TAG_OWNER, ""), stack.parameters.get("Owner", "")} - {""}
    return owner in owners or (not owners and request_id_of(stack.name) is not None)


def _of_names(stack: StackSeen, owner: str) -> Iterator[Deviation]:
    """Tags and parameters that repeat who a stack is of and which request's it is."""
    request_id = request_id_of(stack.name)
    if request_id is None:
        yield Deviation(CHANGED, f"stack {stack.name} is not named as a request's")
        return
    told = (
        (f"tag {TAG_OWNER}", stack.tags.get(TAG_OWNER, ""), owner),
        (f"tag {TAG_REQUEST}", stack.tags.get(TAG_REQUEST, ""), request_id),
        ("parameter Owner", stack.parameters.get("Owner", owner), owner),
        ("parameter RequestId", stack.parameters.get("RequestId", request_id), request_id),
    )
    for what, found, expected in told:
        if found != expected:
            yield Deviation(CHANGED, f'{what} is "{found}", expected "{expected}"')


def _of_approvals(entry: Entry, rules: Rules, created_at: float, verify: Verify) -> Iterator[Deviation]:
    """Whether the entry would have let the stack through when it was created; expiry is judged elsewhere."""
    verdict = judged(entry, rules, created_at, verify)
    if isinstance(verdict, Refused) and verdict.code != EXPIRED:
        yield Deviation(verdict.code, verdict.reason)
