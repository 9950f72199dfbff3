"""What is answered and what is remembered of a judgement."""

from __future__ import annotations

from dataclasses import replace

from ohf_iac.machine import reported
from ohf_iac.request import ReturnRecord
from ohf_iac.status.answer import RequestStatus, next_record, remembered, remembered_return, status_of
from ohf_iac.status.judge import Judgement
from tests import seen
from tests.seen import CREATED, REQUEST_ID, RETURN_ID, running

MACHINES = tuple(reported(one, "succeed") for one in running(1))
SETTLE = Judgement("settle", MACHINES, "complete", "1 of 3 machines: no room", first_short_at=CREATED + 9)
WAIT = Judgement("wait", MACHINES, message="1 of 3 machines: no room", first_short_at=CREATED + 9)


def test_only_a_wish_to_settle_is_terminal() -> None:
    record = seen.record()
    assert status_of(record, SETTLE) == RequestStatus(REQUEST_ID, "complete", SETTLE.message, MACHINES)
    assert status_of(record, WAIT) == RequestStatus(REQUEST_ID, "running", WAIT.message, MACHINES)
    assert status_of(record, replace(SETTLE, wish="freeze")).status == "running"
    assert status_of(record, replace(SETTLE, verdict=None)).status == "running"


def test_a_settled_request_is_answered_from_memory() -> None:
    record = seen.record(verdict="complete_with_error", message="no", machines=MACHINES)
    assert remembered(record) == RequestStatus(REQUEST_ID, "complete_with_error", "no", MACHINES)


def test_what_is_not_settled_is_running_with_the_machines_last_known() -> None:
    assert remembered(seen.record(machines=MACHINES)) == RequestStatus(REQUEST_ID, "running", "", MACHINES)


def test_a_settled_judgement_is_remembered_with_its_time() -> None:
    record = next_record(seen.record(), SETTLE, CREATED + 99.9, CREATED + 99)
    assert (record.verdict, record.settled_at) == ("complete", CREATED + 99)
    assert (record.message, record.machines) == (SETTLE.message, MACHINES)


def test_the_first_look_at_a_shortage_is_remembered_once() -> None:
    first = next_record(seen.record(), WAIT, CREATED + 9, CREATED + 9)
    assert (first.first_short_at, first.verdict) == (CREATED + 9, None)
    later = next_record(first, replace(WAIT, first_short_at=CREATED + 99), CREATED + 99, CREATED + 99)
    assert later.first_short_at == CREATED + 9


def test_returns_are_answered_from_memory_alike() -> None:
    record = ReturnRecord(RETURN_ID, CREATED, reported=MACHINES, message="no")
    assert remembered_return(record) == RequestStatus(RETURN_ID, "running", "no", MACHINES)
    assert remembered_return(replace(record, verdict="complete")).status == "complete"
