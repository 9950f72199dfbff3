"""Reads: what AWS shows of requests, stacks and machines. Nothing here changes anything.

A read that fails raises ProviderError; what that means (nothing about the machines) is the caller's affair.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ohf_iac.aws import change_sets, cloudformation, ec2
from ohf_iac.aws.capacity import capacity_seen
from ohf_iac.aws.groups import tag_of_group
from ohf_iac.aws.launch_templates import templates_of_owner
from ohf_iac.aws.translate import REFUSED
from ohf_iac.cfn import physical_ids, verdict_in_token, was_complete
from ohf_iac.errors import ProviderError
from ohf_iac.observation import Observation, fleet_ids
from ohf_iac.orphans import Holdings
from ohf_iac.request import TAG_KIND, TAG_OWNER, TAG_REQUEST, TAG_SETTLED, is_ours, stack_name
from ohf_iac.status.recover import record_from_stack
from ohf_iac.status.tally import verdict_of
from ohf_iac.template.kinds import ASG, INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ohf_iac.aws.calls import Calls
    from ohf_iac.cfn import StackEvent
    from ohf_iac.machine import Instance
    from ohf_iac.observation import CapacitySeen, StackSeen
    from ohf_iac.request import Request, RequestRecord, Verdict
    from ohf_iac.template.kinds import Kind

#: Logical ids of the resources that launch, with the outputs that name them.
_LAUNCHERS: Final = (("Capacity", "CapacityId"), ("OnDemandRest", "RestId"))
_OUTPUTS: Final = (("LaunchTemplate", "LaunchTemplateId"), *_LAUNCHERS)
_ENDED: Final = ("failed", "delete_failed", "deleting", "deleted")


def machines_of(calls: Calls, owner: str, request_ids: Iterable[str]) -> dict[str, Observation]:
    """One observation per request, by its machines alone: one paged describe for two hundred requests."""
    ids = tuple(request_ids)
    found: dict[str, list[Instance]] = {one: [] for one in ids}
    for instance in ec2.of_requests(calls, owner, ids):
        if (request_id := instance.tags.get(TAG_REQUEST, "")) in found:
            found[request_id].append(instance)
    at = calls.moment()
    return {one: Observation(one, at, tuple(instances)) for one, instances in found.items()}


def stacks_of_owner(calls: Calls, owner: str) -> dict[str, StackSeen]:
    """Every live stack of this owner by name, in one paged walk."""
    return {one.name: one for one in cloudformation.walk_stacks(calls) if one.tags.get(TAG_OWNER) == owner}


def stack_of(calls: Calls, owner: str, stack: str) -> StackSeen | None:
    """A stack by name or id; None when there is none, or when it is not this owner's.

    One whose change set was not executed bears no tags yet: it is taken for the one that is meant.
    """
    seen = cloudformation.describe_stack(calls, stack)
    if seen is None or seen.phase == "review":
        return seen
    return seen if seen.tags.get(TAG_OWNER) == owner else None


def holdings_of(calls: Calls, owner: str, request_id: str | None = None) -> Holdings:
    """All stacks, machines and launch templates of an owner, or those of one request ("": of machines without one).

    Machines are read last, because the marks that polls put on them meanwhile count.
    """
    one = cloudformation.describe_stack(calls, stack_name(request_id)) if request_id else None
    stacks = tuple(cloudformation.walk_stacks(calls)) if request_id is None else (one,) if one else ()
    stacks = tuple(in_review(calls, owner, one) if one.phase == "review" else one for one in stacks)
    templates = templates_of_owner(calls, owner, stack_name(request_id) if request_id else "")
    instances = ec2.of_requests(calls, owner, [request_id]) if request_id else ec2.of_owner(calls, owner)
    return Holdings(
        calls.moment(),
        owner,
        tuple(one for one in stacks if one.tags.get(TAG_OWNER) == owner),
        instances,
        templates,
        frozenset(one.name for one in stacks),
    )


def in_review(calls: Calls, owner: str, stack: StackSeen) -> StackSeen:
    """A stack of our name whose change set was not executed, with that one's tags: they tell whose it is.

    Without any change set nothing can come of it any more, for whomever it was made: it counts as this owner's, who
    may remove it. It is left as it is where reading change sets is denied: then nobody here makes any.
    """
    if stack.tags or not is_ours(stack.name):
        return stack
    try:
        names = change_sets.change_set_names(calls, stack.stack_id)
        found = (change_sets.describe_change_set(calls, stack.stack_id, one) for one in names)
        first = next(filter(None, found), None)
    except ProviderError as error:
        if error.code != REFUSED:
            raise
        return stack
    return (
        replace(stack, tags=first.tags, parameters=first.parameters)
        if first
        else replace(stack, tags={TAG_OWNER: owner})
    )


def look(
    calls: Calls, record: RequestRecord, seen: Observation, stacks: Mapping[str, StackSeen] | None = None
) -> Observation:
    """The same observation with stack, events where they matter, and group or fleet. `stacks`: from a walk.

    Where somebody has asked for the stack's deletion, the verdict that its token tells is in `settled`.
    """
    request = record.request
    stack = (stacks or {}).get(stack_name(request.request_id))
    if stack is None:
        stack = stack_of(calls, request.owner, record.stack_id or stack_name(request.request_id))
    events: tuple[StackEvent, ...] = ()
    if stack is not None and (stack.phase in _ENDED or stack.turned_back):
        events = cloudformation.stack_events(calls, stack.stack_id)
    capacities = _capacities(calls, request.kind, stack, events, seen) if stack is not None else ()
    token = verdict_in_token(events, request.request_id) if stack is not None and not stack.stays else ""
    whole = replace(
        seen, looked=True, settled=seen.settled or token, stack=stack, events=events, capacities=capacities
    )
    return _with_members(calls, request, whole)


def with_resources(calls: Calls, stack: StackSeen) -> StackSeen:
    """A stack with the outputs that its resources tell, where it has none: it is not complete, or has failed."""
    if stack.outputs or stack.phase == "deleted":
        return stack
    ids = cloudformation.stack_resources(calls, stack.stack_id)
    return replace(stack, outputs={output: ids[logical] for logical, output in _OUTPUTS if logical in ids})


def lasting_mark(calls: Calls, stack: StackSeen) -> str:
    """The settle mark on what outlives the machines of a stack, as `plan` puts it there; "" without one.

    A deletion may have taken that along: then the token of our DeleteStack tells.
    """
    if stack.phase in ("deleting", "delete_failed"):
        token = verdict_in_token(
            cloudformation.stack_events(calls, stack.stack_id), stack.tags.get(TAG_REQUEST, "")
        )
        if token:
            return token
    template, capacity = stack.outputs.get("LaunchTemplateId", ""), stack.outputs.get("CapacityId", "")
    if template:
        return ec2.tag_of(calls, template, TAG_SETTLED)
    if stack.tags.get(TAG_KIND) == ASG:
        return tag_of_group(calls, stack.name, TAG_SETTLED)
    return ec2.tag_of(calls, capacity, TAG_SETTLED) if capacity else ""


def told_elsewhere(calls: Calls, owner: str, seen: Observation) -> Observation:
    """The same observation with the verdict that another host told of a request, by what it left in AWS."""
    if seen.stack is None or seen.stack.phase == "deleted":
        return seen  # nothing bears a mark any more: the token of the deletion tells (`look`)
    return with_mark(calls, owner, seen, seen.stack)


def with_mark(calls: Calls, owner: str, seen: Observation, stack: StackSeen) -> Observation:
    """The same observation with its stack's lasting mark, if there is one, and then with its machines read again:
    whoever settled the request since they were read may have told of machines that did not show yet, or only as
    pending. Those that the tag filter does not show are read by their ids."""
    mark = lasting_mark(calls, with_resources(calls, stack))
    if not mark:
        return seen
    again = machines_of(calls, owner, [seen.request_id])[seen.request_id]
    shown = {one.instance_id for one in again.instances}
    hidden = ec2.by_id(calls, (one.instance_id for one in seen.instances if one.instance_id not in shown))
    return replace(seen, settled=mark, at=again.at, instances=again.instances + hidden)


def deleted_stacks(calls: Calls, wanted: Callable[[str], bool]) -> dict[str, tuple[str, ...]]:
    """Names to ids of the deleted stacks whose name is `wanted`, of any owner; AWS knows them for ninety days."""
    return cloudformation.find_deleted_stacks(calls, wanted)


def record_of_deleted(calls: Calls, owner: str, stack_ids: Iterable[str], now: int) -> RequestRecord | None:
    """The request of the one among deleted stacks of a name that is this owner's, with its verdict; None where none
    is, or AWS has forgotten it.

    The token of our DeleteStack tells the verdict. Without one a stack that once was CREATE_COMPLETE is `complete`.
    """
    for stack_id in stack_ids:
        stack = stack_of(calls, owner, stack_id)
        record = record_from_stack(stack, {}) if stack is not None else None
        if stack is not None and record is not None and stack_name(record.request.request_id) == stack.name:
            verdict = _verdict_in(cloudformation.stack_events(calls, stack_id), record.request.request_id)
            return replace(record, stack="gone", verdict=verdict, settled_at=now, message="its stack is deleted")
    return None


def _verdict_in(events: tuple[StackEvent, ...], request_id: str) -> Verdict:
    return verdict_of(verdict_in_token(events, request_id) or ("complete" if was_complete(events) else ""))


def _capacities(
    calls: Calls, kind: Kind, stack: StackSeen, events: tuple[StackEvent, ...], seen: Observation
) -> tuple[CapacitySeen, ...]:
    ids = launcher_ids(calls, kind, stack, events, seen)
    return tuple(
        capacity_seen(calls, INSTANT if logical == "OnDemandRest" else kind, physical, seen.at)
        for logical, physical in ids.items()
    )


def launcher_ids(
    calls: Calls, kind: Kind, stack: StackSeen, events: tuple[StackEvent, ...], seen: Observation
) -> dict[str, str]:
    """Physical ids of the group or fleets by logical id: from outputs, else events, resources, machines' tags."""
    found = {logical: stack.outputs[output] for logical, output in _LAUNCHERS if output in stack.outputs}
    if found or stack.phase == "deleted":
        return found
    named = physical_ids(events or cloudformation.stack_events(calls, stack.stack_id))
    named = named if "Capacity" in named else cloudformation.stack_resources(calls, stack.stack_id)
    found = {logical: named[logical] for logical, _ in _LAUNCHERS if logical in named}
    if not found and kind != ASG:
        found = dict.fromkeys(["Capacity"], fleets[0]) if (fleets := fleet_ids(kind, seen)) else {}
    return found


def _with_members(calls: Calls, request: Request, seen: Observation) -> Observation:
    """Add the members that a group or fleet lists and the tag filter did not show (it lags behind)."""
    shown = {one.instance_id for one in seen.instances}
    hidden = [one for capacity in seen.capacities for one in capacity.members if one not in shown]
    if not hidden:
        return seen
    found = {one.instance_id: one for one in ec2.by_id(calls, hidden)}
    return replace(
        seen,
        instances=seen.instances + tuple(one for one in found.values() if _belongs(one, request)),
        unseen_members=tuple(one for one in hidden if one not in found),
    )


def _belongs(member: Instance, request: Request) -> bool:
    """Whether a member is the request's own: anybody may attach a machine to a group. The dead lose their tags."""
    if member.state == "terminated" and TAG_OWNER not in member.tags:
        return True
    return (member.tags.get(TAG_OWNER), member.tags.get(TAG_REQUEST)) == (request.owner, request.request_id)
