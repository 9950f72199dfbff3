"""Change sets of new stacks: made, read, carried out. Promises are idempotent unless they say otherwise.

A stack whose change set was never executed has no resources, and goes with a DeleteStack, its change set with it.
That order matters: until then the change set's tags are all that tells whose the stack is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ohf_iac.aws.cloudformation import is_missing
from ohf_iac.aws.sent_bodies import canonical_body
from ohf_iac.aws.translate import known
from ohf_iac.change_set import STAGES, USES, Change, ChangeSetSeen
from ohf_iac.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.aws.calls import Calls

#: what AWS answers to a repeated CreateChangeSet: with a name of our own, "that change set is there"
_ALREADY_THERE: Final = frozenset({"AlreadyExistsException", "TokenAlreadyExistsException"})
#: what AWS answers to an execution that is not to be had any more, or not yet
NOT_EXECUTABLE: Final = frozenset(
    {"InvalidChangeSetStatus", "ChangeSetNotFound", "InvalidChangeSetStatusException", "ChangeSetNotFoundException"}
)


def create_change_set(
    calls: Calls,
    *,
    stack: str,
    name: str,
    template: Mapping[str, str],
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    role_arn: str = "",
) -> None:
    """Ask for the change set `name` of a new stack; `template` is TemplateBody or TemplateURL.

    CloudFormation makes it in the background. When the stack fails later, it stays as it is (OnStackFailure
    DO_NOTHING), as that of any request.
    """
    extra: dict[str, Any] = {"RoleARN": role_arn} if role_arn else {}
    try:
        calls.call(
            "cloudformation",
            "create_change_set",
            "create",
            f"change set of {stack}",
            StackName=stack,
            ChangeSetName=name,
            ChangeSetType="CREATE",
            ClientToken=name,
            OnStackFailure="DO_NOTHING",
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())
            ],
            Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
            **template,
            **extra,
        )
    except ProviderError as error:
        if error.aws_code not in _ALREADY_THERE:
            raise


def describe_change_set(calls: Calls, stack: str, name: str) -> ChangeSetSeen | None:
    """A change set by its stack (name or id) and its own name or id; None when AWS does not know it."""
    pages = calls.pages(
        "cloudformation",
        "describe_change_set",
        "describe",
        f"change set of {stack}",
        StackName=stack,
        ChangeSetName=name,
    )
    try:
        first, *more = pages
    except ProviderError as error:
        if is_missing(error) or error.aws_code in NOT_EXECUTABLE:
            return None
        raise
    return _seen(first, [change for page in (first, *more) for change in page.get("Changes", [])])


def change_set_names(calls: Calls, stack: str) -> tuple[str, ...]:
    """The ids of a stack's change sets; () when AWS does not know the stack."""
    try:
        pages = calls.pages(
            "cloudformation", "list_change_sets", "list", f"change sets of {stack}", StackName=stack
        )
        return tuple(one["ChangeSetId"] for page in pages for one in page["Summaries"])
    except ProviderError as error:
        if is_missing(error):
            return ()
        raise


def change_set_body(calls: Calls, stack: str, name: str) -> str:
    """The body that a change set would create its stack from, in canonical form: what its digest is of.

    ProviderError when AWS does not know it, or it is none that `ohf` sends.
    """
    answer = calls.call(
        "cloudformation",
        "get_template",
        "read",
        f"body of {stack}",
        StackName=stack,
        ChangeSetName=name,
        TemplateStage="Original",
    )
    return canonical_body(answer["TemplateBody"], stack)


def delete_change_set(calls: Calls, stack: str, name: str) -> None:
    """Delete a change set, so that nobody can execute it; one that is gone already is none the worse."""
    try:
        calls.call(
            "cloudformation",
            "delete_change_set",
            "delete",
            f"change set of {stack}",
            StackName=stack,
            ChangeSetName=name,
        )
    except ProviderError as error:
        if not (is_missing(error) or error.aws_code in NOT_EXECUTABLE):
            raise


def execute_change_set(calls: Calls, stack: str, name: str, token: str) -> None:
    """Carry a change set out. AWS does so once: whoever comes later hears one of NOT_EXECUTABLE."""
    calls.call(
        "cloudformation",
        "execute_change_set",
        "create",
        f"stack {stack}",
        StackName=stack,
        ChangeSetName=name,
        ClientRequestToken=token,
    )


def _seen(row: Mapping[str, Any], changes: list[Any]) -> ChangeSetSeen:
    what = f"change set {row['ChangeSetName']}"
    known(STAGES, row["Status"], what)
    known(USES, row["ExecutionStatus"], what)
    return ChangeSetSeen(
        change_set_id=row["ChangeSetId"],
        name=row["ChangeSetName"],
        stack_id=row["StackId"],
        status=row["Status"],
        reason=row.get("StatusReason", ""),
        execution=row["ExecutionStatus"],
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in row.get("Parameters", [])},
        tags={one["Key"]: one["Value"] for one in row.get("Tags", [])},
        changes=tuple(
            Change(
                one["ResourceChange"]["Action"],
                one["ResourceChange"]["LogicalResourceId"],
                one["ResourceChange"]["ResourceType"],
            )
            for one in changes
            if one.get("Type") == "Resource"
        ),
    )
