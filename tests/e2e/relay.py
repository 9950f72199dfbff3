"""A relay between a provider and the local AWS that changes what is asked, as an administrator's hook would."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

#: what belongs to one connection only (RFC 9110, 7.6.1); the date stays, it is AWS's time
_OWN = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


@contextmanager
def changing(url: str, changes: Mapping[bytes, bytes]) -> Iterator[str]:
    """The URL of a relay to `url` that replaces these pieces in the bodies of requests."""

    class Relay(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and content in one packet

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            for old, new in changes.items():
                body = body.replace(old, new)
            there = HTTPConnection(urlsplit(url).netloc, timeout=60)
            kept = {key: value for key, value in self.headers.items() if key.lower() not in _OWN}
            there.request("POST", self.path, body, kept)
            answer = there.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for key, value in answer.getheaders():
                if key.lower() not in _OWN:
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            there.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name that it overrides
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
