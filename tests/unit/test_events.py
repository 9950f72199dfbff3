"""Domain events: what changes make which, and observers that fail without harm."""

from __future__ import annotations

from dataclasses import replace

from ohf_iac import events
from ohf_iac.events import Event, dispatch, request_changes, return_changes, template_changes
from ohf_iac.machine import Machine
from ohf_iac.request import Request, RequestRecord, ReturnedMachine, ReturnRecord

REQUEST = RequestRecord(Request("req-1", "grid", "ASG", 3, "owner", 1, 1801))
PENDING = Machine("i-1", "", "executing", "pending")
RUNNING = Machine("i-1", "ip-1", "succeed", "running")
OTHER = replace(RUNNING, machine_id="i-2")
DEAD = Machine("i-1", "ip-1", "fail", "terminated", message="i-1 is terminated: Server.SpotInstanceTermination")


def names(changes: tuple[Event, ...]) -> list[str]:
    return [change.name for change in changes]


def test_a_new_request() -> None:
    (created,) = request_changes(None, REQUEST, 5)
    assert created == events.RequestCreated(5, "req-1", "", "grid", status="running", units=3)


def test_nothing_happened() -> None:
    record = replace(REQUEST, machines=(RUNNING,), verdict="complete")
    assert request_changes(record, replace(record, chore_at=7, stack="deleting"), 5) == ()


def test_machines_come_and_go() -> None:
    with_machine = replace(REQUEST, machines=(PENDING,))
    assert request_changes(REQUEST, with_machine, 5) == (
        events.MachineCreated(5, "req-1", "", "grid", "i-1", "", "pending"),
    )
    running = replace(REQUEST, machines=(RUNNING,))
    assert request_changes(with_machine, running, 6) == ()
    dead = request_changes(running, replace(REQUEST, machines=(DEAD,)), 7)
    assert names(dead) == ["MachineFailed", "MachineTerminated"]
    assert {(one.machine_id, one.machine_name, one.message) for one in dead} == {("i-1", "ip-1", DEAD.message)}
    assert request_changes(replace(REQUEST, machines=(DEAD,)), replace(REQUEST, machines=(DEAD,)), 8) == ()


def test_a_machine_first_seen_dead_was_created_and_failed() -> None:
    assert names(request_changes(REQUEST, replace(REQUEST, machines=(DEAD,)), 5)) == [
        "MachineCreated",
        "MachineFailed",
        "MachineTerminated",
    ]


def test_a_machine_on_its_way_out_is_terminated_once() -> None:
    running = replace(REQUEST, machines=(RUNNING,))
    going = replace(REQUEST, machines=(replace(RUNNING, status="shutting-down"),))
    gone = replace(REQUEST, machines=(replace(RUNNING, status="terminated"),))
    assert names(request_changes(running, going, 5)) == ["MachineTerminated"]
    assert request_changes(going, gone, 6) == ()


def test_a_verdict_changes_the_status_and_settles() -> None:
    settled = replace(REQUEST, verdict="complete_with_error", message="no capacity", machines=(DEAD, OTHER))
    changed, done = request_changes(replace(REQUEST, machines=(DEAD, OTHER)), settled, 9)
    assert changed == events.RequestStatusChanged(
        9, "req-1", "", "grid", status="complete_with_error", previous="running", message="no capacity"
    )
    assert done == events.RequestSettled(
        9, "req-1", "", "grid", status="complete_with_error", machines=2, message="no capacity"
    )


def test_a_request_recovered_with_its_verdict_is_created_and_settled() -> None:
    assert names(request_changes(None, replace(REQUEST, verdict="complete"), 9)) == [
        "RequestCreated",
        "RequestSettled",
    ]


def test_a_return_is_requested_and_its_machines_end_once() -> None:
    asked = ReturnRecord("ret-1", 5, (ReturnedMachine("i-1", "ip-1"), ReturnedMachine("i-2", "ip-2")))
    assert return_changes(None, asked, 5) == (events.ReturnRequested(5, return_id="ret-1", machines=2),)
    going = replace(asked, reported=(replace(RUNNING, status="shutting-down"),))
    assert return_changes(asked, going, 6) == ()
    gone = replace(asked, reported=(replace(RUNNING, status="terminated"),), verdict="complete")
    (ended,) = return_changes(going, gone, 7)
    assert ended == events.MachineTerminated(7, "", "ret-1", "", "i-1", "ip-1", "terminated")
    assert return_changes(gone, gone, 8) == ()


def test_templates_come_change_and_go() -> None:
    assert template_changes({"a": "1", "b": "1", "c": "1"}, {"c": "1", "b": "2", "d": "1"}, 5) == (
        events.TemplateChanged(5, template_id="b"),
        events.TemplateAdded(5, template_id="d"),
        events.TemplateRemoved(5, template_id="a"),
    )
    assert template_changes({"a": "1"}, {"a": "1"}, 5) == ()


def test_events_with_equal_fields_are_not_equal() -> None:
    added, removed = (kind(5, template_id="a") for kind in (events.TemplateAdded, events.TemplateRemoved))
    assert added != removed
    assert added == events.TemplateAdded(5, template_id="a")


def test_an_event_tells_its_facts_and_a_sentence() -> None:
    event = events.RequestStatusChanged(
        9, "req-1", "", "grid", status="complete", previous="running", message="2 of 3"
    )
    assert event.facts == {
        "request_id": "req-1",
        "template_id": "grid",
        "status": "complete",
        "previous": "running",
        "message": "2 of 3",
    }
    assert event.sentence == "RequestStatusChanged req-1: running -> complete (2 of 3)"
    assert events.TemplateAdded(1, template_id="a").sentence == "TemplateAdded a"
    assert events.MachineInterrupted(1, "req-1", machine_id="i-1", status="running").sentence == (
        "MachineInterrupted i-1: running"
    )


def test_an_observer_that_fails_hinders_nobody() -> None:
    heard: list[str] = []
    failures: list[tuple[str, str]] = []

    def fails(_event: Event) -> None:
        raise RuntimeError("no disk")

    both = (events.TemplateAdded(1, template_id="a"), events.TemplateRemoved(1, template_id="b"))
    dispatch(
        both,
        (fails, lambda event: heard.append(event.name)),
        lambda event, error: failures.append((event.name, str(error))),
    )
    assert heard == ["TemplateAdded", "TemplateRemoved"]
    assert failures == [("TemplateAdded", "no disk"), ("TemplateRemoved", "no disk")]
