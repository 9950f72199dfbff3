"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import local_aws as running
from tests.crashes import counts
from tests.e2e.matrix import CELL_TEST, CELLS, RUNS, table
from tests.faults import numbers


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


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print which kind lived under which switch, where a cell that did not run shows as missing, and the numbers of
    the crash-point sweep.

    Here and not beside the test: the process that prints, with several at work, loads no other conftest.
    """
    outcomes = {
        report.nodeid.partition("[")[2].rstrip("]"): name
        for name in ("passed", "failed")
        for report in terminalreporter.stats.get(name, [])
        if CELL_TEST in getattr(report, "nodeid", "")
    }
    if outcomes:
        terminalreporter.section("lives by kind and switch")
        for line in table(outcomes):
            terminalreporter.write_line(line)
        missing = len(RUNS) - len(outcomes)
        terminalreporter.write_line(f"{len(CELLS)} cells, shown by {len(outcomes)} runs; {missing} runs missing")
    if crashes := list(counts.table(terminalreporter.stats.get("passed", []))):
        terminalreporter.section("effects and crashes")
        for line in crashes:
            terminalreporter.write_line(line)
    if swept := list(numbers.table(terminalreporter.stats.get("passed", []))):
        terminalreporter.section("bad days")
        for line in swept:
            terminalreporter.write_line(line)
