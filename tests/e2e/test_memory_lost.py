"""The store may be deleted at any time: AWS is the record."""

from __future__ import annotations

import pytest

from ohf_iac.request import stack_name
from ohf_iac.store.lock import locked
from ohf_iac.template.kinds import Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import NAME, Provider, forget, live_machines, live_stacks

KINDS = list(TEMPLATES)


def names(entry: dict[str, list[dict[str, str]]]) -> set[str]:
    return {one["machineId"] for one in entry["machines"]}


@pytest.mark.parametrize("kind", KINDS)
def test_lost_before_every_call(quick: Provider, kind: Kind) -> None:
    """The same terminal answers as with a store, at most one poll later."""
    aws = quick.aws
    aws.reset(profile="realistic")
    request_id = quick.request(TEMPLATES[kind], 3)
    for _ in range(20):
        forget(quick)
        entry = quick.status(request_id)
        if entry["status"] != "running":
            break
        aws.advance(30)
    assert entry["status"] == "complete"
    assert names(entry) == {one["InstanceId"] for one in live_machines(aws)}
    assert len(names(entry)) == 3
    forget(quick)
    again = quick.status(request_id)
    assert (again["status"], names(again)) == ("complete", names(entry))

    forget(quick)
    returned = quick.give_back(entry["machines"])
    for _ in range(20):
        forget(quick)
        gone = quick.status(returned)
        if gone["status"] != "running":
            break
        aws.advance(30)
    assert gone["status"] == "complete"
    assert names(gone) == names(entry)
    aws.advance(600)
    assert live_machines(aws) == []
    assert stack_name(request_id) not in live_stacks(aws)
    forget(quick)
    assert quick.status(request_id)["status"] == "complete"


@pytest.mark.parametrize("kind", KINDS)
def test_a_shortage_settles_without_a_store(quick: Provider, kind: Kind) -> None:
    """The freeze is seen in AWS; with the memory of the first look kept, the second one ends it."""
    aws = quick.aws
    aws.reset(profile="realistic", capacity={"*": 2})
    request_id = quick.request(TEMPLATES[kind], 3)
    aws.advance(300)
    quick.status(request_id)
    forget(quick)
    entry = quick.settle(request_id, step=120, patience=7200)
    assert entry["status"] == "complete"
    assert len(names(entry)) == 2
    forget(quick)
    again = quick.status(request_id)
    assert (again["status"], names(again)) == ("complete", names(entry))


def test_a_failed_request_whose_stack_is_deleted_stays_failed(quick: Provider) -> None:
    aws = quick.aws
    aws.reset(stacks={"failCreate": {"Capacity": "no such thing"}})
    request_id = quick.request("instant-ondemand", 3)
    assert quick.settle(request_id)["status"] == "complete_with_error"
    quick.polls(600, step=60)
    assert live_stacks(aws) == []
    forget(quick)
    assert quick.status(request_id)["status"] == "complete_with_error"


def test_machines_are_returned_by_name_alone_without_a_store(quick: Provider) -> None:
    entry = quick.settle(quick.request("asg-ondemand", 2))
    forget(quick)
    hosts = [{"name": one["name"]} for one in entry["machines"]]
    returned = str(quick.call("requestReturnMachines", {"machines": hosts})["requestId"])
    assert names(quick.settle(returned)) == names(entry)
    assert live_machines(quick.aws) == []


#: AWS cannot be asked at all; it shows the machines and takes no mark of them; it does, and ends none
SILENT = ("*", "CreateTags", "TerminateInstances")


@pytest.mark.parametrize("action", SILENT)
@pytest.mark.parametrize("kind", ["instant-ondemand", "asg-ondemand"])
def test_a_return_that_aws_was_not_told_of_is_never_told_to_be_done(
    quick: Provider, kind: str, action: str
) -> None:
    """Its host forgets it, or another host is asked: nobody would end the machines."""
    quick.extra["OHF_PROVIDER_RETRY_ATTEMPTS"] = "0"
    entry = quick.settle(quick.request(kind, 2))
    quick.aws.scenario(profile="realistic", faults=[{"action": action, "kind": "error", "status": 503}])
    returned = quick.give_back(entry["machines"])
    quick.aws.scenario(profile="realistic")
    forget(quick)
    assert quick.status(returned)["status"] == "running"
    quick.aws.advance(150)
    told = quick.status(returned)
    assert (told["status"], names(told)) == ("complete_with_error", set())
    assert "return them again" in told["message"]
    assert len(live_machines(quick.aws)) == 2
    assert names(quick.settle(quick.give_back(entry["machines"]))) == names(entry)
    assert live_machines(quick.aws) == []


@pytest.mark.parametrize("action", SILENT)
def test_a_return_that_aws_was_not_told_of_goes_on_where_it_is_remembered(quick: Provider, action: str) -> None:
    quick.extra["OHF_PROVIDER_RETRY_ATTEMPTS"] = "0"
    entry = quick.settle(quick.request("asg-ondemand", 2))
    quick.aws.scenario(profile="realistic", faults=[{"action": action, "kind": "error", "status": 503}])
    returned = quick.give_back(entry["machines"])
    quick.aws.scenario(profile="realistic")
    told = quick.settle(returned)
    assert (told["status"], names(told)) == ("complete", names(entry))
    assert live_machines(quick.aws) == []
    assert [one for one in quick.database()["returns"].values() if "verdict" not in one] == []


def test_a_return_that_neither_aws_nor_the_store_takes_is_refused(quick: Provider) -> None:
    quick.extra["OHF_PROVIDER_RETRY_ATTEMPTS"] = "0"
    quick.extra["OHF_STORAGE_LOCK_TIMEOUT"] = "0.1"
    entry = quick.settle(quick.request("asg-ondemand", 2))
    quick.aws.scenario(profile="realistic", faults=[{"action": "CreateTags", "kind": "error", "status": 503}])
    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]
    with locked(str(quick.work / f"{NAME}-request_database.json.lock"), 1):
        answer = quick.call("requestReturnMachines", {"machines": hosts}, code=1)
    assert "holds it" in answer["message"]
    assert len(live_machines(quick.aws)) == 2
