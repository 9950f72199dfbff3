"""What holds of every judgement, whatever a poll sees: legal answers, no machine lost, no answer taken back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ohf_iac.machine import Instance
from ohf_iac.observation import Observation
from ohf_iac.plan import DeleteStack, Step, TagInstances, Terminate, steps_for
from ohf_iac.request import TAG_SETTLED, RequestRecord
from ohf_iac.status.answer import next_record, remembered, status_of
from ohf_iac.status.judge import SECOND_LOOK, Judgement, Policy, judge
from ohf_iac.status.tally import is_returned, settled_mark, tally
from ohf_iac.store.memory import merge_request
from ohf_iac.template.kinds import INSTANT
from tests.properties.worlds import moments, observations, policies, records
from tests.seen import record as known

STEPS_TAG, STEPS_END = 500, 1000


def marked(seen: Observation) -> list[Instance]:
    return [one for one in seen.instances if TAG_SETTLED in one.tags]


@given(records(), observations(), policies)
def test_every_observation_gives_an_answer_that_host_factory_knows(
    record: RequestRecord, seen: Observation, policy: Policy
) -> None:
    judgement = judge(record, seen, policy)
    answer = status_of(record, judgement)
    assert answer.status in ("running", "complete", "complete_with_error")
    assert (answer.status == "running") == (judgement.wish != "settle")
    for machine in answer.machines:
        assert machine.result in ("executing", "succeed", "fail")
        assert machine.machine_id
        assert machine.message or machine.result != "fail"
    assert answer.status == "running" or all(one.result != "executing" for one in answer.machines)
    assert len({one.machine_id for one in answer.machines}) == len(answer.machines)


@given(records(), observations(marks=False), policies)
def test_complete_means_that_all_came_or_that_a_part_is_allowed(
    record: RequestRecord, seen: Observation, policy: Policy
) -> None:
    judgement = judge(record, seen, policy)
    counts = tally(record.request, seen.instances, seen.at)
    if judgement.verdict != "complete":
        assert judgement.wish != "settle" or judgement.message
        return
    if counts.delivered >= record.request.units:
        assert not judgement.message
        return
    assert policy.partial_status == "complete"
    assert not counts.failed
    assert counts.good or counts.returned
    assert judgement.message


@given(records(), observations(marks=False), policies)
def test_a_shortage_is_never_final_while_something_may_still_come(
    record: RequestRecord, seen: Observation, policy: Policy
) -> None:
    judgement = judge(record, seen, policy)
    counts = tally(record.request, seen.instances, seen.at)
    if judgement.wish != "settle" or counts.delivered >= record.request.units:
        return
    assert seen.looked
    assert not counts.executing
    if seen.stack is None and not counts.live:
        return  # never created, or forgotten
    assert (
        not any(one.busy or not one.frozen for one in seen.capacities)
        or seen.stack is None
        or (seen.stack.phase in ("deleting", "deleted"))
    )
    twice = record.first_short_at and seen.at - record.first_short_at >= SECOND_LOOK
    assert twice or record.request.kind == INSTANT


@given(records(), observations(), policies)
def test_only_late_and_overdue_machines_are_ended(record: RequestRecord, seen: Observation, policy: Policy) -> None:
    judgement = judge(record, seen, policy)
    by_id = {one.instance_id: one for one in seen.instances}
    for doomed in (by_id[one] for one in judgement.doomed):
        assert doomed.live
        assert not is_returned(doomed)
        assert TAG_SETTLED not in doomed.tags
        if marked(seen):
            newest = max(one.launch_time for one in marked(seen))
            assert doomed.launch_time > newest or doomed.state == "pending"
        else:
            assert policy.pending_timeout is not None
            assert doomed.state == "pending"
            assert seen.at - doomed.launch_time > policy.pending_timeout
            assert (
                all(one.frozen for one in seen.capacities)
                or seen.stack is None
                or (seen.stack.phase in ("deleting", "deleted"))
            )


@given(records(), observations(), policies)
def test_steps_stay_within_batches_and_name_only_what_was_seen(
    record: RequestRecord, seen: Observation, policy: Policy
) -> None:
    judgement = judge(record, seen, policy)
    steps = steps_for(record, seen, judgement)
    known = {one.instance_id for one in seen.instances}
    for step in steps:
        if isinstance(step, TagInstances):
            assert 0 < len(step.ids) <= STEPS_TAG
            assert set(step.ids) <= known
        if isinstance(step, Terminate):
            assert 0 < len(step.ids) <= STEPS_END
            assert set(step.ids) <= known
        if isinstance(step, DeleteStack):
            assert not any(one.live for one in seen.instances)
    assert judgement.wish != "wait" or steps == ()
    assert [order(one) for one in steps] == sorted(order(one) for one in steps)


def order(step: Step) -> int:
    """Freezes first, then marks, then ends, then deletions."""
    places = {TagInstances: 1, Terminate: 2, DeleteStack: 3}
    return places.get(type(step), 0)


@given(st.integers(1, 2600), st.booleans())
def test_marks_of_any_number_of_machines_fit_into_batches(count: int, late: bool) -> None:
    ids = tuple(f"i-{number:08x}" for number in range(count))
    judgement = Judgement("settle", verdict="complete", tag=ids, doomed=ids if late else ())
    record = known(INSTANT, 1)
    steps = steps_for(record, Observation(record.request.request_id, 0), judgement)
    tagged = [one for step in steps if isinstance(step, TagInstances) for one in step.ids]
    ended = [one for step in steps if isinstance(step, Terminate) for one in step.ids]
    assert tagged == list(ids)
    assert ended == (list(ids) if late else [])
    assert all(len(step.ids) <= STEPS_TAG for step in steps if isinstance(step, TagInstances))
    assert all(len(step.ids) <= STEPS_END for step in steps if isinstance(step, Terminate))


@given(records(), observations(marks=False), policies, moments, st.data())
def test_what_was_settled_stays_settled_when_the_memory_is_lost(
    record: RequestRecord, seen: Observation, policy: Policy, later: int, data: st.DataObject
) -> None:
    """The mark carries the verdict and the machines, also after some of them were returned or died."""
    judgement = judge(record, seen, policy)
    if judgement.wish != "settle" or not judgement.tag:
        return
    assert judgement.verdict is not None
    mark = {TAG_SETTLED: judgement.verdict}
    carried = [step for step in steps_for(record, seen, judgement) if isinstance(step, TagInstances)]
    ids = {one for step in carried for one in step.ids}
    succeeded = {one.machine_id for one in judgement.machines if one.result == "succeed"}
    assert ids == succeeded
    dead = data.draw(st.sets(st.sampled_from(sorted(ids))))
    after = tuple(
        replace(
            one,
            tags={**one.tags, **mark} if one.instance_id in ids else one.tags,
            state="terminated" if one.instance_id in dead else one.state,
        )
        for one in seen.instances
    )
    again = judge(replace(record, first_short_at=0), replace(seen, instances=after, at=later), policy)
    assert (again.wish, again.verdict) == ("settle", judgement.verdict)
    assert {one.machine_id for one in again.machines if one.result == "succeed"} == succeeded


@given(records(), observations(), observations(), policies)
def test_a_settled_record_never_changes_its_verdict(
    record: RequestRecord, first: Observation, second: Observation, policy: Policy
) -> None:
    judgement = judge(record, first, policy)
    settled = next_record(record, judgement, first.at, first.at)
    if settled.verdict is None:
        assert judgement.wish != "settle"
        return
    assert remembered(settled).status == judgement.verdict
    late_poll = next_record(record, judge(record, second, policy), second.at, second.at)
    for merged in (merge_request(settled, late_poll), merge_request(late_poll, settled)):
        assert merged.verdict is not None
        if late_poll.verdict is None:
            assert merged.verdict == settled.verdict
    assert merge_request(settled, late_poll).verdict == settled.verdict


@given(records(), observations(), policies)
def test_memory_of_the_first_look_is_kept(record: RequestRecord, seen: Observation, policy: Policy) -> None:
    judgement = judge(record, seen, policy)
    new = next_record(record, judgement, seen.at, seen.at)
    if 0 < record.first_short_at <= seen.at:  # one from the time to come is a wrong clock's
        assert new.first_short_at == record.first_short_at
    assert settled_mark(seen.instances) or judgement.wish != "freeze" or not new.settled
