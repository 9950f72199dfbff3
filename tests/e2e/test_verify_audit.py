"""`ohf verify --audit`: the audit file of a life of requests is whole, and what was done to it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.human import Human
from tests.e2e.provider import Provider
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


@pytest.fixture
def audit(human: Human) -> Path:
    """The audit file of a request that came and went."""
    provider = human.provider
    entry = provider.settle(provider.request("instant-ondemand", 2))
    provider.settle(provider.give_back(entry["machines"]))
    return provider.work / "grid-audit.jsonl"


def test_the_audit_of_a_life_is_whole_and_its_head_stays(human: Human, audit: Path) -> None:
    told = human.reads("verify", "--audit")
    assert (told["ok"], told["files"], told["notes"]) == (True, [audit.name], [])
    assert told["lines"] == len(audit.read_text().splitlines()) > 5
    human.provider.request("instant-ondemand", 1)
    assert human.reads("verify", "--audit", "--head", told["head"])["lines"] > told["lines"]


def test_what_was_changed_is_told_with_its_line(human: Human, audit: Path) -> None:
    head = human.reads("verify", "--audit")["head"]
    text = audit.read_text()
    audit.write_text(text.replace('"units": 2', '"units": 1', 1))
    out, err = human.hears("verify", "--audit", code=4)
    assert f"{audit.name}:" in out
    assert "error[E412]" in err
    assert human.reads("verify", "--audit", code=4)["breaks"][0]["file"] == audit.name
    audit.write_text("".join(text.splitlines(keepends=True)[:-1]))
    human.says("verify", "--audit")
    assert "no line's any more" in human.says("verify", "--audit", "--head", head, code=4)


def test_usage(human: Human) -> None:
    human.says("verify", "--audit", code=1)  # there is none
    human.says("verify", "--audit", "--deployed", code=64)
    human.says("verify", "--audit", "--head", "abc", code=64)
