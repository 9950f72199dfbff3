"""Change sets as CloudFormation shows them: what a creation would do, and whether it may still be carried out.

Pure. Both tables are total over botocore's enums `ChangeSetStatus` and `ExecutionStatus` (a test holds them there).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Stage = Literal["coming", "ready", "failed", "going"]
Use = Literal["no", "open", "used"]

STAGES: Final[Mapping[str, Stage]] = MappingProxyType(
    {
        "CREATE_PENDING": "coming",
        "CREATE_IN_PROGRESS": "coming",
        "CREATE_COMPLETE": "ready",
        "FAILED": "failed",
        "DELETE_PENDING": "going",
        "DELETE_IN_PROGRESS": "going",
        "DELETE_COMPLETE": "going",
        "DELETE_FAILED": "going",
    }
)
#: OBSOLETE: another change set of the stack was executed
USES: Final[Mapping[str, Use]] = MappingProxyType(
    {
        "UNAVAILABLE": "no",
        "AVAILABLE": "open",
        "EXECUTE_IN_PROGRESS": "used",
        "EXECUTE_COMPLETE": "used",
        "EXECUTE_FAILED": "used",
        "OBSOLETE": "used",
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a change set would do to one resource; `action` in CloudFormation's word (`Add`)."""

    action: str
    logical_id: str
    resource_type: str


@dataclass(frozen=True, slots=True)
class ChangeSetSeen:
    """A change set as DescribeChangeSet showed it."""

    change_set_id: str
    name: str
    stack_id: str
    status: str
    reason: str = ""
    execution: str = "UNAVAILABLE"
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    changes: tuple[Change, ...] = ()

    @property
    def stage(self) -> Stage:
        return STAGES[self.status]

    @property
    def use(self) -> Use:
        return USES[self.execution]
