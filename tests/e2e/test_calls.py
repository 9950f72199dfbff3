"""How many AWS calls an operation makes, read from the local AWS's own log (design §9)."""

from __future__ import annotations

from collections import Counter

import pytest

from ohf_iac.template.kinds import Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import Provider


def calls_of(provider: Provider, operation: str, document: object) -> Counter[str]:
    """The actions that one operation called, with their numbers."""
    provider.aws.clear_calls()
    provider.call(operation, document)
    return Counter(one["action"] for one in provider.aws.calls())


def ids(*request_ids: str) -> dict[str, object]:
    return {"requests": [{"requestId": one} for one in request_ids]}


@pytest.mark.parametrize("kind", TEMPLATES)
def test_requests_whose_machines_start_cost_one_describe(quick: Provider, kind: Kind) -> None:
    quick.aws.reset(times={"pending": 300})
    wanted = [quick.request(TEMPLATES[kind], 2) for _ in range(3)]
    quick.aws.advance(20)
    assert calls_of(quick, "getRequestStatus", ids(*wanted)) == Counter(DescribeInstances=1)


@pytest.mark.parametrize("kind", TEMPLATES)
def test_settling_costs_at_most_two_calls_a_request(quick: Provider, kind: Kind) -> None:
    quick.aws.reset(times={"pending": 5})
    wanted = [quick.request(TEMPLATES[kind], 2) for _ in range(3)]
    quick.aws.advance(60)
    made = calls_of(quick, "getRequestStatus", ids(*wanted))
    assert made.pop("DescribeInstances") == 1
    assert made["CreateTags"] == 3
    assert sum(made.values()) <= 2 * 3
    assert not [action for action in made if action.startswith("DescribeStack")]


def test_a_settled_request_costs_nothing(quick: Provider) -> None:
    request_id = quick.request("asg-ondemand", 2)
    quick.settle(request_id)
    assert calls_of(quick, "getRequestStatus", ids(request_id)) == Counter()


def test_a_request_of_machines_reads_nothing_after_creating(quick: Provider) -> None:
    document = {"template": {"templateId": "instant-ondemand", "machineCount": 2}}
    quick.aws.clear_calls()
    quick.call("requestMachines", document)
    actions = [one["action"] for one in quick.aws.calls()]
    assert actions[-1] == "CreateStack"
    assert len(actions) <= 2


def test_a_return_over_several_stacks_is_batched(quick: Provider) -> None:
    entries = [quick.settle(quick.request("instant-ondemand", 20)) for _ in range(5)]
    machines = [one for entry in entries for one in entry["machines"]]
    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in machines]
    made = calls_of(quick, "requestReturnMachines", {"machines": hosts})
    assert made == Counter(DescribeInstances=2, CreateTags=1, TerminateInstances=1, DeleteStack=5)


def test_no_operation_on_templates_calls_aws(quick: Provider) -> None:
    assert calls_of(quick, "getAvailableTemplates", {}) == Counter()


def test_more_than_twenty_short_requests_are_looked_at_in_one_walk(quick: Provider) -> None:
    quick.aws.reset(capacity={"*": 0})
    wanted = [quick.request("asg-ondemand", 1) for _ in range(22)]
    quick.aws.advance(30)
    made = calls_of(quick, "getRequestStatus", ids(*wanted))
    assert made["DescribeStacks"] <= 2
    assert made["DescribeInstances"] == 1
