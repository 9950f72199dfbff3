"""Work and log folders that others may write to: no link leads our writes elsewhere, and no pipe makes us wait."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ohf_iac.errors import StorageError
from ohf_iac.log import LineFile, Log
from ohf_iac.store.json_file import JsonStore, json_store
from ohf_iac.store.lock import locked
from ohf_iac.store.memory import Memory
from ohf_iac.store.sqlite import SqliteStore, sqlite_store
from tests.e2e.provider import NAME, Provider

SOMEBODY = 54321
as_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can plant a link for another")
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")


def planted(link: Path, target: Path) -> Path:
    """A link as another user would leave it."""
    link.symlink_to(target)
    os.lchown(link, SOMEBODY, SOMEBODY)
    return link


@as_root
@pytest.mark.parametrize("there", [True, False], ids=["a file", "nothing yet"])
def test_a_link_that_somebody_planted_leads_no_log_line_elsewhere(tmp_path: Path, there: bool) -> None:
    victim = tmp_path / "authorized_keys"
    if there:
        victim.write_text("as it was")
    link = planted(tmp_path / "grid-provider.log.host", victim)
    Log(LineFile(str(link), 1000, 1)).error("x")
    with pytest.raises(OSError, match=r"symbolic links|ELOOP"):
        LineFile(str(link), 4, 1).append({"a": 1})
    assert victim.read_text() == "as it was" if there else not victim.exists()


@posix
def test_a_link_of_our_own_is_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "log"
    target.parent.mkdir()
    (tmp_path / "log").symlink_to(target)
    (tmp_path / "again").symlink_to("log")
    Log(LineFile(str(tmp_path / "again"), 1000, 1)).error("x")
    assert json.loads(target.read_text())["message"] == "x"
    assert target.stat().st_mode & 0o777 == 0o600


@posix
@pytest.mark.parametrize("heard", [True, False], ids=["with a reader", "without"])
def test_a_pipe_makes_no_log_wait_and_gets_nothing(tmp_path: Path, heard: bool) -> None:
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK) if heard else None
    Log(LineFile(str(pipe), 1000, 1)).error("secret")
    if reader is not None:
        assert os.read(reader, 100) == b""
        os.close(reader)


@posix
@pytest.mark.parametrize("store", [json_store, sqlite_store])
def test_a_pipe_in_place_of_memory_or_its_lock_is_told(
    tmp_path: Path, store: Callable[[str], JsonStore | SqliteStore]
) -> None:
    os.mkfifo(tmp_path / "memory")
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(StorageError, match="pipe"):
        store(str(tmp_path / "memory")).read()
    with pytest.raises(StorageError, match="pipe"):
        store(str(tmp_path / "memory")).change(lambda _memory: Memory())
    with pytest.raises(StorageError, match="pipe"), locked(str(tmp_path / "lock"), 1):
        pass


@as_root
def test_a_link_in_place_of_memory_or_its_lock_is_told_and_left_alone(tmp_path: Path) -> None:
    victim = tmp_path / "shadow"
    victim.write_text("root:x")
    memory = planted(tmp_path / "memory.json", victim)
    for store in (json_store(str(memory)), sqlite_store(str(memory))):
        with pytest.raises(StorageError, match=r"memory\.json"):
            store.read()
        with pytest.raises(StorageError, match=r"memory\.json"):
            store.change(lambda _memory: Memory())
    lock = planted(tmp_path / "lock", victim)
    with pytest.raises(StorageError), locked(str(lock), 1):
        pass
    assert victim.read_text() == "root:x"


@as_root
def test_requests_are_refused_and_machines_returned_though_the_folders_are_full_of_traps(
    quick: Provider, tmp_path: Path
) -> None:
    """As root, whom every planted file could lead anywhere; a poll and a return ask AWS instead."""
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    request_id = quick.request("instant-ondemand", 1)
    machines = quick.settle(request_id)["machines"]
    for folder in (quick.work, tmp_path / "log"):
        for file in folder.iterdir():
            file.unlink()
            planted(file, victim)
    quick.call("requestMachines", {"template": {"templateId": "instant-ondemand", "machineCount": 1}}, code=1)
    assert quick.status(request_id)["machines"]
    quick.give_back(machines)
    assert victim.read_text() == "as it was"
    assert (quick.work / f"{NAME}-request_database.json").is_symlink()
