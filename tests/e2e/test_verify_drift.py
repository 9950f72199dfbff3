"""`ohf verify --deployed`: an approved stack that was changed behind its template's back is not as approved."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.request import stack_name
from tests.e2e.human import Human
from tests.e2e.provider import Provider
from tests.e2e.reviewed import approve, reviewed
from tests.local_aws import LocalAws

TEMPLATE = "maintain-spot"


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


@pytest.fixture
def request_id(human: Human) -> str:
    """A settled request of an approved template: its fleet is frozen, which drift detection sees."""
    reviewed(human, mode="warn", unsigned=True)
    approve(human, "--ticket", "CHG1", template=TEMPLATE)
    found = human.provider.request(TEMPLATE, 2)
    human.provider.settle(found)
    return found


def proof(human: Human, *words: str, code: int = 0) -> dict[str, Any]:
    (found,) = human.reads("verify", "--deployed", *words, code=code)["stacks"]
    return dict(found)


def raise_target(human: Human, request_id: str) -> None:
    """Somebody has the fleet launch again."""
    client = human.provider.aws.client("cloudformation")
    rows = client.describe_stack_resources(StackName=stack_name(request_id))["StackResources"]
    fleet = next(one["PhysicalResourceId"] for one in rows if one["LogicalResourceId"] == "Capacity")
    ec2 = human.provider.aws.client("ec2")
    ec2.modify_fleet(FleetId=fleet, TargetCapacitySpecification={"TotalTargetCapacity": 5})


def test_what_a_life_changes_is_as_approved_and_what_somebody_changes_is_not(
    human: Human, request_id: str, tmp_path: Path
) -> None:
    found = proof(human)
    assert (found["verdict"], found["drift"]) == ("ok", {"verdict": "in sync", "reason": ""})
    raise_target(human, request_id)
    found = proof(human, "--output-file", f"junit={tmp_path / 'a.xml'}", code=4)
    assert (found["verdict"], found["drift"]["verdict"]) == ("violation", "drifted")
    assert [one["code"] for one in found["deviations"]] == ["E414"]
    assert "TotalTargetCapacity" in found["deviations"][0]["message"]
    (suite,) = ElementTree.parse(tmp_path / "a.xml").getroot()
    assert [case.get("name") for case in suite if case.findall("failure")] == ["drift"]
    out, err = human.hears("verify", "--deployed", code=4)
    assert "drifted" in out
    assert "error[E409]" in err
    assert f"fix: ohf drift {request_id}" in err
    found = proof(human, "--no-drift")
    assert (found["verdict"], found["drift"]) == ("ok", None)


@pytest.mark.usefixtures("request_id")
def test_drift_that_cannot_be_seen_is_not_proven(human: Human) -> None:
    denied = {"action": "DetectStackDrift", "kind": "error", "status": 400, "code": "AccessDenied"}
    human.provider.aws.scenario(faults=[denied])
    found = proof(human, code=4)
    assert (found["verdict"], found["drift"]["verdict"]) == ("not proven", "unknown")
    assert [one["code"] for one in found["deviations"]] == ["E411"]


def test_a_deleted_stack_has_no_drift(human: Human, request_id: str) -> None:
    human.provider.aws.client("cloudformation").delete_stack(StackName=stack_name(request_id))
    human.provider.aws.advance(600)
    found = proof(human)
    assert (found["verdict"], found["drift"], found["deleted"]) == ("ok", None, True)
