"""`ohf report` of requests: what was really sent, and what became of it, live and after the stack's deletion."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.human import Human
from tests.e2e.provider import ROOT, Provider


@pytest.fixture
def human(quick: Provider, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Human:
    return Human(quick, capsys, monkeypatch)


def digest_of(template_id: str) -> str:
    index = json.loads((ROOT / "examples" / "stacks" / "index.json").read_text())
    return str(index["templates"][template_id]["sha256"])


def test_the_page_of_a_request_tells_body_parameters_machines_and_story(human: Human, tmp_path: Path) -> None:
    entry = human.provider.settle(human.provider.request("asg-ondemand", 2))
    request_id = entry["requestId"]
    human.says("report", request_id, "--to", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert digest_of("asg-ondemand") in page
    assert "that of the body" in page
    for said in (request_id, "TargetCapacity", "CREATE_COMPLETE", "MachineCreated", "RequestSettled"):
        assert said in page
    for machine in entry["machines"]:
        assert machine["machineId"] in page
        assert machine["name"] in page
    assert "Not shown" not in page


def test_a_deleted_stack_has_its_page_for_ninety_days(human: Human) -> None:
    provider = human.provider
    entry = provider.settle(provider.request("instant-ondemand", 1))
    provider.settle(provider.give_back(entry["machines"]))
    provider.polls(600, step=60)
    provider.aws.advance(40 * 86400)
    told = human.says("report", entry["requestId"], "--format", "markdown")
    assert digest_of("instant-ondemand") in told
    assert "DELETE\\_COMPLETE" in told
    assert "EGO_MASTER" not in told


def test_a_body_that_cannot_be_read_is_named_and_the_rest_is_told(human: Human) -> None:
    request_id = human.provider.request("asg-ondemand", 1)
    human.provider.settle(request_id)
    denied = {"action": "GetTemplate", "kind": "error", "status": 403, "code": "AccessDenied"}
    human.provider.aws.scenario(faults=[denied])
    told = human.says("report", request_id, "--format", "markdown")
    assert re.search(r"> Not shown: the stack's body \\\(.*GetTemplate|> Not shown: the stack's body", told)
    assert "CREATE\\_COMPLETE" in told


def test_an_id_that_nobody_knows_is_refused(human: Human) -> None:
    human.says("report", f"req-{1:08x}-{1:016x}", code=1)


def test_prices_and_targets_that_are_not_there_are_refused(human: Human, tmp_path: Path) -> None:
    human.says("report", "asg-ondemand", "--prices", str(tmp_path / "none.json"), code=78)
    human.says("report", "asg-ondemand", "--to", str(tmp_path / "no" / "page.html"), code=1)
    prices = tmp_path / "prices.json"
    prices.write_text('{"m5.large": "0.1"}')
    assert "$100\\.00 an hour" in human.says(
        "report", "asg-ondemand", "--format", "markdown", "--prices", str(prices)
    ).replace("100.00", "100\\.00")
