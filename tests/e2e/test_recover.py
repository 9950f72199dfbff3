"""`ohf recover`: memory rebuilt from AWS says the same as the one that was lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ohf_iac.template.kinds import KINDS, Kind
from tests.e2e.human import Human
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import Provider, forget, live_machines, live_stacks
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    local_aws.reset(profile="realistic")
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


def found(human: Human, *words: str) -> dict[str, tuple[str, str, int, bool]]:
    """Status, source, machines and whether it is new, by id."""
    rows = human.reads("recover", *words)["found"]
    return {one["id"]: (one["status"], one["source"], one["machines"], one["new"]) for one in rows}


def ids_of(entry: dict[str, Any]) -> set[str]:
    return {one["machineId"] for one in entry["machines"]}


@pytest.mark.parametrize("kind", KINDS)
def test_a_settled_request_is_answered_from_memory_again(human: Human, kind: Kind) -> None:
    provider, aws = human.provider, human.provider.aws
    entry = provider.settle(provider.request(TEMPLATES[kind], 3))
    forget(provider)
    assert found(human) == {entry["requestId"]: ("complete", "stack", 3, True)}
    aws.clear_calls()
    again = provider.status(entry["requestId"])
    assert aws.calls() == []
    assert (again["status"], ids_of(again)) == ("complete", ids_of(entry))
    returned = provider.give_back(entry["machines"])
    assert provider.settle(returned)["status"] == "complete"
    provider.polls(300, step=60)
    assert live_machines(aws) == []
    assert live_stacks(aws) == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_open_request_goes_on(human: Human, kind: Kind) -> None:
    provider, aws = human.provider, human.provider.aws
    aws.scenario(profile="realistic", capacity={"*": 2})
    request_id = provider.request(TEMPLATES[kind], 3)
    aws.advance(60)
    forget(provider)
    assert found(human)[request_id][0] == "running"
    record = provider.database()["requests"][request_id]["request"]
    assert (record["units"], record["kind"], record["template_id"]) == (3, kind, TEMPLATES[kind])
    entry = provider.settle(request_id, step=120, patience=7200)
    assert (entry["status"], len(entry["machines"])) == ("complete", 2)


def test_stacks_that_are_deleted_tell_how_their_requests_ended(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    good = provider.settle(provider.request("instant-ondemand", 1))
    provider.settle(provider.give_back(good["machines"]))
    aws.scenario(profile="realistic", stacks={"failCreate": {"Capacity": "no such thing"}})
    bad = provider.settle(provider.request("instant-ondemand", 1))
    assert bad["status"] == "complete_with_error"
    provider.polls(300, step=60)
    assert live_stacks(aws) == []
    aws.advance(7200)
    forget(provider)
    assert found(human) == {
        good["requestId"]: ("complete", "deleted stack", 0, True),
        bad["requestId"]: ("complete_with_error", "deleted stack", 0, True),
    }
    assert {one[3] for one in found(human, "--dry-run").values()} <= {False}
    aws.clear_calls()
    assert provider.status(good["requestId"])["status"] == "complete"
    assert provider.status(bad["requestId"])["status"] == "complete_with_error"
    assert aws.calls() == []


def test_a_return_is_known_by_its_tag(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    entry = provider.settle(provider.request("asg-ondemand", 3))
    returned = provider.give_back(entry["machines"][:2])
    forget(provider)
    assert found(human)[returned] == ("running", "return tag", 2, True)
    aws.advance(300)
    gone = provider.status(returned)
    assert (gone["status"], ids_of(gone)) == ("complete", {one["machineId"] for one in entry["machines"][:2]})


def test_an_empty_stack_gets_its_chore_back(human: Human) -> None:
    """Without memory nobody would delete it but gc."""
    provider, aws = human.provider, human.provider.aws
    entry = provider.settle(provider.request("maintain-spot", 2))
    aws.client("ec2").terminate_instances(InstanceIds=sorted(ids_of(entry)))
    aws.advance(300)
    forget(provider)
    provider.polls(300, step=60)
    assert len(live_stacks(aws)) == 1
    found(human)
    provider.polls(300, step=60)
    assert live_stacks(aws) == []


@pytest.mark.parametrize("template", ["instant-ondemand", "asg-ondemand"])
def test_the_chore_of_an_empty_stack_waits_for_no_reclaim(human: Human, template: str) -> None:
    """getReturnRequests would wake it, where EC2 still shows what was reclaimed; polls of the request do not."""
    provider, aws = human.provider, human.provider.aws
    entry = provider.settle(provider.request(template, 2))
    aws.client("ec2").terminate_instances(InstanceIds=sorted(ids_of(entry)))
    aws.advance(60)
    forget(provider)
    assert found(human)[entry["requestId"]][:2] == ("complete", "stack")
    aws.clear_calls()
    assert provider.status(entry["requestId"])["status"] == "complete"
    assert [one["action"] for one in aws.calls()] == ["DescribeInstances", "DeleteStack"]
    aws.advance(120)
    assert live_stacks(aws) == []


def test_a_dry_run_writes_nothing(human: Human) -> None:
    provider = human.provider
    provider.settle(provider.request("instant-ondemand", 1))
    forget(provider)
    assert len(found(human, "--dry-run")) == 1
    assert list(provider.work.glob("*database*")) == []
    assert "1 of them newly would be remembered" in human.says("recover", "--dry-run")


def test_everything_lost_is_found_at_once_and_a_second_time_changes_no_byte(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    gone = provider.settle(provider.request("instant-ondemand", 1))
    done = provider.give_back(gone["machines"])
    provider.settle(done)
    provider.polls(240, step=80)
    lives = provider.settle(provider.request("asg-ondemand", 3))
    waits = provider.give_back(lives["machines"][:1])
    aws.scenario(profile="realistic", capacity={"*": 2})
    opened = provider.request("request-spot", 3)
    aws.advance(10)
    forget(provider)
    seen = found(human)
    assert {key: row[:2] for key, row in seen.items()} == {
        gone["requestId"]: ("complete", "machines"),
        lives["requestId"]: ("complete", "stack"),
        opened: ("running", "stack"),
        waits: ("running", "return tag"),
        **({done: seen[done][:2]} if done in seen else {}),
    }
    assert all(row[3] for row in seen.values())
    before = (provider.work / "grid-request_database.json").read_bytes()
    assert not any(row[3] for row in found(human).values())
    assert (provider.work / "grid-request_database.json").read_bytes() == before


def test_what_is_remembered_stays(human: Human) -> None:
    provider = human.provider
    entry = provider.settle(provider.request("instant-ondemand", 2))
    before = provider.database()["requests"]
    assert found(human) == {entry["requestId"]: ("complete", "stack", 2, False)}
    assert provider.status(entry["requestId"]) == entry
    assert (
        provider.database()["requests"][entry["requestId"]]["settled_at"]
        == before[entry["requestId"]]["settled_at"]
    )


def test_what_has_moved_to_an_archive_is_known(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    provider.extra["OHF_STORAGE_HISTORY_DAYS"] = "1"
    entry = provider.settle(provider.request("instant-ondemand", 1))
    provider.settle(provider.give_back(entry["machines"]))
    provider.polls(180, step=60)
    aws.advance(3 * 86400)
    other = provider.settle(provider.request("asg-ondemand", 1))
    aws.client("ec2").terminate_instances(InstanceIds=[other["machines"][0]["machineId"]])
    aws.advance(60)
    provider.call("getReturnRequests", {})
    provider.polls(180, step=60)
    assert entry["requestId"] not in provider.database()["requests"]
    found(human)
    assert entry["requestId"] not in provider.database()["requests"]
    assert provider.status(entry["requestId"])["status"] == "complete"


def test_a_damaged_file_is_set_aside_and_told_of(human: Human) -> None:
    provider = human.provider
    entry = provider.settle(provider.request("instant-ondemand", 2))
    file = provider.work / "grid-request_database.json"
    file.write_bytes(file.read_bytes()[:100])
    document = human.reads("recover")
    assert ".corrupt-" in document["damaged"]
    assert [one["id"] for one in document["found"]] == [entry["requestId"]]
    assert ids_of(provider.status(entry["requestId"])) == ids_of(entry)


def test_deleted_stacks_that_may_not_be_listed_are_told_of(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    request_id = provider.request("instant-ondemand", 1)
    aws.advance(60)
    aws.scenario(
        profile="realistic",
        faults=[{"service": "cloudformation", "action": "ListStacks", "kind": "error", "status": 403}],
    )
    document = human.reads("recover", code=5)
    assert [one["id"] for one in document["found"]] == [request_id]
    assert document["message"]


def test_what_belongs_to_others_is_not_remembered(human: Human) -> None:
    provider = human.provider
    other = Provider(provider.folder / "other", provider.aws, extra={"OHF_PROVIDER_OWNER": "neighbors"})
    gone = other.settle(other.request("instant-ondemand", 1))
    other.request("asg-ondemand", 1)
    other.settle(other.give_back(gone["machines"]))
    other.polls(180, step=60)
    assert found(human) == {}
    assert human.says("recover").startswith("AWS holds no request of this provider")
