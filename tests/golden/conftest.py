"""Golden cases: a folder with the input, and the body or the message that must come of it."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what comes out now as what must come out")


@pytest.fixture(scope="session")
def update_golden(pytestconfig: pytest.Config) -> bool:
    """Whether to rewrite; the option is known only when this folder is named on the command line."""
    return bool(pytestconfig.getoption("--update-golden", default=False))
