"""Fixtures of the gateway's tests."""

from __future__ import annotations

import os

import pytest

from ohf_iac.aws.calls import Calls
from tests.integration.gateway import calls_to
from tests.local_aws import ACCOUNT, FOREIGN, LocalAws


@pytest.fixture
def _no_real_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fake keys, and nothing in the environment that leads to a real account."""
    for name in os.environ:
        if name.startswith(FOREIGN) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    given = {
        "AWS_ACCESS_KEY_ID": f"AKIA{ACCOUNT}",
        "AWS_SECRET_ACCESS_KEY": "fake",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def calls(local_aws: LocalAws, _no_real_aws: None) -> Calls:
    """The door to the local AWS."""
    return calls_to(local_aws)
