"""Settling, returns, chores and clean-up as tuples of steps.

Pure: nothing here calls AWS. Every step is absolute, may be repeated, and commutes with the steps of any other
process: no step depends on a count that somebody else may have changed (design §2.5, §2.6). The executor in
`commands` carries steps out in the order given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ohf_iac.observation import FLEET_TAG, fleet_ids
from ohf_iac.request import RETURN_TAG_PREFIX, TAG_SETTLED, return_tag, stack_name
from ohf_iac.status.tally import settled_mark
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, FLEET_REQUEST, INSTANT, SPOT_MAINTAIN, SPOT_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.machine import Instance
    from ohf_iac.observation import Observation, StackSeen
    from ohf_iac.request import RequestRecord, Verdict
    from ohf_iac.status.judge import Judgement
    from ohf_iac.template.kinds import Kind

#: EC2's tag that names the launch template that an instance was started from
TEMPLATE_TAG: Final = "aws:ec2launchtemplate:id"
#: CreateTags and TerminateInstances in one call
TAG_BATCH: Final = 500
TERMINATE_BATCH: Final = 1000
#: returns that leave their mark on one machine
RETURN_MARKS: Final = 10


@dataclass(frozen=True, slots=True)
class SuspendGroup:
    """Suspend Launch, AZRebalance and ReplaceUnhealthy of a group; never Terminate (deletion would hang)."""

    group: str


@dataclass(frozen=True, slots=True)
class FreezeFleet:
    """Set total, on-demand and spot target of a maintain EC2 Fleet to 0 without terminating."""

    fleet_id: str


@dataclass(frozen=True, slots=True)
class FreezeSpotFleet:
    """Set the targets of a maintain Spot Fleet to 0 without terminating."""

    fleet_id: str


@dataclass(frozen=True, slots=True)
class TagInstances:
    """Put one tag on instances; ids that have vanished are dropped."""

    ids: tuple[str, ...]
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class TagGroup:
    """Put one tag on a group, not on its machines; a group that is gone is left so."""

    group: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Terminate:
    """Terminate instances; ids that have vanished are dropped.

    `late` are those that appeared after the terminal answer: one that bears the mark by now was told of, and stays.
    """

    ids: tuple[str, ...]
    late: bool = False


@dataclass(frozen=True, slots=True)
class DeleteStack:
    """Delete a stack; the token carries the settled status for ninety days of events."""

    stack: str
    token: str


@dataclass(frozen=True, slots=True)
class BuyRest:
    """Set the parameter RestCapacity of a heterogeneous request's stack."""

    stack: str
    units: int
    token: str


Step = SuspendGroup | FreezeFleet | FreezeSpotFleet | TagInstances | TagGroup | Terminate | DeleteStack | BuyRest


def freeze(kind: Kind, request_id: str, fleets: Iterable[str]) -> tuple[Step, ...]:
    """What stops a request's group or fleet from launching; empty where its own end does (request, instant)."""
    if kind == ASG:
        return (SuspendGroup(stack_name(request_id)),)
    if kind == FLEET_MAINTAIN:
        return tuple(FreezeFleet(one) for one in fleets)
    if kind == SPOT_MAINTAIN:
        return tuple(FreezeSpotFleet(one) for one in fleets)
    return ()


def steps_for(record: RequestRecord, seen: Observation, judgement: Judgement) -> tuple[Step, ...]:
    """The steps that a judgement wishes, in order. The mark `ohf:settled` comes last, after every freeze."""
    request = record.request
    if judgement.wish == "freeze":
        return _freeze_or_delete(record, seen)
    if judgement.wish == "terminate":
        return terminate(judgement.doomed)
    if judgement.wish == "buy-rest":
        return (BuyRest(_stack_of(record, seen), judgement.rest, f"{request.request_id}-rest"),)
    if judgement.wish != "settle" or judgement.verdict is None:
        return ()
    steps = freeze(request.kind, request.request_id, fleet_ids(request.kind, seen)) if seen.instances else ()
    return steps + _marks(record, seen, judgement.tag, judgement.verdict) + terminate(judgement.doomed, late=True)


def _marks(
    record: RequestRecord, seen: Observation, machines: tuple[str, ...], verdict: Verdict
) -> tuple[Step, ...]:
    """The mark on machines and on what outlives them; also where no machine is left to bear it."""
    if not machines and (seen.settled or settled_mark(seen.instances)):
        return ()
    request = record.request
    steps = tag(machines + _outliving(record, seen), TAG_SETTLED, verdict)
    if request.kind == ASG and not request.own_template and (seen.instances or (seen.stack and seen.stack.stays)):
        steps += (TagGroup(stack_name(request.request_id), TAG_SETTLED, verdict),)
    return steps


def _outliving(record: RequestRecord, seen: Observation) -> tuple[str, ...]:
    """What outlives the machines, and so does the mark on it: the request's own launch template, else its fleet.

    The machines name it, or the stack where there is none. A launch template of somebody else is not ours to mark;
    only groups and instant fleets start from such a one, and a group has tags of another sort. Of a request that is
    known by its machines alone nobody knows which it is: that one's mark was put before.
    """
    if not (record.request.own_template or record.digest or record.stack_id):
        return ()
    key, output = (TEMPLATE_TAG, "LaunchTemplateId") if record.request.own_template else (FLEET_TAG, "CapacityId")
    named = [one.tags[key] for one in seen.instances if key in one.tags]
    if (
        seen.stack is not None
        and seen.stack.stays
        and (record.request.own_template or record.request.kind == INSTANT)
    ):
        named += [seen.stack.outputs[output]] if output in seen.stack.outputs else []
    return tuple(named[:1])


def tag(ids: Iterable[str], key: str, value: str) -> tuple[Step, ...]:
    """Tag instances, in batches that CreateTags takes."""
    return tuple(TagInstances(part, key, value) for part in batches(ids, TAG_BATCH))


def terminate(ids: Iterable[str], *, late: bool = False) -> tuple[Step, ...]:
    """Terminate instances, in batches that TerminateInstances takes."""
    return tuple(Terminate(part, late) for part in batches(ids, TERMINATE_BATCH))


def delete_stack(record: RequestRecord) -> DeleteStack:
    """Delete the stack of a settled request; by id, so that a later stack of that name could not be meant."""
    return DeleteStack(
        record.stack_id or stack_name(record.request.request_id),
        delete_token(record.request.request_id, record.verdict or "complete_with_error"),
    )


def delete_token(request_id: str, verdict: Verdict) -> str:
    """DeleteStack's ClientRequestToken: letters, digits and hyphens are all that CloudFormation takes."""
    return f"{request_id}-delete-{verdict.replace('_', '-')}"


def return_steps(
    return_id: str,
    instances: Iterable[Instance],
    unfrozen: Mapping[str, tuple[Step, ...]],
    deletable: Iterable[Step],
) -> tuple[Step, ...]:
    """A return: freeze what is not frozen yet, mark the machines, end them, delete the stacks that are left empty.

    `unfrozen` maps the unsettled requests concerned to their freeze steps. No target is computed, so that any
    interleaving of returns, settles and polls ends in the same state. A machine that many returns have marked gets
    no further mark: EC2 takes fifty tags, and a machine that nobody can end is given back again and again.
    """
    ending = tuple(instances)
    marked = (one.instance_id for one in ending if _return_marks(one, return_id) < RETURN_MARKS)
    frozen = tuple(step for steps in unfrozen.values() for step in steps)
    ends = terminate(one.instance_id for one in ending)
    return frozen + tag(marked, return_tag(return_id), "") + ends + tuple(deletable)


def _return_marks(instance: Instance, return_id: str) -> int:
    """How many other returns have marked a machine."""
    return sum(key.startswith(RETURN_TAG_PREFIX) and key != return_tag(return_id) for key in instance.tags)


def batches(ids: Iterable[str], size: int) -> tuple[tuple[str, ...], ...]:
    """Cut ids into parts of at most `size`, in order."""
    whole = tuple(ids)
    return tuple(whole[start : start + size] for start in range(0, len(whole), size))


def _freeze_or_delete(record: RequestRecord, seen: Observation) -> tuple[Step, ...]:
    """Freeze the group or fleet; where there is none to freeze and no machine lives, delete the stack.

    Request and instant fleets know no freeze: before their end only DeleteStack keeps them from launching, and
    with no live machine nothing is lost by it.
    """
    request = record.request
    steps = freeze(request.kind, request.request_id, fleet_ids(request.kind, seen))
    known = bool(seen.capacities) or any(one.live for one in seen.instances)
    if steps and known:
        return steps
    if any(one.live for one in seen.instances) or seen.stack is None:
        return steps
    if _ends_by_itself(request.kind, seen.stack, bool(seen.capacities)):
        return ()
    return (DeleteStack(seen.stack.stack_id, delete_token(request.request_id, "complete_with_error")),)


def _ends_by_itself(kind: Kind, stack: StackSeen, capacity_known: bool) -> bool:
    """A request fleet in a sound stack ends by its ValidUntil: waiting is enough."""
    return kind in (FLEET_REQUEST, SPOT_REQUEST, INSTANT) and stack.phase == "ready" and capacity_known


def _stack_of(record: RequestRecord, seen: Observation) -> str:
    return seen.stack.stack_id if seen.stack else record.stack_id or stack_name(record.request.request_id)
