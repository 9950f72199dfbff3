"""Machines that die without us: what is told, what is remembered, and that their empty stacks go."""

from __future__ import annotations

from typing import Any

import pytest

from ohf_iac.request import stack_name
from ohf_iac.template.kinds import INSTANT, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import Provider, forget, live_stacks

KINDS = list(TEMPLATES)


def end_outside(provider: Provider, machines: list[dict[str, Any]]) -> None:
    provider.aws.client("ec2").terminate_instances(InstanceIds=[one["machineId"] for one in machines])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("later", [120, 7200], ids=["still shown", "forgotten by EC2"])
def test_returning_dead_machines_deletes_their_stack(quick: Provider, kind: Kind, later: int) -> None:
    aws = quick.aws
    aws.reset(profile="realistic")
    entry = quick.settle(quick.request(TEMPLATES[kind], 2))
    quick.polls(240, step=120)
    end_outside(quick, entry["machines"])
    aws.advance(later)
    returned = quick.settle(quick.give_back(entry["machines"]))
    assert returned["status"] == "complete"
    quick.polls(300, step=100)
    assert live_stacks(aws) == []


def test_a_stack_whose_machines_are_all_gone_is_deleted_without_a_return(quick: Provider) -> None:
    entry = quick.settle(quick.request("asg-ondemand", 2))
    quick.polls(240, step=120)
    end_outside(quick, entry["machines"])
    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]
    for _ in range(4):
        quick.aws.advance(90)
        quick.call("getReturnRequests", {"machines": hosts})
    assert live_stacks(quick.aws) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_verdict_outlives_machines_and_memory(quick: Provider, kind: Kind) -> None:
    """The mark on the launch template tells it, when EC2 has forgotten the machines and we have lost the store."""
    aws = quick.aws
    aws.reset(profile="realistic")
    request_id = quick.request(TEMPLATES[kind], 2)
    entry = quick.settle(request_id)
    end_outside(quick, entry["machines"])
    forget(quick)
    aws.advance(2 * 3600)
    assert stack_name(request_id) in live_stacks(aws)
    assert quick.status(request_id)["status"] == "complete"
    quick.polls(120, step=60)
    assert live_stacks(aws) == []
    forget(quick)
    assert quick.status(request_id)["status"] == "complete"


@pytest.mark.parametrize("kind", [one for one in KINDS if one != INSTANT])
def test_a_machine_that_failed_is_told_however_long_ec2_shows_it(quick: Provider, kind: Kind) -> None:
    aws = quick.aws
    aws.reset(profile="realistic", capacity={"*": 2})
    request_id = quick.request(TEMPLATES[kind], 3)
    while len(machines := quick.status(request_id)["machines"]) < 2 or machines[0]["result"] != "succeed":
        aws.advance(15)
    aws.scenario(profile="realistic", capacity={"*": 0})
    end_outside(quick, machines[:1])
    entry = quick.settle(request_id, step=60, patience=7200)
    assert entry["status"] == "complete_with_error"
    failed = [one for one in entry["machines"] if one["result"] == "fail"]
    assert [one["machineId"] for one in failed] == [machines[0]["machineId"]]
    assert failed[0]["message"]
