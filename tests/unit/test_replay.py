"""Calls played again: recorded ids become the replay's, and answers are compared for what matters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ohf_iac.io_log import Call
from ohf_iac.replay import Difference, differences, in_replay, learned, unknown_ids, until

THEN, NOW = "req-6553f100-0123456789abcdef", "req-6a6b6c6d-fedcba9876543210"
KNOWN = {THEN: NOW}


def machine(number: int, result: str = "succeed", **more: Any) -> dict[str, Any]:
    return {"machineId": f"i-{number}", "name": f"host-{number}", "result": result, "publicIpAddress": None, **more}


def polled(identity: str, status: str, *machines: dict[str, Any]) -> dict[str, Any]:
    entry = {"requestId": identity, "status": status, "message": "", "machines": list(machines)}
    return {"message": "", "requests": [entry]}


def call(operation: str, answer: dict[str, Any], code: int = 0, at: float = 0) -> Call:
    return Call(at, operation, b"{}", code, answer)


def compared(recorded: dict[str, Any], replayed: dict[str, Any], operation: str = "getRequestStatus") -> Any:
    return differences(call(operation, recorded), 0, replayed, KNOWN)


@pytest.mark.parametrize("operation", ["requestMachines", "requestReturnMachines"])
def test_a_new_id_is_learned_and_used(operation: str) -> None:
    known = learned(call(operation, {"requestId": THEN, "message": ""}), {"requestId": NOW, "message": ""}, {})
    assert known == KNOWN
    asked = json.dumps({"requests": [{"requestId": THEN, "sets": [THEN]}, {"requestId": "req-other"}]}).encode()
    assert json.loads(in_replay(asked, known)) == {
        "requests": [{"requestId": NOW, "sets": [THEN]}, {"requestId": "req-other"}]
    }


def test_what_failed_on_one_side_teaches_nothing() -> None:
    assert learned(call("requestMachines", {"message": "no"}, 1), {"requestId": NOW}, {}) == {}
    assert learned(call("requestMachines", {"requestId": THEN}), {"message": "no"}, {}) == {}


def test_machines_are_paired_in_order_and_for_good() -> None:
    first = call("getRequestStatus", polled(THEN, "running", machine(1, name=""), machine(2)))
    known = learned(first, polled(NOW, "running", machine(7), machine(8, name="")), KNOWN)
    assert known == {**KNOWN, "i-1": "i-7", "i-2": "i-8"}
    again = call("getRequestStatus", polled(THEN, "running", machine(3), machine(2), machine(1)))
    known = learned(again, polled(NOW, "running", machine(7), machine(8), machine(9)), known)
    ids = {"i-1": "i-7", "i-2": "i-8", "i-3": "i-9"}
    assert known == {**KNOWN, **ids, "host-1": "host-7", "host-2": "host-8", "host-3": "host-9"}


def test_machines_beyond_those_of_the_replay_stay_unknown() -> None:
    seen = call("getRequestStatus", polled(THEN, "complete", machine(1), machine(2)))
    assert learned(seen, polled(NOW, "complete", machine(7)), KNOWN) == {
        **KNOWN,
        "i-1": "i-7",
        "host-1": "host-7",
    }


def test_machines_of_a_request_that_is_not_known_are_not_paired() -> None:
    seen = call("getRequestStatus", polled("req-before", "complete", machine(1)))
    assert learned(seen, polled("req-before", "complete_with_error"), {}) == {}


@pytest.mark.parametrize(
    ("document", "meant"),
    [
        ({"machines": [{"name": "a", "machineId": "i-1"}]}, {"machines": [{"name": "b", "machineId": "i-7"}]}),
        ({"machines": {"name": "a"}}, {"machines": {"name": "b"}}),
        ({"machines": ["a", "i-1", "x"]}, {"machines": ["b", "i-7", "x"]}),
        ({"name": "a"}, {"name": "b"}),
        ({"requests": THEN}, {"requests": NOW}),
        ({"template": {"templateId": "a", "name": "a"}}, {"template": {"templateId": "a", "name": "a"}}),
    ],
)
def test_hosts_and_ids_are_named_as_the_replay_names_them(document: object, meant: object) -> None:
    known = {**KNOWN, "a": "b", "i-1": "i-7"}
    assert json.loads(in_replay(json.dumps(document).encode(), known)) == meant


@pytest.mark.parametrize(
    "document", [b"", b"\xff", b"{", b'["a"]', b'\xef\xbb\xbf{"name": "x"}', b'{"x": 1, "x": 2}', b"[" * 9000]
)
def test_any_other_input_is_played_byte_for_byte(document: bytes) -> None:
    assert in_replay(document, {"a": "b"}) == document


def test_equal_answers_do_not_differ() -> None:
    then = polled(THEN, "complete", machine(1), machine(2, publicIpAddress="203.0.113.9"))
    assert compared(then, polled(NOW, "complete", machine(8), machine(7))) == ()


@pytest.mark.parametrize(
    ("replayed", "difference"),
    [
        (polled(NOW, "running", machine(7)), Difference("requests[0].status", "complete", "running")),
        (polled(NOW, "complete"), Difference("requests[0].machines", "1 succeed", "none")),
        (
            polled(NOW, "complete", machine(7), machine(8, "fail"), machine(9)),
            Difference("requests[0].machines", "1 succeed", "1 fail, 2 succeed"),
        ),
        (
            polled(NOW, "complete", machine(7, name=5)),
            Difference("requests[0].machines[0].name", "text", "number"),
        ),
        (
            polled(NOW, "complete", machine(7, launchtime=1)),
            Difference("requests[0].machines[0].launchtime", "missing", "there"),
        ),
        ({**polled(NOW, "complete", machine(7)), "status": "x"}, Difference("status", "missing", "there")),
    ],
)
def test_what_differs_is_told_with_its_place(replayed: dict[str, Any], difference: Difference) -> None:
    assert compared(polled(THEN, "complete", machine(1)), replayed) == (difference,)


def test_entries_are_compared_by_request_not_by_place() -> None:
    then = {"requests": [polled("req-before", "complete")["requests"][0], polled(THEN, "running")["requests"][0]]}
    now = {"requests": [polled("req-before", "x")["requests"][0], polled(NOW, "complete")["requests"][0]]}
    assert compared(then, now) == (Difference("requests[1].status", "running", "complete"),)
    assert unknown_ids(call("getRequestStatus", then), KNOWN) == ("req-before",)
    assert unknown_ids(call("requestMachines", then), {}) == ()


def test_an_exit_code_that_differs_says_it_all() -> None:
    refused = call("requestMachines", {"message": "there is no such template"}, 1)
    assert differences(refused, 0, {"requestId": NOW, "message": "made"}, {}) == (
        Difference("exit", "1: there is no such template", "0: made"),
    )
    assert differences(refused, 1, {"message": "other words"}, {}) == ()


def test_reclaims_are_counted_and_templates_named() -> None:
    then = {"status": "complete", "message": "", "requests": [{"machine": "a", "gracePeriod": 0}]}
    now = {"status": "complete", "message": "none", "requests": []}
    assert compared(then, now, "getReturnRequests") == (Difference("requests", "1 hosts", "0 hosts"),)
    listed, left = {"templates": [{"templateId": "a"}, {"templateId": "b"}]}, {"templates": [{"templateId": "b"}]}
    assert compared(listed, left, "getAvailableTemplates") == (Difference("templates", "a, b", "b"),)


def test_calls_are_played_in_the_order_in_which_they_began() -> None:
    calls = [call("getRequestStatus", {"n": number}, at=at) for number, at in enumerate((30.0, 10.0, 30.0, 20.0))]
    assert [one.answer["n"] for one in until(calls, 30.0)] == [1, 3, 0, 2]
    assert [one.answer["n"] for one in until(calls, 29.9)] == [1, 3]
