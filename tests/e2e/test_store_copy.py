"""`ohf store copy`: from one store to the other and back, with nothing lost, and nothing overwritten unasked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ohf_iac.store.json_file import json_store
from ohf_iac.store.memory import Memory
from ohf_iac.store.protocol import Store
from ohf_iac.store.sqlite import sqlite_store
from tests.contract.test_store_archives import OLD, YOUNG, settled
from tests.contract.test_store_contract import FULL
from tests.e2e.human import Human
from tests.e2e.provider import Provider


@pytest.fixture
def human(quick: Provider, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Human:
    quick.work.mkdir()
    return Human(quick, capsys, monkeypatch)


def stores(human: Human) -> tuple[Store, Store]:
    base = human.provider.work / "grid-request_database"
    return json_store(f"{base}.json"), sqlite_store(f"{base}.sqlite")


def filled(store: Store) -> None:
    """One request that is archived, one that is not, a return, a machine, a template."""
    over = settled(OLD, 1)
    requests = {one.request.request_id: one for one in (over, settled(YOUNG, 2))}
    store.change(lambda _memory: dataclasses.replace(FULL, requests={**FULL.requests, **requests}))
    assert store.archive(YOUNG) == 1


def content(store: Store) -> dict[str, object]:
    memory = store.everything()
    return {field.name: _plain(memory, field.name) for field in dataclasses.fields(Memory)}


def _plain(memory: Memory, name: str) -> object:
    found = getattr(memory, name)
    return found if isinstance(found, str) else dict(found)


def test_there_and_back(human: Human) -> None:
    in_json, in_sqlite = stores(human)
    filled(in_json)
    original = content(in_json)
    document = human.reads("store", "copy", "--to", "sqlite")
    assert {name: document[name] for name in ("copied", "requests", "returns", "machines", "templates")} == {
        "copied": True,
        "requests": 3,
        "returns": 1,
        "machines": 1,
        "templates": 1,
    }
    assert content(in_sqlite) == original
    assert content(in_json) == original
    for path in human.provider.work.glob("*.json"):
        path.unlink()
    human.says("store", "copy", "--to", "json")
    assert content(in_json) == original
    modes = {path.stat().st_mode & 0o777 for path in human.provider.work.iterdir()}
    assert modes <= {0o600}
    assert not [path.name for path in human.provider.work.iterdir() if ".copy" in path.name]


def test_a_copy_over_a_store_is_asked_for(human: Human) -> None:
    in_json, in_sqlite = stores(human)
    filled(in_json)
    in_sqlite.change(lambda _memory: Memory(templates=FULL.templates))
    before = content(in_sqlite)
    _, told = human.hears("store", "copy", "--to", "sqlite", code=1)
    assert "there is one already" in told
    assert content(in_sqlite) == before
    document = human.reads("store", "copy", "--to", "sqlite", "--overwrite")
    assert content(in_sqlite) == content(in_json)
    assert content(sqlite_store(document["replaced"])) == before


def test_a_dry_run_counts_and_writes_nothing(human: Human) -> None:
    in_json, _ = stores(human)
    filled(in_json)
    before = sorted(path.name for path in human.provider.work.iterdir())
    assert human.reads("store", "copy", "--to", "sqlite", "--dry-run")["copied"] is False
    told = human.says("store", "copy", "--to", "sqlite", "--dry-run")
    assert "3 requests, 1 return, 1 machine, 1 template would be copied" in told
    assert sorted(path.name for path in human.provider.work.iterdir()) == before


def test_nothing_to_copy_is_told(human: Human) -> None:
    _, told = human.hears("store", "copy", "--to", "sqlite", code=1)
    assert "does not exist" in told
    assert list(human.provider.work.iterdir()) == []


def test_a_damaged_source_makes_no_copy(human: Human) -> None:
    in_json, _ = stores(human)
    filled(in_json)
    archive = next(human.provider.work.glob("*-2020-*.json"))
    archive.write_bytes(archive.read_bytes()[:-9])
    _, told = human.hears("store", "copy", "--to", "sqlite", code=1)
    assert "damaged" in told
    assert not list(human.provider.work.glob("*.sqlite*"))


def test_a_provider_goes_on_with_the_copy(human: Human) -> None:
    provider = human.provider
    entry = provider.settle(provider.request("asg-ondemand", 1))
    human.says("store", "copy", "--to", "sqlite")
    moved = dataclasses.replace(provider, extra={"OHF_STORAGE_KIND": "sqlite"})
    (provider.work / "grid-request_database.json").unlink()
    provider.aws.clear_calls()
    assert moved.status(entry["requestId"]) == entry
    assert provider.aws.calls() == [], "it is remembered"
    assert Path(provider.work / "grid-request_database.json").exists() is False
