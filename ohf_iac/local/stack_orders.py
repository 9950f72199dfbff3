"""CreateStack, UpdateStack, DeleteStack and termination protection: what is accepted, refused, or harmless.

`params` are the calls' parameters as boto3 has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ohf_iac.local.refusals import Refused
from ohf_iac.local.stack_checks import (
    body_of,
    check_name,
    check_token,
    checked_tags,
    invalid,
    outline_of,
    version_of,
)
from ohf_iac.local.stack_end import begin_deletion
from ohf_iac.local.stack_life import begin_creation
from ohf_iac.local.stack_record import OnFailure, Site, Stack, Terms, Version, record
from ohf_iac.local.stack_search import MISSING_IN_BRACKETS, live_stack
from ohf_iac.local.stack_update import begin_update

Params = Mapping[str, Any]
UPDATABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
UNDELETABLE = (
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
)


def create_stack(site: Site, params: Params) -> Stack:
    """A new stack whose creation has begun, or the one that the same token made. Raises Refused."""
    name, token = params["StackName"], params.get("ClientRequestToken") or ""
    check_name(name)
    check_token(token)
    version = new_version(site, params)
    standing = live_stack(site, name)
    if standing is not None:
        repeated = bool(token) and standing.tokens.get(token) == "create"
        if repeated and site.scenario.uncertain.same_token == "stackId":  # noqa: S105 - a way to answer
            return standing
        raise Refused("AlreadyExistsException", f"Stack [{name}] already exists")
    _refuse_known_token(site, token)
    stack = new_stack(site, name, version, terms_of(params))
    stack.protected = bool(params.get("EnableTerminationProtection"))
    _use_token(stack, token, "create")
    begin_creation(site, stack)
    return stack


def new_version(site: Site, params: Params) -> Version:
    """The version that a creation asks for. Raises Refused."""
    tags = checked_tags(params.get("Tags") or ())
    return version_of(site, body_of(site.region, params), params.get("Parameters") or (), tags, {})


def new_stack(site: Site, name: str, version: Version, terms: Terms) -> Stack:
    """A stack of which nothing has happened yet. Raises Refused when there are too many."""
    limit = site.scenario.stacks.limit
    if limit is not None and sum(stack.live for stack in site.region.stacks.values()) >= limit:
        raise Refused("LimitExceededException", f"Limit for stack has been exceeded: {limit}")
    place = f"arn:aws:cloudformation:{site.region.name}:{site.region.account}:stack"
    stack = Stack(f"{place}/{name}/{site.region.ids.uuid('stack')}", name, version, terms, site.now())
    site.region.stacks[stack.id] = stack
    return stack


def terms_of(params: Params) -> Terms:
    """How the stack is to be run. Raises Refused when OnFailure and DisableRollback are both given."""
    given: OnFailure | None = params.get("OnFailure") or params.get("OnStackFailure")
    if given is not None and params.get("DisableRollback") is not None:
        raise invalid("Either DisableRollback or OnFailure can be specified, not both.")
    timeout = params.get("TimeoutInMinutes")
    return Terms(
        on_failure=given or ("DO_NOTHING" if params.get("DisableRollback") else "ROLLBACK"),
        timeout_minutes=None if timeout is None else int(timeout),
        role_arn=params.get("RoleARN"),
        capabilities=tuple(params.get("Capabilities") or ()),
        notification_arns=tuple(params.get("NotificationARNs") or ()),
    )


def _refuse_known_token(site: Site, token: str) -> None:
    if token and any(token in stack.tokens for stack in site.region.stacks.values()):
        raise Refused("TokenAlreadyExistsException", f"A client request token already exists: {token}")


def delete_stack(site: Site, params: Params) -> dict[str, Any]:
    """Begin the deletion; a stack that is not there, or on its way out, is no error. Raises Refused."""
    token, retain = params.get("ClientRequestToken") or "", params.get("RetainResources") or ()
    check_token(token)
    force = params.get("DeletionMode") == "FORCE_DELETE_STACK"
    stack = live_stack(site, params["StackName"])
    if stack is None or stack.status == "DELETE_IN_PROGRESS":
        return {}
    if stack.protected:
        raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    if stack.status in UNDELETABLE:
        raise invalid(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
    if (retain or force) and stack.status != "DELETE_FAILED":
        raise invalid(
            f"Invalid operation on stack [{stack.id}]. {'DeletionMode' if force else 'RetainResources'} can only "
            "be specified when the stack is in DELETE_FAILED state"
        )
    _refuse_unknown_resources(stack, retain)
    _use_token(stack, token, "delete")
    _take_role(stack, params)
    begin_deletion(site, stack, retain=retain, force=force)
    return {}


def _refuse_unknown_resources(stack: Stack, names: Any) -> None:
    for name in names:
        if name not in stack.resources or stack.resources[name].status != "DELETE_FAILED":
            raise invalid(f"The specified resources to retain must be in a valid state: [{name}]")


def _use_token(stack: Stack, token: str, kind: str) -> None:
    if token and stack.tokens.get(token, kind) != kind:
        raise Refused("TokenAlreadyExistsException", f"A client request token already exists: {token}")
    stack.token = token
    if token:
        stack.tokens[token] = kind


def _take_role(stack: Stack, params: Params) -> None:
    """The role of an operation stays with the stack for those to come (CloudFormation API reference, RoleARN)."""
    if params.get("RoleARN"):
        stack.terms = replace(stack.terms, role_arn=params["RoleARN"])


def update_stack(site: Site, params: Params) -> Stack:
    """Begin the update. Raises Refused, also when nothing would change or another operation is under way."""
    token = params.get("ClientRequestToken") or ""
    check_token(token)
    stack = live_stack(site, params["StackName"])
    if stack is None:
        raise invalid(MISSING_IN_BRACKETS.format(params["StackName"]))
    if token and stack.tokens.get(token) == "update":
        return stack
    version = next_version(site, stack, params)
    refuse_unless_updatable(stack)
    if not differs(site, stack, version):
        raise invalid("No updates are to be performed.")
    _use_token(stack, token, "update")
    _take_role(stack, params)
    begin_update(site, stack, version, rollback=not params.get("DisableRollback"))
    return stack


def refuse_unless_updatable(stack: Stack) -> None:
    """Raises Refused while another operation is under way, or after one that failed."""
    if stack.status not in UPDATABLE:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def next_version(site: Site, stack: Stack, params: Params) -> Version:
    """The version that an update asks for; tags stay when none are given. Raises Refused."""
    body = body_of(site.region, params, stack.version.body)
    tags = checked_tags(params["Tags"]) if params.get("Tags") is not None else stack.version.tags
    return version_of(site, body, params.get("Parameters") or (), tags, stack.version.values)


def differs(site: Site, stack: Stack, version: Version) -> bool:
    """Whether that version would change anything of the stack."""
    same_outline = outline_of(site, stack.version) == outline_of(site, version)
    return not same_outline or dict(stack.version.tags) != dict(version.tags)


def protect(site: Site, params: Params) -> Stack:
    """Switch termination protection on or off. Raises Refused."""
    stack = live_stack(site, params["StackName"])
    if stack is None:
        raise invalid(MISSING_IN_BRACKETS.format(params["StackName"]))
    stack.protected = bool(params["EnableTerminationProtection"])
    return stack


def review(site: Site, name: str, version: Version, terms: Terms) -> Stack:
    """A stack without resources that waits for its first change set to be executed. Raises Refused."""
    check_name(name)
    stack = new_stack(site, name, version, terms)
    record(site, stack, None, "REVIEW_IN_PROGRESS", "User Initiated")
    return stack
