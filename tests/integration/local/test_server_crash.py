"""A crash while answering: status 500 in XML for the client, the traceback on stderr, the server goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from ohf_iac.local.calls import HttpAnswer, HttpRequest
from ohf_iac.local.http_server import LoopbackServer


def answering(request: HttpRequest) -> HttpAnswer:
    if request.target == "/crash":
        raise KeyError("a mistake <inside>")
    return HttpAnswer(200, {"Content-Type": "text/plain"}, request.body)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(0, answering) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(server: LoopbackServer, target: str, body: bytes = b"") -> tuple[int, str, bytes]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("POST", target, body)
    answer = connection.getresponse()
    content = answer.status, answer.headers["Content-Type"], answer.read()
    connection.close()
    return content


def test_a_crash_is_a_500_and_ends_nothing(server: LoopbackServer, capsys: pytest.CaptureFixture[str]) -> None:
    status, kind, body = ask(server, "/crash")
    assert (status, kind) == (500, "text/xml;charset=UTF-8")
    assert b"a mistake &lt;inside&gt;" in body
    assert "KeyError: 'a mistake <inside>'" in capsys.readouterr().err
    assert ask(server, "/fine", b"still here") == (200, "text/plain", b"still here")


def test_it_listens_on_loopback_only(server: LoopbackServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.server_port}"


def test_chunked_bodies_are_put_together(server: LoopbackServer) -> None:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("PUT", "/x", iter([b"one ", b"two"]), encode_chunked=True)
    assert connection.getresponse().read() == b"one two"
    connection.close()
