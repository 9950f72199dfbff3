"""`ohf drift` on bad days: slow, failing and foreign detections, stacks that CloudFormation does not take.

And how it tells what it found.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.request import stack_name
from tests.e2e.human import Human
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import LocalAws

QUICK = ("--every", "0.1")


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


@pytest.fixture
def group(human: Human) -> str:
    """A settled request of a group."""
    request_id = human.provider.request("asg-ondemand", 2)
    human.provider.settle(request_id)
    return request_id


def drift(human: Human, *words: str, code: int = 0) -> dict[str, Any]:
    """The one stack of the document."""
    (found,) = human.reads("drift", *QUICK, *words, code=code)["stacks"]
    return dict(found)


def raised(human: Human, request_id: str) -> None:
    """Somebody wants more machines of the group."""
    client = human.provider.aws.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName=stack_name(request_id), MaxSize=9)


def looked(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["logicalId"]: (one["state"], one["by"]) for one in found["resources"]}


def test_a_detection_that_takes_its_time_is_waited_for(human: Human, group: str) -> None:
    human.provider.aws.scenario(times={"drift": 10}, clock={"perCall": 3})
    assert drift(human, group)["verdict"] == "in sync"


def test_a_detection_that_does_not_end_is_named(human: Human, group: str) -> None:
    human.provider.aws.scenario(times={"drift": 86400})
    out, err = human.hears("drift", *QUICK, "--timeout", "0.5", code=5)
    assert "error[E501]" in err
    assert stack_name(group) in err
    assert "UNKNOWN" in out


def test_after_somebody_elses_detection_one_of_our_own_is_made(human: Human, group: str) -> None:
    """Theirs may have looked before the change that has to be found."""
    aws = human.provider.aws
    aws.scenario(times={"drift": 10})
    aws.client("cloudformation").detect_stack_drift(StackName=stack_name(group))
    raised(human, group)
    aws.scenario(times={"drift": 10}, clock={"perCall": 3})
    assert drift(human, group)["verdict"] == "drifted"


def test_throttling_is_waited_out(human: Human, group: str) -> None:
    busy = {"action": "DetectStackDrift", "kind": "throttle", "times": 4}
    human.provider.aws.scenario(faults=[busy])
    assert drift(human, group)["verdict"] == "in sync"


def test_what_a_detection_does_not_get_at_is_read_by_us(human: Human, group: str) -> None:
    human.provider.aws.scenario(stacks={"failDrift": {"Capacity": "not authorized"}})
    assert looked(drift(human, group)) == {"Capacity": ("in sync", "ohf"), "LaunchTemplate": ("in sync", "both")}
    raised(human, group)
    assert looked(drift(human, group))["Capacity"] == ("drifted", "ohf")


def test_a_stack_that_is_not_complete_is_read_by_us(human: Human) -> None:
    """A group that lacks a machine holds its stack in creation for hours."""
    human.provider.aws.scenario(capacity={"*": 1})
    request_id = human.provider.request("asg-ondemand", 2)
    human.provider.aws.advance(60)
    found = drift(human)
    assert (found["status"], found["verdict"]) == ("CREATE_IN_PROGRESS", "in sync")
    assert {by for _, by in looked(found).values()} == {"ohf"}
    raised(human, request_id)
    assert drift(human)["verdict"] == "drifted"


def test_a_stack_whose_resources_are_not_there_yet_is_not_called_in_sync(human: Human) -> None:
    human.provider.aws.scenario(times={"resourceStart": 3600})
    human.provider.request("instant-ondemand", 1)
    found = drift(human)
    assert found["verdict"] == "not checked"
    assert {state for state, _ in looked(found).values()} == {"not checked"}


def test_one_stack_that_cannot_be_read_hides_no_other(human: Human, group: str) -> None:
    other = human.provider.request("instant-ondemand", 1)
    human.provider.settle(other)
    raised(human, group)
    denied = {"action": "DescribeFleets", "kind": "error", "status": 400, "code": "UnauthorizedOperation"}
    human.provider.aws.scenario(faults=[denied], uncertain={"driftChecked": "groups"})
    document = human.reads("drift", *QUICK, code=77)
    assert {one["requestId"]: one["verdict"] for one in document["stacks"]} == {group: "drifted", other: "unknown"}


def test_drift_is_an_exit_code_of_its_own_where_it_is_asked_for(human: Human, group: str) -> None:
    assert "1 in sync" in human.says("drift", "--detailed-exitcode", *QUICK)
    raised(human, group)
    human.says("drift", *QUICK)
    out, err = human.hears("drift", "--detailed-exitcode", *QUICK, code=2)
    assert "error[E203]" in err
    assert "Capacity.MaxSize  2 -> 9  BROADENS fixed-count" in out


def test_the_field_behind_a_change_is_told_with_its_line(human: Human, group: str, tmp_path: Path) -> None:
    client = human.provider.aws.client("autoscaling")
    subnet = "subnet-0a1b2c3d4e5f60666"
    client.update_auto_scaling_group(AutoScalingGroupName=stack_name(group), VPCZoneIdentifier=subnet)
    found = drift(human, group, "--output-file", f"junit={tmp_path / 'drift.xml'}")
    capacity = next(one for one in found["resources"] if one["logicalId"] == "Capacity")
    (source,) = {json.dumps(one["from"]) for one in capacity["changes"]}
    told = json.loads(source)
    lines = (EXAMPLE / "awsprov_templates.json").read_text().splitlines()
    assert (told["field"], Path(told["file"]).name) == ("subnetId", "awsprov_templates.json")
    assert '"subnetId"' in lines[told["line"] - 1]
    assert any('"asg-ondemand"' in line for line in lines[told["line"] - 25 : told["line"]])
    (suite,) = ElementTree.parse(tmp_path / "drift.xml").getroot()
    assert {case.get("name"): bool(case.findall("failure")) for case in suite} == {
        "Capacity": True,
        "LaunchTemplate": False,
    }


def test_what_is_expected_is_shown_where_all_is_asked_for(human: Human) -> None:
    request_id = human.provider.request("maintain-spot", 2)
    human.provider.settle(request_id)
    assert "expected" not in human.says("drift", request_id, *QUICK)
    shown = human.says("drift", request_id, "--all", *QUICK)
    assert "expected  Capacity.TargetCapacitySpecification.TotalTargetCapacity  2 -> 0" in shown.replace('"', "")


def test_which_stacks(human: Human, group: str) -> None:
    other = human.provider.request("instant-ondemand", 1)
    human.provider.settle(other)
    assert drift(human, "--template", "instant-ondemand")["requestId"] == other
    assert drift(human, stack_name(group))["requestId"] == group
    assert drift(human, drift(human, group)["stackId"])["requestId"] == group
    human.says("drift", "req-00000001-0000000000000001", code=1)
    human.says("drift", "theirs", code=1)
    assert "0 stacks" in human.says("drift", "--template", "nothing")
