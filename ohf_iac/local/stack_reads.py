"""What readers are shown of stacks, as boto3 returns it: stacks, events, resources, templates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ohf_iac.local.moments import moment
from ohf_iac.local.stack_checks import invalid
from ohf_iac.local.stack_record import Event, Site, Stack, StackResource, Version
from ohf_iac.local.stack_search import MISSING_IN_BRACKETS, readable_stack, readable_stacks

PAGE = 100
HIDDEN = "****"  # a NoEcho parameter's value
Params = Mapping[str, Any]
Document = dict[str, Any]


def page(items: Sequence[Any], token: str | None) -> tuple[Sequence[Any], str | None]:
    """One page and the token of the next; a token is a place in the list. Raises Refused for a made-up one."""
    if token is not None and not token.isdecimal():
        raise invalid("Invalid NextToken")
    start = int(token or 0)
    following = start + PAGE
    return items[start:following], str(following) if following < len(items) else None


def describe_stacks(site: Site, params: Params) -> Document:
    """One stack by name or id, or all that live. Raises Refused when there is none of that name."""
    if params.get("StackName"):
        return {"Stacks": [_described(site, readable_stack(site, params["StackName"]))]}
    live = [stack for stack in readable_stacks(site) if stack.live]
    shown, following = page(live, params.get("NextToken"))
    return {"Stacks": [_described(site, stack) for stack in shown], "NextToken": following}


def _described(site: Site, stack: Stack) -> Document:
    version, terms = stack.version, stack.terms
    if stack.status == "REVIEW_IN_PROGRESS" and site.scenario.uncertain.review_stack == "bare":
        # before a change set is executed, template, parameters and tags are the change set's own
        version = replace(version, template={}, values={}, tags={})
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": version.template.get("Description"),
        "Parameters": _parameters(version),
        **_times(stack),
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DisableRollback": terms.on_failure == "DO_NOTHING",
        "NotificationARNs": list(terms.notification_arns),
        "TimeoutInMinutes": terms.timeout_minutes,
        "Capabilities": list(terms.capabilities) or None,
        "Outputs": _outputs(stack),
        "RoleARN": terms.role_arn,
        "Tags": [{"Key": key, "Value": value} for key, value in version.tags.items()],
        "EnableTerminationProtection": stack.protected,
        "DriftInformation": _drift(stack),
    }


def _times(stack: Stack) -> Document:
    return {
        "CreationTime": moment(stack.created_at),
        "LastUpdatedTime": None if stack.updated_at is None else moment(stack.updated_at),
        "DeletionTime": None if stack.deleted_at is None else moment(stack.deleted_at),
    }


def _drift(stack: Stack) -> Document:
    if stack.drift is None:
        return {"StackDriftStatus": "NOT_CHECKED"}
    return {"StackDriftStatus": stack.drift.status, "LastCheckTimestamp": moment(stack.drift.begun)}


def _parameters(version: Version) -> list[Document]:
    declared, shown = version.template.get("Parameters") or {}, []
    for key, value in version.values.items():
        entry = {"ParameterKey": key, "ParameterValue": HIDDEN if _is_true(declared[key].get("NoEcho")) else value}
        if str(declared[key].get("Type")).startswith("AWS::SSM::Parameter::Value"):
            entry["ResolvedValue"] = str(version.parameters[key])
        shown.append(entry)
    return shown


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _outputs(stack: Stack) -> list[Document] | None:
    declared = stack.version.template.get("Outputs") or {}
    return [
        {"OutputKey": key, "OutputValue": value, "Description": declared.get(key, {}).get("Description")}
        for key, value in stack.outputs.items()
    ] or None


def list_stacks(site: Site, params: Params) -> Document:
    """Summaries of all stacks, deleted ones too, or of those in the statuses asked for."""
    wanted = set(params.get("StackStatusFilter") or ())
    found = [stack for stack in readable_stacks(site) if not wanted or stack.status in wanted]
    shown, following = page(found, params.get("NextToken"))
    return {"StackSummaries": [_summary(stack) for stack in shown], "NextToken": following}


def _summary(stack: Stack) -> Document:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "TemplateDescription": stack.version.template.get("Description"),
        **_times(stack),
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DriftInformation": _drift(stack),
    }


def describe_stack_events(site: Site, params: Params) -> Document:
    """Events, newest first. Raises Refused when there is no such stack."""
    if not params.get("StackName"):
        raise invalid(
            "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not "
            "be null"
        )
    stack = readable_stack(site, params["StackName"], MISSING_IN_BRACKETS)
    shown, following = page(stack.events[::-1], params.get("NextToken"))
    return {"StackEvents": [_event(stack, event) for event in shown], "NextToken": following}


def _event(stack: Stack, event: Event) -> Document:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "EventId": event.id,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "Timestamp": moment(event.at),
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or None,
        "ResourceProperties": event.properties or None,
        "ClientRequestToken": event.token or None,
    }


def describe_stack_resources(site: Site, params: Params) -> Document:
    """The first hundred resources of a stack, or of the stack that has this physical id. Raises Refused."""
    physical_id, logical_id = params.get("PhysicalResourceId"), params.get("LogicalResourceId")
    stack = _stack_of(site, physical_id) if physical_id else readable_stack(site, params.get("StackName") or "")
    chosen = [resource for resource in _begun(stack) if logical_id in (None, resource.logical_id)]
    return {"StackResources": [_resource(stack, resource) for resource in chosen[:PAGE]]}


def _stack_of(site: Site, physical_id: str) -> Stack:
    for stack in readable_stacks(site):
        if stack.live and any(resource.physical_id == physical_id for resource in stack.resources.values()):
            return stack
    raise invalid(f"Stack for {physical_id} does not exist")


def describe_stack_resource(site: Site, params: Params) -> Document:
    """One resource with its metadata. Raises Refused."""
    stack, name = (
        readable_stack(site, params["StackName"], "Stack '{}' does not exist"),
        params["LogicalResourceId"],
    )
    for resource in _begun(stack):
        if resource.logical_id == name:
            metadata = stack.version.template["Resources"].get(name, {}).get("Metadata")
            written = None if metadata is None else json.dumps(metadata)
            return {"StackResourceDetail": {**_updated(_resource(stack, resource)), "Metadata": written}}
    raise invalid(f"Resource {name} does not exist for stack {stack.name}")


def list_stack_resources(site: Site, params: Params) -> Document:
    """All resources of a stack, in pages. Raises Refused."""
    stack = readable_stack(site, params["StackName"])
    shown, following = page(_begun(stack), params.get("NextToken"))
    rows = [_updated(_resource(stack, resource)) for resource in shown]
    for row in rows:
        del row["StackId"], row["StackName"]
    return {"StackResourceSummaries": rows, "NextToken": following}


def _begun(stack: Stack) -> list[StackResource]:
    return [resource for resource in stack.resources.values() if resource.status]


def _resource(stack: Stack, resource: StackResource) -> Document:
    return {
        "StackName": stack.name,
        "StackId": stack.id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id or None,
        "ResourceType": resource.type,
        "Timestamp": moment(resource.at),
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def _updated(row: Document) -> Document:
    return {("LastUpdatedTimestamp" if key == "Timestamp" else key): value for key, value in row.items()}


def account_limits(site: Site, params: Params) -> Document:
    """The limits that CloudFormation tells of."""
    del params
    most = site.scenario.stacks.limit
    limits = {
        "StackLimit": 2000 if most is None else most,
        "StackOutputsLimit": 200,
        "ConcurrentResourcesLimit": 2500,
    }
    return {"AccountLimits": [{"Name": name, "Value": value} for name, value in limits.items()]}
