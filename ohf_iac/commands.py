"""Writes: steps carried out, stacks created. The only place where something is changed in AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.aws import cloudformation, ec2
from ohf_iac.aws.fleets import freeze_fleet, freeze_spot_fleet
from ohf_iac.aws.groups import suspend_group, tag_group
from ohf_iac.errors import ProviderError
from ohf_iac.plan import (
    BuyRest,
    DeleteStack,
    FreezeFleet,
    FreezeSpotFleet,
    Step,
    SuspendGroup,
    TagGroup,
    TagInstances,
    Terminate,
)
from ohf_iac.request import TAG_OWNER, TAG_REQUEST, TAG_SETTLED, stack_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.aws.calls import Calls


def carry_out(calls: Calls, steps: Iterable[Step], role_arn: str = "") -> dict[str, str]:
    """Carry steps out in order; the first that fails ends it with its ProviderError, and all may be repeated.

    Returns the instances that EC2 refuses to terminate (protected ones), with its reason.
    """
    refused: dict[str, str] = {}
    for step in steps:
        match step:
            case Terminate(ids, late):
                refused |= ec2.terminate(calls, _unmarked(calls, ids) if late else ids)
            case TagInstances(ids, key, value):
                ec2.tag(calls, ids, key, value)
            case TagGroup(group, key, value):
                tag_group(calls, group, key, value)
            case SuspendGroup(group):
                suspend_group(calls, group)
            case FreezeFleet(fleet_id):
                freeze_fleet(calls, fleet_id)
            case FreezeSpotFleet(fleet_id):
                freeze_spot_fleet(calls, fleet_id)
            case DeleteStack(stack, token):
                cloudformation.delete_stack(calls, stack, token, role_arn)
            case BuyRest(stack, units, token):
                buy_rest(calls, stack, units, token)
    return refused


def _unmarked(calls: Calls, ids: Iterable[str]) -> tuple[str, ...]:
    """The instances that nobody has told of up to this moment."""
    return tuple(one.instance_id for one in ec2.by_id(calls, ids) if TAG_SETTLED not in one.tags)


def buy_rest(calls: Calls, stack: str, units: int, token: str) -> None:
    """Set the on-demand rest of a heterogeneous request; a stack that has gone meanwhile is left alone."""
    seen = cloudformation.describe_stack(calls, stack)
    if seen is None or seen.phase in ("deleting", "deleted"):
        return
    if seen.parameters.get("RestCapacity", "0") == "0":
        cloudformation.set_rest(calls, seen, units, token)


def create_stack(
    calls: Calls,
    request_id: str,
    template: Mapping[str, str],
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    role_arn: str,
) -> str:
    """Create the one stack of a request and return its id; "" when it is there and was not seen yet.

    `template` is TemplateBody or TemplateURL, as `bodies.sendable` gives it.
    "It is there already" is what a retry of our own hears, after an answer that was lost. Its tags tell whose stack
    it is; ProviderError, and nothing created, when it is not this request's.
    """
    name = stack_name(request_id)
    created = cloudformation.create_stack(
        calls,
        name=name,
        template=template,
        parameters=parameters,
        tags=tags,
        token=f"{request_id}-create",
        role_arn=role_arn,
    )
    return created or _found_there(calls, name, tags)


def _found_there(calls: Calls, name: str, tags: Mapping[str, str]) -> str:
    try:
        seen = cloudformation.describe_stack(calls, name)
    except ProviderError:
        return ""  # the polls look again
    if seen is None:
        return ""  # a new stack is invisible for a moment
    if any(seen.tags.get(key) != tags.get(key) for key in (TAG_OWNER, TAG_REQUEST)):
        raise ProviderError(
            f"create stack {name}: there is one of that name, and its tags are not this request's",
            sent=False,
            hint="ask again: the next request has another id",
        )
    return seen.stack_id
