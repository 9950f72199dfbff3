"""Observers of domain events that fail: the next one hears, the request goes on as if nothing were."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ohf_cli import machine as face
from ohf_iac.app import app_for
from ohf_iac.errors import StorageError
from ohf_iac.events import Event
from tests.e2e.processes import legal
from tests.e2e.provider import NAME, Provider, live_machines
from tests.fuzz.judge import environment

if TYPE_CHECKING:
    from ohf_iac.events import Handler

FAILURES: dict[str, Callable[[], Exception]] = {
    "a full disk": lambda: OSError(28, "No space left on device"),
    "a bug": lambda: KeyError("nothing"),
    "an error of ours": lambda: StorageError("write notes: no", hint="make room"),
    "no end": lambda: RecursionError("maximum recursion depth exceeded"),
}


def said(provider: Provider, handlers: tuple[Handler, ...], operation: str, document: object) -> dict[str, Any]:
    """The answer of an operation whose events these observers hear."""
    for folder in (provider.work, provider.folder / "log"):
        folder.mkdir(exist_ok=True)
    with environment(provider.environ):
        app = replace(app_for(os.environ), handlers=handlers, random_hex=lambda: "0123456789abcdef")
        answer, afterwards = face.OPERATIONS[operation](app, json.dumps(document).encode())
        afterwards()
    assert legal(operation, 0, answer)
    return answer


def life(provider: Provider, handlers: tuple[Handler, ...]) -> list[dict[str, Any]]:
    """A request that completes and is returned: all answers."""
    ask = {"template": {"templateId": "instant-ondemand", "machineCount": 2}}
    answers = [said(provider, handlers, "requestMachines", ask)]
    poll = {"requests": [{"requestId": answers[0]["requestId"]}]}
    for _ in range(20):
        answers.append(said(provider, handlers, "getRequestStatus", poll))
        provider.aws.advance(30)
        if answers[-1]["requests"][0]["status"] == "complete":
            break
    machines = [{"machineId": one["machineId"]} for one in answers[-1]["requests"][0]["machines"]]
    answers.append(said(provider, handlers, "requestReturnMachines", {"machines": machines}))
    back = {"requests": [{"requestId": answers[-1]["requestId"]}]}
    for _ in range(20):
        answers.append(said(provider, handlers, "getRequestStatus", back))
        provider.aws.advance(30)
        if answers[-1]["requests"][0]["status"] == "complete":
            return answers
    raise AssertionError(f"the return does not end: {answers[-1]}")


def normal(document: object) -> str:
    """The text of a document without what differs between two worlds: ids, names, addresses, times, checksums."""
    text = re.sub(r'"(crc32|bytes)": "?[0-9a-f]+', r'"\1": *', json.dumps(document))
    text = re.sub(r"\b(i|lt|fleet|req|ret)-[0-9a-f-]{8,}", r"\1-*", text)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+|ip-[0-9-]+|\d+\.\d+\.\d+\.\d+|\b\d{10}(\.\d+)?\b", "*", text)


def logged(provider: Provider, part: str) -> list[dict[str, Any]]:
    """The lines of the log, which may have none yet, whose message holds a text."""
    files = (provider.folder / "log").glob("*provider.log*")
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [one for one in lines if part in one["message"]]


@pytest.mark.parametrize("failure", FAILURES)
def test_the_second_observer_hears_what_the_first_one_failed_at(quick: Provider, failure: str) -> None:
    heard: dict[str, list[str]] = {"alone": [], "behind": []}
    alone = Provider(quick.folder / "alone", quick.aws)
    alone.folder.mkdir()
    usual = life(alone, (lambda event: heard["alone"].append(event.name),))
    quick.aws.reset()

    def fails(_event: Event) -> None:
        raise FAILURES[failure]()

    answers = life(quick, (fails, lambda event: heard["behind"].append(event.name)))
    assert [normal(one) for one in answers] == [normal(one) for one in usual]
    assert normal(quick.database()) == normal(alone.database())
    assert live_machines(quick.aws) == []
    assert heard["behind"] == heard["alone"]
    assert {"RequestCreated", "MachineCreated", "RequestSettled", "ReturnRequested"} <= set(heard["behind"])
    told = logged(quick, "observer failed on ")
    assert [one["event"] for one in told] == heard["behind"]
    assert all(str(FAILURES[failure]()) in one["message"] and one["level"] == "ERROR" for one in told)
    assert logged(alone, "observer failed") == []


def test_an_audit_file_that_takes_nothing_costs_a_script_nothing(provider: Provider) -> None:
    """The audit's observer stands between the log's and the table of events: both have what it has not."""
    provider.extra |= {"OHF_STORAGE_KIND": "sqlite", "OHF_STORAGE_EVENTS": "true"}
    audit = provider.work / f"{NAME}-audit.jsonl"
    audit.mkdir(parents=True)
    request_id = provider.request("instant-ondemand", 1)
    assert provider.settle(request_id)["status"] == "complete"
    (failed,) = logged(provider, "observer failed on RequestCreated")
    assert failed["level"] == "ERROR"
    (created,) = logged(provider, f"RequestCreated {request_id}")
    assert created["level"] == "INFO"
    assert "RequestCreated" in kept_events(provider.work)
    assert list(audit.iterdir()) == []


def kept_events(work: Path) -> list[str]:
    (file,) = work.glob("*.sqlite")
    with closing(sqlite3.connect(file)) as connection:
        return [str(one) for (one,) in connection.execute("select what from events")]
