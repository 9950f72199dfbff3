"""A process that keeps the store's lock: the others wait for it, and those that wait in vain lose nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ohf_iac.app import app_for
from ohf_iac.request import new_id, stack_name
from tests.e2e.processes import begin
from tests.e2e.provider import NAME, Provider, live_machines, live_stacks, wait_until
from tests.local_aws import LocalAws

HOLD = """
import sys
from ohf_iac.store.lock import locked
with locked(sys.argv[1], 0):
    print("in", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["json", "sqlite"])
def provider(request: pytest.FixtureRequest, local_aws: LocalAws, tmp_path: Path) -> Provider:
    return Provider(tmp_path, local_aws, extra={"OHF_STORAGE_KIND": request.param})


@contextmanager
def held(provider: Provider) -> Iterator[int]:
    """Another process has the lock of this provider's store; its process id."""
    lock = provider.work / f"{NAME}-request_database.{provider.extra['OHF_STORAGE_KIND']}.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        yield holder.pid
    finally:
        holder.communicate()


def test_a_slow_holder_is_waited_for(provider: Provider) -> None:
    """Nothing is made before its intent is written, and nothing that was done meanwhile goes unremembered."""
    aws = provider.aws
    settled, fresh = provider.settle(provider.request("asg-ondemand", 1)), provider.request("instant-ondemand", 1)
    aws.advance(60)
    with held(provider):
        aws.clear_calls()
        started = [
            begin(provider, "requestMachines", {"template": {"templateId": "asg-ondemand", "machineCount": 1}}),
            begin(provider, "getRequestStatus", {"requests": [{"requestId": fresh}]}),
            begin(provider, "requestReturnMachines", {"machines": settled["machines"]}),
        ]
        wait_until(lambda: {"DescribeInstances", "CreateTags"} <= {one["action"] for one in aws.calls()}, 60)
        assert [one.process.poll() for one in started] == [None] * 3
        assert "CreateStack" not in {one["action"] for one in aws.calls()}
    made, polled, returned = (one.answer() for one in started)
    assert [made[0], polled[0], returned[0]] == [0, 0, 0]
    assert provider.settle(made[1]["requestId"])["status"] == "complete"
    gone = provider.settle(returned[1]["requestId"])
    assert [one["machineId"] for one in gone["machines"]] == [one["machineId"] for one in settled["machines"]]
    aws.clear_calls()
    assert provider.status(fresh) == polled[1]["requests"][0]
    assert aws.calls() == []  # it was remembered


def test_who_waits_in_vain_makes_nothing_and_loses_nothing(provider: Provider) -> None:
    provider.extra["OHF_STORAGE_LOCK_TIMEOUT"] = "0.2"
    aws = provider.aws
    first, second = provider.request("asg-ondemand", 1), provider.request("instant-ondemand", 1)
    machines = provider.settle(first)["machines"]
    stacks = live_stacks(aws)
    with held(provider) as pid:
        code, answer = provider.tried(
            "requestMachines", {"template": {"templateId": "instant-ondemand", "machineCount": 1}}
        )
        assert (code, f"process {pid} holds it" in answer["message"]) == (1, True), answer
        assert live_stacks(aws) == stacks
        entry = provider.settle(second)
        assert entry["status"] == "complete"
        returned = provider.give_back(machines)
        assert provider.settle(returned)["status"] == "complete"
    assert provider.status(second) == entry
    assert provider.settle(returned)["status"] == "complete"
    assert {one["InstanceId"] for one in live_machines(aws)} == {one["machineId"] for one in entry["machines"]}
    provider.polls(300)
    assert live_stacks(aws) == [stack_name(second)]


def test_two_hosts_mint_other_ids_in_the_same_second(local_aws: LocalAws, tmp_path: Path) -> None:
    hosts = []
    for name in ("one", "two"):
        provider = Provider(tmp_path / name, local_aws)
        provider.work.mkdir(parents=True)
        hosts.append(app_for(provider.environ))
    minted = [new_id("req", 1_800_000_000, one.random_hex()) for one in hosts for _ in range(2000)]
    assert len(set(minted)) == len(minted)
