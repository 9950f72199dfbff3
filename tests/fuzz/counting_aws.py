"""An AWS that denies everything and counts what it is asked: fuzzing needs to know that, and no world behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

EC2 = "<Response><Errors><Error><Code>AuthFailure</Code><Message>no</Message></Error></Errors></Response>"
OTHERS = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"


@dataclass(slots=True)
class CountingAws:
    """Where it listens, and the actions that it was asked for."""

    url: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def counting_aws() -> Iterator[CountingAws]:
    """An AWS in a thread of this process."""
    asked: list[str] = []

    class Denial(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.extend(parse_qs(body)["Action"])
            answer = (EC2 if "Version=2016-11-15" in body else OTHERS).encode()
            self.send_response(403)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            """Nothing is written: what is on stderr would count as ours."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Denial)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield CountingAws(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        server.server_close()
