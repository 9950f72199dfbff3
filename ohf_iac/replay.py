"""Calls played again: recorded ids in the words of the replay, and where its answers differ. Pure.

The replay's requests, returns and machines have ids and names of their own. What a recorded answer called one thing
and the replay's answer called another is learned call by call; what was never seen stays as it is. Messages are not
compared, nor what depends on moments: an answer is held against the recorded one by its exit code, its keys and
types, its ids' statuses, and how many machines came out how.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ohf_iac.io_log import Call

_ID_KEYS: Final = ("requestId", "machineId", "name")


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an answer is not what it was: a place in it (`requests[0].status`), then and now."""

    where: str
    recorded: str
    replayed: str


def in_replay(document: bytes, known: Mapping[str, str]) -> bytes:
    """An input with the recorded ids and names that are known by others now; any other input as it is."""
    try:
        given = json.loads(document)
        if not isinstance(given, dict):
            return document
        meant = {key: value if key == "template" else _mapped(value, known) for key, value in given.items()}
    except (ValueError, RecursionError):
        return document
    return document if meant == given else json.dumps(meant).encode()


def learned(call: Call, answer: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
    """What is known once `answer` has been given to the replay of `call`: recorded id or name -> the replay's."""
    found = dict(known)
    then, now = call.answer.get("requestId"), answer.get("requestId")
    if isinstance(then, str) and isinstance(now, str):
        found[then] = now
    for before, after in _paired(call.answer, answer, found):
        _learn_machines(_rows(before, "machines"), _rows(after, "machines"), found)
    return found


def differences(
    call: Call, code: int, answer: Mapping[str, Any], known: Mapping[str, str]
) -> tuple[Difference, ...]:
    """Where the replay's exit code and answer differ from the recorded ones."""
    if code != call.exit:
        ends = ((call.exit, call.answer), (code, answer))
        return (Difference("exit", *(f"{number}: {one.get('message', '')}" for number, one in ends)),)
    if code:
        return ()
    if call.operation == "getRequestStatus":
        return tuple(_in_statuses(call.answer, answer, known))
    both = (call.answer, answer)
    return (
        *_in_shape("", *both),
        *_unequal("status", *(one.get("status") for one in both)),
        *_unequal("requests", *(f"{len(_rows(one, 'requests'))} hosts" for one in both)),
        *_unequal("templates", *(_ids(one) for one in both)),
    )


def unknown_ids(call: Call, known: Mapping[str, str]) -> tuple[str, ...]:
    """The requests and returns of a poll that were made before the log began: nothing can be said of them."""
    rows = _rows(call.answer, "requests") if call.operation == "getRequestStatus" else []
    return tuple(str(one.get("requestId")) for one in rows if one.get("requestId") not in known)


def _in_statuses(
    recorded: Mapping[str, Any], replayed: Mapping[str, Any], known: Mapping[str, str]
) -> Iterator[Difference]:
    yield from _in_shape("", {**recorded, "requests": []}, {**replayed, "requests": []})
    order = {str(one.get("requestId")): number for number, one in enumerate(_rows(recorded, "requests"))}
    for before, after in _paired(recorded, replayed, known):
        where = f"requests[{order[before['requestId']]}]"
        yield from _unequal(f"{where}.status", before.get("status"), after.get("status"))
        results = (Counter(str(row.get("result")) for row in _rows(one, "machines")) for one in (before, after))
        yield from _unequal(f"{where}.machines", *map(_counted, results))
        yield from _in_shape(where, before, after)


def _paired(
    recorded: Mapping[str, Any], replayed: Mapping[str, Any], known: Mapping[str, str]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The entries of two polls that speak of the same request."""
    now = {one.get("requestId"): one for one in _rows(replayed, "requests")}
    for before in _rows(recorded, "requests"):
        meant = known.get(str(before.get("requestId")))
        if meant in now:
            yield before, now[meant]


def _learn_machines(recorded: list[dict[str, Any]], replayed: list[dict[str, Any]], known: dict[str, str]) -> None:
    """Pair the machines of one request in their order; names follow as soon as both are known."""
    by_id = {str(one.get("machineId")): one for one in replayed}
    taken = set(known.values())
    free = iter([one for one in by_id if one not in taken])
    for machine in recorded:
        identity = str(machine.get("machineId"))
        if identity not in known and (other := next(free, None)) is not None:
            known[identity] = other
        twin = by_id.get(known.get(identity, ""))
        if twin and machine.get("name") and twin.get("name"):
            known[str(machine["name"])] = str(twin["name"])


def _in_shape(where: str, recorded: object, replayed: object) -> Iterator[Difference]:
    """Keys and types; lists are compared as far as both go, and null goes with everything."""
    if recorded is None or replayed is None:
        return
    if _kind(recorded) != _kind(replayed):
        yield Difference(where or "answer", _kind(recorded), _kind(replayed))
    elif isinstance(recorded, dict) and isinstance(replayed, dict):
        for key in dict.fromkeys((*recorded, *replayed)):
            place = f"{where}.{key}".lstrip(".")
            if key in recorded and key in replayed:
                yield from _in_shape(place, recorded[key], replayed[key])
            else:
                yield Difference(place, *("there" if key in one else "missing" for one in (recorded, replayed)))
    elif isinstance(recorded, list) and isinstance(replayed, list):
        for number, (before, after) in enumerate(zip(recorded, replayed, strict=False)):
            yield from _in_shape(f"{where}[{number}]", before, after)


def _unequal(where: str, recorded: object, replayed: object) -> tuple[Difference, ...]:
    return () if recorded == replayed else (Difference(where, str(recorded), str(replayed)),)


def _kind(value: object) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "text", dict: "object", list: "array"}
    return names.get(type(value), "null")


def _counted(results: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {result}" for result, count in sorted(results.items())) or "none"


def _rows(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = document.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _ids(answer: Mapping[str, Any]) -> str:
    return ", ".join(str(one.get("templateId")) for one in _rows(answer, "templates"))


def _mapped(value: object, known: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return known.get(value, value)
    if isinstance(value, list):
        return [_mapped(one, known) for one in value]
    if isinstance(value, dict):
        return {key: _mapped(one, known) if key in _ID_KEYS else one for key, one in value.items()}
    return value


def until(calls: Iterable[Call], moment: float) -> tuple[Call, ...]:
    """The calls in the order in which they began, those after `moment` (epoch seconds) left out."""
    return tuple(sorted((one for one in calls if one.at <= moment), key=lambda one: one.at))
