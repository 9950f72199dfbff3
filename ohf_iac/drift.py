"""Drift as CloudFormation tells it: how far a detection is, and how a resource stands beside its template.

Pure. Both tables are total over botocore's enums `StackDriftDetectionStatus` and `StackResourceDriftStatus`.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Stage = Literal["coming", "ready", "failed"]
Found = Literal["in sync", "modified", "deleted", "unknown"]

#: `failed` for at least one resource: what is told of the others holds (DescribeStackDriftDetectionStatus)
STAGES: Final[Mapping[str, Stage]] = MappingProxyType(
    {"DETECTION_IN_PROGRESS": "coming", "DETECTION_COMPLETE": "ready", "DETECTION_FAILED": "failed"}
)
FOUND: Final[Mapping[str, Found]] = MappingProxyType(
    {
        "IN_SYNC": "in sync",
        "MODIFIED": "modified",
        "DELETED": "deleted",
        "NOT_CHECKED": "unknown",
        "UNKNOWN": "unknown",
        "UNSUPPORTED": "unknown",
    }
)
#: stacks on which CloudFormation detects drift; of the others it refuses to ("while in status …")
DETECTABLE: Final = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"}
)


@dataclass(frozen=True, slots=True)
class Detection:
    """How far a detection is; `reason` says why it failed."""

    status: str
    reason: str = ""

    @property
    def stage(self) -> Stage:
        return STAGES[self.status]


@dataclass(frozen=True, slots=True)
class Standing:
    """A resource as it stands: the properties that its template gave it, and those that it has, of the same ones.

    `reason` says why nothing is known of it.
    """

    logical_id: str
    physical_id: str
    resource_type: str
    found: Found
    expected: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    actual: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    reason: str = ""


class Difference(NamedTuple):
    """A PropertyDifference of CloudFormation: `/Tags/0/Value`, ADD, REMOVE or NOT_EQUAL, values as texts."""

    path: str
    kind: str
    actual: str


def with_differences(expected: Mapping[str, Any], differences: Iterable[Difference]) -> dict[str, Any]:
    """The properties as they stand: the expected ones with what CloudFormation says to differ, and nothing else.

    Its own `ActualProperties` may hold more than what it compared.
    """
    actual: dict[str, Any] = deepcopy(dict(expected))
    ordered = sorted(differences, key=lambda one: ("NOT_EQUAL", "REMOVE", "ADD").index(one.kind))
    gone: list[tuple[Any, str | int]] = []
    for one in ordered:
        parent, step = _parent(actual, one.path)
        if one.kind == "REMOVE":
            gone.append((parent, step))
        else:
            _put(parent, step, one)
    for parent, step in sorted(gone, key=lambda pair: str(pair[1]).zfill(9), reverse=True):
        _take(parent, step)
    return actual


def _parent(document: dict[str, Any], path: str) -> tuple[Any, str | int]:
    """What holds the place, and the place in it; a JSON pointer (RFC 6901)."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.strip("/").split("/")]
    found: Any = document
    for step in steps[:-1]:
        if isinstance(found, list):
            found = found[int(step)] if step.isdecimal() and int(step) < len(found) else {}
        elif isinstance(found, dict):
            found = found.setdefault(step, {})
        else:
            found = {}
    return found, int(steps[-1]) if isinstance(found, list) and steps[-1].isdecimal() else steps[-1]


def _put(parent: Any, step: str | int, difference: Difference) -> None:
    if isinstance(parent, list):
        if difference.kind == "ADD" or not isinstance(step, int) or step >= len(parent):
            parent.append(_value(difference.actual, None))
        else:
            parent[step] = _value(difference.actual, parent[step])
    elif isinstance(parent, dict):
        parent[str(step)] = _value(difference.actual, parent.get(str(step)))


def _take(parent: Any, step: str | int) -> None:
    if isinstance(parent, list):
        if isinstance(step, int) and step < len(parent):
            del parent[step]
    elif isinstance(parent, dict):
        parent.pop(str(step), None)


def _value(text: str, before: object) -> Any:
    """A value that came as text: what was a text stays one, everything else is JSON where it can be."""
    if isinstance(before, str) or (before is None and text[:1] not in ("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
