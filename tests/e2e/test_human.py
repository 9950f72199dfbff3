"""The human face against the local AWS: the life of requests by hand."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.human import QUICK, Human, alone, on_terminal
from tests.e2e.provider import Provider, forget, live_machines, live_stacks
from tests.local_aws import LocalAws

PASSING = {"clock": {"perCall": 2}}
#: kinds that a freeze stops at once
FREEZABLE = ["asg-ondemand", "maintain-spot", "spotfleet-maintain"]


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    local_aws.scenario(profile="realistic", **PASSING)
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


@pytest.mark.parametrize("template", ["instant-ondemand", "asg-ondemand"])
def test_requested_watched_returned_watched(human: Human, template: str) -> None:
    request_id = human.requests(template, 3)
    told = human.says("watch", request_id, *QUICK).splitlines()
    assert any("Capacity CREATE_COMPLETE" in line for line in told)
    assert f"{request_id} complete" in told[-1]
    assert "machines 3/3 (3 running)" in told[-1]
    (shown,) = human.reads("status")["requests"]
    assert (shown["requestId"], shown["status"], len(shown["machines"])) == (request_id, "complete", 3)
    story = human.reads("events", request_id)
    assert story["cause"] == ""
    assert [one["logicalId"] for one in story["events"] if one["status"] == "CREATE_COMPLETE"][:2] == [
        "LaunchTemplate",
        "Capacity",
    ]
    return_id = human.reads("return", "--request", request_id)["requestId"]
    assert human.says("watch", return_id, *QUICK).splitlines()[-1].endswith("machines 3/3 (3 terminated)")
    assert live_machines(human.provider.aws) == []


def test_machines_are_returned_by_id_and_by_name(human: Human) -> None:
    request_id = human.requests("instant-ondemand", 3)
    human.says("watch", request_id, *QUICK)
    (shown,) = human.reads("status", request_id)["requests"]
    first, second, third = shown["machines"]
    human.says("return", first["machineId"], second["name"])
    assert [one["InstanceId"] for one in live_machines(human.provider.aws)] == [third["machineId"]]


@pytest.mark.parametrize("template", FREEZABLE)
def test_a_cancelled_request_settles_with_the_machines_there_are_and_launches_no_more(
    human: Human, template: str
) -> None:
    aws = human.provider.aws
    aws.scenario(profile="realistic", capacity={"*": 2}, **PASSING)
    request_id = human.requests(template, 3)
    aws.advance(60)
    (shown,) = human.reads("cancel", request_id, "--yes", *QUICK)["requests"]
    assert (shown["status"], len(shown["machines"])) == ("complete", 2)
    assert shown["message"].startswith("2 of 3 machines: ")
    assert shown["cancelledAt"]
    aws.scenario(profile="realistic")
    aws.advance(24 * 3600)
    assert len(live_machines(aws)) == 2


def test_a_request_fleet_says_when_it_ends_by_itself(human: Human) -> None:
    human.provider.aws.scenario(profile="realistic", capacity={"*": 2}, **PASSING)
    request_id = human.requests("request-spot", 3)
    human.provider.aws.advance(60)
    told = human.hears("cancel", request_id, "--yes", *QUICK, code=0)[1]
    assert told.startswith("its fleet stops launching by itself at 20")
    human.provider.aws.advance(1200)
    human.says("watch", request_id, *QUICK)


def test_a_settled_request_is_not_cancelled_any_more(human: Human) -> None:
    request_id = human.requests("instant-ondemand", 1)
    human.says("watch", request_id, *QUICK)
    (shown,) = human.reads("cancel", request_id, "--yes")["requests"]
    assert (shown["status"], shown["cancelledAt"]) == ("complete", "")


@pytest.mark.parametrize("template", ["instant-ondemand", "request-spot", *FREEZABLE])
def test_a_deleted_request_leaves_nothing(human: Human, template: str) -> None:
    request_id = human.requests(template, 2)
    human.says("watch", request_id, *QUICK)
    done = human.reads("delete", request_id, "--yes", *QUICK)
    assert (done["machines"], done["stack"]) == (2, "gone")
    assert live_machines(human.provider.aws) == []
    assert live_stacks(human.provider.aws) == []
    again = human.reads("delete", request_id, "--yes", *QUICK)
    assert (again["machines"], again["stack"]) == (0, "gone")


def test_a_request_that_still_starts_is_deleted_and_then_settles(human: Human) -> None:
    request_id = human.requests("asg-ondemand", 2)
    human.says("delete", request_id, "--yes", *QUICK)
    human.says("watch", request_id, *QUICK)  # what was given back had been delivered
    human.provider.aws.advance(24 * 3600)
    assert live_machines(human.provider.aws) == []
    assert live_stacks(human.provider.aws) == []


def test_what_is_answered_of_a_deleted_request_outlives_memory(human: Human) -> None:
    """The deletion's token tells it once memory is lost; what was heard before must be the same."""
    provider = human.provider
    provider.aws.scenario(capacity={"*": 1}, **PASSING)
    request_id = human.requests("spotfleet-maintain", 2)
    provider.aws.advance(120)
    human.says("delete", request_id, "--yes", *QUICK)
    heard = provider.settle(request_id)["status"]
    forget(provider)
    assert provider.settle(request_id)["status"] == heard


def test_a_deletion_that_fails_tells_why(human: Human) -> None:
    request_id = human.requests("instant-ondemand", 1)
    human.says("watch", request_id, *QUICK)
    refusal = {"LaunchTemplate": {"reason": "You are not authorized", "times": 9}}
    human.provider.aws.scenario(profile="realistic", stacks={"failDelete": refusal}, **PASSING)
    told = human.hears("delete", request_id, "--yes", *QUICK, code=1)[1]
    assert "error[E141]: delete the stack" in told
    human.provider.aws.scenario(profile="realistic", **PASSING)
    human.says("delete", request_id, "--yes", *QUICK)


def test_the_root_cause_comes_first(human: Human) -> None:
    human.provider.aws.scenario(stacks={"failCreate": {"Capacity": "You are not authorized"}}, **PASSING)
    request_id = human.requests("instant-ondemand", 1)
    human.says("watch", request_id, *QUICK, code=1)
    assert human.says("events", request_id, "--root-cause") == "CAUSE  You are not authorized\n"
    assert human.reads("events", request_id)["cause"] == "You are not authorized"


def test_settled_requests_are_told_from_memory_and_nothing_changes(human: Human) -> None:
    request_id = human.requests("instant-ondemand", 2)
    human.says("watch", request_id, *QUICK)
    before = human.provider.database()
    first = human.says("status", "--output", "json")
    human.provider.aws.clear_calls()
    human.provider.aws.advance(3600)
    assert human.says("status", "--output", "json") == first
    assert human.provider.aws.calls() == []
    assert human.provider.database() == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("request", "no-such-template", "1"), 1),
        (("request", "instant-ondemand", "0"), 64),
        (("request", "instant-ondemand", "-1"), 64),
        (("request", "instant-ondemand", "1.5"), 64),
        (("request", "instant-ondemand", "101"), 1),
        (("return", "--request", "req-00000000-0000000000000000"), 1),
        (("cancel", "ret-00000000-0000000000000000", "--yes"), 1),
        (("delete", "nonsense", "--yes"), 1),
        (("cancel", "req-00000000-0000000000000000"), 64),
        (("delete", "req-00000000-0000000000000000"), 1),
        (("events", "nonsense"), 1),
        (("return",), 64),
        (("render",), 64),
        (("no-such-command",), 64),
        (("status", "--no-such-option"), 64),
    ],
)
def test_what_is_refused_says_so_and_changes_nothing(human: Human, words: tuple[str, ...], code: int) -> None:
    before = human.says("status", "--output", "json")
    human.provider.aws.clear_calls()
    human.hears(*words, code=code)
    changing = ("Create", "Delete", "Terminate", "Modify", "Suspend", "Update")
    assert [one for one in human.provider.aws.calls() if one["action"].startswith(changing)] == []
    assert human.says("status", "--output", "json") == before
    error = human.reads(*words, code=code)
    assert error["schema"] == "ohf/error/v1"
    assert error["error"]["exit"] == code


def test_aws_out_of_reach_is_69_and_denied_is_77(human: Human) -> None:
    request_id = human.requests("instant-ondemand", 1)
    denied = {"service": "cloudformation", "action": "*", "kind": "error", "status": 403, "code": "AccessDenied"}
    human.provider.aws.scenario(faults=[{**denied, "message": "no"}])
    human.hears("events", request_id, code=77)
    human.provider.extra["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    human.hears("events", request_id, code=69)
    assert human.reads("status")["requests"][0]["status"] == "running"


def test_time_that_is_up_is_5(human: Human) -> None:
    human.provider.aws.scenario(profile="realistic", capacity={"*": 0})
    request_id = human.requests("asg-ondemand", 1)
    told = human.hears("watch", request_id, *QUICK, "--timeout", "0.3", code=5)[1]
    assert f"ohf watch {request_id} goes on watching" in told


def test_the_doctor_finds_everything_in_order(human: Human) -> None:
    human.says("status")
    found = human.reads("doctor")
    assert {one["severity"] for one in found["checks"]} <= {"ok", "warn"}
    assert [one["code"] for one in found["checks"] if one["severity"] == "warn"] == ["D103"]


def test_the_doctor_names_what_is_wrong(human: Human) -> None:
    human.provider.extra["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    told = human.says("doctor", code=1)
    failed = [line.split()[1] for line in told.splitlines() if line.startswith("fail")]
    assert [one["code"] for one in human.reads("doctor", code=1)["checks"] if one["severity"] == "fail"] == failed
    assert failed == ["D201", "D202", "D301", "D302", "D303", "D304", "D305", "D306", "D401"]


def test_interrupted_watching_detaches_and_says_how_to_go_on(human: Human) -> None:
    request_id = human.requests("asg-ondemand", 1)
    human.provider.aws.scenario(capacity={"*": 0})
    process = subprocess.Popen(
        [sys.executable, "-m", "ohf_cli", "watch", request_id],
        env=human.provider.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert f"ohf watch {request_id} resumes, ohf cancel {request_id} ends the request" in told
    assert len(live_stacks(human.provider.aws)) == 1


def test_questions_are_asked_on_a_terminal_alone(human: Human) -> None:
    request_id = human.requests("instant-ondemand", 1)
    human.says("watch", request_id, *QUICK)
    piped = alone(human.provider, "delete", request_id)
    assert (piped.returncode, b"give --yes" in piped.stderr) == (64, True)
    code, screen = on_terminal(human.provider, "delete", request_id, typed="n\n")
    assert (code, "Terminate 1 live machine of" in screen) == (130, True)
    assert len(live_machines(human.provider.aws)) == 1
    code, screen = on_terminal(human.provider, "delete", request_id, *QUICK, typed="y\n")
    assert (code, "stack gone" in screen) == (0, True)


def test_every_document_fits_its_schema(human: Human) -> None:
    for words in (
        ("templates", "list"),
        ("templates", "show", "weighted-spot"),
        ("templates", "validate"),
        ("render", "--all"),
        ("config",),
        ("status",),
    ):
        human.reads(*words)
    human.reads("templates", "show", "no-such-template", code=1)


@pytest.mark.parametrize("template", ["weighted-spot", "asg-ondemand"])
def test_a_request_is_cancelled_and_deleted_when_memory_is_lost(human: Human, template: str) -> None:
    human.provider.aws.scenario(profile="realistic", capacity={"*": 2}, **PASSING)
    request_id = human.requests(template, 3)
    human.provider.aws.advance(60)
    (human.provider.work / "grid-request_database.json").unlink()
    (shown,) = human.reads("cancel", request_id, "--yes", *QUICK)["requests"]
    assert (shown["requestId"], shown["status"]) == (request_id, "complete")
    (human.provider.work / "grid-request_database.json").unlink()
    assert human.reads("delete", request_id, "--yes", *QUICK)["stack"] == "gone"
    assert live_machines(human.provider.aws) == []


def test_requests_are_listed_from_their_stacks_when_memory_is_lost(human: Human) -> None:
    ids = [human.requests(template, 1) for template in ("instant-ondemand", "asg-ondemand")]
    human.provider.aws.advance(120)
    (human.provider.work / "grid-request_database.json").unlink()
    shown = human.reads("status")["requests"]
    assert sorted((one["requestId"], one["status"], len(one["machines"])) for one in shown) == sorted(
        (one, "complete", 1) for one in ids
    )
    human.provider.aws.clear_calls()
    assert human.reads("status")["requests"] == shown
    assert human.provider.aws.calls() == []
