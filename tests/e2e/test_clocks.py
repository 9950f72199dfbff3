"""Clocks that are wrong: ahead of AWS's or behind, set back between two looks, two hosts apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.request import stack_name
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, INSTANT, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.permitted import said
from tests.e2e.provider import Provider, forget, live_machines, live_stacks
from tests.local_aws import LocalAws

HOUR = 3600
YEAR = 365 * 24 * HOUR


@dataclass(slots=True)
class Host(Provider):
    """A host whose clock is `skew` seconds ahead of AWS's."""

    skew: float = 0

    def tried(self, operation: str, document: object) -> tuple[int, dict[str, Any]]:
        self.set_clock()
        return Provider.tried(self, operation, document)

    def set_clock(self) -> None:
        file = self.folder / "clock"
        self.folder.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{float(self.aws.clock_file.read_text()) + self.skew:.6f}\n")
        self.extra["OHF_CLOCK_FILE"] = str(file)

    def said(self, *arguments: str) -> str:
        self.set_clock()
        return said(self, *arguments)


@pytest.fixture
def host(local_aws: LocalAws, tmp_path: Path) -> Host:
    local_aws.reset(profile="realistic")
    return Host(tmp_path, local_aws)


def ids(entry: Mapping[str, Any]) -> set[str]:
    return {one["machineId"] for one in entry["machines"]}


@pytest.mark.parametrize(
    ("kind", "skew"),
    # a fleet bears its end in its host's time: AWS hears nobody who is off by more than minutes
    [(ASG, 2 * HOUR), (INSTANT, -2 * HOUR), (FLEET_MAINTAIN, 280), (FLEET_MAINTAIN, -280)],
)
def test_a_life_under_a_wrong_clock(host: Host, kind: Kind, skew: int) -> None:
    host.skew = skew
    entry = host.settle(host.request(TEMPLATES[kind], 3), patience=900)
    assert (entry["status"], len(entry["machines"])) == ("complete", 3)
    assert ids(entry) == {one["InstanceId"] for one in live_machines(host.aws)}
    back = host.settle(host.give_back(entry["machines"]), patience=900)
    assert (back["status"], ids(back)) == ("complete", ids(entry))
    host.polls(600, step=120)
    assert live_stacks(host.aws) == []


@pytest.mark.parametrize(("minted", "later"), [(3 * HOUR, 0), (-3 * HOUR, 0), (0, 3 * HOUR), (0, -3 * HOUR)])
def test_a_shortage_settles_at_its_time_though_the_clock_was_set_meanwhile(
    host: Host, minted: int, later: int
) -> None:
    host.aws.reset(profile="realistic", capacity={"*": 2})
    host.skew = minted
    request_id = host.request("asg-ondemand", 3)
    host.aws.advance(300)
    assert host.status(request_id)["status"] == "running"
    host.skew = later
    host.aws.advance(1200)
    assert host.status(request_id)["status"] == "running", "its time is not up"
    entry = host.settle(request_id, step=120, patience=HOUR)
    assert (entry["status"], len(entry["machines"])) == ("complete", 2)
    assert "2 of 3" in entry["message"]


@pytest.mark.parametrize("steps", [(0, -HOUR), (HOUR, 0), (0, HOUR), (YEAR, 0)])
def test_the_second_look_counts_though_the_clock_was_set_after_the_first(
    host: Host, steps: tuple[int, int]
) -> None:
    host.aws.reset(profile="realistic", capacity={"*": 2})
    request_id = host.request("asg-ondemand", 3)
    host.aws.advance(2400)
    host.skew = steps[0]
    assert host.status(request_id)["status"] == "running"
    host.aws.advance(60)
    host.skew = steps[1]
    assert host.status(request_id)["status"] == "complete"


@pytest.mark.parametrize("skew", [YEAR, -HOUR])
def test_what_is_settled_stays_so(host: Host, skew: int) -> None:
    entry = host.settle(host.request("asg-ondemand", 2))
    host.skew = skew
    host.polls(120, step=60)
    assert host.status(entry["requestId"]) == entry
    forget(host)
    again = host.status(entry["requestId"])
    assert (again["status"], ids(again)) == (entry["status"], ids(entry))


@pytest.mark.parametrize(("skew", "lost"), [(12 * HOUR, False), (YEAR, True), (-12 * HOUR, True)])
def test_nothing_young_is_collected_or_ended_by_a_host_whose_clock_is_wrong(
    host: Host, skew: int, lost: bool
) -> None:
    host.aws.reset(profile="realistic", times={"pending": 120})
    settled = host.settle(host.request("instant-ondemand", 2))
    request_id = host.request("asg-ondemand", 3)
    host.aws.advance(30)
    host.status(request_id)
    if lost:
        forget(host)
    host.skew = skew
    host.said("gc", "--apply", "--older-than", "10m")
    host.polls(240, step=60)
    host.skew = 0
    entry = host.settle(request_id)
    assert (entry["status"], len(entry["machines"])) == ("complete", 3)
    assert ids(entry) | ids(settled) == {one["InstanceId"] for one in live_machines(host.aws)}


@pytest.mark.parametrize("skew", [-280, 280])
def test_a_young_request_is_waited_for_though_memory_of_it_is_lost(host: Host, skew: int) -> None:
    """CloudFormation does not show a stack at once, and by AWS's clock the id is minutes old."""
    host.skew = skew
    request_id = host.request("instant-ondemand", 1)
    forget(host)
    assert host.status(request_id)["status"] == "running"
    host.aws.advance(30)
    assert host.status(request_id)["status"] == "complete"


def test_a_chore_that_a_clock_far_ahead_put_off_is_done(host: Host) -> None:
    host.skew = YEAR
    entry = host.settle(host.request("asg-ondemand", 2))
    host.skew = 0
    host.aws.client("ec2").terminate_instances(InstanceIds=sorted(ids(entry)))
    host.aws.advance(120)
    host.call("getReturnRequests", {"machines": []})
    host.polls(900, step=120)
    assert stack_name(entry["requestId"]) not in live_stacks(host.aws)


def test_two_hosts_apart_from_each_other(local_aws: LocalAws, tmp_path: Path) -> None:
    """As far apart as AWS bears with: each of them is five minutes off, in opposite directions."""
    local_aws.reset(profile="realistic")
    fast, slow = Host(tmp_path / "fast", local_aws, skew=280), Host(tmp_path / "slow", local_aws, skew=-280)
    first, second = fast.request("asg-ondemand", 2), slow.request("maintain-spot", 2)
    local_aws.advance(10)
    for one in (fast, slow):
        assert {one.status(first)["status"], one.status(second)["status"]} <= {"running", "complete"}
    entries = [slow.settle(first), fast.settle(second)]
    assert [(one["status"], len(one["machines"])) for one in entries] == [("complete", 2)] * 2
    assert [fast.status(first)["status"], slow.status(second)["status"]] == ["complete"] * 2
    back = slow.give_back(entries[0]["machines"])
    assert ids(fast.settle(back)) <= ids(entries[0])
    assert slow.settle(back)["status"] == "complete"
    assert {one["InstanceId"] for one in live_machines(local_aws)} == ids(entries[1])


def test_a_notice_gives_two_minutes_at_most(host: Host) -> None:
    entry = host.settle(host.request("spotfleet-request", 2))
    assert host.aws.interrupt([entry["machines"][0]["machineId"]])
    host.skew = -HOUR
    host.aws.advance(10)
    (told,) = host.call("getReturnRequests", {"machines": [{"machineId": one} for one in sorted(ids(entry))]})[
        "requests"
    ]
    assert 0 < told["gracePeriod"] <= 120


def test_the_doctor_tells_by_how_much_the_clock_is_off(host: Host) -> None:
    host.skew = HOUR
    host.set_clock()
    told = said(host, "doctor", "--output", "json", code=1)
    assert "3600 s off AWS's" in told or "3601 s off" in told or "3599 s off" in told
