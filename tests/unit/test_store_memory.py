"""Merging what two processes saw of one request: monotone, whatever the order of their saves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ohf_iac.machine import Machine
from ohf_iac.request import MachineRecord, Request, RequestRecord, ReturnedMachine, ReturnRecord
from ohf_iac.store.memory import (
    Memory,
    merge_request,
    merge_return,
    with_machines,
    with_request,
    with_requests,
    with_return,
    with_templates,
)
from ohf_iac.store.records import TemplateRecord

REQUEST = Request("req-1", "grid", "ASG", 3, "owner", 1, 1801)
RANK = ["intended", "abandoned", "created", "deleting", "gone"]
records = st.builds(
    lambda deadline, **fields: RequestRecord(replace(REQUEST, deadline=deadline), **fields),
    deadline=st.integers(1, 9),
    stack=st.sampled_from(RANK),
    stack_id=st.sampled_from(["", "arn"]),
    digest=st.sampled_from(["", "d"]),
    first_short_at=st.integers(0, 9),
    cancelled_at=st.integers(0, 9),
    verdict=st.sampled_from([None, "complete", "complete_with_error"]),
    settled_at=st.integers(0, 9),
    message=st.sampled_from(["", "m", "n"]),
)


def lasting(record: RequestRecord) -> tuple[Any, ...]:
    """What must not depend on who saves first."""
    return (
        record.request.deadline,
        RANK.index(record.stack),
        record.stack_id,
        record.digest,
        record.first_short_at,
        record.cancelled_at,
    )


@given(records, records)
def test_merging_never_goes_back(old: RequestRecord, new: RequestRecord) -> None:
    merged = merge_request(old, new)
    assert RANK.index(merged.stack) == max(RANK.index(old.stack), RANK.index(new.stack))
    assert merged.request.deadline == max(old.request.deadline, new.request.deadline)
    if old.verdict:
        assert (merged.verdict, merged.settled_at, merged.message) == (old.verdict, old.settled_at, old.message)
    else:
        assert (merged.verdict, merged.settled_at, merged.message) == (new.verdict, new.settled_at, new.message)
    for name in ("first_short_at", "cancelled_at"):
        seen = [moment for moment in (getattr(old, name), getattr(new, name)) if moment]
        assert getattr(merged, name) == min(seen, default=0)


@given(records, records)
def test_what_lasts_does_not_depend_on_the_order(one: RequestRecord, other: RequestRecord) -> None:
    assert lasting(merge_request(one, other)) == lasting(merge_request(other, one))


@given(records, records, records)
def test_merging_may_be_grouped_at_will(one: RequestRecord, two: RequestRecord, three: RequestRecord) -> None:
    assert merge_request(merge_request(one, two), three) == merge_request(one, merge_request(two, three))


@given(records)
def test_merging_with_nothing_or_with_itself_changes_nothing(record: RequestRecord) -> None:
    assert merge_request(None, record) == record
    assert merge_request(record, record) == record


def test_an_abandoned_request_whose_stack_was_seen_is_created() -> None:
    abandoned, created = RequestRecord(REQUEST, "abandoned"), RequestRecord(REQUEST, "created", "arn")
    assert merge_request(abandoned, created).stack == "created"
    assert merge_request(created, abandoned).stack == "created"


def test_machines_and_chores_are_those_of_the_newer_look() -> None:
    old = RequestRecord(REQUEST, machines=(Machine("i-1", "a", "executing", "pending"),), chore_at=5)
    new = RequestRecord(REQUEST, machines=(Machine("i-1", "a", "succeed", "running"),))
    assert merge_request(old, new).machines == new.machines
    assert merge_request(old, new).chore_at == 0


def test_several_looks_at_one_request_in_one_change_are_merged() -> None:
    memory = with_requests(Memory(), (RequestRecord(REQUEST, "gone"), RequestRecord(REQUEST, "created")))
    assert memory.requests["req-1"].stack == "gone"
    assert with_requests(memory, ()) is memory


def test_a_memory_is_a_value() -> None:
    memory = with_request(Memory(), RequestRecord(REQUEST))
    later = with_request(memory, RequestRecord(REQUEST, "created"))
    assert memory.requests["req-1"].stack == "intended"
    assert later.requests["req-1"].stack == "created"


def test_a_return_keeps_its_verdict_its_birth_and_every_machine_named() -> None:
    one, two = ReturnedMachine("i-1", "a"), ReturnedMachine("", "b")
    old = ReturnRecord("ret-1", 5, (one, two), "complete", 9, "done")
    late = ReturnRecord("ret-1", 7, (replace(one, request_id="req-1"),), None, 0, "running")
    merged = merge_return(old, late)
    assert (merged.verdict, merged.settled_at, merged.message, merged.created_at) == ("complete", 9, "done", 5)
    assert merged.machines == (replace(one, request_id="req-1"), two)
    memory = with_return(with_return(Memory(), old), late)
    assert memory.returns == {"ret-1": merged}
    assert merge_return(None, late) == late


def test_a_machine_keeps_what_a_later_look_does_not_say() -> None:
    full = MachineRecord("i-1", "a", "req-1", 5, "123456789012", "eu-west-1")
    memory = with_machines(Memory(), [full])
    assert with_machines(memory, [MachineRecord("i-1", "", "")]) is memory
    assert with_machines(memory, [MachineRecord("i-1", "b", "req-1")]).machines["i-1"] == replace(full, name="b")


def test_templates_no_longer_offered_are_forgotten() -> None:
    memory = with_templates(Memory(), [TemplateRecord("a", "1", 5), TemplateRecord("b", "1", 5)])
    assert set(with_templates(memory, [TemplateRecord("b", "2", 6)]).templates) == {"b"}
