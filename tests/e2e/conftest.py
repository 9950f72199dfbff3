"""A provider over the example directory, and the matrix of lives at the end of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.matrix import CELL_TEST, CELLS, RUNS, table
from tests.e2e.provider import Provider
from tests.local_aws import LocalAws


@pytest.fixture
def provider(local_aws: LocalAws, tmp_path: Path) -> Provider:
    """The example provider with empty work and log folders, its scripts run as processes."""
    return Provider(tmp_path, local_aws, fresh=True)


@pytest.fixture
def quick(local_aws: LocalAws, tmp_path: Path) -> Provider:
    """The same provider, called in this process."""
    return Provider(tmp_path, local_aws)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print which kind lived under which switch; a cell that did not run shows as missing."""
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
