"""The control endpoint below /_ohf/: clock, log, scenario, interruptions, reset, state. Bodies are JSON objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ohf_iac.local.calls import HttpAnswer, HttpRequest
from ohf_iac.local.front import Front
from ohf_iac.local.reading import DocumentRefused
from ohf_iac.local.scenario import parse

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


def _reset(front: Front, document: Document) -> Document:
    front.reset(parse(document))
    return {"now": front.world.timeline.now()}


_VERBS: Mapping[tuple[str, str], Callable[[Front, Document], Document]] = {
    ("POST", "clock"): _clock,
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _forget_calls,
    ("PUT", "scenario"): _scenario,
    ("POST", "reset"): _reset,
}
