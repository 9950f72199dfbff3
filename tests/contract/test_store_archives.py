"""What every store promises of its archives."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.errors import StorageError
from ohf_iac.request import MachineRecord, RequestRecord, ReturnRecord
from ohf_iac.store.document import SECTIONS
from ohf_iac.store.json_file import json_store
from ohf_iac.store.memory import Memory, with_request
from ohf_iac.store.protocol import Store
from ohf_iac.store.sqlite import SqliteStore
from tests.contract.test_store_contract import FULL, REQUEST, STORES, MakeStore

OLD, YOUNG, DAY = 1_600_000_000, 1_700_000_000, 86_400


def settled(moment: int, number: int, **fields: Any) -> RequestRecord:
    """A request minted and settled at a moment, its stack gone."""
    request_id = f"req-{moment:08x}-{number:016x}"
    record = replace(REQUEST, request=replace(REQUEST.request, request_id=request_id), stack="gone", chore_at=0)
    return replace(record, **{"verdict": "complete", "settled_at": moment, **fields})


@pytest.fixture(params=STORES)
def make(request: pytest.FixtureRequest) -> MakeStore:
    return STORES[request.param]


@pytest.fixture
def store(make: MakeStore, tmp_path: Path) -> Store:
    return make(tmp_path, 5.0)


def test_what_is_long_over_moves_to_archives_by_month(make: MakeStore, tmp_path: Path) -> None:
    over = [settled(OLD, 1), settled(OLD + 40 * DAY, 2), settled(OLD, 3, stack="abandoned")]
    stays = [
        settled(OLD, 4, stack="deleting"),  # its machines may live
        settled(OLD, 5, verdict=None, settled_at=0),
        settled(OLD, 6, settled_at=YOUNG),
        settled(YOUNG, 7),
    ]
    ended = ReturnRecord(f"ret-{OLD:08x}-{1:016x}", OLD, verdict="complete", settled_at=OLD)
    going = ReturnRecord(f"ret-{OLD:08x}-{2:016x}", OLD)
    records = {record.request.request_id: record for record in (*over, *stays)}
    places = {f"i-{key}": MachineRecord(f"i-{key}", f"ip-{key}", key) for key in records}
    store = make(tmp_path, 5.0)
    store.change(
        lambda _memory: Memory(
            FULL.templates, records, {ended.return_id: ended, going.return_id: going}, places, recovered_from=""
        )
    )
    assert store.archive(YOUNG) == 4
    after = store.read()
    kept = {record.request.request_id for record in stays}
    assert set(after.requests) == kept
    assert set(after.returns) == {going.return_id}
    assert set(after.machines) == {f"i-{key}" for key in kept}
    assert dict(after.templates) == FULL.templates
    september, october = (archived(store, tmp_path, month) for month in ("2020-09", "2020-10"))
    assert set(september.requests) == {over[0].request.request_id, over[2].request.request_id}
    assert set(september.returns) == {ended.return_id}
    assert set(october.machines) == {f"i-{over[1].request.request_id}"}
    assert store.archive(YOUNG) == 0


def archived(store: Store, folder: Path, month: str) -> Memory:
    """What lies in the archive of a month: a file of its own, or rows that bear the month."""
    if not isinstance(store, SqliteStore):
        return json_store(str(folder / f"grid-request_database-{month}.json")).read()
    snapshot = store._snapshot()
    sections: dict[str, Any] = {name: dict(snapshot.records(name, "month = ?", month)) for name in SECTIONS}
    return Memory(**sections)


def test_archives_add_up(make: MakeStore, tmp_path: Path) -> None:
    store = make(tmp_path, 5.0)
    for number in (1, 2):
        store.change(partial(with_request, record=settled(OLD, number)))
        assert store.archive(YOUNG) == 1
    assert len(archived(store, tmp_path, "2020-09").requests) == 2


def test_archiving_without_a_memory_makes_none(store: Store, tmp_path: Path) -> None:
    assert store.archive(YOUNG) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_past_is_told_by_the_archives(store: Store) -> None:
    over = [settled(OLD, 1), settled(OLD + 40 * DAY, 2)]
    ended = ReturnRecord(f"ret-{OLD:08x}-{1:016x}", OLD, verdict="complete", settled_at=OLD + 40 * DAY)
    records = {record.request.request_id: record for record in over}
    store.change(lambda _memory: Memory({}, records, {ended.return_id: ended}, {}))
    assert store.past([*records, ended.return_id]) == Memory()
    assert store.archive(YOUNG) == 3
    first, second = records
    assert store.past([first, "req-00000001-0000000000000000"]) == Memory(requests={first: over[0]})
    assert store.past([second, ended.return_id]) == Memory(
        requests={second: over[1]}, returns={ended.return_id: ended}
    )


def test_everything_is_the_memory_and_the_archives(store: Store) -> None:
    assert store.everything() == Memory()
    over, stays = settled(OLD, 1), settled(YOUNG, 2)
    records = {record.request.request_id: record for record in (over, stays)}
    places = {f"i-{key}": MachineRecord(f"i-{key}", f"ip-{key}", key) for key in records}
    store.change(lambda _memory: Memory(FULL.templates, records, FULL.returns, places))
    assert store.archive(YOUNG) == 1
    assert set(store.read().requests) == {stays.request.request_id}
    found = store.everything()
    assert dict(found.templates) == FULL.templates
    assert dict(found.requests) == records
    assert dict(found.returns) == FULL.returns
    assert dict(found.machines) == places


def test_an_archived_request_that_is_seen_again_is_remembered_again(store: Store) -> None:
    record = settled(OLD, 1)
    key = record.request.request_id
    store.change(partial(with_request, record=record))
    assert store.archive(YOUNG) == 1
    late = replace(record, message="seen again")
    store.change(partial(with_request, record=late))
    assert dict(store.read().requests) == {key: late}
    assert dict(store.everything().requests) == {key: late}


def test_an_older_archive_is_not_opened_for_a_younger_id(tmp_path: Path) -> None:
    store = STORES["json"](tmp_path, 5.0)
    over = [settled(OLD, 1), settled(OLD + 40 * DAY, 2)]
    first, second = (record.request.request_id for record in over)
    store.change(lambda _memory: Memory(requests={first: over[0], second: over[1]}))
    assert store.archive(YOUNG) == 2
    (tmp_path / "grid-request_database-2020-09.json").write_text("{damaged")
    assert store.past([second]) == Memory(requests={second: over[1]})
    with pytest.raises(StorageError, match="damaged"):
        store.past([first])
    with pytest.raises(StorageError, match="damaged"):
        store.everything()
