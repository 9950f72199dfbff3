"""The contract suite's option."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-rows", action="store_true", help="write what the scripts print as what they must print"
    )


@pytest.fixture(scope="session")
def update_rows(pytestconfig: pytest.Config) -> bool:
    """Whether to rewrite; the option is known only when this folder is named on the command line."""
    return bool(pytestconfig.getoption("--update-rows", default=False))
