"""verify --deployed: every stack of this installation that lives, or lived lately, held against the lock."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from ohf_iac.app import calls_of
from ohf_iac.aws import cloudformation, past_stacks
from ohf_iac.aws.sent_bodies import sent_body
from ohf_iac.cfn import was_begun
from ohf_iac.config.lock_file import lock_or_empty
from ohf_iac.errors import ProviderError
from ohf_iac.observation import StackSeen
from ohf_iac.operations.approved import rules_of, verifier
from ohf_iac.request import request_id_of
from ohf_iac.review.drift.detecting import drift_of
from ohf_iac.review.proving import Proof, is_of, not_proven, proven, with_drift

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls

#: stacks that are read without a pause, and seconds between two of them after that
BURST: Final = 20
PACE: Final = 0.25


def proofs_of(app: App, since: float) -> Iterator[Proof]:
    """A proof of each stack of this owner that lives, or was deleted at epoch second `since` or later.

    Live ones first. One that cannot be read, or that no time is left for, is not proven. A stack whose change set
    was never executed is none. ApprovalError for a lock that cannot be used, ProviderError when AWS does not list
    the stacks.
    """
    lock, rules, verify = lock_or_empty(app.settings), rules_of(app.settings), verifier(app.settings)
    calls = calls_of(app)
    for number, stack in enumerate(stacks_since(calls, app.owner, since)):
        if number >= BURST:
            app.sleep(min(PACE, app.deadline.left))
        try:
            seen = _whole(calls, stack)
            if seen is None or not is_of(seen, app.owner):
                continue
            body = sent_body(calls, seen.stack_id)
            digest = hashlib.sha256(body.encode("ascii")).hexdigest()
        except ProviderError as error:
            yield not_proven(stack, error.message)
        else:
            yield replace(proven(seen, digest, app.owner, lock, rules, verify), body=body)


def held_against_drift(app: App, proofs: Iterable[Proof]) -> tuple[Proof, ...]:
    """The proofs, those of live stacks with their drift too; none where the body could not be read."""
    listed = tuple(proofs)
    live = [one for one in listed if one.body and not one.deleted]
    bodies = {one.stack.stack_id: one.body for one in live}
    found = {one.stack.stack_id: one for one in drift_of(app, [one.stack for one in live], bodies=bodies)}
    ids = [one.stack.stack_id for one in listed]
    return tuple(
        with_drift(one, found[name]) if name in found else one for name, one in zip(ids, listed, strict=True)
    )


def deleted_stack(calls: Calls, owner: str, name: str) -> StackSeen | None:
    """The one of the deleted stacks of a name that is this owner's; None where CloudFormation tells of none."""
    ids = cloudformation.find_deleted_stacks(calls, name.__eq__).get(name, ())
    found = (cloudformation.describe_stack(calls, one) for one in ids)
    return next((one for one in found if one is not None and is_of(one, owner)), None)


def stacks_since(calls: Calls, owner: str, since: float) -> Iterator[StackSeen]:
    """Live stacks of this owner, whole, and those deleted since of any owner, with name and id alone; each once."""
    live = [one for one in cloudformation.walk_stacks(calls) if one.phase != "review" and is_of(one, owner)]
    past = past_stacks.deleted_since(calls, since, lambda name: request_id_of(name) is not None)
    known = {one.stack_id for one in live}
    gone = (StackSeen(stack_id, name, "DELETE_COMPLETE") for name, stack_id in past if stack_id not in known)
    return chain(live, gone)


def _whole(calls: Calls, stack: StackSeen) -> StackSeen | None:
    """The stack with parameters and tags; None for a deleted one that never was more than a change set."""
    if stack.phase != "deleted":
        return stack
    seen = cloudformation.describe_stack(calls, stack.stack_id)
    if seen is None:
        raise ProviderError(f"read stack {stack.name}: AWS lists it and does not describe it", hint="run it again")
    if seen.outputs:
        return seen
    return seen if was_begun(cloudformation.stack_events(calls, stack.stack_id)) else None
