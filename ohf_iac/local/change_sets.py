"""Change sets: what a creation or update would do, shown first and carried out when executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ohf_iac.local.moments import moment
from ohf_iac.local.refusals import Refused
from ohf_iac.local.stack_checks import check_token, invalid, outline_of
from ohf_iac.local.stack_life import begin_creation
from ohf_iac.local.stack_orders import differs, new_version, next_version, refuse_unless_updatable, review, terms_of
from ohf_iac.local.stack_record import Site, Stack, Version
from ohf_iac.local.stack_search import MISSING_IN_BRACKETS, live_stack, readable_stack, readable_stacks
from ohf_iac.local.stack_update import begin_update

Params = Mapping[str, Any]
Document = dict[str, Any]
NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
# Properties whose change replaces the resource (registry schemas, createOnlyProperties); * stands for all others
# than those that follow.
REPLACING: Mapping[str, tuple[str, ...]] = {
    "AWS::EC2::LaunchTemplate": ("LaunchTemplateName",),
    "AWS::AutoScaling::AutoScalingGroup": ("AutoScalingGroupName", "InstanceId"),
    "AWS::EC2::EC2Fleet": ("*", "TargetCapacitySpecification", "ExcessCapacityTerminationPolicy", "Context"),
    "AWS::EC2::SpotFleet": ("*", "SpotFleetRequestConfigData"),
}


@dataclass(slots=True)
class ChangeSet:
    """One change set; it is being made until `ready_at`, and its status is settled then."""

    id: str
    name: str
    kind: str
    version: Version
    created_at: float
    ready_at: float
    changes: list[Document]
    reason: str = ""
    description: str | None = None
    execution: str = "AVAILABLE"

    def status(self, site: Site) -> str:
        if site.now() < self.ready_at:
            return "CREATE_IN_PROGRESS"
        return "FAILED" if self.reason else "CREATE_COMPLETE"

    def executable(self, site: Site) -> str:
        """Its execution status."""
        return self.execution if site.now() >= self.ready_at else "UNAVAILABLE"


def create_change_set(site: Site, params: Params) -> Document:
    """A change set, for a new stack with ChangeSetType CREATE. Raises Refused."""
    name, kind = params["ChangeSetName"], params.get("ChangeSetType") or "UPDATE"
    check_token(params.get("ClientToken") or "")
    stack = live_stack(site, params["StackName"])
    stack, version = _for_creation(site, params, stack) if kind == "CREATE" else _for_update(site, params, stack)
    if name in stack.change_sets:
        raise Refused("AlreadyExistsException", f"ChangeSet {name} already exists")
    place = f"arn:aws:cloudformation:{site.region.name}:{site.region.account}:changeSet"
    made = ChangeSet(
        id=f"{place}/{name}/{site.region.ids.uuid('change-set')}",
        name=name,
        kind=kind,
        version=version,
        created_at=site.now(),
        ready_at=site.now() + site.scenario.times.change_set,
        changes=_changes(site, stack, version, kind),
        description=params.get("Description"),
    )
    unchanged = kind != "CREATE" and not differs(site, stack, version)
    if why := NO_CHANGES if unchanged else site.scenario.stacks.fail_change_set:
        made.reason, made.execution = why, "UNAVAILABLE"
    stack.change_sets[name] = made
    return {"Id": made.id, "StackId": stack.id}


def _for_creation(site: Site, params: Params, stack: Stack | None) -> tuple[Stack, Version]:
    if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
        raise invalid(
            f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
            f"[{params['ChangeSetName']}]."
        )
    version = new_version(site, params)
    return stack or review(site, params["StackName"], version, terms_of(params)), version


def _for_update(site: Site, params: Params, stack: Stack | None) -> tuple[Stack, Version]:
    if stack is None or stack.status == "REVIEW_IN_PROGRESS":
        raise invalid(MISSING_IN_BRACKETS.format(params["StackName"]))
    refuse_unless_updatable(stack)
    return stack, next_version(site, stack, params)


def _changes(site: Site, stack: Stack, version: Version, kind: str) -> list[Document]:
    after = outline_of(site, version)["Resources"]
    before = {} if kind == "CREATE" else outline_of(site, stack.version)["Resources"]
    changes = [
        _change(
            "Add" if name not in before else "Modify",
            name,
            after[name],
            stack,
            _touched(before.get(name), after[name]),
        )
        for name in sorted(after)
        if before.get(name) != after[name]
    ]
    return changes + [_change("Remove", name, before[name], stack, ()) for name in sorted(set(before) - set(after))]


def _touched(before: Any, after: Any) -> tuple[str, ...]:
    """The properties that differ."""
    old, new = (before or {}).get("Properties") or {}, after.get("Properties") or {}
    return tuple(sorted(key for key in {*old, *new} if old.get(key) != new.get(key)))


def _change(action: str, name: str, definition: Any, stack: Stack, touched: tuple[str, ...]) -> Document:
    change: Document = {
        "Action": action,
        "LogicalResourceId": name,
        "ResourceType": definition["Type"],
        "Details": [],
    }
    if action != "Add":
        change["PhysicalResourceId"] = stack.resources[name].physical_id if name in stack.resources else None
    if action == "Modify":
        replaced = [key for key in touched if _replaces(definition["Type"], key)]
        change["Replacement"] = "True" if replaced else "False"
        change["Scope"] = ["Properties"]
        change["Details"] = [
            {
                "Target": {
                    "Attribute": "Properties",
                    "Name": key,
                    "RequiresRecreation": "Always" if key in replaced else "Never",
                },
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            }
            for key in touched
        ]
    return {"Type": "Resource", "ResourceChange": change}


def _replaces(type_name: str, key: str) -> bool:
    listed = REPLACING.get(type_name, ())
    return key not in listed if listed[:1] == ("*",) else key in listed


def describe_change_set(site: Site, params: Params) -> Document:
    """A change set with all its changes. Raises Refused."""
    stack, found = _found(site, params)
    return {
        **_summary(site, stack, found),
        "OnStackFailure": stack.terms.on_failure if found.kind == "CREATE" else None,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in found.version.values.items()
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in found.version.tags.items()],
        "Changes": found.changes,
    }


def list_change_sets(site: Site, params: Params) -> Document:
    """Summaries of a stack's change sets. Raises Refused."""
    stack = readable_stack(site, params["StackName"], MISSING_IN_BRACKETS)
    return {"Summaries": [_summary(site, stack, found) for found in stack.change_sets.values()]}


def _summary(site: Site, stack: Stack, found: ChangeSet) -> Document:
    return {
        "ChangeSetId": found.id,
        "ChangeSetName": found.name,
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": found.description,
        "CreationTime": moment(found.created_at),
        "ExecutionStatus": found.executable(site),
        "Status": found.status(site),
        "StatusReason": found.reason or None if site.now() >= found.ready_at else None,
    }


def execute_change_set(site: Site, params: Params) -> Document:
    """Carry a change set out; the stack's other change sets are gone then. Raises Refused."""
    stack, found = _found(site, params)
    if found.executable(site) != "AVAILABLE":
        raise Refused(
            "InvalidChangeSetStatus",
            f"ChangeSet [{found.id}] cannot be executed in its current status of [{found.status(site)}]",
        )
    token = params.get("ClientRequestToken") or ""
    check_token(token)
    stack.token = token
    if token:
        stack.tokens[token] = "create" if found.kind == "CREATE" else "update"
    if found.kind == "CREATE":
        stack.version = found.version
        stack.change_sets.clear()
        begin_creation(site, stack)
    else:
        refuse_unless_updatable(stack)
        stack.change_sets.clear()
        begin_update(site, stack, found.version)
    found.execution = "EXECUTE_COMPLETE"
    stack.change_sets[found.name] = found
    return {}


def delete_change_set(site: Site, params: Params) -> Document:
    """Forget a change set; one that is gone already is no error as long as its stack is there. Raises Refused."""
    name, stack_name = params["ChangeSetName"], params.get("StackName")
    for stack in [readable_stack(site, stack_name)] if stack_name else readable_stacks(site):
        for found in list(stack.change_sets.values()):
            if name in (found.name, found.id):
                del stack.change_sets[found.name]
    return {}


def _found(site: Site, params: Params) -> tuple[Stack, ChangeSet]:
    name, stack_name = params["ChangeSetName"], params.get("StackName")
    stacks = [readable_stack(site, stack_name, MISSING_IN_BRACKETS)] if stack_name else readable_stacks(site)
    for stack in filter(lambda one: one.live, stacks):  # a stack's change sets go with it
        for found in stack.change_sets.values():
            if name == found.id or (stack_name and name == found.name):
                return stack, found
    raise Refused("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")
