"""The settle mark: on the machines, and on the launch template that outlives them."""

from __future__ import annotations

from dataclasses import replace

from ohf_iac.machine import Instance
from ohf_iac.observation import FLEET_TAG, Observation
from ohf_iac.plan import TEMPLATE_TAG, TagGroup, TagInstances, steps_for
from ohf_iac.request import TAG_SETTLED, Request, RequestRecord
from ohf_iac.status.judge import Judgement, Policy, judge
from ohf_iac.status.recover import record_from_machines
from ohf_iac.template.kinds import ASG, INSTANT, Kind

REQUEST_ID = "req-6743a1c0-0123456789abcdef"
SETTLE = Judgement("settle", (), "complete", tag=("i-1",))
RUNNING = Instance("i-1", "running", "ip-10-0-0-1.ec2.internal", tags={TEMPLATE_TAG: "lt-1"})


def record(kind: Kind = INSTANT, *, own_template: bool) -> RequestRecord:
    request = Request(REQUEST_ID, "t", kind, 1, "ohf", 1000, 2800, own_template=own_template)
    return RequestRecord(request, "created", digest="5f2d")


def test_the_requests_own_launch_template_is_marked_last() -> None:
    (step,) = steps_for(record(own_template=True), Observation(REQUEST_ID, 1100, (RUNNING,)), SETTLE)
    assert step == TagInstances(("i-1", "lt-1"), TAG_SETTLED, "complete")


def test_a_launch_template_of_somebody_else_is_left_alone() -> None:
    (step,) = steps_for(record(own_template=False), Observation(REQUEST_ID, 1100, (RUNNING,)), SETTLE)
    assert step == TagInstances(("i-1",), TAG_SETTLED, "complete")


def test_where_the_launch_template_is_somebody_elses_the_fleet_is_marked() -> None:
    tags = {TEMPLATE_TAG: "lt-theirs", FLEET_TAG: "fleet-1"}
    seen = Observation(REQUEST_ID, 1100, (replace(RUNNING, tags=tags),))
    (step,) = steps_for(record(own_template=False), seen, SETTLE)
    assert step == TagInstances(("i-1", "fleet-1"), TAG_SETTLED, "complete")


def test_of_a_request_known_by_its_machines_alone_only_these_are_marked() -> None:
    """The least permissions cover no fleet whose machines start from our own launch template."""
    machine = replace(RUNNING, tags={TEMPLATE_TAG: "lt-1", FLEET_TAG: "fleet-1"})
    known = record_from_machines(REQUEST_ID, "ohf", (machine,))
    (step,) = steps_for(known, Observation(REQUEST_ID, 1100, (machine,)), SETTLE)
    assert step == TagInstances(("i-1",), TAG_SETTLED, "complete")


def test_where_the_launch_template_is_somebody_elses_the_group_is_marked_last() -> None:
    *_, machines, group = steps_for(
        record(ASG, own_template=False), Observation(REQUEST_ID, 1100, (RUNNING,)), SETTLE
    )
    assert machines == TagInstances(("i-1",), TAG_SETTLED, "complete")
    assert group == TagGroup(f"ohf-{REQUEST_ID}", TAG_SETTLED, "complete")
    own = steps_for(record(ASG, own_template=True), Observation(REQUEST_ID, 1100, (RUNNING,)), SETTLE)
    empty = Judgement("settle", (), "complete_with_error")
    never = steps_for(record(ASG, own_template=False), Observation(REQUEST_ID, 1100, ()), empty)
    assert not [one for one in own + never if isinstance(one, TagGroup)]


def test_a_mark_on_the_launch_template_alone_is_terminal() -> None:
    seen = Observation(REQUEST_ID, 9000, (), settled="complete")
    assert judge(record(own_template=True), seen, Policy()).verdict == "complete"


def test_with_that_mark_every_running_machine_is_a_member() -> None:
    seen = Observation(REQUEST_ID, 9000, (RUNNING,), settled="complete_with_error")
    judgement = judge(record(own_template=True), seen, Policy())
    assert (judgement.verdict, judgement.tag, judgement.doomed) == ("complete_with_error", ("i-1",), ())
