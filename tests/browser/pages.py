"""A page as people see it: headless Chromium, with somebody who counts what it asks of the network."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CHROMIUM = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), "")
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="needs Chromium (Debian's package chromium)")

#: whom Chromium calls by itself, whatever it shows
_ITS_OWN = re.compile(r"[/. ](?:google|googleapis|gvt1)\.com[:/]")
#: tells, from outside, how wide a page is within a window of so many points
FRAME = """<!DOCTYPE html><title>waiting</title><iframe id="page" src="{page}" style="width:{width}px;height:900px">
</iframe><script>onload = () => {{
  const inner = document.getElementById("page").contentDocument.documentElement;
  document.title = `measured ${{inner.scrollWidth}} of ${{inner.clientWidth}}`;
}}</script>"""


@dataclass(slots=True)
class Listener:
    """A proxy that answers nothing: whoever comes here wanted something from a network."""

    port: int
    callers: list[str] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        found = Listener(server.getsockname()[1])
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                try:
                    caller, _ = server.accept()
                except TimeoutError:
                    continue
                with caller:
                    caller.settimeout(5)
                    found.callers.append(caller.recv(200).decode("latin-1").partition("\r\n")[0])

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield found
        finally:
            ended.set()
            thread.join()


@dataclass(frozen=True, slots=True)
class Shown:
    """What Chromium made of a page: the document, what its console said, and who was called."""

    document: str
    console: tuple[str, ...]
    called: tuple[str, ...]


def show(page: Path, folder: Path, *options: str) -> Shown:
    """Open a page in a browser of its own."""
    with listening() as network:
        done = subprocess.run(
            [
                *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
                *(f"--user-data-dir={folder}/browser", f"--proxy-server=127.0.0.1:{network.port}"),
                *("--allow-file-access-from-files", "--enable-logging=stderr", "--virtual-time-budget=2000"),
                *options,
                *("--dump-dom", page.as_uri()),
            ],
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        )
    console = tuple(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return Shown(done.stdout, console, tuple(one for one in network.callers if not _ITS_OWN.search(one)))


def width_in(page: Path, folder: Path, width: int) -> tuple[int, int]:
    """The points that a page takes from side to side in a window of so many, and those that there are."""
    frame = folder / f"frame-{width}.html"
    frame.write_text(FRAME.format(page=page.as_uri(), width=width))
    found = re.search(r"<title>measured (\d+) of (\d+)</title>", show(frame, folder).document)
    assert found is not None
    return int(found[1]), int(found[2])
