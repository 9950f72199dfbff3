"""Stacks: made, read, deleted. Promises are idempotent unless they say otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ohf_iac.aws.translate import known
from ohf_iac.cfn import STACK_PHASE, StackEvent
from ohf_iac.errors import ProviderError
from ohf_iac.observation import StackSeen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ohf_iac.aws.calls import Calls

#: Answers to a repeated CreateStack that mean "that stack is there": which of them comes is not documented.
_ALREADY_THERE: Final = frozenset({"AlreadyExistsException", "TokenAlreadyExistsException"})


def create_stack(
    calls: Calls,
    *,
    name: str,
    template: Mapping[str, str],
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    token: str,
    role_arn: str = "",
) -> str:
    """Create a stack and return its id; "" when AWS says that it is there already.

    `template` is TemplateBody or TemplateURL, as `bodies.sendable` gives it. `token` is derived from the request's
    id, so that SDK retries make no second stack; OnFailure is DO_NOTHING, because a rollback kills machines that
    already joined.
    """
    extra: dict[str, Any] = {"RoleARN": role_arn} if role_arn else {}
    try:
        answer = calls.call(
            "cloudformation",
            "create_stack",
            "create",
            f"stack {name}",
            StackName=name,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())
            ],
            Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
            ClientRequestToken=token,
            OnFailure="DO_NOTHING",
            **template,
            **extra,
        )
    except ProviderError as error:
        if error.aws_code in _ALREADY_THERE:
            return ""
        raise
    return str(answer["StackId"])


def describe_stack(calls: Calls, stack: str) -> StackSeen | None:
    """A stack by name (live ones) or id (ninety days beyond its deletion); None when AWS does not know it."""
    try:
        answer = calls.call("cloudformation", "describe_stacks", "describe", f"stack {stack}", StackName=stack)
    except ProviderError as error:
        if is_missing(error):
            return None
        raise
    return _stack(answer["Stacks"][0])


def walk_stacks(calls: Calls) -> Iterator[StackSeen]:
    """Every live stack of the account and region, page by page."""
    for page in calls.pages("cloudformation", "describe_stacks", "list", "stacks"):
        yield from (_stack(one) for one in page["Stacks"])


def find_deleted_stacks(calls: Calls, wanted: Callable[[str], bool]) -> dict[str, tuple[str, ...]]:
    """Names to ids of the deleted stacks whose name is `wanted`, of whatever owner: the list knows no tags."""
    found: dict[str, tuple[str, ...]] = {}
    for page in calls.pages(
        "cloudformation", "list_stacks", "list", "deleted stacks", StackStatusFilter=["DELETE_COMPLETE"]
    ):
        for one in page["StackSummaries"]:
            if wanted(one["StackName"]):
                found[one["StackName"]] = (*found.get(one["StackName"], ()), one["StackId"])
    return found


def stack_events(calls: Calls, stack: str) -> tuple[StackEvent, ...]:
    """All events of a stack, newest first; () when AWS does not know the stack."""
    found: list[StackEvent] = []
    try:
        for page in calls.pages(
            "cloudformation", "describe_stack_events", "read", f"events of {stack}", StackName=stack
        ):
            found += [_event(one) for one in page["StackEvents"]]
    except ProviderError as error:
        if not is_missing(error):
            raise
    return tuple(found)


def stack_resources(calls: Calls, stack: str) -> dict[str, str]:
    """Logical to physical ids of a stack's resources, those that have one."""
    try:
        answer = calls.call(
            "cloudformation", "describe_stack_resources", "read", f"resources of {stack}", StackName=stack
        )
    except ProviderError as error:
        if is_missing(error):
            return {}
        raise
    rows = answer["StackResources"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in rows if one.get("PhysicalResourceId")}


def delete_stack(calls: Calls, stack: str, token: str, role_arn: str = "") -> None:
    """Ask for a stack's deletion; asking again, or for one that is gone, does no harm."""
    extra: dict[str, Any] = {"RoleARN": role_arn} if role_arn else {}
    try:
        calls.call(
            "cloudformation",
            "delete_stack",
            "delete",
            f"stack {stack}",
            StackName=stack,
            ClientRequestToken=token,
            **extra,
        )
    except ProviderError as error:
        if not (is_missing(error) or error.aws_code in _ALREADY_THERE):
            raise


def set_rest(calls: Calls, stack: StackSeen, units: int, token: str) -> None:
    """Set RestCapacity of a heterogeneous request's stack; every other parameter and the template stay.

    Asking again, or for a stack that is gone, does no harm.
    """
    kept = [
        {"ParameterKey": key, "UsePreviousValue": True} for key in sorted(stack.parameters) if key != "RestCapacity"
    ]
    try:
        calls.call(
            "cloudformation",
            "update_stack",
            "update",
            f"stack {stack.name}",
            StackName=stack.stack_id,
            UsePreviousTemplate=True,
            Parameters=[*kept, {"ParameterKey": "RestCapacity", "ParameterValue": str(units)}],
            ClientRequestToken=token,
        )
    except ProviderError as error:
        done = error.aws_code in _ALREADY_THERE or "No updates are to be performed" in error.message
        if not (done or is_missing(error)):
            raise


def is_missing(error: ProviderError) -> bool:
    """Whether CloudFormation says that a stack does not exist: code *and* text, the code alone means much else."""
    return error.aws_code == "ValidationError" and "does not exist" in error.message


def _stack(row: Mapping[str, Any]) -> StackSeen:
    known(STACK_PHASE, row["StackStatus"], f"stack {row['StackName']}")
    return StackSeen(
        stack_id=row["StackId"],
        name=row["StackName"],
        status=row["StackStatus"],
        reason=row.get("StackStatusReason", ""),
        created_at=int(row["CreationTime"].timestamp()),
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in row.get("Parameters", [])},
        tags={one["Key"]: one["Value"] for one in row.get("Tags", [])},
        outputs={one["OutputKey"]: one["OutputValue"] for one in row.get("Outputs", [])},
    )


def _event(row: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        event_id=row["EventId"],
        at=row["Timestamp"].timestamp(),
        logical_id=row.get("LogicalResourceId", ""),
        resource_type=row.get("ResourceType", ""),
        status=row.get("ResourceStatus", ""),
        physical_id=row.get("PhysicalResourceId", ""),
        reason=row.get("ResourceStatusReason", ""),
        token=row.get("ClientRequestToken", ""),
    )
