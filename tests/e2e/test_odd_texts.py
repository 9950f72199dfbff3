"""Texts that no product sends: answered one by one, echoed as they came, and no harm to logs or memory."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.e2e.provider import Provider, live_machines

ODD = {
    "NUL": "a\x00b",
    "end of line": "a\nb\r\n",
    "escape sequence": "\x1b[31mred",
    "half a pair": "i-\ud800",
    "not ASCII": "höst.例",
    "long": "x" * 100_000,
    "blank": " ",
    "wildcards": "*",
    "a quote": 'a"b\\',
    "an option": "-f",
    "a path": "../../etc/passwd",
    "a format": "%s{0}%00",
    "an id of nobody": "i-ffffffffffffffffffffffffffffffffffffffffffff",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_an_odd_text_costs_nobody_anything(quick: Provider, tmp_path: Path, text: str) -> None:
    quick.extra["OHF_LOGGING_IO_LOG"] = "true"
    request_id = quick.request("instant-ondemand", 2)
    machines = quick.settle(request_id)["machines"]
    known = [{"name": one["name"], "machineId": one["machineId"]} for one in machines]

    polled = quick.call("getRequestStatus", {"requests": [{"requestId": text}, {"requestId": request_id}]})
    assert [one["requestId"] for one in polled["requests"]] == [text, request_id]
    assert [one["status"] for one in polled["requests"]] == ["complete_with_error", "complete"]
    odd = [{"name": text}, {"name": text, "machineId": text}, text]
    assert quick.call("getReturnRequests", {"machines": [*odd, *known]})["requests"] == []
    refused = quick.call("requestMachines", {"template": {"templateId": text, "machineCount": 1}}, code=1)
    assert (text if len(text) < 1000 else "has more than 1000 characters") in refused["message"]
    assert len(live_machines(quick.aws)) == 2
    given_back = quick.call("requestReturnMachines", {"machines": [*odd, known[0]]})
    entry = quick.settle(given_back["requestId"])
    assert entry["status"] == "complete"
    assert known[0]["machineId"] in [one["machineId"] for one in entry["machines"]]
    assert [one["InstanceId"] for one in live_machines(quick.aws)] == [known[1]["machineId"]]

    assert quick.database()["format"] == 1
    logs = [file for file in (*(tmp_path / "log").iterdir(), *quick.work.glob("*.jsonl")) if file.is_file()]
    assert len(logs) == 3
    for file in logs:
        assert all(json.loads(line) for line in file.read_text(encoding="ascii").splitlines())


def test_nothing_is_made_where_odd_names_lead(quick: Provider, tmp_path: Path) -> None:
    quick.call("requestMachines", {"template": {"templateId": "../../x", "machineCount": 1}}, code=1)
    quick.call("getRequestStatus", {"requests": ["../../x"]})
    made = {os.path.relpath(file, tmp_path) for file in tmp_path.rglob("*")}
    assert {name.partition("/")[0] for name in made} == {"hf_in_Ab3xYz", "work", "log"}
