"""Fixtures for attacks on a provider that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.provider import Provider
from tests.local_aws import LocalAws


@pytest.fixture
def quick(local_aws: LocalAws, tmp_path: Path) -> Provider:
    """The example's provider, called in this process."""
    return Provider(tmp_path, local_aws)
