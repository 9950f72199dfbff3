"""A local AWS that can be split in two: `python -m tests.crashes.splitting_aws FOLDER`.

`POST /_split {"folder": …, "port": …}` answers `{"url": …}` of a server of its own process, in which everything
lives on as it did at that moment: what is prepared once serves for any number of crashes. Time stands still until
it is moved on, in all of them (`tests.crashes.children` stops it for the operations). Each ends with stdin, or by
`POST /_end`.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

from ohf_iac.local.calls import DEFAULT_ACCOUNT, HttpAnswer, HttpRequest
from ohf_iac.local.clock import Timeline
from ohf_iac.local.front import Front
from ohf_iac.local.http_server import LoopbackServer
from ohf_iac.local.scenario import Scenario
from ohf_iac.local.server import answer
from ohf_iac.local.world import World

#: 2026-06-01 12:00 UTC
STANDSTILL = 1_780_315_200.0


def main() -> None:
    """Serve; the first line of stdout is the URL."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the halves
    front = Front(World(Timeline(Path(sys.argv[1]) / "clock", wall=lambda: STANDSTILL), Scenario()))
    front.world.region(DEFAULT_ACCOUNT, "us-east-1")
    gc.freeze()  # a collection would touch, and so copy, all of it in every half
    _serve(front, 0, 1)


def _serve(front: Front, port: int, tell: int) -> None:
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    with LoopbackServer(port, partial(_answered, front)) as server:
        os.write(tell, f"{server.url}\n".encode())
        server.serve_forever()


def _answered(front: Front, request: HttpRequest) -> HttpAnswer:
    if request.target == "/_end":
        os._exit(0)
    if request.target == "/_split":
        wanted = json.loads(request.body)
        return _split(front, Path(wanted["folder"]), wanted["port"])
    given = answer(front, request)
    if request.target == "/_ohf/reset":
        front.world.region(DEFAULT_ACCOUNT, "us-east-1")  # made now, and not in every half
    return given


def _split(front: Front, folder: Path, port: int) -> HttpAnswer:
    read, write = os.pipe()
    with front.lock:
        process = os.fork()
    if not process:
        front.lock = threading.Lock()
        front.world.timeline.clock_file = folder / "clock"
        front.world.timeline.advance(0)
        _serve(front, port, write)
        os._exit(0)
    os.close(write)
    with open(read, encoding="ascii") as told:
        return HttpAnswer(200, {}, json.dumps({"url": told.readline().strip()}).encode())


def _end_with_stdin() -> None:
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    main()
