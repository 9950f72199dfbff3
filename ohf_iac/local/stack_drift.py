"""Drift detection in its simplest true form: a resource that is gone has drifted, any other is in sync.

Properties changed outside a stack are not compared here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ohf_iac.local.moments import moment
from ohf_iac.local.stack_checks import invalid
from ohf_iac.local.stack_record import Site, Stack, StackResource, context_of
from ohf_iac.local.stack_search import readable_stack, readable_stacks

Params = Mapping[str, Any]
Document = dict[str, Any]
CHECKABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")


def detect_drift(site: Site, params: Params) -> Document:
    """Compare now; the id answers later questions. Raises Refused unless the stack stands still and whole."""
    stack = readable_stack(site, params["StackName"])
    if stack.status not in CHECKABLE:
        raise invalid(f"Drift detection cannot be performed on stack [{stack.id}] while in status {stack.status}")
    drifted = any(_gone(site, stack, resource) for resource in stack.resources.values())
    stack.drift_checked_at, stack.drift_status = site.now(), "DRIFTED" if drifted else "IN_SYNC"
    return {"StackDriftDetectionId": _detection_id(stack)}


def drift_status(site: Site, params: Params) -> Document:
    """The outcome of a detection. Raises Refused for an unknown id."""
    wanted = params["StackDriftDetectionId"]
    for stack in readable_stacks(site):
        if stack.drift_checked_at is not None and _detection_id(stack) == wanted:
            return {
                "StackId": stack.id,
                "StackDriftDetectionId": wanted,
                "StackDriftStatus": stack.drift_status,
                "DetectionStatus": "DETECTION_COMPLETE",
                "DriftedStackResourceCount": sum(
                    _gone(site, stack, resource) for resource in stack.resources.values()
                ),
                "Timestamp": moment(stack.drift_checked_at),
            }
    raise invalid(f"Drift detection {wanted} does not exist")


def resource_drifts(site: Site, params: Params) -> Document:
    """Drift of each resource. Raises Refused."""
    stack = readable_stack(site, params["StackName"])
    wanted = params.get("StackResourceDriftStatusFilters") or ("DELETED", "IN_SYNC", "MODIFIED", "NOT_CHECKED")
    drifts = [_drift(site, stack, resource) for resource in stack.resources.values() if stack.drift_checked_at]
    return {"StackResourceDrifts": [drift for drift in drifts if drift["StackResourceDriftStatus"] in wanted]}


def _drift(site: Site, stack: Stack, resource: StackResource) -> Document:
    return {
        "StackId": stack.id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "StackResourceDriftStatus": "DELETED" if _gone(site, stack, resource) else "IN_SYNC",
        "Timestamp": moment(stack.drift_checked_at or 0.0),
    }


def _gone(site: Site, stack: Stack, resource: StackResource) -> bool:
    kind, context = site.types[resource.type], context_of(site, stack, resource.logical_id)
    return bool(resource.physical_id) and kind.deleted(site.world, context, resource.physical_id).done


def _detection_id(stack: Stack) -> str:
    return f"{stack.id.rsplit('/', 1)[-1]}-{int(stack.drift_checked_at or 0)}"
