"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import local_aws as running


@pytest.fixture(scope="session")
def local_aws_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.LocalAws]:
    """One server per test process (and so per xdist worker)."""
    server = running.start(tmp_path_factory.mktemp("local-aws"))
    yield server
    running.stop(server)


@pytest.fixture
def local_aws(local_aws_server: running.LocalAws) -> Iterator[running.LocalAws]:
    """The server with an empty world. A crash inside it fails the test that caused it."""
    local_aws_server.reset()
    seen = local_aws_server.log.stat().st_size
    yield local_aws_server
    assert not local_aws_server.log.read_text()[seen:], "the local AWS wrote to its stderr"
