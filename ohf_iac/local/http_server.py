"""HTTP/1.1 on loopback: keep-alive, no Nagle stalls, resets on demand. What is answered is decided elsewhere."""

from __future__ import annotations

import socket
import struct
import sys
import traceback
from collections.abc import Callable, Mapping
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ohf_iac.local.calls import HttpAnswer, HttpRequest
from ohf_iac.local.wire_errors import error_answer

Answering = Callable[[HttpRequest], HttpAnswer]


class LoopbackServer(ThreadingHTTPServer):
    """Serves on 127.0.0.1 only; a thread per connection, which lasts as long as the connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, answering: Answering, verbose: bool = False) -> None:
        self.answering = answering
        self.verbose = verbose
        super().__init__(("127.0.0.1", port), Connection)

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's signature
        """A crash while answering: the traceback on stderr, status 500 to the client, the connection closed."""
        error = sys.exc_info()[1]
        if isinstance(error, ConnectionError):
            return
        traceback.print_exc(file=sys.stderr)
        crash = error_answer("query", 500, "InternalFailure", f"the local AWS crashed: {error!r}")
        try:
            request.sendall(written(crash, closing=True))
        except OSError:
            print("the client of the crashed call is gone", file=sys.stderr)  # noqa: T201 - the server's own log


class Connection(BaseHTTPRequestHandler):
    """One client's connection."""

    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = HttpRequest(self.command, self.path, headers, self._body(headers))
        answer = self.server.answering(request)
        if answer.dropped:
            self._reset()
            return
        if self.server.verbose:
            print(f"{self.command} {self.path} {answer.status}", file=sys.stderr)  # noqa: T201 - asked for
        if answer.cut:
            whole = written(answer)
            self.wfile.write(whole[: len(whole) - (len(answer.body) + 1) // 2])
            self.close_connection = True
            return
        self.wfile.write(written(answer, head_only=self.command == "HEAD"))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _serve  # noqa: N815 - http.server's names

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(headers.get("content-length") or 0))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().partition(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _reset(self) -> None:
        """Close with RST: lingering for no time at all makes the kernel drop the connection, not end it."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()


def written(answer: HttpAnswer, head_only: bool = False, closing: bool = False) -> bytes:
    """Status line, headers and body, to be sent in one piece."""
    lines = [f"HTTP/1.1 {answer.status} {responses.get(answer.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if not any(name.lower() == "content-length" for name in answer.headers):
        lines.append(f"Content-Length: {len(answer.body)}")
    if closing:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if head_only else answer.body)
