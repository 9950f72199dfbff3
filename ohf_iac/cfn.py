"""CloudFormation's words: stack statuses, events, and the root cause in a heap of failures.

The table of statuses is total over botocore's enum `StackStatus` (a test holds it there); an unknown status is an
error, never "fine". What CloudFormation's texts look like is taken from `aws-behaviour.md` §1.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

Phase = Literal["review", "creating", "ready", "failed", "deleting", "delete_failed", "deleted"]

#: `failed` covers rollbacks under way: nothing that the request still wants comes out of them.
STACK_PHASE: Final[Mapping[str, Phase]] = MappingProxyType(
    {
        "REVIEW_IN_PROGRESS": "review",
        "CREATE_IN_PROGRESS": "creating",
        "CREATE_COMPLETE": "ready",
        "CREATE_FAILED": "failed",
        "ROLLBACK_IN_PROGRESS": "failed",
        "ROLLBACK_COMPLETE": "failed",
        "ROLLBACK_FAILED": "failed",
        "UPDATE_IN_PROGRESS": "creating",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "ready",
        "UPDATE_COMPLETE": "ready",
        "UPDATE_FAILED": "ready",
        "UPDATE_ROLLBACK_IN_PROGRESS": "creating",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "ready",
        "UPDATE_ROLLBACK_COMPLETE": "ready",
        "UPDATE_ROLLBACK_FAILED": "ready",
        "IMPORT_IN_PROGRESS": "creating",
        "IMPORT_COMPLETE": "ready",
        "IMPORT_ROLLBACK_IN_PROGRESS": "creating",
        "IMPORT_ROLLBACK_COMPLETE": "ready",
        "IMPORT_ROLLBACK_FAILED": "ready",
        "DELETE_IN_PROGRESS": "deleting",
        "DELETE_FAILED": "delete_failed",
        "DELETE_COMPLETE": "deleted",
    }
)
#: Statuses under which CloudFormation takes no update.
BUSY: Final = frozenset(status for status in STACK_PHASE if status.endswith("_IN_PROGRESS"))

_CANCELLED: Final = ("Resource creation cancelled", "Resource update cancelled")
_SUMMARY: Final = "The following resource(s) failed to"
_HANDLER = re.compile(r'Resource handler returned message: "(?P<text>.*?)"? ?\(RequestToken: ', re.DOTALL)
_SERVICE = re.compile(r"(?: \((?:Service|SDK Attempt Count): [^()]*\))+\s*\Z")
#: the service's own code where it is told, else the one that the resource handler made of it
_CODES: Final = (re.compile(r"\bError Code: (\w[\w.]*)"), re.compile(r"\bHandlerErrorCode: (\w+)\)\s*\Z"))


@dataclass(frozen=True, slots=True)
class StackEvent:
    """One event of a stack; `at` in epoch seconds, absent texts are ""."""

    event_id: str
    at: float
    logical_id: str
    resource_type: str
    status: str
    physical_id: str = ""
    reason: str = ""
    token: str = ""

    @property
    def of_stack(self) -> bool:
        return self.resource_type == "AWS::CloudFormation::Stack"


def stack_phase(status: str) -> Phase:
    """The phase of a stack status; KeyError for a status that this version does not know."""
    return STACK_PHASE[status]


def root_cause(events: Iterable[StackEvent]) -> str:
    """Why a stack failed: the oldest failure that is not a mere consequence; "" when no event tells.

    Consequences are the siblings' "cancelled" and the stack's own summary.
    """
    return plain_reason(_root_reason(events))


def root_code(events: Iterable[StackEvent]) -> str:
    """The error code of that failure, "" when it has none: the service's own, or else CloudFormation's for it."""
    reason = _root_reason(events)
    return next((found[1] for pattern in _CODES if (found := pattern.search(reason))), "")


def _root_reason(events: Iterable[StackEvent]) -> str:
    failed = sorted((e for e in events if e.status.endswith("_FAILED") and e.reason), key=lambda e: e.at)
    for event in failed:
        if not event.of_stack and not event.reason.startswith(_CANCELLED):
            return event.reason
    for event in failed:
        if not event.reason.startswith((*_CANCELLED, _SUMMARY)):
            return event.reason
    return ""


def plain_reason(reason: str) -> str:
    """A resource handler's reason without its wrapping: the service's own text."""
    found = _HANDLER.search(reason)
    text = found["text"] if found else reason
    return _SERVICE.sub("", text).strip()


def physical_ids(events: Iterable[StackEvent]) -> dict[str, str]:
    """Logical to physical ids, as far as events show them: readable while the stack is still created."""
    found: dict[str, str] = {}
    for event in sorted(events, key=lambda e: e.at):
        if event.physical_id and not event.of_stack:
            found[event.logical_id] = event.physical_id
    return found


def verdict_in_token(events: Iterable[StackEvent], request_id: str) -> str:
    """The settled status that our DeleteStack left in its token (`<id>-delete-<status>`); "" without one."""
    prefix = f"{request_id}-delete-"
    for event in events:
        if event.token.startswith(prefix):
            return event.token.removeprefix(prefix).replace("-", "_")
    return ""


def was_complete(events: Iterable[StackEvent]) -> bool:
    """Whether the stack once was CREATE_COMPLETE."""
    return any(event.of_stack and event.status == "CREATE_COMPLETE" for event in events)


def was_begun(events: Collection[StackEvent]) -> bool:
    """Whether the stack ever was more than a change set, as far as events tell: none tell nothing against it."""
    return not events or any(event.of_stack and event.status == "CREATE_IN_PROGRESS" for event in events)
