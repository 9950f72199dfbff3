"""A local AWS inside a process that forks: what has been prepared once is lived through again and again from there.

The server is the real one and is spoken to over HTTP. A branch is a process of its own with a copy of the world and
of the provider's folder; what happens in it is unknown to the next one.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from botocore.httpsession import URLLib3Session

from ohf_iac.local.http_server import LoopbackServer
from ohf_iac.local.scenario import parse
from ohf_iac.local.server import open_server
from tests.e2e.provider import Provider
from tests.local_aws import LocalAws

#: real seconds after which a branch counts as hanging: none may, and the machine may be busy
PATIENCE = 300

Work = Callable[[Provider], dict[str, Any]]


@dataclass(slots=True)
class Trunk:
    """The prepared provider with its AWS. Between branches nothing serves and no connection is open."""

    folder: Path
    server: LoopbackServer = field(init=False)
    front: Any = field(init=False)
    provider: Provider = field(init=False)
    ready: float = 0.0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.server = open_server(0, parse({}), self.folder / "clock")
        self.front = cast("Any", self.server.answering).args[0]
        aws = LocalAws(cast("Any", None), self.server.url, self.folder / "clock", self.folder / "log")
        self.provider = Provider(self.folder / "provider", aws, extra={"OHF_PROVIDER_RETRY_ATTEMPTS": "0"})

    def prepared(self, prepare: Callable[[Provider], Any]) -> Any:
        """What `prepare` returns, with the server at work meanwhile."""
        thread = self._serve()
        try:
            return prepare(self.provider)
        finally:
            self.server.shutdown()
            thread.join()
            _hang_up()
            self.ready = time.time()

    def branch(self, work: Work) -> dict[str, Any]:
        """What `work` makes of a copy of everything; {"broken": why} when it raises or does not end."""
        gc.freeze()  # so that the branch need not copy what it never changes
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            self._live(work, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            text = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status or not text:
            return {"broken": f"the branch ended with {status}: {text.decode(errors='replace')[-2000:]}"}
        return dict(json.loads(text))

    def _live(self, work: Work, writing: int) -> None:
        """One branch; never returns."""
        status = 70
        try:
            gc.disable()
            signal.alarm(PATIENCE)
            self._turn_back()
            self._serve()
            home = self.folder / f"branch-{os.getpid()}"
            shutil.copytree(self.provider.folder, home)
            found = work(Provider(home, self.provider.aws, extra=dict(self.provider.extra)))
            os.write(writing, json.dumps(found).encode())
            shutil.rmtree(home)
            status = 0
        except BaseException:  # noqa: BLE001 -- the edge of this process: whatever happens is told to its parent
            os.write(writing, traceback.format_exc().encode())
        finally:
            os._exit(status)

    def _turn_back(self) -> None:
        """Make it the moment at which all was prepared, for the world and for those who read its clock file."""
        timeline = self.front.world.timeline
        timeline._offset -= time.time() - self.ready
        timeline._keep_offset()

    def _serve(self) -> threading.Thread:
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        return thread


def _hang_up() -> None:
    """Close the connections that this process keeps: a branch must not speak over them with its parent's server.

    The clients themselves stay: making them anew costs more than a branch.
    """
    for one in gc.get_objects():
        if isinstance(one, URLLib3Session):
            one.close()
