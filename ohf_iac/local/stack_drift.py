"""Drift detection: what stands, held against the properties that the stack's template gave it.

Only properties that the template writes are compared, and none that a type's handler does not give back
(CloudFormation user guide, "Detect unmanaged configuration changes"). Which types are checked at all is a switch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ohf_iac.local.moments import moment
from ohf_iac.local.resource_reads import GROUP, properties_now, readable
from ohf_iac.local.stack_checks import invalid
from ohf_iac.local.stack_record import Detection, Site, Stack, StackResource, context_of
from ohf_iac.local.stack_search import readable_stack, readable_stacks

Params = Mapping[str, Any]
Document = dict[str, Any]
CHECKABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
TOLD_OF_ALL = ("DELETED", "IN_SYNC", "MODIFIED", "NOT_CHECKED", "UNKNOWN")


def detect_drift(site: Site, params: Params) -> Document:
    """Begin to compare; the id answers later questions.

    Raises Refused unless the stack stands still and whole, and nobody else has it compared just now.
    """
    stack = readable_stack(site, params["StackName"])
    if stack.status not in CHECKABLE:
        raise invalid(f"Drift detection cannot be performed on stack [{stack.id}] while in status {stack.status}")
    if stack.drift is not None and stack.drift.drifts is None:
        raise invalid(f"Drift detection is already in progress for stack [{stack.id}]")
    detection = Detection(site.region.ids.uuid("drift"), site.now())
    stack.drift = detection
    if site.scenario.times.drift:
        site.world.timeline.later(site.scenario.times.drift, lambda: _end(site, stack, detection))
    else:
        _end(site, stack, detection)
    return {"StackDriftDetectionId": detection.id}


def drift_status(site: Site, params: Params) -> Document:
    """How far a detection is, and its outcome. Raises Refused for an unknown id."""
    wanted = params["StackDriftDetectionId"]
    for stack in readable_stacks(site):
        if stack.drift is not None and stack.drift.id == wanted:
            return {"StackId": stack.id, "StackDriftDetectionId": wanted, **_outcome(stack.drift)}
    raise invalid(f"Drift detection {wanted} does not exist")


def resource_drifts(site: Site, params: Params) -> Document:
    """Drift of each resource that was checked; of the others nothing is told. Raises Refused."""
    stack = readable_stack(site, params["StackName"])
    wanted = params.get("StackResourceDriftStatusFilters") or TOLD_OF_ALL
    drifts = (stack.drift.drifts if stack.drift else None) or []
    return {"StackResourceDrifts": [drift for drift in drifts if drift["StackResourceDriftStatus"] in wanted]}


def _outcome(detection: Detection) -> Document:
    at = {"Timestamp": moment(detection.begun)}
    if detection.drifts is None:
        return {"DetectionStatus": "DETECTION_IN_PROGRESS", **at}
    drifted = [one for one in detection.drifts if one["StackResourceDriftStatus"] in ("DELETED", "MODIFIED")]
    return {
        "StackDriftStatus": detection.status,
        "DetectionStatus": "DETECTION_FAILED" if detection.failed else "DETECTION_COMPLETE",
        "DetectionStatusReason": detection.failed or None,
        "DriftedStackResourceCount": len(drifted),
        **at,
    }


def _end(site: Site, stack: Stack, detection: Detection) -> None:
    """Compare every resource of a type that is checked."""
    troubles, drifts = site.scenario.stacks.fail_drift, []
    for resource in stack.resources.values():
        trouble = troubles.get(resource.logical_id) or troubles.get(resource.type)
        if trouble:
            detection.failed = f"Failed to detect drift on resource [{resource.logical_id}]: {trouble}"
        elif resource.physical_id and _checked(site, resource.type):
            drifts.append(_drift(site, stack, resource, detection.begun))
    detection.drifts = drifts


def _checked(site: Site, type_name: str) -> bool:
    """All types have a read handler; whether detection is on for those of EC2 is told by one old table alone."""
    return site.scenario.uncertain.drift_checked == "fleets" or type_name == GROUP


def _drift(site: Site, stack: Stack, resource: StackResource, at: float) -> Document:
    told = {
        "StackId": stack.id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "Timestamp": moment(at),
    }
    kind, context = site.types[resource.type], context_of(site, stack, resource.logical_id)
    if kind.deleted(site.world, context, resource.physical_id).done:
        return {**told, "StackResourceDriftStatus": "DELETED"}
    expected = readable(resource.type, resource.properties)
    actual = properties_now(site.region, resource.type, resource.physical_id)
    inherited = stack.version.tags.keys() - {tag["Key"] for tag in expected.get("Tags") or ()}
    if "Tags" in actual:
        actual["Tags"] = [tag for tag in actual["Tags"] if tag["Key"] not in inherited]
    differences = list(_differences(expected, actual, ""))
    return {
        **told,
        "StackResourceDriftStatus": "MODIFIED" if differences else "IN_SYNC",
        "ExpectedProperties": json.dumps(expected),
        "ActualProperties": json.dumps({key: actual[key] for key in expected if key in actual}, default=str),
        "PropertyDifferences": differences,
    }


def _differences(expected: Any, actual: Any, path: str) -> Iterator[Document]:
    """What differs, of what the template writes; added and missing members of lists by their place."""
    if actual is None:
        yield _difference(path, "REMOVE", expected, None)
    elif isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, value in expected.items():
            yield from _differences(value, actual.get(key), f"{path}/{key}")
    elif isinstance(expected, Sequence) and not isinstance(expected, str):
        yield from _of_list(expected, actual, path)
    elif _text(expected) != _text(actual):
        yield _difference(path, "NOT_EQUAL", expected, actual)


def _of_list(expected: Sequence[Any], actual: Sequence[Any], path: str) -> Iterator[Document]:
    """Tags are known by their key, everything else by its place."""
    left = list(actual)
    for place, one in enumerate(expected):
        other = _partner(one, place, actual)
        if other in left:
            left.remove(other)
        yield from _differences(one, other, f"{path}/{place}")
    for place, one in enumerate(left, len(expected)):
        yield _difference(f"{path}/{place}", "ADD", None, one)


def _partner(one: Any, place: int, actual: Sequence[Any]) -> Any:
    if isinstance(one, Mapping) and "Key" in one:
        return next((other for other in actual if other["Key"] == one["Key"]), None)
    return actual[place] if place < len(actual) else None


def _difference(path: str, kind: str, expected: Any, actual: Any) -> Document:
    return {
        "PropertyPath": path,
        "DifferenceType": kind,
        "ExpectedValue": _text(expected),
        "ActualValue": _text(actual),
    }


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, default=str) if isinstance(value, list | tuple | Mapping) else str(value)
