"""AWS on its bad days: every call of every operation fails in every way, and no answer is ever false.

What is swept is found by the test itself (`bad_days`): the calls of an operation in a situation, times the ways to
fail. An ordinary run takes some of them; `make test-all` takes all for one kind of each situation, and some for the
others. What is judged, and how the days end: `lives`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.processes import OPERATIONS, begin
from tests.e2e.provider import ROOT, Provider, live_machines
from tests.faults.days import TROUBLES
from tests.faults.situations import SITUATIONS
from tests.local_aws import FOREIGN, LocalAws

#: one situation for each way that an operation goes, in an ordinary run
ORDINARY: Final = (
    "a new request|ASG",
    "all machines run|EC2Fleet-maintain",
    "short, first look|ASG",
    "short, second look, store lost|SpotFleet-maintain",
    "creation failed|ASG",
    "settled, store lost|EC2Fleet-instant",
    "a mixed return|ASG",
    "a return is open, store lost|EC2Fleet-instant",
    "a return was not carried out|ASG",
    "machines are reclaimed|SpotFleet-request",
    "an empty stack is due|ASG",
    "nobody polls|EC2Fleet-maintain",
)
FIRST: Final = [f"{one.name}|{one.kinds[0]}" for one in SITUATIONS]
OTHERS: Final = [f"{one.name}|{kind}" for one in SITUATIONS for kind in one.kinds[1:]]
#: of the other kinds' bad days, one in so many
THINNED: Final = 7
Note = Callable[[str, object], None]


def swept(folder: Path, note: Note, every: int, offset: int, *pairs: str) -> None:
    """Sweep, note the numbers for the summary of the run, and hold what was found against nothing at all."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    command = [sys.executable, "-m", "tests.faults.bad_days", str(folder), str(every), str(offset), *pairs]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["pair"] for one in found] == list(pairs)
    for one in found:
        note("bad days", [one["calls"], one["days"]])
    assert [one["pair"] for one in found if not one["days"]] == []
    wrong = [f"{one['pair']}: {what}" for one in found for what in one["wrong"]]
    assert not wrong, "\n".join([f"{len(wrong)} complaints", *wrong[:20]])


@pytest.mark.parametrize("half", [0, 1])
def test_no_bad_day_makes_an_answer_false(tmp_path: Path, record_property: Note, half: int) -> None:
    swept(tmp_path, record_property, 23, 3 + half, *ORDINARY[half::2])


@pytest.mark.sweep
@pytest.mark.parametrize("pair", FIRST)
def test_no_bad_day_of_any_call_makes_an_answer_false(tmp_path: Path, record_property: Note, pair: str) -> None:
    swept(tmp_path, record_property, 1, 0, pair)


@pytest.mark.sweep
@pytest.mark.parametrize("pair", OTHERS)
def test_nor_for_the_other_kinds(tmp_path: Path, record_property: Note, pair: str) -> None:
    swept(tmp_path, record_property, THINNED, OTHERS.index(pair) % THINNED, pair)


def test_the_ordinary_run_asks_every_operation_and_fails_in_every_way() -> None:
    assert set(ORDINARY) <= {*FIRST, *OTHERS}
    spans = {(one.name, one.span) for one in TROUBLES}
    assert len(spans) == len(TROUBLES)
    kinds = {one.fault["kind"] for one in TROUBLES}
    assert kinds == {"throttle", "error", "delay", "reset", "garbage", "lost", "truncated"}
    assert {"once", "always", "storm"} == {one.span for one in TROUBLES}


DAYS: Final[Sequence[dict[str, Any]]] = (
    {"kind": "throttle"},
    {"kind": "error", "status": 500, "code": "InternalFailure"},
    {"kind": "error", "status": 403, "code": "ExpiredToken"},
    {"kind": "error", "status": 403, "code": "AccessDenied"},
    {"kind": "reset"},
    {"kind": "lost"},
    {"kind": "truncated"},
    {"kind": "garbage"},
    {"kind": "garbage", "body": "<DescribeSomethingElseResponse/>"},
)


@pytest.mark.parametrize(
    "fault",
    [DAYS[0], DAYS[-1], *(pytest.param(one, marks=pytest.mark.sweep) for one in DAYS[1:-1])],
    ids=lambda one: one.get("code") or one.get("body") or one["kind"],
)
def test_the_scripts_themselves_end_well_on_a_bad_day(local_aws: LocalAws, tmp_path: Path, fault: Any) -> None:
    """Real processes: exit code, one JSON object on stdout, nothing on stderr (`Running.answer` looks at them)."""
    provider = Provider(tmp_path, local_aws, extra={"OHF_PROVIDER_RETRY_ATTEMPTS": "0"})
    entry = provider.settle(provider.request("asg-ondemand", 2))
    waiting = provider.request("maintain-spot", 2)
    hosts = {"machines": [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]}
    documents: dict[str, object] = {
        "getAvailableTemplates": {},
        "requestMachines": {"template": {"templateId": "instant-ondemand", "machineCount": 1}},
        "getRequestStatus": {"requests": [{"requestId": waiting}]},
        "requestReturnMachines": hosts,
        "getReturnRequests": hosts,
    }
    assert list(documents) == list(OPERATIONS)
    local_aws.scenario(faults=[fault])
    started = [begin(provider, *call) for call in documents.items()]
    (_, _), (asked, _), (_, polled), (returned, back), (_, reclaims) = [one.answer() for one in started]
    local_aws.scenario()
    assert asked in (0, 1)
    assert polled["requests"][0]["status"] == "running"
    assert returned == 0
    assert reclaims["requests"] == []
    assert provider.settle(str(back["requestId"]))["status"] in ("complete", "complete_with_error")
    assert len(provider.settle(waiting)["machines"]) == 2
    assert len(live_machines(local_aws)) in (2, 3)
