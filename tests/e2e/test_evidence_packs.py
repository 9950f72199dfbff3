"""`ohf evidence`: packs of requests, live and deleted, and what is found when somebody changed one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ohf_cli.validation import schema_findings
from tests.e2e.human import Human
from tests.e2e.provider import Provider
from tests.e2e.reviewed import APPROVER, TEMPLATE, approve, reviewed, ssh_key
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


@pytest.fixture
def conf(human: Human) -> Path:
    """A configuration whose template is approved and signed."""
    folder = reviewed(human, mode="enforce", allowedSigners="allowed_signers")
    approve(human, "--sign", str(ssh_key(folder, APPROVER)), "--ticket", "CHG1")
    return folder


@pytest.fixture
def request_id(human: Human, conf: Path) -> str:
    """An approved request that is settled, one of whose machines was returned."""
    assert conf.is_dir()
    provider = human.provider
    entry = provider.settle(provider.request(TEMPLATE, 2))
    provider.settle(provider.give_back(entry["machines"][:1]))
    return str(entry["requestId"])


def packed(human: Human, request_id: str, name: str = "pack", code: int = 0) -> tuple[Path, dict[str, Any]]:
    target = human.provider.folder / name
    told = human.reads("evidence", request_id, "--to", str(target), code=code)
    return target, told


def check(human: Human, pack: Path, *words: str, code: int = 0) -> dict[str, Any]:
    signers = human.provider.conf / "allowed_signers"
    told = human.reads("evidence", "--check", str(pack), "--allowed-signers", str(signers), *words, code=code)
    return dict(told)


def test_a_pack_holds_all_that_is_known_and_proves_it(human: Human, request_id: str) -> None:
    pack, told = packed(human, request_id)
    names = {one["name"] for one in told["files"]}
    assert {"body.json", "approved.json", "lock.json", "stack.json", "events.json", "machines.json"} <= names
    assert {"audit.jsonl", "audit-chain.jsonl", "verdict.json", "findings.json", "request.json"} <= names
    assert {"approvals/1.json", "approvals/1.json.sig", "allowed_signers", "README.txt"} <= names
    assert (told["verdict"], told["missing"]) == ("ok", [])
    manifest = json.loads((pack / "manifest.json").read_text())
    assert schema_findings("evidence", manifest) == ()
    machines = json.loads((pack / "machines.json").read_text())
    assert len(machines["machines"]) == 2
    assert len(machines["returns"][0]["machines"]) == 1
    found = check(human, pack)
    assert (found["ok"], found["manifestSha256"]) == (True, told["manifestSha256"])
    check(human, pack, "--expect-sha256", told["manifestSha256"])
