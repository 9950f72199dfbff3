"""Stacks that failed or rolled back, in creation, update and deletion: the answer, its reason, and nothing left.

Our stacks are created with OnFailure DO_NOTHING. One that rolls back all the same was made so by somebody's hook,
or rolled back by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ohf_iac.request import stack_name
from ohf_iac.template.kinds import ASG, FLEET_REQUEST, INSTANT, KINDS, SPOT_MAINTAIN, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.permitted import said
from tests.e2e.provider import Provider, forget, live_machines, live_stacks
from tests.e2e.relay import changing
from tests.e2e.test_orphans import launched
from tests.local_aws import LocalAws

LONG = 4 * 3600
MEMORY = ("kept", "lost")


@pytest.fixture
def rolling(quick: Provider) -> Iterator[Provider]:
    """A provider whose stacks roll back when they fail."""
    with changing(quick.aws.url, {b"OnFailure=DO_NOTHING": b"OnFailure=ROLLBACK"}) as url:
        quick.extra["AWS_ENDPOINT_URL"] = url
        yield quick


def status_of(aws: LocalAws) -> str:
    (stack,) = aws.client("cloudformation").describe_stacks()["Stacks"]
    return str(stack["StackStatus"])


def ended(provider: Provider, request_id: str, memory: str) -> dict[str, Any]:
    """Polled till its end, the memory lost before every look or kept."""
    for _ in range(100):
        if memory == "lost":
            forget(provider)
        entry = provider.status(request_id)
        if entry["status"] != "running":
            return entry
        provider.aws.advance(60)
    raise AssertionError(entry)


def nothing_left(provider: Provider, request_id: str, memory: str, verdict: str) -> None:
    """Chores tidy up where memory tells what is due, else `ohf gc`; afterwards the answer is still the same."""
    if memory == "kept":
        provider.polls(900, step=60)
    else:
        provider.aws.advance(LONG)
        forget(provider)
        for _ in range(3):
            said(provider, "gc", "--apply")
            provider.aws.advance(600)
    assert (live_stacks(provider.aws), live_machines(provider.aws)) == ([], [])
    forget(provider)
    assert provider.status(request_id)["status"] == verdict


def kinds(*always: Kind) -> list[Any]:
    """Each kind with memory kept and lost; in the ordinary run only some."""
    rows = [(kind, memory) for kind in KINDS for memory in MEMORY]
    return [
        pytest.param(*row, marks=() if row[0] in always else pytest.mark.sweep, id=" ".join(row)) for row in rows
    ]


@pytest.mark.parametrize(("kind", "memory"), kinds(ASG, FLEET_REQUEST))
def test_a_creation_that_rolls_back_without_machines(rolling: Provider, kind: Kind, memory: str) -> None:
    aws = rolling.aws
    aws.reset(profile="realistic", stacks={"failCreate": {"Capacity": "no such subnet"}})
    request_id = rolling.request(TEMPLATES[kind], 3)
    entry = ended(rolling, request_id, memory)
    assert (entry["status"], entry["machines"]) == ("complete_with_error", [])
    assert "no such subnet" in entry["message"]
    nothing_left(rolling, request_id, memory, "complete_with_error")


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize(("kind", "switch"), [(ASG, "groupShort"), (INSTANT, "instantPartial")])
def test_a_rollback_that_ends_machines_tells_of_none_as_usable(
    rolling: Provider, kind: Kind, switch: str, memory: str
) -> None:
    """The rollback takes machines that had come: none of them is `succeed` in a terminal answer, nor left."""
    aws = rolling.aws
    aws.reset(profile="realistic", capacity={"*": 2}, uncertain={switch: "fail"})
    request_id = rolling.request(TEMPLATES[kind], 3)
    entry = ended(rolling, request_id, memory)
    assert entry["status"] == "complete_with_error", entry
    assert "succeed" not in {one["result"] for one in entry["machines"]}
    nothing_left(rolling, request_id, memory, "complete_with_error")


@pytest.mark.parametrize(("kind", "memory"), kinds(SPOT_MAINTAIN))
def test_a_rollback_that_fails(rolling: Provider, kind: Kind, memory: str) -> None:
    aws = rolling.aws
    stacks = {"failCreate": {"Capacity": "no"}, "failDelete": {"LaunchTemplate": {"reason": "in use", "times": 1}}}
    aws.reset(profile="realistic", stacks=stacks)
    request_id = rolling.request(TEMPLATES[kind], 3)
    aws.advance(60)
    assert status_of(aws) == "ROLLBACK_FAILED"
    entry = ended(rolling, request_id, memory)
    assert entry["status"] == "complete_with_error"
    nothing_left(rolling, request_id, memory, "complete_with_error")


@pytest.mark.parametrize("memory", MEMORY)
def test_an_on_demand_rest_that_cannot_be_made(quick: Provider, memory: str) -> None:
    """The update rolls back: a shortage, with the spot machines there are; it is not tried for ever."""
    aws = quick.aws
    aws.reset(profile="realistic", quota={"spot": 2}, stacks={"failCreate": {"OnDemandRest": "not today"}})
    request_id = quick.request("heterogeneous-spot", 3)
    entry = ended(quick, request_id, memory)
    assert status_of(aws) == "UPDATE_ROLLBACK_COMPLETE"
    assert entry["status"] == "complete"
    assert len(entry["machines"]) == 2
    assert "on-demand rest not bought: not today" in entry["message"]
    asked = [one for one in aws.calls() if one["action"] == "UpdateStack"]
    assert len(asked) == 1
    quick.settle(quick.give_back(entry["machines"]))
    nothing_left(quick, request_id, memory, "complete")


@pytest.mark.parametrize(("kind", "memory"), kinds(INSTANT, SPOT_MAINTAIN))
def test_a_deletion_that_fails_twice(quick: Provider, kind: Kind, memory: str) -> None:
    aws = quick.aws
    aws.reset(profile="realistic", stacks={"failDelete": {"Capacity": {"reason": "held by a lock", "times": 2}}})
    request_id = quick.request(TEMPLATES[kind], 2)
    quick.settle(quick.give_back(quick.settle(request_id)["machines"]))
    aws.advance(60)
    assert status_of(aws) == "DELETE_FAILED"
    if memory == "lost":
        forget(quick)
        aws.advance(LONG)
        (orphan,) = json.loads(said(quick, "gc", "--output", "json"))["orphans"]
        assert orphan["reason"] == "failed"
        assert "DELETE_FAILED" in orphan["evidence"]
    nothing_left(quick, request_id, memory, "complete")
    log = "".join(file.read_text() for file in (quick.folder / "log").glob("*provider.log*"))
    assert memory == "lost" or "held by a lock" in log


@pytest.mark.parametrize("memory", MEMORY)
def test_a_machine_that_comes_after_the_deletion(quick: Provider, memory: str) -> None:
    """Launches in flight may arrive after the stack is gone, when nothing but memory bears a mark."""
    aws = quick.aws
    aws.reset(profile="realistic")
    request_id = quick.request("instant-ondemand", 2)
    quick.settle(quick.give_back(quick.settle(request_id)["machines"]))
    quick.polls(300, step=60)
    assert stack_name(request_id) not in live_stacks(aws)
    aws.advance(LONG)
    if memory == "lost":
        forget(quick)
    late = launched(aws, {"ohf:owner": "ohf", "ohf:request-id": request_id})
    aws.advance(LONG)
    (orphan,) = json.loads(said(quick, "gc", "--output", "json"))["orphans"]
    assert (orphan["id"], orphan["thing"]) == (late, "machine")
    nothing_left(quick, request_id, "lost", "complete")
