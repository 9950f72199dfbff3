"""What stores do exactly at a boundary: the second of a cut, a write that fails, a key that was taken out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ohf_iac.errors import StorageError
from ohf_iac.store.aside import set_aside, set_aside_before
from ohf_iac.store.event_table import EventRow
from ohf_iac.store.history import history, without
from ohf_iac.store.json_file import json_store
from ohf_iac.store.memory import Memory
from ohf_iac.store.sqlite import SqliteStore, sqlite_store
from tests.contract.test_store_contract import FULL, PLACE, REQUEST, RETURN

CUT = 1_700_000_000


def over(minted: int, settled: int) -> Memory:
    """A request and a return that were minted and settled then."""
    request_id, return_id = f"req-{minted:08x}-{1:016x}", f"ret-{minted:08x}-{1:016x}"
    request = replace(REQUEST.request, request_id=request_id)
    return Memory(
        requests={
            request_id: replace(REQUEST, request=request, stack="gone", verdict="complete", settled_at=settled)
        },
        returns={return_id: replace(RETURN, return_id=return_id, verdict="complete", settled_at=settled)},
        machines={"i-1": replace(PLACE, request_id=request_id)},
    )


def test_what_was_over_before_the_cut_is_history_and_what_ended_in_its_second_is_not() -> None:
    assert history(over(CUT - 1, CUT - 1), CUT) == over(CUT - 1, CUT - 1)
    assert history(over(CUT - 1, CUT), CUT) == Memory()
    # a clock that was off: the verdict's moment lies before the id's
    assert history(over(CUT, CUT - 1), CUT) == Memory()


@pytest.fixture
def sqlite(tmp_path: Path) -> SqliteStore:
    return sqlite_store(str(tmp_path / "grid.sqlite"))


def test_an_event_of_the_very_second_is_told_and_kept(sqlite: SqliteStore) -> None:
    event = EventRow(float(CUT), "RequestCreated", "req-1")
    sqlite.keep_events([event])
    assert sqlite.events(CUT) == (event,)
    sqlite.archive(CUT)
    assert sqlite.events(0) == (event,)
    sqlite.archive(CUT + 1)
    assert sqlite.events(0) == ()


def test_what_was_taken_out_is_not_found_any_more(sqlite: SqliteStore) -> None:
    sqlite.change(lambda _memory: FULL)
    (key,) = FULL.requests
    seen: list[bool] = []

    def take_out(memory: Memory) -> Memory:
        left = without(memory, Memory(requests={key: memory.requests[key]}))
        seen.extend([key in left.requests, key in list(left.requests), len(left.requests) > 0])
        return left

    sqlite.change(take_out)
    assert seen == [False, False, False]
    assert key not in sqlite.read().requests


def test_a_write_that_fails_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "grid.json"
    path.mkdir()  # nothing can be put in its place
    (path / "x").touch()
    store = json_store(str(path))
    with pytest.raises(StorageError):
        store._replace(b"{}")
    assert not [one for one in os.listdir(tmp_path) if one.endswith(".new")]


def test_what_is_set_aside_is_named_by_its_moment_and_found_by_it(tmp_path: Path) -> None:
    path = tmp_path / "grid.json"
    for moment in (20.9, 100.2):
        path.write_text("x")
        set_aside(str(path), moment)
    for other in (
        "grid.json.corrupt-",
        "grid.json.corrupt-soon",
        "grid.json.corrupt-5-wal",
        "other.json.corrupt-5",
    ):
        (tmp_path / other).touch()
    found = [os.path.basename(one) for one in set_aside_before(str(path))]
    assert found == ["grid.json.corrupt-20", "grid.json.corrupt-100"]
