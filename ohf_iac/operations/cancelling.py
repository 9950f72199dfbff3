"""A request cancelled: nothing more is launched for it, and it settles with the machines there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ohf_iac import queries
from ohf_iac.app import calls_of
from ohf_iac.errors import ResourceNotFoundError
from ohf_iac.operations.policies import catalogue_if_readable, weights_of
from ohf_iac.operations.remembering import keep_request
from ohf_iac.operations.status import read_memory, request_statuses
from ohf_iac.request import TAG_TEMPLATE, id_kind, stack_name
from ohf_iac.status.judge import EXPIRY_MARGIN
from ohf_iac.status.recover import record_from_stack
from ohf_iac.template.kinds import FLEET_REQUEST, SPOT_REQUEST

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.request import RequestRecord
    from ohf_iac.status.answer import RequestStatus


def cancel_request(app: App, request_id: str) -> RequestStatus:
    """End a request now. The answer is terminal where one look is enough; else polls bring it (design §2.5).

    The cancellation is remembered before AWS is asked for anything, so every later poll goes on with it. A settled
    request stays as it is. ResourceNotFoundError when nobody knows the request.
    """
    record = known_record(app, calls_of(app), request_id, "cancel")
    mark_cancelled(app, record)
    return request_statuses(app, [request_id])[0]


def mark_cancelled(app: App, record: RequestRecord) -> None:
    """Let every later poll treat the request's time as over; one that is settled stays as it is."""
    if not record.settled and not record.cancelled_at:
        keep_request(app, record, replace(record, cancelled_at=int(app.now())))


def ends_by_itself_at(app: App, request_id: str) -> int:
    """The epoch second at which a request that knows no freeze stops launching; 0 for those that can be frozen."""
    record = read_memory(app).requests.get(request_id)
    if record is None or record.request.kind not in (FLEET_REQUEST, SPOT_REQUEST):
        return 0
    return record.request.deadline - EXPIRY_MARGIN


def known_record(app: App, calls: Calls, request_id: str, verb: str) -> RequestRecord:
    """What is known of a request, from memory or, where that was lost, from its stack."""
    record = read_memory(app).requests.get(request_id)
    if record is not None:
        return record
    if id_kind(request_id) != "req":
        raise ResourceNotFoundError(f"{verb} {request_id}: it is not the id of a request", hint="ohf status")
    stack = queries.stack_of(calls, app.owner, stack_name(request_id))
    weights = weights_of(catalogue_if_readable(app))
    found = record_from_stack(stack, weights.get(stack.tags.get(TAG_TEMPLATE, ""), {})) if stack else None
    if found is None:
        raise ResourceNotFoundError(f"{verb} {request_id}: this provider does not know it", hint="ohf status")
    return found
