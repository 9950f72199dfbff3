"""All five operations over machines in every state that EC2 has, of every kind and under both terminal statuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ohf_iac.template.kinds import KINDS, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.processes import OPERATIONS, legal
from tests.e2e.provider import Provider, live_machines

SLOW = {"pending": 9000, "shutdown": 9000}
STRICT = {"OHF_TEMPLATE_PARTIAL_STATUS": "complete_with_error"}


def states(provider: Provider) -> set[str]:
    """The states that EC2 shows at least one machine in."""
    pages = provider.aws.client("ec2").get_paginator("describe_instances").paginate()
    return {one["State"]["Name"] for page in pages for part in page["Reservations"] for one in part["Instances"]}


def in_every_state(provider: Provider, machines: list[dict[str, Any]]) -> set[str]:
    """Bring machines of a settled request into all states that they can have; the states there are then.

    Spot machines of fleets cannot be stopped. The one that ends first is dead, the second still ends.
    """
    aws, ec2 = provider.aws, provider.aws.client("ec2")
    ids = [one["machineId"] for one in machines]
    ec2.terminate_instances(InstanceIds=ids[:1])
    stoppable = [one["machineId"] for one in machines[2:] if one["priceType"] == "ondemand"]
    if stoppable:
        ec2.stop_instances(InstanceIds=stoppable[:2])
    aws.advance(120)
    aws.scenario(times=SLOW)
    ec2.terminate_instances(InstanceIds=ids[1:2])
    if stoppable:
        ec2.start_instances(InstanceIds=stoppable[:1])
    return states(provider)


def told(provider: Provider, operation: str, document: object) -> dict[str, Any]:
    """An answer, checked against the schema as it stands on stdout."""
    code, answer = provider.tried(operation, document)
    assert legal(operation, code, json.loads(json.dumps(answer)))
    return answer


@pytest.mark.parametrize("verdict", ["complete", "complete_with_error"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_operation_over_every_state(quick: Provider, kind: Kind, verdict: str) -> None:
    aws = quick.aws
    if verdict == "complete_with_error":
        aws.scenario(capacity={"*": 5})
        quick.extra.update(STRICT)
    request_id = quick.request(TEMPLATES[kind], 5 if verdict == "complete" else 6)
    entry = quick.settle(request_id, step=60)
    assert (entry["status"], len(entry["machines"])) == (verdict, 5)
    aws.scenario()
    found = in_every_state(quick, entry["machines"])
    waiting = quick.request(TEMPLATES[kind], 1)
    aws.advance(60)
    assert {"pending", "running", "shutting-down", "terminated"} <= found | states(quick)
    every = {"machines": [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]}
    documents: dict[str, Any] = {
        "getAvailableTemplates": {},
        "requestMachines": {"template": {"templateId": TEMPLATES[kind], "machineCount": 1}},
        "getRequestStatus": {"requests": [{"requestId": one} for one in (request_id, waiting, "nobody's")]},
        "getReturnRequests": every,
        "requestReturnMachines": every,
    }
    assert set(documents) == set(OPERATIONS)
    for lost in (False, True):
        for operation, document in documents.items():
            if lost:
                for file in quick.work.iterdir():
                    file.unlink()
            answer = told(quick, operation, document)
            if operation == "getRequestStatus":
                assert [one["status"] for one in answer["requests"]] == [verdict, "running", "complete_with_error"]
            if operation == "requestReturnMachines":
                check_return(quick, answer["requestId"], every)
    assert {one["State"]["Name"] for one in live_machines(aws)} <= {"pending"}  # those of the other requests


def check_return(provider: Provider, return_id: str, every: dict[str, Any]) -> None:
    """A return of machines in every state: legal while they end, and `complete` with each of them afterwards."""
    running = told(provider, "getRequestStatus", {"requests": [{"requestId": return_id}]})["requests"][0]
    assert running["status"] == "running"
    assert {one["machineId"] for one in running["machines"]} == {one["machineId"] for one in every["machines"]}
    results = {one["status"]: one["result"] for one in running["machines"]}
    assert results == {"shutting-down": "executing", "terminated": "succeed"}
