"""Hosts as Host Factory names them: never one that spoils a call, never a live one taken for gone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.provider import Provider, forget, live_machines
from tests.local_aws import REGION

PROTECTED = {"DisableApiTermination": {"Value": True}}


def hosts_of(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]


def reclaims(provider: Provider, document: dict[str, Any]) -> dict[str, int]:
    answer = provider.call("getReturnRequests", document)
    return {one["machineId"]: one["gracePeriod"] for one in answer["requests"]}


def end_outside(provider: Provider, *ids: str) -> None:
    provider.aws.client("ec2").terminate_instances(InstanceIds=list(ids))


def alive(provider: Provider) -> set[str]:
    return {one["InstanceId"] for one in live_machines(provider.aws)}


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {},
        {"name": "", "machineId": None},
        {"name": 7},
        ["nested"],
        {"name": "*"},
        {"machineId": "i-*"},
        {"machineId": "i-0123 or so"},
        {"name": "x" * 5000},
        {"name": "zwei\nZeilen\x00"},
        {"machineId": "i-" + "f" * 300},
        "ip-10-255-255-255.ec2.internal",
    ],
    ids=str,
)
def test_one_bad_host_never_fails_the_call_for_the_others(quick: Provider, bad: object) -> None:
    entry = quick.settle(quick.request("instant-ondemand", 2))
    good = hosts_of(entry)
    assert reclaims(quick, {"machines": [bad, *good]}) == {}
    answer = quick.call("requestReturnMachines", {"machines": [good[0], bad]})
    returned = quick.settle(answer["requestId"])
    assert returned["status"] == "complete"
    assert good[0]["machineId"] in {one["machineId"] for one in returned["machines"]}
    assert alive(quick) == {good[1]["machineId"]}


def test_a_dead_machine_that_lost_its_tags_is_told_and_counts_as_returned(quick: Provider) -> None:
    """EC2 takes the tags off a terminated instance before it forgets the instance."""
    quick.aws.reset(profile="realistic")
    entry = quick.settle(quick.request("instant-ondemand", 3))
    dead, other, _ = hosts_of(entry)
    end_outside(quick, dead["machineId"])
    quick.aws.advance(900)
    assert reclaims(quick, {"machines": [dead, other]}) == {dead["machineId"]: 0}
    forget(quick)
    assert reclaims(quick, {"machines": [dead, other]}) == {dead["machineId"]: 0}
    answer = quick.call("requestReturnMachines", {"machines": [dead]})
    assert answer["message"] == "0 machines are being returned; 1 is already gone"
    (row,) = quick.settle(answer["requestId"])["machines"]
    assert (row["machineId"], row["name"]) == (dead["machineId"], dead["name"])
    assert (row["result"], row["status"]) == ("succeed", "terminated")


def test_a_remembered_name_leads_to_the_id_of_a_machine_that_is_gone(quick: Provider) -> None:
    entry = quick.settle(quick.request("instant-ondemand", 2))
    dead, other = hosts_of(entry)
    end_outside(quick, dead["machineId"])
    quick.aws.advance(120)
    names = {"machines": [{"name": dead["name"]}, {"name": other["name"]}, {"name": "ip-10-9-9-9.ec2.internal"}]}
    answer = quick.call("getReturnRequests", names)
    told = [(one["machine"], one["machineId"], one["gracePeriod"]) for one in answer["requests"]]
    assert told == [(dead["name"], dead["machineId"], 0)]


def replaced(provider: Provider, gone: dict[str, Any], tags: dict[str, str]) -> str:
    """End a machine; the id of another that then gets its address, and so its name."""
    (before,) = live_machines(provider.aws)
    end_outside(provider, gone["machineId"])
    provider.aws.advance(120)
    started = provider.aws.client("ec2").run_instances(
        ImageId="ami-0a1b2c3d4e5f60001",
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=1,
        SubnetId=before["SubnetId"],
        PrivateIpAddress=gone["privateIpAddress"],
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ]
        if tags
        else [],
    )
    (row,) = started["Instances"]
    assert row["PrivateDnsName"] == gone["name"]
    return str(row["InstanceId"])


OURS = {"ohf:owner": "ohf", "ohf:request-id": "req-00000000-0000000000000000"}


@pytest.mark.parametrize(
    ("tags", "ended"),
    [
        pytest.param({**OURS, "ohf:settled": "complete"}, True, id="told by another host of ours"),
        pytest.param(OURS, False, id="of a request that still runs"),
        pytest.param({**OURS, "ohf:owner": "other", "ohf:settled": "complete"}, False, id="another owner's"),
        pytest.param({}, False, id="nobody's"),
    ],
)
def test_a_name_that_came_back_means_the_live_machine_only_if_it_can(
    quick: Provider, tags: dict[str, str], ended: bool
) -> None:
    entry = quick.settle(quick.request("instant-ondemand", 1))
    (gone,) = entry["machines"]
    heir = replaced(quick, gone, tags)
    quick.aws.advance(60)
    assert quick.settle(quick.give_back([gone]))["status"] == "complete"
    assert alive(quick) == {heir}, "the id counts where there is one"
    answer = quick.call("requestReturnMachines", {"machines": [{"name": gone["name"]}]})
    assert quick.settle(answer["requestId"])["status"] == "complete"
    assert alive(quick) == (set() if ended else {heir})


def test_a_single_machine_is_not_called_gone_in_another_region(quick: Provider) -> None:
    entry = quick.settle(quick.request("instant-ondemand", 1))
    hosts = {"machines": hosts_of(entry)}
    quick.aws.advance(3600)
    quick.extra["OHF_PROVIDER_REGION"] = "eu-central-1"
    answer = quick.call("getReturnRequests", hosts)
    assert answer["requests"] == []
    assert REGION in answer["message"]
    assert "eu-central-1" in answer["message"]
    returned = quick.call("requestReturnMachines", hosts)["requestId"]
    entry = quick.status(returned)
    assert entry["status"] == "running"
    assert "eu-central-1" in entry["message"]
    del quick.extra["OHF_PROVIDER_REGION"]
    assert quick.settle(returned)["status"] == "complete"
    assert alive(quick) == set()


def test_nothing_is_called_gone_where_nothing_of_ours_is_seen(quick: Provider) -> None:
    """The store is lost, and the region is wrong: what is absent there proves nothing."""
    entry = quick.settle(quick.request("instant-ondemand", 1))
    hosts = {"machines": hosts_of(entry)}
    forget(quick)
    quick.extra["OHF_PROVIDER_REGION"] = "eu-central-1"
    answer = quick.call("getReturnRequests", hosts)
    assert answer["requests"] == []
    assert "not remembered" in answer["message"]
    del quick.extra["OHF_PROVIDER_REGION"]
    nobody = "i-0a1b2c3d4e5f6ffff"
    assert reclaims(quick, {"machines": [{"name": "ip-1", "machineId": nobody}]}) == {nobody: 0}


def test_what_one_api_refuses_does_not_hide_what_the_others_tell(quick: Provider) -> None:
    entry = quick.settle(quick.request("instant-spot", 2))
    hosts = {"machines": hosts_of(entry)}
    taken, retired = (one["machineId"] for one in entry["machines"])
    quick.aws.interrupt(ids=[taken])
    quick.aws.control("POST", "retire", {"ids": [retired], "in": 600})
    denied = {"kind": "error", "status": 403, "code": "UnauthorizedOperation", "service": "ec2"}
    quick.aws.scenario(faults=[{**denied, "action": "DescribeInstanceStatus"}])
    answer = quick.call("getReturnRequests", hosts)
    assert [one["machineId"] for one in answer["requests"]] == [taken]
    assert "Error Code: UnauthorizedOperation" in answer["message"]
    quick.aws.scenario(faults=[{**denied, "action": "DescribeSpotInstanceRequests"}])
    answer = quick.call("getReturnRequests", hosts)
    assert [one["machineId"] for one in answer["requests"]] == [retired]


def test_a_machine_is_told_as_soon_as_it_ends_outside(quick: Provider) -> None:
    quick.aws.reset(times={"shutdown": 600})
    entry = quick.settle(quick.request("instant-ondemand", 3))
    ending, stopping, _ = (one["machineId"] for one in entry["machines"])
    end_outside(quick, ending)
    quick.aws.client("ec2").stop_instances(InstanceIds=[stopping])
    quick.aws.advance(5)
    assert reclaims(quick, {"machines": hosts_of(entry)}) == {ending: 0, stopping: 0}


def test_without_an_input_only_what_was_told_is_reported(quick: Provider) -> None:
    quick.aws.reset(times={"pending": 300})
    settled = quick.settle(quick.request("instant-spot", 2))
    quick.request("instant-spot", 2)
    quick.aws.advance(30)
    taken = quick.aws.interrupt(count=4)
    told = {one["machineId"] for one in settled["machines"]}
    assert len(taken) == 4
    forget(quick)
    assert set(reclaims(quick, {})) == told
    assert set(reclaims(quick, {"machines": []})) == told


def test_a_machine_may_be_given_back_however_often_its_end_was_refused(quick: Provider) -> None:
    """Every return leaves a tag, and EC2 takes fifty tags on a machine."""
    entry = quick.settle(quick.request("instant-ondemand", 1))
    (machine,) = entry["machines"]
    client = quick.aws.client("ec2")
    client.modify_instance_attribute(InstanceId=machine["machineId"], **PROTECTED)
    for _ in range(60):
        refused = quick.settle(quick.give_back([machine]))
        assert refused["status"] == "complete_with_error"
    client.modify_instance_attribute(InstanceId=machine["machineId"], DisableApiTermination={"Value": False})
    assert quick.settle(quick.give_back([machine]))["status"] == "complete"
    assert alive(quick) == set()


def test_hundreds_of_hosts_of_all_sorts_in_one_call(quick: Provider) -> None:
    """By id, by name, by both, of three requests, one dead, some unknown, some foreign: batched, none forgotten."""
    requests = [
        quick.request("instant-ondemand", 90),
        quick.request("asg-ondemand", 90),
        quick.request("maintain-spot", 90),
    ]
    machines = [one for request in requests for one in quick.settle(request)["machines"]]
    started = quick.aws.client("ec2").run_instances(
        ImageId="ami-0a1b2c3d4e5f60001", InstanceType="m5.large", MinCount=2, MaxCount=2
    )
    foreign = {one["InstanceId"] for one in started["Instances"]}
    end_outside(quick, machines[0]["machineId"])
    quick.aws.advance(60)
    hosts: list[Any] = [{"name": one["name"], "machineId": one["machineId"]} for one in machines[::3]]
    hosts += [{"machineId": one["machineId"]} for one in machines[1::3]]
    hosts += [{"name": one["name"]} for one in machines[2::3]]
    hosts += [{"machineId": one} for one in foreign]
    hosts += [{"name": f"ip-10-77-0-{one}.ec2.internal"} for one in range(60)]
    quick.aws.clear_calls()
    answer = quick.call("requestReturnMachines", {"machines": hosts})
    counted = [one["action"] for one in quick.aws.calls()]
    assert counted.count("TerminateInstances") == 1
    assert len(counted) < 15, counted
    assert all(one in answer["message"] for one in foreign)
    returned = quick.settle(answer["requestId"])
    assert returned["status"] == "complete"
    assert {one["machineId"] for one in returned["machines"]} >= {one["machineId"] for one in machines}
    assert len(returned["machines"]) == 330
    assert alive(quick) == foreign
    again = quick.settle(str(quick.call("requestReturnMachines", {"machines": hosts[:5]})["requestId"]))
    assert [one["result"] for one in again["machines"]] == ["succeed"] * 5
