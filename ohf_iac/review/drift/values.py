"""What became known of a stack's drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ohf_iac.observation import StackSeen
    from ohf_iac.review.diff.changes import Change

State = Literal["in sync", "drifted", "deleted", "not checked"]
Verdict = Literal["in sync", "drifted", "not checked", "unknown"]
#: who looked: CloudFormation's detection, this tool at the resource itself, or both
By = Literal["cloudformation", "ohf", "both", "nobody"]


@dataclass(frozen=True, slots=True)
class Expected:
    """A difference that the life of a request brings with it, and why that is so; None: no value."""

    place: str
    before: Any
    after: Any
    why: str


@dataclass(frozen=True, slots=True)
class ResourceDrift:
    """How a resource stands: `changes` make it drifted, `expected` do not.

    `why` says more, or why nothing is known.
    """

    logical_id: str
    physical_id: str
    resource_type: str
    state: State
    by: By
    changes: tuple[Change, ...] = ()
    expected: tuple[Expected, ...] = ()
    why: str = ""

    @property
    def drifted(self) -> bool:
        return self.state in ("drifted", "deleted")


@dataclass(frozen=True, slots=True)
class StackDrift:
    """How a stack stands.

    `unread` says why it could not be held against its template, or not wholly, and `code` is that error's; `late`:
    because the time was up.
    `idle` says why there is nothing to hold: it is being deleted, say.
    """

    stack: StackSeen
    resources: tuple[ResourceDrift, ...] = ()
    unread: str = ""
    code: str = ""
    late: bool = False
    idle: str = ""

    @property
    def verdict(self) -> Verdict:
        if any(one.drifted for one in self.resources):
            return "drifted"
        if self.unread:
            return "unknown"
        if self.idle or any(one.state == "not checked" for one in self.resources):
            return "not checked"
        return "in sync"

    @property
    def changes(self) -> tuple[Change, ...]:
        """The differences of all resources."""
        return tuple(change for one in self.resources for change in one.changes)
