"""The story of a request's stack: events, the root cause of a failure, and what its group or fleet complains of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ohf_iac import queries
from ohf_iac.app import calls_of
from ohf_iac.aws import cloudformation
from ohf_iac.cfn import root_cause
from ohf_iac.errors import OhfError, ProviderError, ResourceNotFoundError
from ohf_iac.observation import Observation
from ohf_iac.operations.cancelling import known_record
from ohf_iac.request import stack_name

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.cfn import StackEvent
    from ohf_iac.observation import Shortfall, StackSeen


@dataclass(frozen=True, slots=True)
class History:
    """`events` oldest first; `cause` is "" while nothing failed; `shortfalls` newest first, each once."""

    request_id: str
    stack: StackSeen | None
    events: tuple[StackEvent, ...] = ()
    cause: str = ""
    shortfalls: tuple[Shortfall, ...] = ()


def history_of(app: App, request_id: str) -> History:
    """The story as CloudFormation tells it, for ninety days after the stack's deletion.

    ResourceNotFoundError when there is no stack of that request; ProviderError when AWS cannot be asked.
    """
    calls = calls_of(app)
    name = _stack_id(app, calls, request_id)
    events = cloudformation.stack_events(calls, name)
    if not events:
        raise ResourceNotFoundError(
            f"read events of {request_id}: CloudFormation knows no stack {stack_name(request_id)}",
            hint=f"AWS keeps them for ninety days; ohf status {request_id}",
        )
    stack = queries.stack_of(calls, app.owner, name)
    return History(
        request_id,
        stack,
        tuple(sorted(events, key=lambda one: one.at)),
        root_cause(events),
        _shortfalls(app, calls, request_id, stack),
    )


def _stack_id(app: App, calls: Calls, request_id: str) -> str:
    """The stack's id where it is known: by name CloudFormation tells of live stacks alone."""
    try:
        record = known_record(app, calls, request_id, "read events of")
    except ResourceNotFoundError:
        name = stack_name(request_id)
        found = cloudformation.find_deleted_stacks(calls, name.__eq__).get(name, ())
        ours = next((one for one in found if queries.stack_of(calls, app.owner, one) is not None), "")
        if not ours:
            raise
        return ours
    return record.stack_id or stack_name(request_id)


def _shortfalls(app: App, calls: Calls, request_id: str, stack: StackSeen | None) -> tuple[Shortfall, ...]:
    """Why launches failed, by group or fleet; nothing where it is gone or cannot be asked: events stand alone."""
    if stack is None or stack.phase in ("deleting", "deleted"):
        return ()
    try:
        record = known_record(app, calls, request_id, "read events of")
        seen = queries.look(calls, record, Observation(request_id, app.now()), {stack.name: stack})
    except ProviderError as error:
        app.log.warning(f"group or fleet not shown: {error.message}", request_id=request_id)
        return ()
    return tuple(dict.fromkeys(one for capacity in seen.capacities for one in capacity.shortfalls))


def history_if_any(app: App, request_id: str) -> History:
    """The story as far as it can be read now: without events while there is no stack, or AWS cannot be asked."""
    try:
        return history_of(app, request_id)
    except OhfError as error:
        app.log.debug(f"no events: {error.message}", request_id=request_id)
        return History(request_id, None)
