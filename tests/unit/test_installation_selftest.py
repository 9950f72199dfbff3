"""The steps of the self-test over scripted answers: a right provider passes, every fault fails where it shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ohf_cli.validation import schema_findings
from ohf_iac.installation.script_call import Spoken
from ohf_iac.installation.selftest import Check, Trial, lived, offered

ATTRIBUTES = {
    "type": ["String", "X86_64"],
    "ncpus": ["Numeric", "1"],
    "ncores": ["Numeric", "1"],
    "nram": ["Numeric", "1024"],
}
TEMPLATE = {"templateId": "t", "maxNumber": 5, "attributes": ATTRIBUTES}
MACHINE: dict[str, Any] = {
    "machineId": "i-0a1b2c3d4e5f60001",
    "name": "ip-10-0-0-4.ec2.internal",
    "result": "succeed",
    "status": "running",
    "privateIpAddress": "10.0.0.4",
    "publicIpAddress": None,
    "launchtime": 1700000000,
    "message": "",
    "priceType": "ondemand",
    "instanceType": "m5.large",
    "instanceTags": "",
    "cloudHostId": None,
    "rcAccount": "default",
    "publicDnsName": "",
    "ncores": 1,
    "nthreads": 2,
    "lifeCycleType": "ondemand",
}
CREATE, RETURN = "req-6b044252-975524ac9f03f009", "ret-6b04428b-31a3be8e6c5fa4ae"
OTHER = "req-6b044252-0000000000000000"

Answers = Callable[[str, Any, int], object]


def entry(request_id: str, status: str, *machines: Mapping[str, Any], message: str = "") -> dict[str, Any]:
    return {"requestId": request_id, "status": status, "message": message, "machines": list(machines)}


def polled(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"message": "", "requests": list(entries)}


def right(operation: str, document: Any, poll: int) -> object:
    """What a provider in order answers; `poll` counts the polls of an id."""
    if operation == "getAvailableTemplates":
        return {"message": "1 template", "templates": [TEMPLATE]}
    if operation == "requestMachines":
        return {"requestId": CREATE, "message": ""} if document else (1, {"message": "no template"})
    if operation == "requestReturnMachines":
        return {"requestId": RETURN, "message": ""}
    if operation == "getReturnRequests":
        return {"status": "complete", "message": "", "requests": []}
    (asked,) = document["requests"]
    request_id = asked["requestId"]
    if request_id == CREATE:
        found = entry(request_id, "running") if poll == 1 else entry(request_id, "complete", MACHINE)
    elif request_id == RETURN:
        gone = {**MACHINE, "status": "terminated"}
        found = entry(request_id, "running") if poll == 1 else entry(request_id, "complete", gone)
    else:
        found = entry(request_id, "complete_with_error", message="unknown")
    return polled(found)


def played(
    answers: Answers, count: int = 1, template: str = "", weighted: bool = False
) -> tuple[list[Check], Trial]:
    polls: dict[str, int] = {}

    def ask(operation: str, document: object) -> Spoken:
        key = json.dumps([operation, document])
        polls[key] = polls.get(key, 0) + 1
        given = answers(operation, document, polls[key])
        if isinstance(given, Spoken):
            return given
        code, answer = given if isinstance(given, tuple) else (0, given)
        return Spoken(code, json.dumps(answer) + "\n", "", 0.1)

    trial = Trial(
        ask, lambda name, document: schema_findings(name, document), lambda: None, 4, template, count, weighted
    )
    first, offer = offered(trial, lambda _offer: True)
    if offer is None:
        return [first], trial
    trial.template = offer["templateId"]
    return [first, *lived(trial)], trial


def test_a_provider_in_order_passes_every_step() -> None:
    checks, trial = played(right)
    assert [(one.operation, one.what) for one in checks if not one.ok] == []
    assert len(checks) == 10
    assert trial.request_id == ""


def instead(operation: str, given: object, nth: int = 0, only: str = "") -> Answers:
    """The right answers, but for one operation (or one id) what is given, from its nth poll on."""

    def answers(asked: str, document: Any, poll: int) -> object:
        meant = asked == operation and (not only or only in json.dumps(document)) and poll >= nth
        return given if meant else right(asked, document, poll)

    return answers


WRONG = [
    ("getAvailableTemplates", {"message": "none", "templates": []}, 0, "", "non-empty"),
    (
        "getAvailableTemplates",
        {
            "message": "1 template",
            "templates": [
                {**TEMPLATE, "attributes": {key: ATTRIBUTES[key] for key in ATTRIBUTES if key != "nram"}}
            ],
        },
        0,
        "",
        "nram",
    ),
    ("getAvailableTemplates", Spoken(0, "", "", 0.1), 0, "", "not one JSON object"),
    ("getAvailableTemplates", Spoken(0, "{}{}", "", 0.1), 0, "", "not one JSON object"),
    ("getAvailableTemplates", Spoken(None, "", "it cannot be run: gone", 0.1), 0, "", "cannot be run"),
    ("getAvailableTemplates", Spoken(2, '{"message": "broken"}', "", 0.1), 0, "", "exit code 2: broken"),
    ("requestMachines", {"requestId": CREATE, "message": ""}, 0, "{}", "exit code 0"),
    ("requestMachines", (1, {"message": "no capacity"}), 0, "templateId", "exit code 1: no capacity"),
    ("getRequestStatus", polled(entry("selftest-unknown-id", "running")), 0, "unknown", "running"),
    (
        "getRequestStatus",
        polled(entry(CREATE, "running", message="wait")),
        0,
        CREATE,
        "still running after 4",
    ),
    ("getRequestStatus", polled(entry(CREATE, "complete_with_error")), 0, CREATE, "complete_with_error"),
    ("getRequestStatus", polled(entry(CREATE, "complete")), 0, CREATE, "0 of 1"),
    ("getRequestStatus", polled(entry(CREATE, "done")), 0, CREATE, "done"),
    ("getRequestStatus", polled(entry(OTHER, "complete")), 0, CREATE, "no entry"),
    (
        "getRequestStatus",
        polled(entry(CREATE, "complete", {**MACHINE, "result": "fail", "message": "x"})),
        0,
        CREATE,
        "did not succeed",
    ),
    (
        "getRequestStatus",
        polled(entry(CREATE, "complete", {**MACHINE, "launchtime": 0})),
        0,
        CREATE,
        "no name or launch time",
    ),
    (
        "getRequestStatus",
        polled(entry(CREATE, "complete", MACHINE, message="other")),
        3,
        CREATE,
        "another answer",
    ),
    (
        "getRequestStatus",
        polled(entry(RETURN, "complete", {**MACHINE, "machineId": "i-0a1b2c3d4e5f60009"})),
        0,
        RETURN,
        "not terminated: i-0a1b2c3d4e5f60001",
    ),
    (
        "getReturnRequests",
        {
            "status": "complete",
            "message": "",
            "requests": [
                {"machine": "ip-10-0-0-4.ec2.internal", "machineId": "i-0a1b2c3d4e5f60001", "gracePeriod": 0}
            ],
        },
        0,
        "",
        "reclaimed: ip-10",
    ),
    (
        "requestReturnMachines",
        Spoken(0, json.dumps({"requestId": RETURN, "message": ""}), "warning", 0.1),
        0,
        "",
        "stderr",
    ),
]


@pytest.mark.parametrize(("operation", "given", "nth", "only", "told"), WRONG, ids=[row[4] for row in WRONG])
def test_a_fault_fails_its_own_step(operation: str, given: object, nth: int, only: str, told: str) -> None:
    checks, _ = played(instead(operation, given, nth, only))
    failed = [one for one in checks if not one.ok]
    assert {one.operation for one in failed} == {operation}
    assert told in failed[0].note


def test_what_is_not_known_to_be_gone_stays_with_the_trial() -> None:
    _, lost = played(instead("getRequestStatus", polled(entry(CREATE, "running")), 0, CREATE))
    assert lost.request_id == CREATE
    _, refused = played(instead("requestReturnMachines", (1, {"message": "no"})))
    assert refused.request_id == CREATE
    _, unreturned = played(instead("getRequestStatus", polled(entry(RETURN, "running")), 0, RETURN))
    assert unreturned.request_id == CREATE
    _, nothing = played(instead("getRequestStatus", polled(entry(CREATE, "complete_with_error")), 0, CREATE))
    assert nothing.request_id == ""


def test_the_template_asked_for_is_used_or_missed() -> None:
    checks, _ = played(right, template="t")
    assert all(one.ok for one in checks)
    (missed,), _ = played(right, template="other")
    assert (missed.ok, missed.note) == (False, "other is not offered")


def test_units_of_a_weighted_template_are_not_machines() -> None:
    checks, _ = played(right, count=3, weighted=True)
    assert all(one.ok for one in checks)
    checks, _ = played(right, count=3)
    assert [one.note for one in checks if not one.ok] == ["1 of 3 machines"]
