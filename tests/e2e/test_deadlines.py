"""Every operation ends by itself, with a legal answer, before Host Factory would kill it: however slow AWS is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.store.lock import locked
from ohf_iac.template.kinds import Kind
from tests.e2e.bad_servers import BAD_SERVERS, silent
from tests.e2e.matrix import TEMPLATES
from tests.e2e.processes import all_of, begin, schema_of
from tests.e2e.provider import Provider, forget, live_machines, wait_until
from tests.local_aws import LocalAws

KILL = 10.0
SLOW = {"faults": [{"service": "*", "action": "*", "kind": "delay", "seconds": 1}]}
#: processes at once: more of them would compete for the processor, and not wait for AWS
AT_ONCE = 3


@pytest.fixture
def provider(local_aws: LocalAws, tmp_path: Path) -> Provider:
    """A provider with three seconds for each operation; called in this process until `hurried`."""
    return Provider(tmp_path, local_aws)


def hurried(provider: Provider, seconds: float = 3) -> Provider:
    """The same one under a deadline."""
    provider.extra["OHF_LIMITS_DEADLINE"] = str(seconds)
    return provider


def asked(*ids: str) -> dict[str, Any]:
    return {"requests": [{"requestId": one} for one in ids]}


def hosts(machines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"machines": [{"name": one["name"], "machineId": one["machineId"]} for one in machines]}


def wanted(template: str, count: int = 3) -> dict[str, Any]:
    return {"template": {"templateId": template, "machineCount": count}}


def actions(aws: LocalAws) -> list[str]:
    return [one["action"] for one in aws.calls()]


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_operation_ends_in_time_while_each_call_takes_a_second(provider: Provider, kind: Kind) -> None:
    aws = provider.aws
    entry = provider.settle(provider.request(TEMPLATES[kind], 3))
    aws.scenario(times={"pending": 6000})
    waiting = provider.request(TEMPLATES[kind], 3)
    aws.scenario(capacity={"*": 0})
    short = provider.request(TEMPLATES[kind], 3)
    aws.advance(60)
    aws.scenario(times={"pending": 6000}, **SLOW)
    first, *rest = entry["machines"]
    done = all_of(
        hurried(provider),
        [
            ("getRequestStatus", asked(waiting, short)),
            ("requestReturnMachines", hosts([first])),
            ("getReturnRequests", hosts(rest)),
            ("requestMachines", wanted(TEMPLATES[kind])),
        ],
        kill_after=KILL,
        at_once=AT_ONCE,
    )
    polled, returned, reclaimed, requested = (answer for _, _, answer in done)
    assert {one["status"] for one in polled["requests"]} == {"running"}
    assert returned["requestId"]
    assert reclaimed["requests"] == []
    # nothing created, or possibly created: then the polls tell
    assert ("requestId" in requested) == (done[3][1] == 0)
    aws.scenario()
    provider.extra.clear()
    gone = provider.settle(returned["requestId"])
    assert [(one["machineId"], one["status"]) for one in gone["machines"]] == [(first["machineId"], "terminated")]


@pytest.mark.parametrize("lost", [False, True], ids=["remembered", "store lost"])
def test_many_requests_and_machines_at_once(provider: Provider, lost: bool) -> None:
    """What cannot be looked at in time stays as it was last known; the next polls go on with it."""
    aws = provider.aws
    entries = [provider.settle(provider.request(template, 20)) for template in TEMPLATES.values()]
    machines = [one for entry in entries for one in entry["machines"]]
    aws.scenario(capacity={"*": 0})
    short = [provider.request(template, 1) for template in TEMPLATES.values() for _ in range(4)]
    aws.advance(60)
    aws.scenario(capacity={"*": 0}, **SLOW)
    if lost:
        forget(provider)
    done = all_of(
        hurried(provider),
        [
            ("getRequestStatus", asked(*short)),
            ("getReturnRequests", {}),
            ("requestReturnMachines", hosts(machines)),
        ],
        kill_after=KILL,
        at_once=AT_ONCE,
    )
    polled, reclaimed, returned = (answer for _, _, answer in done)
    assert [one["requestId"] for one in polled["requests"]] == short
    assert {one["status"] for one in polled["requests"]} == {"running"}
    assert reclaimed["requests"] == []
    aws.scenario(capacity={"*": 0})
    provider.extra.clear()
    gone = provider.settle(returned["requestId"])
    assert {one["machineId"] for one in gone["machines"]} == {one["machineId"] for one in machines}
    assert live_machines(aws) == []


@pytest.mark.parametrize("server", BAD_SERVERS)
def test_every_operation_ends_in_time_when_no_answer_comes(provider: Provider, server: str) -> None:
    entry = provider.settle(provider.request("asg-ondemand", 2))
    provider.aws.scenario(times={"pending": 6000})
    waiting = provider.request("maintain-spot", 2)
    with BAD_SERVERS[server]() as url:
        provider.extra["AWS_ENDPOINT_URL"] = url
        done = all_of(
            hurried(provider, 1),
            [
                ("getRequestStatus", asked(waiting)),
                ("requestReturnMachines", hosts(entry["machines"])),
                ("getReturnRequests", hosts(entry["machines"])),
                ("requestMachines", wanted("asg-ondemand")),
                ("getAvailableTemplates", {}),
            ],
            kill_after=KILL,
            at_once=AT_ONCE,
        )
    polled, returned, reclaimed, requested, templates = (answer for _, _, answer in done)
    assert polled["requests"][0]["status"] == "running"
    assert polled["requests"][0]["message"]
    assert reclaimed["requests"] == []
    assert reclaimed["message"]
    assert templates["templates"]
    assert requested["message"]
    provider.extra.clear()
    gone = provider.settle(returned["requestId"])
    assert {one["machineId"] for one in gone["machines"]} == {one["machineId"] for one in entry["machines"]}


def test_the_answer_is_out_before_the_chores_and_these_end_in_time(provider: Provider) -> None:
    request_id = provider.request("asg-ondemand", 1)
    provider.settle(request_id)
    provider.aws.advance(3600)  # the look for machines that came late is due
    with silent() as url:
        provider.extra["AWS_ENDPOINT_URL"] = url
        started = begin(hurried(provider), "getRequestStatus", asked(request_id), KILL)
        assert started.process.stdout is not None
        line = started.process.stdout.readline()
        assert started.process.poll() is None, "no chore was at work"
        schema_of("getRequestStatus").validate(json.loads(line))
        assert started.process.wait(KILL) == 0
        started.process.communicate()


def test_a_store_that_is_locked_for_good_does_not_hold_an_operation_up(provider: Provider) -> None:
    request_id = provider.request("asg-ondemand", 1)
    provider.aws.advance(60)
    database = provider.work / "grid-request_database.json"
    with locked(f"{database}.lock", 1):
        (_, code, polled), (_, refused, told) = all_of(
            hurried(provider),
            [("getRequestStatus", asked(request_id)), ("requestMachines", wanted("asg-ondemand"))],
            kill_after=KILL,
            at_once=AT_ONCE,
        )
    assert (code, polled["requests"][0]["status"]) == (0, "complete")
    assert refused == 1
    assert "holds it" in told["message"]


def test_nothing_is_read_after_the_stack_is_asked_for(provider: Provider) -> None:
    """Also when CloudFormation's answer does not come in time: the polls tell what became of it."""
    aws = provider.aws
    aws.scenario(faults=[{"service": "cloudformation", "action": "CreateStack", "kind": "delay", "seconds": 4}])
    aws.clear_calls()
    started = begin(hurried(provider, 2), "requestMachines", wanted("instant-ondemand"), KILL)
    code, answer = started.answer()
    assert code == 0
    assert "did not confirm" in answer["message"]
    wait_until(lambda: "CreateStack" in actions(aws))
    assert actions(aws)[-1] == "CreateStack"
    provider.extra.clear()
    assert provider.settle(answer["requestId"])["status"] == "complete"
