"""The lock between processes, in the cases that a second process cannot be made to meet at the right moment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ohf_iac.errors import StorageError
from ohf_iac.store.lock import locked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "db.json.lock"


def test_it_is_held_by_one_and_freed(path: Path) -> None:
    with locked(str(path), 1.0):
        assert path.read_text() == str(os.getpid())
        with (
            pytest.raises(StorageError, match=f"process {os.getpid()} holds it for over 0 s") as caught,
            locked(str(path), 0.0),
        ):
            pytest.fail("held twice")
        assert caught.value.hint
    with locked(str(path), 0.0):
        pass
    assert path.read_text() == ""


def test_an_error_inside_frees_it(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(str(path), 0.0):
        raise ZeroDivisionError
    with locked(str(path), 0.0):
        pass


def test_who_waits_for_a_lock_that_is_deleted_takes_the_new_one(path: Path) -> None:
    holder = locked(str(path), 0.0)
    holder.__enter__()
    pauses: list[float] = []

    def deleted_and_freed_meanwhile(pause: float) -> None:
        pauses.append(pause)
        path.unlink()
        holder.__exit__(None, None, None)

    with (
        locked(str(path), 60.0, deleted_and_freed_meanwhile),
        pytest.raises(StorageError, match="holds it"),
        locked(str(path), 0.0),
    ):
        pytest.fail("two hold the lock")
    assert len(pauses) == 1


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="Cannot open the lock"), locked(str(tmp_path / "none" / "lock"), 1.0):
        pytest.fail("no lock to hold")
