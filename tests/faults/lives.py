"""An operation on a bad day, and what becomes of everything once the days are good again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from time import sleep
from typing import Any, Final

from tests.e2e.processes import legal
from tests.e2e.provider import Provider
from tests.faults.days import SLOW
from tests.faults.situations import Ask, hosts_of

#: seconds between the polls after the bad day: Host Factory's pace, then beyond every deadline
PACE: Final = (30, 30, 30, 60, 60, *(600,) * 24)
#: calls for housekeeping until nothing may be left
ROUNDS: Final = 12
#: fields of memory that differ from one day to the next and decide nothing by more than some seconds
PASSING: Final = (
    "message",
    "settled_at",
    "chore_at",
    "created_at",
    "deadline",
    "interrupted_at",
    "seen_at",
    "digest",
    "crc32",
)
_ENDED: Final = ("terminated", "shutting-down")


def live(
    provider: Provider,
    ask: Ask,
    faults: Sequence[Mapping[str, Any]] = (),
    repeats: int = 0,
    slow: bool = False,
    mark: str = "",
) -> dict[str, Any]:
    """What was answered under these faults, what AWS's state was then, and how it all ends.

    Once AWS and memory are what they were after a good day (`mark`), it ends as that did: no "end" is told then.
    """
    aws = provider.aws
    aws.clear_calls()
    aws.scenario(**ask.scenario, faults=list(faults))
    answers: list[dict[str, Any]] = []
    if slow:
        provider.extra["OHF_LIMITS_DEADLINE"] = "1"
    for number in range(1 + repeats):
        aws.advance(30 if number else 0)
        code, answer = provider.tried(ask.operation, ask.document)
        answers.append({"code": code, "answer": answer, "legal": legal(ask.operation, code, answer)})
    provider.extra.pop("OHF_LIMITS_DEADLINE", None)
    if slow:
        sleep(SLOW)  # the clock of AWS is set forward from here: what it is still at belongs to this moment
    found = {"answers": answers, "calls": aws.calls(), "state": digest(aws.state())}
    aws.scenario(**ask.scenario)
    new = [str(one["answer"]["requestId"]) for one in answers if "requestId" in one["answer"]]
    aws.advance(PACE[0])
    for one in (*ask.ids, *new):
        provider.status(one)
    provider.polls(1, step=1)
    found["mark"] = _mark(provider, new)
    return found if found["mark"] == mark else found | {"end": _end(provider, [*ask.ids, *new])}


def _mark(provider: Provider, new: Sequence[str]) -> str:
    """All of AWS's state, and of memory what decides anything, as one value; new ids made alike."""
    state = {key: value for key, value in provider.aws.state().items() if key != "now"}
    text = json.dumps([state, _decisive(provider.database())], sort_keys=True)
    for number, one in enumerate(new):
        text = text.replace(one, f"new {number}")
    return sha256(text.encode()).hexdigest()


def _decisive(memory: Any) -> Any:
    """A part of memory without words and without moments that lie behind."""
    if isinstance(memory, dict):
        known = {key: _decisive(value) for key, value in memory.items() if key not in PASSING}
        return known | ({"first_short_at": "known"} if "first_short_at" in memory else {})
    return [_decisive(one) for one in memory] if isinstance(memory, list) else memory


def digest(state: Mapping[str, Any]) -> dict[str, Any]:
    """What a judge needs of AWS's state: machines with their request and state, names of stacks."""
    machines = [one for region in state["regions"] for one in region["machines"]]
    stacks = [one for region in state["regions"] for one in region["stacks"]]
    return {
        "machines": {one["id"]: (one["tags"].get("ohf:request-id", ""), one["state"]) for one in machines},
        "ours": [one["id"] for one in machines if one["tags"].get("ohf:owner") and one["state"] not in _ENDED],
        "stacks": [one["name"] for one in stacks if one["status"] != "DELETE_COMPLETE"],
    }


def _end(provider: Provider, ids: Sequence[str]) -> dict[str, Any]:
    """Every id polled until it ends, everything given back, and what is left of it all."""
    entries = {one: _settled(provider, one) for one in ids}
    told = [row for one, entry in entries.items() if one.startswith("req-") for row in entry["machines"]]
    alive = set(digest(provider.aws.state())["ours"])
    left = [row for row in told if row["machineId"] in alive]
    if left:
        back = provider.call("requestReturnMachines", {"machines": hosts_of(left)})["requestId"]
        _settled(provider, back)
    for _ in range(ROUNDS):
        provider.polls(120, step=120)
        state = digest(provider.aws.state())
        if not state["ours"] and not state["stacks"]:
            break
    again = {one: provider.status(one) for one in ids}
    return {
        "entries": {one: _short(entry) for one, entry in entries.items()},
        "changed": [one for one in ids if _short(again[one]) != _short(entries[one])],
        "left": [*state["ours"], *state["stacks"]],
    }


def _settled(provider: Provider, one: str) -> dict[str, Any]:
    for pause in PACE:
        entry = provider.status(one)
        if entry["status"] != "running":
            return entry
        provider.aws.advance(pause)
    return entry


def _short(entry: Mapping[str, Any]) -> list[Any]:
    """An answer without its messages: status, and the machines that matter."""
    rows = entry["machines"]
    return [
        entry["status"],
        sorted(one["machineId"] for one in rows if one["result"] == "succeed"),
        [list(pair) for pair in sorted(Counter(one["result"] for one in rows).items())],
    ]


def complaints(ask: Ask, lost: bool, denied: bool, good: Mapping[str, Any], bad: Mapping[str, Any]) -> list[str]:
    """What of a bad day's answers, and of the end after it, is not as it must be; nothing where all is well."""
    if "broken" in bad:
        return [str(bad["broken"])]
    found = [f"no legal answer: {one}" for one in bad["answers"] if not one["legal"]]
    for one in bad["answers"]:
        if one["code"] and ask.operation != "requestMachines":
            found.append(f"exit {one['code']}: {one['answer']}")
        elif not one["code"]:
            found += _of_answer(ask, lost, denied, good, one["answer"], bad["state"])
    doubled = [name for name, number in Counter(bad["state"]["stacks"]).items() if number > 1]
    found += [f"two stacks of the name {name}" for name in doubled]
    return found + (_of_end(ask, denied, good["end"], bad) if "end" in bad else [])


def _of_answer(
    ask: Ask,
    lost: bool,
    denied: bool,
    good: Mapping[str, Any],
    answer: Mapping[str, Any],
    state: Mapping[str, Any],
) -> list[str]:
    if ask.operation == "getReturnRequests":
        truth = {one["machineId"] for one in good["answers"][0]["answer"]["requests"]}
        false = {one["machineId"] for one in answer["requests"]} - truth
        return [f"told to be gone: {sorted(false)}"] if false else []
    if ask.operation != "getRequestStatus":
        return []
    found = []
    if [one["requestId"] for one in answer["requests"]] != list(ask.ids):
        found.append(f"not one entry per id: {answer}")
    for entry in answer["requests"]:
        found += _of_entry(ask, lost, denied, good["end"]["entries"].get(entry["requestId"]), entry, state)
    return found


def _of_entry(
    ask: Ask, lost: bool, denied: bool, truth: Any, entry: Mapping[str, Any], state: Mapping[str, Any]
) -> list[str]:
    one, rows = entry["requestId"], entry["machines"]
    found = []
    listed = {row["machineId"] for row in rows}
    if entry["status"] != "running" and _short(entry) != truth and not (denied and one.startswith("ret-")):
        found.append(f"false end: {entry['status']} {_short(entry)}, where it is {truth}: {entry['message']}")
    known = {key: tuple(value) for key, value in state["machines"].items()}
    if one.startswith("req-"):
        strange = [key for key in listed if known[key][0] != one and known[key][1] not in _ENDED]
        found += [f"machines of others: {strange}"] if strange else []
        alive = {key for key in ask.told.get(one, ()) if known[key][1] not in _ENDED}
        if not lost and not alive <= listed:
            found.append(f"machines that were told are left out: {sorted(alive - listed)}")
    return found


def _of_end(ask: Ask, denied: bool, good: Mapping[str, Any], bad: Mapping[str, Any]) -> list[str]:
    end = bad["end"]
    found = [f"left at the end: {end['left']}"] if end["left"] else []
    found += [f"a terminal answer changed: {end['changed']}"] if end["changed"] else []
    for one in ask.ids:
        ended, truth = end["entries"][one], good["entries"][one]
        if ended != truth and not (denied and one.startswith("ret-")):
            found.append(f"{one} ends as {ended}, and would have ended as {truth}")
    made = [entry for one, entry in end["entries"].items() if one not in ask.ids]
    promised = [entry for one, entry in good["entries"].items() if one not in ask.ids]
    for entry in made:
        never = ask.operation == "requestMachines" and entry[0] == "complete_with_error" and not entry[2]
        if not (never or denied) and _counted(entry) not in map(_counted, promised):
            found.append(f"what was asked ends as {entry}, and would have ended as {promised}")
    return found


def _counted(entry: Sequence[Any]) -> list[Any]:
    return [entry[0], entry[2]]
