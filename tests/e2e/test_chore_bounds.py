"""What chores may take: five calls, few seconds, one process at a time; and never an answer with them."""

from __future__ import annotations

from typing import Any

import pytest

from ohf_iac.store.lock import locked
from tests.e2e.provider import NAME, Provider, live_stacks
from tests.local_aws import LocalAws

REQUESTS = 4
#: more than any poll has calls for
MANY = 12


@pytest.fixture
def due(quick: Provider) -> Provider:
    """A provider with chores due: stacks whose machines somebody ended, and one settled request to ask for."""
    aws = quick.aws
    aws.reset()
    entries = [quick.settle(quick.request("instant-ondemand", 1)) for _ in range(REQUESTS)]
    ids = [machine["machineId"] for entry in entries for machine in entry["machines"]]
    quick.polls(240, step=240)  # what came late has been looked for
    aws.client("ec2").terminate_instances(InstanceIds=ids)
    aws.advance(60)
    quick.extra["OHF_LIMITS_CHORE_CALLS"] = "0"
    quick.call("getReturnRequests", {})
    del quick.extra["OHF_LIMITS_CHORE_CALLS"]
    assert len(live_stacks(aws)) == REQUESTS
    aws.clear_calls()
    return quick


def settled_poll(provider: Provider) -> dict[str, Any]:
    """A poll that needs no call for its answer: all that are made are chores'."""
    return provider.status(min(provider.database()["requests"]))


def made(aws: LocalAws) -> list[str]:
    return [str(one["action"]) for one in aws.calls()]


def test_a_poll_makes_at_most_five_calls_for_chores_and_the_next_one_goes_on(due: Provider) -> None:
    due.extra["OHF_LIMITS_CHORE_SECONDS"] = "60"
    answers = [settled_poll(due)["status"]]
    assert 1 <= len(made(due.aws)) <= 5
    assert "DeleteStack" in made(due.aws)
    for _ in range(6):
        due.aws.advance(60)
        due.aws.clear_calls()
        answers.append(settled_poll(due)["status"])
        assert len(made(due.aws)) <= 5
    assert live_stacks(due.aws) == []
    assert set(answers) == {"complete"}


@pytest.mark.parametrize("limit", [3, 5])
def test_what_the_calls_of_one_poll_do_not_suffice_for_stays_due_for_the_next(quick: Provider, limit: int) -> None:
    """Twelve stacks are to be deleted: one describe for all, then as many deletions as calls are left."""
    aws = quick.aws
    aws.reset()
    ids = [quick.request("instant-ondemand", 1) for _ in range(MANY)]
    aws.advance(60)
    machines = [machine["machineId"] for one in ids for machine in quick.settle(one)["machines"]]
    aws.advance(60)
    aws.client("ec2").terminate_instances(InstanceIds=machines)
    aws.advance(60)  # two minutes after settling machines that came late are looked for
    quick.extra["OHF_LIMITS_CHORE_SECONDS"] = "60"
    if limit != 5:
        quick.extra["OHF_LIMITS_CHORE_CALLS"] = str(limit)
    left = MANY
    while left:
        aws.clear_calls()
        assert settled_poll(quick)["status"] == "complete"
        assert made(aws) == ["DescribeInstances", *["DeleteStack"] * min(limit - 1, left)]
        left -= min(limit - 1, left)
        records = quick.database()["requests"].values()
        assert sum(one["stack"] == "created" and 0 < one["chore_at"] <= aws.now() for one in records) == left
    aws.advance(60)
    assert live_stacks(aws) == []


def test_chores_begin_nothing_once_their_time_is_over(due: Provider) -> None:
    """The first call outlasts the time that chores have: it is the last."""
    due.aws.scenario(faults=[{"kind": "delay", "seconds": 4}])
    due.extra["OHF_LIMITS_CHORE_SECONDS"] = "1"
    assert settled_poll(due)["status"] == "complete"
    due.aws.scenario()
    assert len(made(due.aws)) <= 1
    assert len(live_stacks(due.aws)) == REQUESTS


def test_chores_are_one_processes_affair_at_a_time(due: Provider) -> None:
    with locked(f"{due.work}/{NAME}-chores.lock", 0):
        assert settled_poll(due)["status"] == "complete"
        assert made(due.aws) == []
    settled_poll(due)
    assert made(due.aws) != []


@pytest.mark.parametrize("fault", [{"kind": "error", "status": 403}, {"kind": "reset"}, {"kind": "garbage"}])
def test_chores_that_fail_change_no_answer(due: Provider, fault: dict[str, Any]) -> None:
    before = settled_poll(due)
    due.aws.advance(60)
    due.aws.scenario(faults=[fault])
    due.extra["OHF_LIMITS_CHORE_SECONDS"] = "1"
    assert settled_poll(due) == before


def test_a_lock_that_cannot_be_had_changes_no_answer(due: Provider) -> None:
    before = settled_poll(due)
    lock = due.work / f"{NAME}-chores.lock"
    lock.unlink()
    lock.mkdir()
    assert settled_poll(due) == before
