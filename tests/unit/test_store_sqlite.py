"""What is particular to the SQLite file: its tables, formats, damage, events, and what reading costs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ohf_iac.errors import StorageError
from ohf_iac.request import MachineRecord, Request, RequestRecord
from ohf_iac.store.event_table import EventRow
from ohf_iac.store.memory import Memory, machines_named, unsettled, with_due_chores, with_request
from ohf_iac.store.sqlite import SqliteStore, sqlite_store
from ohf_iac.store.tables import STEPS

REQUEST = Request("req-00000001-00000000000000aa", "grid", "ASG", 3, "owner", 1, 1801)
RECORD = RequestRecord(REQUEST, verdict="complete", settled_at=9)
MEMORY = Memory(
    requests={REQUEST.request_id: RECORD}, machines={"i-1": MachineRecord("i-1", "ip", REQUEST.request_id)}
)
DAY = 86_400


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, told: list[str]) -> SqliteStore:
    return sqlite_store(str(tmp_path / "db.sqlite"), now=lambda: 1700000000.9, tell=told.append)


def asked(store: SqliteStore, sql: str) -> list[tuple[object, ...]]:
    """What a program with SQLite finds in the file."""
    with closing(sqlite3.connect(store.path)) as connection:
        found = connection.execute(sql).fetchall()
        connection.commit()
    return found


def settled(number: int) -> RequestRecord:
    return replace(RECORD, request=replace(REQUEST, request_id=f"req-{number:08x}-{number:016x}"))


def test_the_file_has_the_documented_tables_and_a_format(store: SqliteStore) -> None:
    store.change(lambda _memory: MEMORY)
    tables = {name for (name,) in asked(store, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {"templates", "requests", "returns", "machines"}
    assert asked(store, "PRAGMA user_version") == [(1,)]
    assert asked(store, "PRAGMA journal_mode") == [("wal",)]
    assert asked(store, "SELECT id, month, verdict FROM requests") == [(REQUEST.request_id, "", "complete")]
    assert asked(store, "SELECT record ->> '$.request.template_id' FROM requests") == [("grid",)]


def test_one_settled_request_among_a_hundred_thousand_costs_one_row(store: SqliteStore, told: list[str]) -> None:
    """The others would be found damaged if they were read."""
    store.change(lambda _memory: MEMORY)
    asked(
        store,
        "WITH RECURSIVE number (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n <= 100000) "
        "INSERT INTO requests "
        "SELECT printf('req-%08x-%016x', n, n), '{}', 0, '', 'complete', 9, 'gone', 0 FROM number",
    )
    memory = store.read()
    steps: list[int] = []
    connection = memory.requests._snapshot._opened()  # type: ignore[attr-defined]
    connection.set_progress_handler(lambda: steps.append(1), 100)
    assert memory.requests[REQUEST.request_id] == RECORD
    assert unsettled(memory) == ()
    assert with_due_chores(memory, 10**10) == ()
    assert machines_named(memory, ["nobody"]) == {}
    assert len(steps) <= 2, "hundreds of SQLite's steps at most, where reading all takes hundreds of thousands"
    assert told == []
    assert len(memory.requests) == 100_001
    assert len(steps) > 1000


def test_sqlite_is_loaded_only_where_it_is_chosen() -> None:
    code = "import sys, ohf_iac.app, ohf_iac.operations.status; print('sqlite3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_an_older_format_is_upgraded(store: SqliteStore) -> None:
    store.change(lambda _memory: MEMORY)
    later = replace(store, steps=(*STEPS, ("ALTER TABLE requests ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",)))
    assert dict(later.read().requests) == MEMORY.requests
    assert asked(store, "SELECT note FROM requests") == [("none",)]
    assert asked(store, "PRAGMA user_version") == [(2,)]
    later.change(lambda memory: with_request(memory, settled(2)))
    assert set(later.read().requests) == {REQUEST.request_id, settled(2).request.request_id}


def test_an_upgrade_that_fails_leaves_the_old_format(store: SqliteStore) -> None:
    store.change(lambda _memory: MEMORY)
    broken = replace(store, steps=(*STEPS, ("ALTER TABLE requests ADD COLUMN note", "ALTER TABLE nothing ADD x")))
    with pytest.raises(StorageError):
        broken.change(lambda memory: with_request(memory, settled(2)))
    assert asked(store, "PRAGMA user_version") == [(1,)]
    assert dict(store.read().requests) == MEMORY.requests


def test_a_later_format_is_refused_and_left_alone(store: SqliteStore) -> None:
    store.change(lambda _memory: MEMORY)
    asked(store, "PRAGMA user_version = 7")
    before = Path(store.path).read_bytes()
    for attempt in (store.read, lambda: store.change(lambda memory: with_request(memory, settled(2)))):
        with pytest.raises(StorageError, match="has format 7, this version knows format 1") as caught:
            attempt()
        assert "later version" in caught.value.hint
    assert Path(store.path).read_bytes() == before


def test_a_foreign_file_is_set_aside(store: SqliteStore, told: list[str]) -> None:
    asked(store, "CREATE TABLE recipes (name TEXT)")
    aside = f"{store.path}.corrupt-1700000000"
    assert store.read() == Memory(recovered_from=aside)
    assert told == [f"memory was damaged and is set aside as {aside}"]
    assert not store.exists()


def test_a_row_that_others_changed_is_not_believed(store: SqliteStore, told: list[str]) -> None:
    others = {one.request.request_id: one for one in map(settled, range(1, 4))}
    store.change(lambda _memory: Memory(requests=others))
    asked(store, "UPDATE requests SET record = replace(record, 'grid', 'gird') WHERE rowid = 2")
    memory = store.read()
    known = [one for one in others if one in memory.requests]
    assert [others[one] for one in known] == [memory.requests[one] for one in known]
    assert known == [settled(1).request.request_id, settled(3).request.request_id]
    assert len(told) == 1, "damage is told once"
    assert not store.exists()
    assert store.change(lambda memory: with_request(memory, RECORD)).recovered_from == ""
    assert dict(store.read().requests) == {REQUEST.request_id: RECORD}


def test_damage_found_by_a_change_is_set_aside_and_the_change_done(store: SqliteStore, told: list[str]) -> None:
    store.change(lambda _memory: MEMORY)
    asked(store, "UPDATE requests SET crc32 = 1")
    memory = store.change(lambda memory: with_request(memory, RECORD))
    assert memory.recovered_from.endswith(".corrupt-1700000000")
    assert len(told) == 1
    assert dict(store.read().requests) == {REQUEST.request_id: RECORD}


def test_a_log_that_is_left_of_a_deleted_file_does_not_spoil_the_next_one(store: SqliteStore) -> None:
    store.change(lambda _memory: MEMORY)
    held = store.read()
    store.change(lambda memory: with_request(memory, settled(2)))
    assert dict(held.requests) == MEMORY.requests, "a memory stands still"
    assert Path(f"{store.path}-wal").stat().st_size
    Path(store.path).unlink()
    assert store.read() == Memory()
    store.change(lambda memory: with_request(memory, settled(3)))
    del held
    assert set(store.read().requests) == {settled(3).request.request_id}


def test_a_program_that_keeps_the_file_busy_is_told_of_and_hinders_no_reader(store: SqliteStore) -> None:
    store.change(lambda _memory: MEMORY)
    hurried = replace(store, lock_timeout=0.05)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match=r"Cannot write .*: database is locked") as caught:
            hurried.change(lambda memory: with_request(memory, settled(2)))
        assert "Another process" in caught.value.hint
        assert dict(hurried.read().requests) == MEMORY.requests
    hurried.change(lambda memory: with_request(memory, settled(2)))


def test_without_room_for_what_readers_share_a_file_is_read_as_it_lies_there(store: SqliteStore) -> None:
    store.change(lambda _memory: MEMORY)
    assert not Path(f"{store.path}-wal").exists()
    Path(f"{store.path}-shm").mkdir()  # in its way, even for root
    assert dict(store.read().requests) == MEMORY.requests
    with pytest.raises(StorageError):
        store.change(lambda memory: with_request(memory, settled(2)))


def test_ids_that_are_no_text_are_unknown(store: SqliteStore) -> None:
    store.change(lambda _memory: MEMORY)
    assert "req-\ud800" not in store.read().requests
    assert store.past(["\ud800", "\0"]) == Memory()


def test_events_are_kept_in_a_table_as_long_as_history(store: SqliteStore) -> None:
    assert store.events(0) == ()
    old, young = (
        EventRow(5.5, "RequestCreated", "req-1", units=3),
        EventRow(9 * DAY, "TemplateAdded", message="\ud800"),
    )
    store.keep_events([young])
    store.keep_events([old])
    kept = young._replace(message="\\ud800")
    assert store.events(0) == (old, kept)
    assert store.events(6) == (kept,)
    assert store.read() == Memory() or not store.read().requests
    assert store.archive(DAY) == 0
    assert store.events(0) == (kept,)
