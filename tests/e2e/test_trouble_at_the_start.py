"""Requests whose machines come late, without a name, not at all, or are taken away before they count."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, INSTANT, SPOT_MAINTAIN, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import EXAMPLE, Provider, live_machines, live_stacks

KINDS = list(TEMPLATES)
#: templates whose machines are spot ones, by kind
SPOT = {**TEMPLATES, ASG: "asg-mixed", INSTANT: "instant-spot"}
DAY = 86400


def alive(provider: Provider) -> set[str]:
    return {one["InstanceId"] for one in live_machines(provider.aws)}


def ids(entry: dict[str, Any], *results: str) -> set[str]:
    return {one["machineId"] for one in entry["machines"] if one["result"] in (results or ("succeed",))}


def edited(provider: Provider, folder: Path, **fields: Any) -> Provider:
    """The example provider, each of its templates with further fields."""
    conf = folder / "conf"
    conf.mkdir()
    shutil.copytree(EXAMPLE / "scripts", conf / "scripts")
    for name in ("awsprov_config.json", "ohf.json"):
        (conf / name).write_bytes((EXAMPLE / name).read_bytes())
    catalogue = json.loads((EXAMPLE / "awsprov_templates.json").read_text())
    rows = [{**one, **fields} for one in catalogue["templates"]]
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": rows}))
    provider.conf = conf
    return provider


def ends_well(provider: Provider, entry: dict[str, Any]) -> None:
    """What lives is what was told, it stays so, and its return leaves nothing."""
    told = ids(entry)
    provider.aws.advance(DAY)
    provider.polls(120, step=60)
    assert alive(provider) == told
    if told:
        machines = [one for one in entry["machines"] if one["machineId"] in told]
        assert provider.settle(provider.give_back(machines))["status"] == "complete"
    provider.polls(900, step=150)
    assert alive(provider) == set()
    assert live_stacks(provider.aws) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_machine_pending_for_too_long_is_ended_and_told_as_failed(quick: Provider, kind: Kind) -> None:
    """After the freeze, or its end would only make room for another (design §5)."""
    quick.extra["OHF_PROVIDER_PENDING_TIMEOUT"] = "180"
    quick.aws.reset(profile="realistic", times={"pending": 100000})
    entry = quick.settle(quick.request(TEMPLATES[kind], 2), patience=3600)
    assert entry["status"] == "complete_with_error"
    assert [one["result"] for one in entry["machines"]] == ["fail", "fail"]
    assert all("was pending for longer" in one["message"] for one in entry["machines"])
    assert kind == ASG or "was pending for longer" in entry["message"], "a group's own words come first"
    assert {one["InstanceType"] for one in live_machines(quick.aws)} == set()
    ends_well(quick, entry)


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_time_out_a_pending_machine_is_waited_for(quick: Provider, kind: Kind) -> None:
    quick.aws.reset(profile="realistic", times={"pending": 900})
    request_id = quick.request(TEMPLATES[kind], 2)
    quick.aws.advance(800)
    assert quick.status(request_id)["status"] == "running"
    entry = quick.settle(request_id)
    assert (entry["status"], len(ids(entry))) == ("complete", 2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_running_machine_without_a_name_is_not_usable_yet(quick: Provider, kind: Kind) -> None:
    quick.aws.reset(times={"name": 120})
    request_id = quick.request(TEMPLATES[kind], 2)
    quick.aws.advance(60)
    entry = quick.status(request_id)
    assert entry["status"] == "running"
    assert {(one["result"], one["status"], one["name"]) for one in entry["machines"]} == {
        ("executing", "running", "")
    }
    entry = quick.settle(request_id)
    assert entry["status"] == "complete"
    assert all(one["name"].startswith("ip-") for one in entry["machines"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_machine_that_never_gets_a_name_fails(quick: Provider, kind: Kind) -> None:
    quick.aws.reset(times={"name": 100 * DAY})
    entry = quick.settle(quick.request(TEMPLATES[kind], 1), patience=3 * 3600)
    assert entry["status"] == "complete_with_error"
    assert {one["result"] for one in entry["machines"]} == {"fail"}
    assert "no private DNS name" in entry["machines"][0]["message"]


@pytest.mark.parametrize("kind", KINDS)
def test_machines_that_die_at_launch(quick: Provider, kind: Kind) -> None:
    """Kinds that replace get their machines after all; the others tell the failure, with EC2's reason."""
    failure = {"count": 1, "code": "Client.InvalidKMSKey.InvalidState", "message": "The KMS key is disabled"}
    quick.aws.reset(profile="realistic", launchFailures=[failure])
    entry = quick.settle(quick.request(TEMPLATES[kind], 3), patience=2 * 3600)
    if entry["status"] == "complete":
        assert len(ids(entry)) == 3
        assert len(entry["machines"]) == 3, "what was replaced is of no concern"
    else:
        assert len(ids(entry)) == 2
        (failed,) = [one for one in entry["machines"] if one["result"] == "fail"]
        assert "KMS key is disabled" in failed["message"] + entry["message"]
    assert (entry["status"] == "complete") == (kind in (ASG, FLEET_MAINTAIN, SPOT_MAINTAIN))
    ends_well(quick, entry)


@pytest.mark.parametrize("kind", KINDS)
def test_a_spot_machine_taken_while_its_request_still_runs(quick: Provider, kind: Kind) -> None:
    quick.aws.reset(profile="realistic", times={"pending": 60, "launch": 3, "launchBatch": 1, "launchInterval": 90})
    request_id = quick.request(SPOT[kind], 3)
    while not (taken := [one["InstanceId"] for one in live_machines(quick.aws) if "InstanceLifecycle" in one]):
        quick.aws.advance(10)
    quick.status(request_id)
    quick.aws.interrupt(ids=taken[:1])
    entry = quick.settle(request_id, patience=2 * 3600)
    told = ids(entry)
    if taken[0] in told:
        # it still runs, within the two minutes of its notice: Host Factory hears of it at once
        hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]
        (reclaim,) = quick.call("getReturnRequests", {"machines": hosts})["requests"]
        assert (reclaim["machineId"], 0 < reclaim["gracePeriod"] <= 120) == (taken[0], True)
        quick.aws.advance(150)
    assert entry["status"] == "complete" or any(one["result"] == "fail" for one in entry["machines"])
    assert len(told) >= 2
    assert alive(quick) == told - {taken[0]}


@pytest.mark.parametrize(
    ("fields", "deadline"),
    [
        ({"spotFleetRequestExpiry": 20}, 20),
        ({"spotFleetRequestExpiry": None, "requestValidity": "00:10"}, 10),
        ({"spotFleetRequestExpiry": 40, "requestValidity": "00:10"}, 40),
        ({"spotFleetRequestExpiry": None}, 30),
    ],
)
@pytest.mark.parametrize("kind", [ASG, FLEET_MAINTAIN, SPOT_MAINTAIN])
def test_a_request_ends_when_the_catalogue_says(
    quick: Provider, tmp_path: Path, kind: Kind, fields: dict[str, Any], deadline: int
) -> None:
    provider = edited(quick, tmp_path, **fields)
    provider.aws.reset(capacity={"*": 1})
    request_id = provider.request(TEMPLATES[kind], 2)
    provider.aws.advance(deadline * 60 - 90)
    assert provider.status(request_id)["status"] == "running"
    provider.aws.advance(100)
    assert provider.status(request_id)["status"] == "running", "the first of the two looks"
    provider.aws.advance(20)
    entry = provider.status(request_id)
    assert (entry["status"], len(ids(entry))) == ("complete", 1)
    assert "1 of 2" in entry["message"]


@pytest.mark.parametrize(("percent", "expected"), [(1, 1), (34, 2)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_on_demand_share_is_rounded_up(
    quick: Provider, tmp_path: Path, kind: Kind, percent: int, expected: int
) -> None:
    provider = edited(quick, tmp_path, priceType="spot", percentOnDemand=percent)
    entry = provider.settle(provider.request(TEMPLATES[kind], 3))
    assert sum(one["priceType"] == "ondemand" for one in entry["machines"]) == expected


@pytest.mark.parametrize(
    ("limit", "asked", "given"),
    [(-1, 7, True), (7, 7, True), (6, 7, False), (0, 1, False)],
)
def test_max_number_is_minus_one_for_any_zero_for_none(
    quick: Provider, tmp_path: Path, limit: int, asked: int, given: bool
) -> None:
    provider = edited(quick, tmp_path, maxNumber=limit)
    listed = provider.call("getAvailableTemplates", {})["templates"]
    assert {one["maxNumber"] for one in listed} == {limit}
    document = {"template": {"templateId": "instant-ondemand", "machineCount": asked}}
    answer = provider.call("requestMachines", document, code=0 if given else 1)
    assert ("requestId" in answer) is given
    assert len(live_stacks(provider.aws)) == int(given)
