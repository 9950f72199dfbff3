"""Fifty calls and more at once, by several processes, on each store, and on two hosts that share nothing.

Every id that was answered is known to both hosts, no request has two stacks, no machine belongs to two requests,
and AWS and all stores end with the same state, which is the one that the answers tell.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.aws.groups import FROZEN_PROCESSES
from ohf_iac.machine import Machine
from ohf_iac.request import TAG_REQUEST, TAG_SETTLED, id_kind, request_id_of, return_tag
from ohf_iac.store.json_file import json_store
from ohf_iac.store.memory import Memory
from ohf_iac.store.protocol import Store
from ohf_iac.store.sqlite import sqlite_store
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, INSTANT, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.processes import begin
from tests.e2e.provider import NAME, Provider
from tests.e2e.workers import Worker, hire
from tests.local_aws import LocalAws

STORES: Mapping[str, Callable[[str], Store]] = {"json": json_store, "sqlite": sqlite_store}
#: the stores of each host
HOSTS = (("json",), ("sqlite",), ("json", "sqlite"))
#: of each of these so many machines are there before the storm, to be given back in it
OLD: int = 4
OLD_KINDS: tuple[Kind, ...] = (INSTANT, ASG, FLEET_MAINTAIN)
#: of the calls so many are real scripts, a process each
SCRIPTS = 4
Calls = Mapping[str, int]
#: fifty at once; and of each operation as many
FIFTY: Calls = {"requestMachines": 16, "getRequestStatus": 16, "requestReturnMachines": 14, "getReturnRequests": 4}
MANY: Calls = dict.fromkeys(FIFTY, 50)
WORLD: Mapping[str, Any] = {"profile": "plain", "clock": {"perCall": 0.2}}


@dataclass(slots=True)
class Storm:
    """What is asked by everybody, and what was answered.

    `old` are machines, id to name, that may be returned; `returns` tell who took them, and of which machines.
    """

    random: random.Random
    left: Counter[str]
    old: Mapping[str, str]
    ids: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    returns: dict[str, tuple[Provider, frozenset[str]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def returned(self) -> frozenset[str]:
        return frozenset().union(*(machines for _, machines in self.returns.values()))

    def next(self) -> tuple[str, Any] | None:
        """The next call, any of those that are left; None when there are none."""
        with self.lock:
            left = [name for name, number in self.left.items() if number]
            if not left:
                return None
            operation = self.random.choice(left)
            self.left[operation] -= 1
            return operation, self._document(operation)

    def _document(self, operation: str) -> Any:
        if operation == "requestMachines":
            template = self.random.choice(sorted(TEMPLATES.values()))
            return {"template": {"templateId": template, "machineCount": self.random.randint(1, 2)}}
        if operation == "getRequestStatus":
            asked = self.random.sample(self.ids, min(len(self.ids), 5))
            return {"requests": [{"requestId": one} for one in asked]}
        if operation == "getReturnRequests":
            return {"machines": []}
        hosts = self.random.sample(sorted(self.old), 2)  # by id, by name, by both: whatever Host Factory has
        keys = self.random.choice([("name",), ("machineId",), ("name", "machineId")])
        return {
            "machines": [{key: {"name": self.old[one], "machineId": one}[key] for key in keys} for one in hosts]
        }

    def heard(self, host: Provider, call: tuple[str, Any], code: int, answer: Mapping[str, Any]) -> None:
        """Check what can be said of an answer by itself, and keep the id that it tells."""
        operation, document = call
        assert code == 0, (operation, answer)
        if operation == "getRequestStatus":
            asked = [one["requestId"] for one in document["requests"]]
            assert [one["requestId"] for one in answer["requests"]] == asked
            assert not [one for one in answer["requests"] if one["status"] == "complete_with_error"], answer
        if operation == "getReturnRequests":
            assert answer["requests"] == []  # nobody takes machines away but we ourselves
        if operation in ("requestMachines", "requestReturnMachines"):
            with self.lock:
                self.ids.append(answer["requestId"])
                if operation == "requestMachines":
                    self.counts[answer["requestId"]] = document["template"]["machineCount"]
                else:
                    self.returns[answer["requestId"]] = host, frozenset(map(self._meant, document["machines"]))

    def _meant(self, host: Mapping[str, str]) -> str:
        return host.get("machineId") or next(key for key, name in self.old.items() if name == host["name"])


def provider_of(folder: Path, aws: LocalAws, kind: str) -> Provider:
    # the SDK may try again: so many at once are more than CloudFormation takes elsewhere, too
    return Provider(folder, aws, extra={"OHF_STORAGE_KIND": kind, "OHF_STORAGE_LOCK_TIMEOUT": "60"})


def memory(provider: Provider) -> Memory:
    kind = provider.extra["OHF_STORAGE_KIND"]
    return STORES[kind](str(provider.work / f"{NAME}-request_database.{kind}")).everything()


def rage(storm: Storm, hosts: list[Provider], workers: int) -> None:
    """The storm itself: workers of all hosts and a real script of each operation, all at once."""
    hired = [(host, hire(host)) for host in hosts for _ in range(workers)]

    def work(host: Provider, worker: Worker) -> None:
        while (call := storm.next()) is not None:
            storm.heard(host, call, *worker.call(*call))

    def script(host: Provider) -> None:
        if (call := storm.next()) is not None:
            storm.heard(host, call, *begin(host, *call, kill_after=600).answer())

    try:
        with ThreadPoolExecutor(len(hired) + SCRIPTS) as pool:
            started = [pool.submit(work, *one) for one in hired]
            started += [pool.submit(script, hosts[number % len(hosts)]) for number in range(SCRIPTS)]
            for one in started:
                one.result()
    finally:
        for _, worker in hired:
            worker.end()


def entries(host: Provider, ids: list[str]) -> dict[str, dict[str, Any]]:
    answer = host.call("getRequestStatus", {"requests": [{"requestId": one} for one in ids]})
    return {one["requestId"]: one for one in answer["requests"]}


def settled(hosts: list[Provider], ids: list[str]) -> list[dict[str, dict[str, Any]]]:
    """All ids polled by every host until all of them have ended everywhere; the last answers of each host."""
    for _ in range(200):
        found = [entries(host, ids) for host in hosts]
        if all(one["status"] != "running" for answers in found for one in answers.values()):
            return found
        hosts[0].aws.advance(30)
    raise AssertionError([one for answers in found for one in answers.values() if one["status"] == "running"])


def named(entry: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(one["machineId"] for one in entry["machines"])


def check(storm: Storm, hosts: list[Provider], before: Mapping[str, frozenset[str]]) -> None:
    """Every id known everywhere, one end state in AWS and in all stores."""
    everywhere = settled(hosts, storm.ids)
    answers = {key: named(entry) for key, entry in everywhere[0].items() if id_kind(key) == "req"}
    assert {one["status"] for found in everywhere for one in found.values()} == {"complete"}
    assert {key: len(answers[key]) for key in storm.counts} == storm.counts
    told = [one for machines in answers.values() for one in machines]
    assert len(told) == len(set(told))
    assert set(told) > storm.returned
    state = hosts[0].aws.state()
    (region,) = state["regions"]
    check_aws(region, answers, storm.returned)
    marked = {
        key: {one["id"] for one in region["machines"] if return_tag(key) in one["tags"]} for key in storm.returns
    }
    for host, found in zip(hosts, everywhere, strict=True):
        kept = memory(host)
        assert {key: told_in(record.machines) for key, record in kept.requests.items()} == answers
        assert {key: named(found[key]) for key in answers} == answers
        # what was gone already when a return named it bears no mark of that return: only who took it knows
        for key, (taker, meant) in storm.returns.items():
            known = meant if taker is host else meant & marked[key]
            assert named(found[key]) == known
            assert (told_in(kept.returns[key].reported) if key in kept.returns else frozenset()) == known
        assert not [one.name for one in host.work.iterdir() if ".new" in one.name or "corrupt" in one.name]
    assert set(before) <= set(answers)


def told_in(machines: Iterable[Machine]) -> frozenset[str]:
    return frozenset(one.machine_id for one in machines)


def check_aws(region: Mapping[str, Any], answers: Mapping[str, frozenset[str]], returned: frozenset[str]) -> None:
    """One stack per request; what lives is what the answers told and nobody gave back, marked and frozen."""
    assert Counter(request_id_of(one["name"]) for one in region["stacks"]) == Counter(list(answers))
    told = frozenset().union(*answers.values())
    assert {one["id"] for one in region["machines"]} == told  # nobody replaced what was given back
    live = {one["id"]: one["tags"] for one in region["machines"] if one["state"] in ("pending", "running")}
    assert set(live) == told - returned
    for key, tags in live.items():
        assert tags[TAG_SETTLED] == "complete"
        assert key in answers[tags[TAG_REQUEST]]
    for group in region["groups"]:
        assert set(FROZEN_PROCESSES) <= set(group["suspended"])
    for fleet in region["fleets"] + region["spotFleets"]:
        assert fleet["closed"] or fleet["kind"] != "maintain" or fleet["target"] == 0
    emptied = {key for key, machines in answers.items() if machines <= returned}
    standing = {request_id_of(one["name"]) for one in region["stacks"] if one["status"] != "DELETE_COMPLETE"}
    assert standing <= set(answers) - emptied


def storm_over(aws: LocalAws, folder: Path, kinds: tuple[str, ...], calls: Calls, seed: int, workers: int) -> None:
    aws.reset(**WORLD)
    hosts = [provider_of(folder / f"host-{number}", aws, kind) for number, kind in enumerate(kinds)]
    made = [hosts[0].request(TEMPLATES[kind], OLD) for kind in OLD_KINDS]
    old = settled(hosts, made)[0]
    storm = Storm(
        random.Random(seed),
        Counter(calls),
        {one["machineId"]: one["name"] for entry in old.values() for one in entry["machines"]},
        ids=list(made),
    )
    rage(storm, hosts, workers)
    assert len(storm.counts) == calls["requestMachines"]
    assert len(storm.returns) == calls["requestReturnMachines"]
    check(storm, hosts, {key: named(entry) for key, entry in old.items()})


@pytest.mark.parametrize("kinds", HOSTS, ids="+".join)
def test_fifty_calls_at_once(local_aws: LocalAws, tmp_path: Path, kinds: tuple[str, ...]) -> None:
    storm_over(local_aws, tmp_path, kinds, FIFTY, seed=1, workers=4 // len(kinds))


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kinds", HOSTS, ids="+".join)
def test_fifty_calls_of_each_operation_at_once(
    local_aws: LocalAws, tmp_path: Path, kinds: tuple[str, ...], seed: int
) -> None:
    storm_over(local_aws, tmp_path, kinds, MANY, seed, workers=8 // len(kinds))
