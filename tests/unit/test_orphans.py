"""What counts as an orphan, and from which second on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ohf_iac.machine import Instance
from ohf_iac.observation import LauncherSeen, LaunchTemplateSeen, StackSeen
from ohf_iac.orphans import GRACE, Holdings, orphans
from ohf_iac.request import TAG_SETTLED
from tests.seen import CREATED, DEADLINE, REQUEST_ID, RETURN_ID, STACK_ID, machine, marked, returned, running

NAME = f"ohf-{REQUEST_ID}"
TAGS = {"ohf:owner": "here", "ohf:request-id": REQUEST_ID, "ohf:kind": "ASG", "ohf:deadline": str(DEADLINE)}
LATE = DEADLINE + GRACE
FAR = DEADLINE + 10 * GRACE


def stack(status: str = "CREATE_COMPLETE", tags: Mapping[str, str] = TAGS, **more: Any) -> StackSeen:
    return StackSeen(STACK_ID, more.pop("name", NAME), status, created_at=CREATED, tags=tags, **more)


def holdings(*instances: Instance, at: float = FAR, stacks: tuple[StackSeen, ...] = (), **more: Any) -> Holdings:
    names = frozenset(one.name for one in stacks)
    return Holdings(at, "here", stacks, instances, **{"stack_names": names, **more})


def reasons(seen: Holdings, grace: float = GRACE) -> list[tuple[str, str]]:
    return [(one.thing, one.reason) for one in orphans(seen, grace)]


@pytest.mark.parametrize(("at", "count"), [(LATE - 1, 0), (LATE, 1)])
def test_a_request_is_left_alone_until_deadline_and_grace_have_passed(at: float, count: int) -> None:
    found = orphans(holdings(*running(1, 2), at=at, stacks=(stack(),)))
    assert [one.machines for one in found] == [(machine(1).instance_id, machine(2).instance_id)] * count


def test_an_on_demand_rest_moves_the_deadline() -> None:
    bought = stack(parameters={"RestCapacity": "2"})
    assert reasons(holdings(*running(1), at=LATE + 599, stacks=(bought,))) == []
    assert reasons(holdings(*running(1), at=LATE + 600, stacks=(bought,))) == [("stack", "never-settled")]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("CREATE_COMPLETE", "never-settled"),
        ("CREATE_IN_PROGRESS", "never-settled"),
        ("CREATE_FAILED", "failed"),
        ("ROLLBACK_COMPLETE", "failed"),
        ("ROLLBACK_FAILED", "failed"),
        ("DELETE_FAILED", "failed"),
        ("REVIEW_IN_PROGRESS", "unexecuted"),
        ("DELETE_IN_PROGRESS", ""),
        ("DELETE_COMPLETE", ""),
    ],
)
def test_stacks_without_machines(status: str, reason: str) -> None:
    assert reasons(holdings(stacks=(stack(status),))) == ([("stack", reason)] if reason else [])


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "CREATE_FAILED", "ROLLBACK_COMPLETE", "DELETE_FAILED"])
def test_a_settled_request_keeps_its_machines_and_its_stack(status: str) -> None:
    """Also a machine that did not get its mark: it was launched no later than one that did."""
    assert reasons(holdings(machine(1), marked(2), stacks=(stack(status),))) == []


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "CREATE_FAILED"])
def test_memory_protects_what_bears_no_mark(status: str) -> None:
    seen = holdings(*running(1), stacks=(stack(status),), marks={REQUEST_ID: "complete"})
    assert reasons(seen) == []


def test_the_mark_on_the_launch_template_protects_too() -> None:
    template = LaunchTemplateSeen("lt-1", NAME, CREATED, {"ohf:owner": "here", TAG_SETTLED: "complete"})
    assert reasons(holdings(*running(1), stacks=(stack(),), templates=(template,))) == []
    assert reasons(holdings(stacks=(stack(),), templates=(template,))) == [("stack", "empty")]


def test_a_machine_that_came_after_the_answer_is_nobodys_unless_it_was_told() -> None:
    late = machine(900)
    seen = holdings(marked(1), late, stacks=(stack(),))
    assert [(one.resource_id, one.reason) for one in orphans(seen)] == [(late.instance_id, "late")]
    assert reasons(holdings(marked(1), late, stacks=(stack(),), told=frozenset([late.instance_id]))) == []


def test_a_returned_machine_is_given_the_grace_from_its_return_on() -> None:
    asked = int(RETURN_ID.split("-")[1], 16)
    for at, found in ((asked + GRACE - 1, []), (asked + GRACE, [("machine", "returned")])):
        seen = holdings(marked(1), returned(2), at=at, stacks=(stack(),))
        assert reasons(seen) == found


@pytest.mark.parametrize(
    ("instance", "found"),
    [
        (machine(1), [("machine", "survivor")]),
        (machine(1, "stopped"), [("machine", "survivor")]),
        (machine(1, "shutting-down"), []),
        (machine(1, "terminated"), []),
        (marked(1), []),
        (Instance("i-1", "running", launch_time=CREATED, tags={"ohf:owner": "here"}), [("machine", "survivor")]),
        (Instance("i-1", "running", launch_time=CREATED, tags={"ohf:owner": "there"}), []),
        (Instance("i-1", "running", launch_time=CREATED, tags={"ohf:request-id": REQUEST_ID}), []),
    ],
)
def test_machines_without_a_stack(instance: Instance, found: list[tuple[str, str]]) -> None:
    assert reasons(holdings(instance)) == found


def test_a_machine_that_an_answer_told_of_is_no_survivor() -> None:
    """Its mark may have been lost with somebody's clearing of tags; memory knows it."""
    told = frozenset({machine(1).instance_id})
    assert reasons(holdings(machine(1), machine(2), told=told)) == [("machine", "survivor")]


@pytest.mark.parametrize(("answered", "found"), [(CREATED, [("machine", "late")]), (CREATED + 61, [])])
def test_a_machine_that_came_after_an_answer_that_memory_knows(answered: int, found: list[tuple[str, str]]) -> None:
    """Nothing else of the request is left in AWS, so no mark tells which machines were there before."""
    known: dict[str, Any] = {"marks": {REQUEST_ID: "complete"}, "answered": {REQUEST_ID: answered}}
    assert reasons(holdings(machine(1), **known)) == found
    assert reasons(holdings(marked(1), **known)) == []
    assert reasons(holdings(machine(1), told=frozenset({machine(1).instance_id}), **known)) == []


def launcher(**tags: str) -> LauncherSeen:
    own = {"ohf:owner": "here", "ohf:request-id": REQUEST_ID}
    return LauncherSeen("ASG", NAME, CREATED, {**own, **{key.replace("_", ":"): one for key, one in tags.items()}})


def test_a_group_without_its_stack() -> None:
    assert reasons(holdings(launchers=(launcher(),))) == [("launcher", "launching")]
    assert reasons(holdings(launchers=(launcher(),), stack_names=frozenset({NAME}))) == []
    assert reasons(holdings(launchers=(launcher(ohf_owner="there"),))) == []
    assert reasons(holdings(launchers=(replace(launcher(), tags={"ohf:owner": "here"}),))) == []
    assert reasons(holdings(launchers=(launcher(),), at=CREATED + GRACE - 1)) == []


def test_a_machine_is_no_survivor_while_a_stack_of_that_name_exists_whosever_it_is() -> None:
    assert reasons(holdings(*running(1), stack_names=frozenset([NAME]))) == []


@pytest.mark.parametrize(
    "other",
    [
        stack(tags={**TAGS, "ohf:owner": "there"}),
        stack(tags={"ohf:request-id": REQUEST_ID}),
        stack(tags={**TAGS, "ohf:kind": "something"}),
        stack(tags={**TAGS, "ohf:request-id": "req-00000001-0000000000000001"}),
        stack(name="ohf-production"),
        stack("REVIEW_IN_PROGRESS", name="production"),
    ],
)
def test_stacks_that_are_not_ours_or_were_tampered_with_are_left_alone(other: StackSeen) -> None:
    assert reasons(holdings(stacks=(other,))) == []


@pytest.mark.parametrize(
    ("template", "count"),
    [
        (LaunchTemplateSeen("lt-1", NAME, CREATED, {"ohf:owner": "here"}), 1),
        (LaunchTemplateSeen("lt-1", NAME, CREATED, {"ohf:owner": "there"}), 0),
        (LaunchTemplateSeen("lt-1", "shared", CREATED, {"ohf:owner": "here"}), 0),
        (LaunchTemplateSeen("lt-1", NAME, int(FAR), {"ohf:owner": "here"}), 0),
    ],
)
def test_launch_templates(template: LaunchTemplateSeen, count: int) -> None:
    assert reasons(holdings(templates=(template,))) == [("launch-template", "left-over")] * count
    assert reasons(holdings(marked(1), templates=(template,))) == []


def test_the_oldest_come_first() -> None:
    seen = holdings(machine(5), machine(3), machine(4))
    assert [one.since for one in orphans(seen)] == [CREATED + 63, CREATED + 64, CREATED + 65]
