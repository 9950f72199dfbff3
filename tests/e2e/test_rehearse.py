"""`ohf rehearse`: AWS asked by change sets, and nothing left of them, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ohf_iac.request import id_kind, is_ours, request_id_of
from tests.e2e.human import Human
from tests.e2e.provider import Provider, live_machines, live_stacks, wait_until
from tests.local_aws import LocalAws

Faults = list[dict[str, Any]]


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


def seen(human: Human, *words: str, code: int = 0) -> dict[str, Any]:
    """What came of each template, by its id."""
    rows = human.reads("rehearse", *words, code=code)["rehearsals"]
    return {one["templateId"]: one for one in rows}


def actions(aws: LocalAws) -> list[str]:
    return [one["action"] for one in aws.calls() if one["service"] == "cloudformation"]


def test_every_template_is_rehearsed_and_nothing_is_left(human: Human) -> None:
    aws = human.provider.aws
    index = human.reads("render", "--all")["templates"]
    aws.clear_calls()
    found = seen(human, "--all")
    assert {name: one["digest"] for name, one in found.items()} == {
        name: one["sha256"] for name, one in index.items()
    }
    assert {one["outcome"] for one in found.values()} == {"ok"}
    assert [one["logicalId"] for one in found["asg-ondemand"]["changes"]] == ["Capacity", "LaunchTemplate"]
    assert live_stacks(aws) == []
    assert live_machines(aws) == []
    assert actions(aws).count("CreateChangeSet") == len(found)
    assert {"CreateStack", "ExecuteChangeSet"}.isdisjoint(actions(aws))
    assert not human.provider.work.joinpath("grid-request_database.json").exists()


def test_its_stack_is_no_requests(human: Human) -> None:
    name = seen(human, "instant-ondemand")["instant-ondemand"]["stack"]
    assert is_ours(name)
    assert request_id_of(name) is None
    assert id_kind(name.removeprefix("ohf-")) is None


def test_the_change_set_is_waited_for_and_its_failure_told(human: Human) -> None:
    aws = human.provider.aws
    aws.scenario(clock={"perCall": 1}, times={"changeSet": 2}, lag={"newStack": 2})
    assert seen(human, "instant-ondemand")["instant-ondemand"]["outcome"] == "ok"
    aws.scenario(stacks={"failChangeSet": "hook denied it"})
    out, err = human.hears("rehearse", "instant-ondemand", "asg-ondemand", code=1)
    assert out.count("hook denied it") == 2
    assert "error[E141]: rehearse 2 templates: 2 failed" in err
    assert live_stacks(aws) == []


def test_pipelines_get_a_case_per_template(human: Human, tmp_path: Path) -> None:
    aws, file = human.provider.aws, tmp_path / "rehearsal.xml"
    aws.scenario(stacks={"failChangeSet": "hook <denied> it"})
    words = ("rehearse", "instant-ondemand", "asg-ondemand")
    printed, _ = human.hears(*words, "--output", "junit", "--output-file", f"junit={file}", code=1)
    assert file.read_text() == printed
    suite = ElementTree.fromstring(printed)[0]
    assert [one.get("classname") for one in suite] == ["ohf rehearse.instant-ondemand", "ohf rehearse.asg-ondemand"]
    assert [one[0].get("message") for one in suite] == ["hook <denied> it"] * 2


def test_one_that_is_refused_hinders_none_of_the_others(human: Human) -> None:
    found = seen(human, "instant-ondemand", "asg-ondemand", "--count", "900", code=1)
    assert {name: one["outcome"] for name, one in found.items()} == {
        "instant-ondemand": "failed",
        "asg-ondemand": "failed",
    }
    aws = human.provider.aws
    aws.scenario(
        faults=[
            {
                "action": "CreateChangeSet",
                "kind": "error",
                "status": 400,
                "code": "LimitExceededException",
                "times": 1,
            }
        ]
    )
    outcomes = [one["outcome"] for one in seen(human, "instant-ondemand", "asg-ondemand", code=1).values()]
    assert sorted(outcomes) == ["failed", "ok"]
    assert live_stacks(aws) == []


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"action": "CreateChangeSet", "kind": "lost", "times": 1}, "ok"),
        ({"action": "CreateChangeSet", "kind": "lost"}, "failed"),
        ({"action": "CreateChangeSet", "kind": "garbage"}, "failed"),
        ({"action": "DescribeChangeSet", "kind": "error", "status": 500, "code": "InternalFailure"}, "failed"),
        ({"action": "DeleteStack", "kind": "lost", "times": 3}, "ok"),
        ({"action": "DeleteStack", "kind": "error", "status": 400, "code": "AccessDenied", "times": 2}, "ok"),
    ],
)
def test_answers_that_are_lost_leave_nothing(human: Human, fault: dict[str, Any], outcome: str) -> None:
    aws = human.provider.aws
    aws.scenario(faults=[fault])
    code = 0 if outcome == "ok" else 1
    assert seen(human, "instant-ondemand", code=code)["instant-ondemand"]["outcome"] == outcome
    assert live_stacks(aws) == []


def test_what_cannot_be_removed_is_told_and_found_by_gc(human: Human) -> None:
    aws = human.provider.aws
    aws.scenario(faults=[{"action": "DeleteStack", "kind": "error", "status": 400, "code": "AccessDenied"}])
    found = seen(human, "instant-ondemand", code=1)["instant-ondemand"]
    assert (found["outcome"], live_stacks(aws)) == ("left", [found["stack"]])
    aws.scenario()
    aws.advance(3 * 3600)
    (orphan,) = human.reads("gc", "--apply")["orphans"]
    assert (orphan["reason"], orphan["name"], orphan["outcome"]) == ("unexecuted", found["stack"], "collected")
    assert live_stacks(aws) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_broken_off_it_removes_its_stacks(human: Human, number: signal.Signals) -> None:
    aws, provider = human.provider.aws, human.provider
    aws.scenario(times={"changeSet": 86400})
    for name in ("work", "log"):
        (provider.folder / name).mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "ohf_cli", "rehearse", "--all"],
        env=provider.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: len(live_stacks(aws)) == 4, 60)
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert live_stacks(aws) == []
    assert actions(aws).count("CreateChangeSet") == 4


def test_words_that_make_no_sense_are_refused(human: Human) -> None:
    human.hears("rehearse", code=64)
    human.hears("rehearse", "asg-ondemand", "--all", code=64)
    human.hears("rehearse", "other", code=1)
