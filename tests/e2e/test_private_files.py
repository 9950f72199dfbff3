"""Every file that a whole life leaves behind is for its owner alone, whatever the umask."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.permitted import said
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import ACCOUNT, LocalAws

DAY = 86400
EVERYWHERE = ("request_database", "audit.jsonl", "roles.json", "io.jsonl", "provider.log", "corrupt")


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def provider_with(kind: str, folder: Path, aws: LocalAws) -> Provider:
    conf = folder / "conf"
    conf.mkdir()
    for name in ("awsprov_config.json", "awsprov_templates.json"):
        (conf / name).write_bytes((EXAMPLE / name).read_bytes())
    (conf / "scripts").symlink_to(EXAMPLE / "scripts")
    settings: dict[str, Any] = {
        "provider": {"owner": "ohf", "assumeRoleArn": f"arn:aws:iam::{ACCOUNT}:role/grid"},
        "storage": {"kind": kind, "events": kind == "sqlite", "historyDays": 2},
        "logging": {"level": "TRACE", "ioLog": True, "maxSizeMb": 0.01},
    }
    (conf / "ohf.json").write_text(json.dumps(settings))
    return Provider(folder, aws, conf=conf)


@pytest.mark.usefixtures("_open_umask")
@pytest.mark.parametrize("kind", ["json", pytest.param("sqlite", marks=pytest.mark.sweep)])
def test_whatever_a_life_leaves_behind_is_private(local_aws: LocalAws, tmp_path: Path, kind: str) -> None:
    provider = provider_with(kind, tmp_path, local_aws)
    entry = provider.settle(provider.request("instant-ondemand", 2))
    provider.settle(provider.give_back(entry["machines"]))
    provider.polls(240, step=80)
    local_aws.advance(3 * DAY)
    provider.settle(provider.request("instant-ondemand", 1))
    provider.polls(160, step=80)
    provider.fresh = True
    provider.call("getReturnRequests", {})
    database = provider.work / f"grid-request_database.{kind}"
    database.write_bytes(database.read_bytes()[:200] + b"damage")
    provider.call("getRequestStatus", {"requests": [{"requestId": entry["requestId"]}]})
    said(provider, "recover")
    said(provider, "store", "copy", "--to", "sqlite" if kind == "json" else "json", "--overwrite")
    left = [one for folder in ("work", "log") for one in (tmp_path / folder).rglob("*") if one.is_file()]
    wide = {one.name: oct(one.stat().st_mode) for one in left if stat.S_IMODE(one.stat().st_mode) != 0o600}
    assert wide == {}
    names = " ".join(one.name for one in left)
    assert [one for one in EVERYWHERE if one not in names] == []
    assert any(one.name.endswith(".1") for one in left), "rotated files are among them"
