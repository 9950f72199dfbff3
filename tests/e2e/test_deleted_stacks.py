"""Stacks that are deleted tell how their requests ended: by their owner's alone, and in the time that there is."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ohf_iac.request import new_id, stack_name
from tests.e2e.human import Human
from tests.e2e.provider import Provider, forget, live_stacks
from tests.local_aws import LocalAws

BODY = '{"Resources": {"T": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {}}}}}'
#: ListStacks answers a hundred stacks a page
FOREIGN = (110, pytest.param(2000, marks=pytest.mark.sweep))


def ended(provider: Provider) -> str:
    """A request that was complete, given back, and whose stack is deleted; memory of it is lost."""
    entry = provider.settle(provider.request("instant-ondemand", 1))
    provider.settle(provider.give_back(entry["machines"]))
    provider.polls(240, step=80)
    assert live_stacks(provider.aws) == []
    provider.aws.advance(7200)
    forget(provider)
    return str(entry["requestId"])


def made_and_deleted(aws: LocalAws, names: Iterable[str], owner: str, **tags: str) -> None:
    """Stacks of somebody else."""
    client = aws.client("cloudformation")
    listed = [{"Key": key.replace("_", ":"), "Value": value} for key, value in {"ohf_owner": owner, **tags}.items()]
    for name in names:
        client.create_stack(StackName=name, TemplateBody=BODY, Tags=listed)
        aws.advance(30)
        client.delete_stack(StackName=name)
    aws.advance(30)


def test_anothers_deleted_stack_decides_nothing(quick: Provider) -> None:
    """It bears the name that our request's would: the id is not known to us, and what was known stays so."""
    aws = quick.aws
    aws.reset(profile="realistic")
    mine = ended(quick)
    nobodys = new_id("req", aws.now() - 3600, "1" * 16)
    for one in (mine, nobodys):
        tags = {"ohf_request-id": one, "ohf_kind": "ASG"}
        made_and_deleted(aws, [stack_name(one)], "neighbors", **tags)
    entry = quick.status(nobodys)
    assert (entry["status"], entry["machines"]) == ("complete_with_error", [])
    assert "not known" in entry["message"]
    assert quick.status(mine)["status"] == "complete"


def test_anothers_deleted_stack_is_not_told_of(
    quick: Provider, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick.aws.reset(profile="realistic")
    mine = ended(quick)
    made_and_deleted(quick.aws, [stack_name(mine)], "neighbors")
    human = Human(quick, capsys, monkeypatch)
    assert "LaunchTemplate" in {one["logicalId"] for one in human.reads("events", mine)["events"]}
    nobodys = new_id("req", quick.aws.now(), "1" * 16)
    made_and_deleted(quick.aws, [stack_name(nobodys)], "neighbors")
    human.says("events", nobodys, code=1)


def test_all_unknown_ids_share_one_walk_and_one_list(quick: Provider) -> None:
    aws = quick.aws
    aws.reset(profile="realistic")
    mine = ended(quick)
    ids = [mine, *(new_id("req", aws.now() - 3600, f"{number:016x}") for number in range(25))]
    aws.clear_calls()
    answer = quick.call("getRequestStatus", {"requests": [{"requestId": one} for one in ids]})
    statuses = [one["status"] for one in answer["requests"]]
    assert statuses == ["complete"] + ["complete_with_error"] * 25
    made = [one["action"] for one in aws.calls()]
    assert made.count("ListStacks") == 1
    assert made.count("DescribeStacks") <= 3


@pytest.mark.parametrize("number", FOREIGN)
def test_a_list_that_takes_too_long_ends_nothing(quick: Provider, number: int) -> None:
    """The answer comes in time and is `running`; once AWS answers as it should, it is what the stack tells."""
    aws = quick.aws
    aws.reset(profile="realistic")
    mine = ended(quick)
    made_and_deleted(aws, (f"theirs-{one}" for one in range(number)), "neighbors")
    aws.scenario(profile="realistic", faults=[{"action": "ListStacks", "kind": "delay", "seconds": 3}])
    quick.extra["OHF_LIMITS_DEADLINE"] = "4"
    aws.clear_calls()
    entry = quick.status(mine)
    assert (entry["status"], entry["machines"]) == ("running", [])
    assert "deleted stacks" in entry["message"]
    listed = [one for one in aws.calls() if one["action"] == "ListStacks"]
    assert len(listed) <= 2, "the list was not broken off by the deadline"
    aws.scenario(profile="realistic")
    quick.extra["OHF_LIMITS_DEADLINE"] = "60"
    assert quick.status(mine)["status"] == "complete"
