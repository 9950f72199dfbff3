"""One request at a time: control or AWS; the clock is driven, faults are injected, calls are logged here.

Whoever wants two accounts uses two access keys: `AKIA<12 digits>` is the account of those digits (see `calls`).
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from email.utils import formatdate
from functools import partial
from pathlib import Path

from ohf_iac.local.calls import Call, HttpAnswer, HttpRequest, recognize
from ohf_iac.local.clock import Timeline
from ohf_iac.local.control import PREFIX, control
from ohf_iac.local.faults import answer_instead
from ohf_iac.local.front import Front
from ohf_iac.local.http_server import LoopbackServer
from ohf_iac.local.scenario import Fault, Scenario
from ohf_iac.local.services import carry_out
from ohf_iac.local.world import World

DROPPED = HttpAnswer(0, {}, b"", dropped=True)
REQUEST_ID = re.compile(rb"(?<=<[Rr]equestI[Dd]>)[^<]*(?=</[Rr]equestI[Dd]>)")


def open_server(
    port: int, scenario: Scenario, clock_file: Path | None = None, verbose: bool = False
) -> LoopbackServer:
    """A server bound to 127.0.0.1 (port 0: any free one), ready to serve a fresh world.

    Raises OSError when the port is taken.
    """
    front = Front(World(Timeline(clock_file), scenario))
    return LoopbackServer(port, partial(answer, front), verbose)


def answer(front: Front, request: HttpRequest) -> HttpAnswer:
    """The answer to any request; everything due happens before and after it."""
    if request.target.startswith(PREFIX):
        with front.lock:
            front.world.timeline.drain()
            return control(front, request)
    call = recognize(request)
    with front.lock:
        front.world.timeline.advance(front.world.scenario.clock.per_call)
        fault, life = front.draw.pick(call, front.world.timeline.now()), front.life
    if fault is not None and fault.kind == "delay":
        time.sleep(fault.seconds)
    with front.lock:
        return _aws(front, call, request, fault) if front.life == life else DROPPED


def _aws(front: Front, call: Call, request: HttpRequest, fault: Fault | None) -> HttpAnswer:
    at, request_id = front.world.timeline.now(), front.request_id()
    given = answer_instead(fault, call) if fault else None
    if given is None:
        given = _carried_out(front, call, request)
    if fault is not None and fault.kind == "lost":
        given = replace(given, dropped=True)
    if fault is not None and fault.kind == "truncated":
        given = replace(given, cut=True)
    status = 0 if given.dropped else given.status
    front.log.record(at, call, status, request_id, fault.kind if fault else "")
    return _stamped(given, request_id, at)


def _carried_out(front: Front, call: Call, request: HttpRequest) -> HttpAnswer:
    front.world.timeline.drain()
    given = carry_out(front.world, call, request)
    front.world.timeline.drain()
    return given


def _stamped(given: HttpAnswer, request_id: str, at: float) -> HttpAnswer:
    """The answer under its own request id, which stands near the start (EC2) or near the end (query protocol), and
    dated by the virtual clock."""
    replaced = ("content-length", "x-amzn-requestid", "date")
    headers = {name: value for name, value in given.headers.items() if name.lower() not in replaced}
    headers["x-amzn-RequestId"] = request_id
    headers["Date"] = formatdate(at, usegmt=True)
    own = request_id.encode()
    if len(given.body) < 2048:
        return replace(given, headers=headers, body=REQUEST_ID.sub(own, given.body, count=1))
    head, middle, tail = given.body[:1024], given.body[1024:-1024], given.body[-1024:]
    return replace(given, headers=headers, body=REQUEST_ID.sub(own, head) + middle + REQUEST_ID.sub(own, tail))
