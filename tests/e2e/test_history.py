"""`ohf events --history`: what a provider went through, from the store's table or from the audit file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ohf_cli.history_screen import moment_of
from tests.e2e.human import Human
from tests.e2e.provider import Provider

IN_TABLE = {"OHF_STORAGE_KIND": "sqlite", "OHF_STORAGE_EVENTS": "true"}


@pytest.fixture
def human(quick: Provider, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Human:
    return Human(quick, capsys, monkeypatch)


def kept(human: Human, *words: str, **environ: str) -> dict[str, Any]:
    document: dict[str, Any] = replace(human, provider=replace(human.provider, extra=environ)).reads(
        "events", "--history", *words
    )
    return document


def lived(human: Human, **environ: str) -> tuple[str, str]:
    """A request and its return, from beginning to end; their ids."""
    provider = replace(human.provider, extra=environ)
    entry = provider.settle(provider.request("asg-ondemand", 2))
    returned = provider.give_back(entry["machines"])
    provider.settle(returned)
    return str(entry["requestId"]), returned


def test_the_table_and_the_audit_file_tell_the_same(human: Human) -> None:
    request_id, returned = lived(human, **IN_TABLE)
    human.provider.aws.clear_calls()
    in_table, in_file = kept(human, **IN_TABLE), kept(human)
    assert human.provider.aws.calls() == []
    assert (in_table["source"], in_file["source"]) == ("store", "audit")
    assert [{**one, "at": ""} for one in in_table["events"]] == [{**one, "at": ""} for one in in_file["events"]]
    names = [one["what"] for one in in_table["events"] if one["requestId"] == request_id]
    assert names == ["RequestCreated", "RequestStatusChanged", "RequestSettled", "MachineCreated", "MachineCreated"]
    ended = kept(human, returned, **IN_TABLE)["events"]
    assert [one["what"] for one in ended] == ["ReturnRequested", "MachineTerminated", "MachineTerminated"]


@pytest.mark.parametrize("environ", [IN_TABLE, {}], ids=["store", "audit"])
def test_since_leaves_out_what_was_before(human: Human, environ: dict[str, str]) -> None:
    lived(human, **environ)
    human.provider.aws.advance(7200)
    request_id, _ = lived(human, **environ)
    late = kept(human, "--since", "1h", **environ)["events"]
    assert {one["requestId"] for one in late if one["what"] == "RequestCreated"} == {request_id}
    assert len(kept(human, **environ)["events"]) == 2 * len(late)


def test_a_line_that_was_cut_off_is_left_out_and_rotated_files_are_read(human: Human) -> None:
    lived(human)
    before = kept(human)["events"]
    audit = human.provider.work / "grid-audit.jsonl"
    audit.rename(f"{audit}.1")
    audit.write_text('{"at": "2026-11-23T04:00:00.000Z", "wh')
    assert kept(human)["events"] == before


def test_people_get_a_table(human: Human) -> None:
    assert "no events are kept here" in human.says("events", "--history")
    request_id, _ = lived(human)
    lines = human.says("events", "--history", request_id).splitlines()
    assert lines[0].split() == ["TIME", "WHAT", "OF", "STATUS", "WHY"]
    assert "RequestStatusChanged" in lines[2]
    assert "running -> complete" in lines[2]


def test_where_nothing_is_kept_that_is_told(human: Human) -> None:
    silent = replace(human, provider=replace(human.provider, extra={"OHF_EVENTS_AUDIT": "false"}))
    _, told = silent.hears("events", "--history", code=1)
    assert "none is kept" in told


@pytest.mark.parametrize(
    "words",
    [
        ("events",),
        ("events", "--since", "1h"),
        ("events", "--history", "--root-cause"),
        ("events", "--history", "--since", "soon"),
    ],
)
def test_wrong_usage_is_told(human: Human, words: tuple[str, ...]) -> None:
    human.hears(*words, code=64)


def test_moments() -> None:
    assert moment_of("90m", 10_000) == 10_000 - 5400
    assert moment_of("1970-01-02T00:00:00Z", 0) == moment_of("1970-01-02", 0) == 86_400
    assert moment_of("1970-01-02T01:00:00+01:00", 0) == 86_400
