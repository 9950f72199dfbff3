"""The control endpoint below /_ohf/: clock, calls, scenario, interruptions, reset, state, policies.

Bodies are JSON objects.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ohf_iac.local.calls import HttpAnswer, HttpRequest
from ohf_iac.local.front import Front
from ohf_iac.local.moments import moment
from ohf_iac.local.reading import DocumentRefused
from ohf_iac.local.scenario import parse
from ohf_iac.local.spot_requests import interrupt, interruptible
from ohf_iac.local.state import state_of
from ohf_iac.local.world import Region

PREFIX = "/_ohf/"
Document = dict[str, Any]


def control(front: Front, request: HttpRequest) -> HttpAnswer:
    """Carry out one control request: 404 for an unknown one, 400 with `error` for a body that does not fit."""
    verb = _VERBS.get((request.method, request.target.partition("?")[0].removeprefix(PREFIX)))
    if verb is None:
        known = ", ".join(f"{method} {PREFIX}{name}" for method, name in _VERBS)
        return _json(404, {"error": f"{request.method} {request.target}: unknown; known are {known}"})
    try:
        return _json(200, verb(front, _document(request.body)))
    except DocumentRefused as refused:
        return _json(400, {"error": str(refused)})


def _document(body: bytes) -> Document:
    try:
        document = json.loads(body) if body.strip() else {}
    except ValueError as error:
        raise DocumentRefused(f"body: no JSON: {error}") from error
    if not isinstance(document, dict):
        raise DocumentRefused(f"body: expected an object, found {document!r}")
    return document


def _json(status: int, document: Mapping[str, Any]) -> HttpAnswer:
    body = json.dumps(document).encode() + b"\n"
    return HttpAnswer(status, {"Content-Type": "application/json"}, body)


def _only(document: Document, *keys: str) -> None:
    for key in document:
        if key not in keys:
            raise DocumentRefused(f"{key}: unknown; known here: {', '.join(keys) or 'nothing'}")


def _clock(front: Front, document: Document) -> Document:
    _only(document, "advance")
    seconds = document.get("advance", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
        raise DocumentRefused(f"advance: expected a number of at least 0, found {seconds!r}")
    front.world.timeline.advance(float(seconds))
    return {"now": front.world.timeline.now()}


def _calls(front: Front, document: Document) -> Document:
    _only(document)
    return {"calls": front.log.entries}


def _forget_calls(front: Front, document: Document) -> Document:
    _only(document)
    front.log.entries.clear()
    return {}


def _scenario(front: Front, document: Document) -> Document:
    front.obey(parse(document))
    return {"profile": front.world.scenario.profile}


def _interrupt(front: Front, document: Document) -> Document:
    """The spot machines named, or the `count` oldest, wherever they are."""
    _only(document, "ids", "count")
    regions = list(front.world.regions.values())
    if "ids" in document:
        ids = _ids(document)
    else:
        ids = [machine.id for region in regions for machine in interruptible(region)][: _count(document)]
    _refuse_unknown(front, ids)
    return {"ids": [hit for region in regions for hit in interrupt(region, _there(region, ids))]}


def _retire(front: Front, document: Document) -> Document:
    """Have EC2 announce the end of these machines `in` so many seconds, as DescribeInstanceStatus shows it."""
    _only(document, "ids", "in")
    ids, delay = _ids(document), document.get("in", 86_400)
    if isinstance(delay, bool) or not isinstance(delay, (int, float)) or delay < 0:
        raise DocumentRefused(f"in: expected a number of at least 0, found {delay!r}")
    _refuse_unknown(front, ids)
    event = {
        "Code": "instance-retirement",
        "Description": "The instance is running on degraded hardware",
        "NotBefore": moment(front.world.timeline.now() + delay),
    }
    for region in front.world.regions.values():
        for machine_id in _there(region, ids):
            region.machines[machine_id].events.append(event)
    return {"ids": ids}


def _ids(document: Document) -> list[str]:
    ids = document.get("ids")
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        raise DocumentRefused(f"ids: expected a list of instance ids, found {ids!r}")
    return ids


def _count(document: Document) -> int:
    count = document.get("count")
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise DocumentRefused(f"count: expected a whole number of at least 0, found {count!r}")
    return count


def _refuse_unknown(front: Front, ids: list[str]) -> None:
    for machine_id in ids:
        if not any(machine_id in region.machines for region in front.world.regions.values()):
            raise DocumentRefused(f"ids: there is no instance {machine_id}")


def _there(region: Region, ids: list[str]) -> list[str]:
    return [machine_id for machine_id in ids if machine_id in region.machines]


def _policies(front: Front, document: Document) -> Document:
    """Set who may do what, by access key or role's ARN: an IAM policy document, or a list of them."""
    _only(document, "policies")
    given = document.get("policies", {})
    if not isinstance(given, dict):
        raise DocumentRefused(f"policies: expected an object, found {given!r}")
    front.world.authorization.obey(given)
    return {"principals": list(given)}


def _authorization(front: Front, document: Document) -> Document:
    """What each principal with a policy has asked for since it was set, and what was denied."""
    _only(document)
    seen = front.world.authorization
    denied = [{"principal": who, "action": action, "resource": what} for who, action, what in seen.denied]
    return {"asked": {who: sorted(actions) for who, actions in seen.asked.items()}, "denied": denied}


def _state(front: Front, document: Document) -> Document:
    _only(document)
    return state_of(front.world)


def _reset(front: Front, document: Document) -> Document:
    front.reset(parse(document))
    return {"now": front.world.timeline.now()}


_VERBS: Mapping[tuple[str, str], Callable[[Front, Document], Document]] = {
    ("POST", "clock"): _clock,
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _forget_calls,
    ("PUT", "scenario"): _scenario,
    ("POST", "interrupt"): _interrupt,
    ("POST", "retire"): _retire,
    ("POST", "reset"): _reset,
    ("GET", "state"): _state,
    ("PUT", "policies"): _policies,
    ("GET", "policies"): _authorization,
}
