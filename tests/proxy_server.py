"""A proxy as companies have it: it forwards what is asked of it and, for CONNECT, plays the server behind it.

Whatever name is asked for, the local AWS answers: with TLS in the middle, calls of the real names of AWS end there.
"""

from __future__ import annotations

import base64
import datetime
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ("*.us-east-1.amazonaws.com",)
#: headers that are between two neighbors
HOP = ("connection", "proxy-authorization", "proxy-connection", "transfer-encoding")


@dataclass(frozen=True)
class Seen:
    """One request to the proxy: its method, its target, and who asked, as `user:password`."""

    method: str
    target: str
    who: str


@dataclass(slots=True)
class RunningProxy:
    """A proxy at work: what was asked of it, and what it passed on, headers and all."""

    port: int
    certificate: Path
    seen: list[Seen] = field(default_factory=list)
    passed: list[bytes] = field(default_factory=list)

    @property
    def hosts(self) -> set[str]:
        """The hosts that were asked for."""
        return {one.target.partition(":")[0] for one in self.seen if one.method == "CONNECT"}


@contextmanager
def proxy(folder: Path, upstream: str, who: str = "") -> Iterator[RunningProxy]:
    """A proxy before the server at `upstream` that serves `who` alone, everybody if it is empty."""
    certificate = _certificate(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)

    class Handler(_Handler):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = RunningProxy(server.server_port, certificate)
        Handler.running, Handler.tls, Handler.upstream, Handler.wanted = running, tls, upstream, who
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield running
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    running: RunningProxy
    tls: ssl.SSLContext
    upstream: str
    wanted: str
    inside = False

    def do_CONNECT(self) -> None:
        if not self._may_pass():
            return
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)
        self.inside, self.close_connection = True, False

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.inside and not self._may_pass():
            return
        place = urlsplit(self.path)
        connection = HTTPConnection(urlsplit(self.upstream).netloc, timeout=60)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        head = "".join(f"{name}: {value}\n" for name, value in kept.items())
        self.running.passed.append(f"{self.command} {self.path}\n{head}\n".encode() + body)
        connection.request(self.command, place.path or "/", body, kept)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in (*HOP, "content-length"):
                self.send_header(name, value)
        self._end(content)

    def _may_pass(self) -> bool:
        given = self.headers.get("Proxy-Authorization", "").removeprefix("Basic ")
        who = base64.b64decode(given).decode()
        self.running.seen.append(Seen(self.command, self.path, who))
        if who == self.wanted or not self.wanted:
            return True
        self.send_response_only(407, "Proxy Authentication Required")
        self.send_header("Proxy-Authenticate", 'Basic realm="grid"')
        self._end(b"<html>Who are you?</html>")
        return False

    def _end(self, content: bytes) -> None:
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


def _certificate(folder: Path) -> Path:
    """A certificate for the names of AWS with its key, in one file that serves as a bundle of authorities too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in NAMES]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *form) + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
