"""A provider over the example directory."""

from __future__ import annotations

from pathlib import Path

import pytest

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
