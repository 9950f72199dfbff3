"""What is particular to a kind or a template: weights, the on-demand rest, spot interruptions, early returns."""

from __future__ import annotations

import pytest

from ohf_iac.template.kinds import INSTANT, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import Provider, live_machines, live_stacks


def test_weighted_machines_are_counted_in_units(quick: Provider) -> None:
    entry = quick.settle(quick.request("weighted-spot", 6))
    assert entry["status"] == "complete"
    assert 0 < len(entry["machines"]) < 6


def test_a_heterogeneous_request_gets_its_rest_on_demand(quick: Provider) -> None:
    aws = quick.aws
    aws.reset(profile="realistic", quota={"spot": 2})
    request_id = quick.request("heterogeneous-spot", 3)
    entry = quick.settle(request_id, patience=2 * 3600)
    assert entry["status"] == "complete", entry
    assert sorted(one["priceType"] for one in entry["machines"]) == ["ondemand", "spot", "spot"]
    quick.settle(quick.give_back(entry["machines"]))
    quick.polls(600, step=120)
    assert live_machines(aws) == []
    assert live_stacks(aws) == []


def test_the_rest_is_bought_once(quick: Provider) -> None:
    aws = quick.aws
    aws.reset(profile="realistic", quota={"spot": 1}, capacity={"*": 2})
    entry = quick.settle(quick.request("heterogeneous-spot", 3), patience=2 * 3600)
    updates = [one for one in aws.calls() if one["action"] == "UpdateStack"]
    assert len(updates) == 1
    assert (entry["status"], len(entry["machines"])) == ("complete", 2)
    assert "2 of 3" in entry["message"]


@pytest.mark.parametrize("template", ["instant-spot", "maintain-spot", "spotfleet-maintain", "asg-mixed"])
def test_a_spot_interruption_is_announced_and_never_replaced(quick: Provider, template: str) -> None:
    aws = quick.aws
    aws.reset(profile="realistic")
    entry = quick.settle(quick.request(template, 4))
    spot = [one for one in entry["machines"] if one["priceType"] == "spot"]
    taken = spot[0]
    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]
    assert quick.call("getReturnRequests", {"machines": hosts})["requests"] == []
    aws.interrupt(ids=[taken["machineId"]])
    aws.advance(20)
    (told,) = quick.call("getReturnRequests", {"machines": hosts})["requests"]
    assert (told["machine"], told["machineId"]) == (taken["name"], taken["machineId"])
    assert 90 <= told["gracePeriod"] <= 101
    aws.advance(200)
    (told,) = quick.call("getReturnRequests", {"machines": hosts})["requests"]
    assert told["gracePeriod"] == 0
    told_of = (quick.folder / "log").glob("*")
    assert sum(file.read_text().count('"event": "MachineInterrupted"') for file in told_of) == 1
    returned = quick.settle(quick.give_back([taken]))
    assert returned["status"] == "complete"
    assert quick.call("getReturnRequests", {"machines": hosts})["requests"] == []
    aws.advance(86400)
    assert len(live_machines(aws)) == 3


def test_a_machine_terminated_outside_is_told_and_our_own_returns_are_not(quick: Provider) -> None:
    aws = quick.aws
    entry = quick.settle(quick.request("asg-ondemand", 3))
    outside, returned, _ = entry["machines"]
    aws.client("ec2").terminate_instances(InstanceIds=[outside["machineId"]])
    quick.give_back([returned])
    aws.advance(120)
    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]
    told = quick.call("getReturnRequests", {"machines": hosts})["requests"]
    assert [(one["machineId"], one["gracePeriod"]) for one in told] == [(outside["machineId"], 0)]
    everything = quick.call("getReturnRequests", {})["requests"]
    assert [one["machineId"] for one in everything] == [outside["machineId"]]


@pytest.mark.parametrize("kind", [one for one in TEMPLATES if one != INSTANT])
def test_a_machine_returned_while_its_request_still_runs(quick: Provider, kind: Kind) -> None:
    """It is not replaced, and the request ends without waiting for it."""
    aws = quick.aws
    aws.reset(times={"pending": 60, "launchBatch": 1, "launchInterval": 45})
    request_id = quick.request(TEMPLATES[kind], 3)
    entry = quick.status(request_id)
    while not [one for one in entry["machines"] if one["result"] == "succeed"]:
        aws.advance(15)
        entry = quick.status(request_id)
    first = next(one for one in entry["machines"] if one["result"] == "succeed")
    returned = quick.give_back([first])
    entry = quick.settle(request_id, step=60, patience=3600)
    assert entry["status"] == "complete", entry
    assert first["machineId"] not in {one["machineId"] for one in entry["machines"]}
    assert quick.settle(returned)["status"] == "complete"
    quick.polls(300, step=100)
    aws.advance(86400)
    assert {one["InstanceId"] for one in live_machines(aws)} == {one["machineId"] for one in entry["machines"]}


def test_a_foreign_host_is_named_and_left_alone(quick: Provider) -> None:
    aws = quick.aws
    ec2 = aws.client("ec2")
    started = ec2.run_instances(ImageId="ami-0a1b2c3d4e5f60001", InstanceType="m5.large", MinCount=1, MaxCount=1)
    foreign = started["Instances"][0]["InstanceId"]
    answer = quick.call("requestReturnMachines", {"machines": [{"name": "theirs", "machineId": foreign}]})
    assert "theirs" in answer["message"]
    assert quick.settle(answer["requestId"])["status"] == "complete"
    assert [one["InstanceId"] for one in live_machines(aws)] == [foreign]


def test_unknown_and_dead_hosts_count_as_returned(quick: Provider) -> None:
    entry = quick.settle(quick.request("instant-ondemand", 1))
    quick.settle(quick.give_back(entry["machines"]))
    quick.aws.advance(7200)
    hosts = [*entry["machines"], {"name": "ip-10-9-9-9.ec2.internal", "machineId": ""}]
    gone = quick.settle(quick.give_back(hosts))
    assert gone["status"] == "complete"
    assert {one["result"] for one in gone["machines"]} == {"succeed"}
