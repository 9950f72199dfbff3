"""Counting: what each machine means for its request, in the units that were asked for."""

from __future__ import annotations

import pytest

from ohf_iac.machine import Instance
from ohf_iac.request import TAG_SETTLED
from ohf_iac.status.tally import is_returned, settled_mark, tally, units_of
from tests.seen import CREATED, machine, marked, request, returned, running

NOW = CREATED + 300
WEIGHTS = {"m5.large": 2, "m5.xlarge": 4}


def test_machines_are_sorted_by_what_they_mean() -> None:
    seen = [*running(1, 2), machine(3, "pending"), machine(4, name=""), machine(5, "stopped"), returned(6)]
    counts = tally(request(), seen, NOW)
    names = [[one.instance_id[-1] for one in part] for part in (counts.good, counts.executing, counts.returned)]
    assert names == [["1", "2"], ["3", "4"], ["6"]]
    assert [(one.instance_id[-1], why) for one, why in counts.failed] == [("5", "i-00000000000000005 is stopped")]
    assert (counts.delivered, counts.expected) == (3, 5)
    assert [one.instance_id[-1] for one in counts.live] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("state", ["running", "shutting-down", "terminated", "pending"])
def test_a_returned_machine_counts_as_delivered_whatever_became_of_it(state: str) -> None:
    counts = tally(request(), [returned(1, state)], NOW)
    assert (counts.delivered, counts.good, counts.executing, counts.failed) == (1, (), (), ())


def test_units_are_weights_and_one_for_a_type_without() -> None:
    seen = [machine(1, instance_type="m5.xlarge"), machine(2, instance_type="c5.large")]
    assert units_of(request(weights=WEIGHTS), seen) == 5
    assert units_of(request(), seen) == 2


def test_failed_machines_are_told_only_where_they_matter() -> None:
    counts = tally(request(), [*running(1), machine(2, "pending"), machine(3, "terminated", reason="x")], NOW)
    assert [one.result for one in counts.machines(with_failed=True)] == ["succeed", "executing", "fail"]
    assert [one.result for one in counts.machines(with_failed=False)] == ["succeed", "executing"]
    assert counts.machines(with_failed=True)[-1].message == "i-00000000000000003 is terminated: x"


def test_a_mark_on_any_machine_is_the_requests() -> None:
    assert settled_mark([*running(1), marked(2, "terminated", "complete_with_error")]) == "complete_with_error"
    assert settled_mark(running(1, 2)) == ""
    assert settled_mark([]) == ""


def test_only_a_tag_of_ours_makes_a_machine_a_returned_one() -> None:
    assert is_returned(returned(1))
    assert not is_returned(marked(1))
    assert not is_returned(Instance("i-1", "running", tags={"return": "yes", TAG_SETTLED: "complete"}))
