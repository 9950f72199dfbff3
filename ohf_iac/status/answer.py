"""The answer for a request id, and what is remembered of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ohf_iac.machine import Machine
    from ohf_iac.request import RequestRecord, ReturnRecord
    from ohf_iac.status.judge import Judgement

Status = Literal["running", "complete", "complete_with_error"]


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """The answer for one id."""

    request_id: str
    status: Status
    message: str = ""
    machines: tuple[Machine, ...] = ()


def status_of(record: RequestRecord, judgement: Judgement) -> RequestStatus:
    """The answer that a judgement means: only a carried-out wish to settle is terminal."""
    if judgement.wish == "settle" and judgement.verdict:
        return RequestStatus(record.request.request_id, judgement.verdict, judgement.message, judgement.machines)
    return RequestStatus(record.request.request_id, "running", judgement.message, judgement.machines)


def remembered(record: RequestRecord) -> RequestStatus:
    """The answer from memory alone: the settled one, or `running` with the machines last known."""
    status: Status = record.verdict or "running"
    return RequestStatus(record.request.request_id, status, record.message, record.machines)


def first_short(record: RequestRecord, judgement: Judgement, at: float) -> int:
    """When a shortage was first seen. A moment that has not come yet tells nothing: the clock was set back."""
    return record.first_short_at if 0 < record.first_short_at <= at else judgement.first_short_at


def next_record(record: RequestRecord, judgement: Judgement, now: float, at: float) -> RequestRecord:
    """What is remembered once a judgement has been carried out; `at` is the moment of the observation."""
    machines = judgement.machines
    if judgement.wish == "terminate":
        machines = tuple(_overdue(one) if one.machine_id in judgement.doomed else one for one in machines)
    known = replace(
        record,
        machines=machines,
        message=judgement.message,
        first_short_at=first_short(record, judgement, at),
    )
    if judgement.wish != "settle":
        return known
    return replace(known, verdict=judgement.verdict, settled_at=int(now))


def _overdue(machine: Machine) -> Machine:
    """A machine that was ended because it stayed pending: EC2 will only say that a user shut it down."""
    why = f"{machine.machine_id} was pending for longer than AWS_INSTANCE_PENDING_TIMEOUT_SEC allows, and was ended"
    return replace(machine, result="fail", message=why)


def remembered_return(record: ReturnRecord) -> RequestStatus:
    """A return's answer from memory alone."""
    status: Status = record.verdict or "running"
    return RequestStatus(record.return_id, status, record.message, record.reported)
