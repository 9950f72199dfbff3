"""What every store promises, against each store there is. A new store joins by a line in STORES."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ohf_iac.errors import StorageError
from ohf_iac.machine import Machine
from ohf_iac.request import MachineRecord, Request, RequestRecord, ReturnedMachine, ReturnRecord
from ohf_iac.store.json_file import json_store
from ohf_iac.store.memory import (
    Memory,
    machines_named,
    unsettled,
    with_due_chores,
    with_machines,
    with_request,
    with_return,
    with_templates,
)
from ohf_iac.store.protocol import Store
from ohf_iac.store.records import TemplateRecord
from ohf_iac.store.sqlite import sqlite_store

MakeStore = Callable[[Path, float], Store]
#: name -> how it is made from a folder and a lock time-out
STORES: dict[str, MakeStore] = {
    "json": lambda folder, timeout: json_store(str(folder / "grid-request_database.json"), timeout),
    "sqlite": lambda folder, timeout: sqlite_store(str(folder / "grid-request_database.sqlite"), timeout),
}
MACHINE = Machine("i-1", "ip-10-0-0-1", "succeed", "running", 1700000000, "10.0.0.1", price_type="spot", threads=4)
REQUEST = RequestRecord(
    Request("req-00000001-00000000000000aa", 'größe "x\\', "ASG", 3, "grid", 1, 1801, weights={"m5.large": 2}),
    stack="created",
    stack_id="arn:aws:cloudformation:eu-west-1:1:stack/a/b",
    digest="d" * 64,
    message='a "quoted" \\ text\nof two lines, "verdict": "complete"',
    machines=(MACHINE, replace(MACHINE, machine_id="i-2", result="fail", message="why")),
    chore_at=50,
)
RETURN = ReturnRecord("ret-00000002-00000000000000bb", 2, (ReturnedMachine("i-1", "ip-10-0-0-1", "r", 5),))
PLACE = MachineRecord("i-1", "ip-10-0-0-1", REQUEST.request.request_id, 1700000000, "123456789012", "eu-west-1")
FULL = Memory(
    templates={'t "1"\\': TemplateRecord('t "1"\\', "0a1b", 7)},
    requests={REQUEST.request.request_id: REQUEST},
    returns={RETURN.return_id: RETURN},
    machines={"i-1": PLACE},
)


@pytest.fixture(params=STORES)
def make(request: pytest.FixtureRequest) -> MakeStore:
    return STORES[request.param]


@pytest.fixture
def store(make: MakeStore, tmp_path: Path) -> Store:
    return make(tmp_path, 10.0)


def in_another_process(make: MakeStore, code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process with `store_in(folder)` at hand."""
    name = next(name for name, one in STORES.items() if one is make)
    prelude = (
        "import os, sys, time\nfrom dataclasses import replace\nfrom pathlib import Path\n"
        "from tests.contract.test_store_contract import STORES, REQUEST\n"
        "from ohf_iac.store.memory import with_request\n"
        f"store = STORES[{name!r}](Path(sys.argv[1]), 30.0)\n"
    )
    command = [sys.executable, "-c", prelude + code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_without_a_memory_it_is_empty_and_reading_makes_none(store: Store, tmp_path: Path) -> None:
    assert store.read() == Memory()
    assert not store.exists()
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_is_read_back(make: MakeStore, tmp_path: Path) -> None:
    make(tmp_path, 1.0).change(lambda _memory: FULL)
    read = make(tmp_path, 1.0).read()
    assert dict(read.templates) == FULL.templates
    assert dict(read.requests) == FULL.requests
    assert dict(read.returns) == FULL.returns
    assert dict(read.machines) == FULL.machines
    assert make(tmp_path, 1.0).exists()


def test_changes_build_on_each_other_and_return_what_is_stored(store: Store) -> None:
    store.change(lambda memory: with_request(memory, REQUEST))
    store.change(lambda memory: with_return(memory, RETURN))
    store.change(lambda memory: with_machines(memory, [PLACE]))
    after = store.change(lambda memory: with_templates(memory, FULL.templates.values()))
    for memory in (after, store.read()):
        assert [dict(section) for section in (memory.templates, memory.requests, memory.returns)] == [
            FULL.templates,
            FULL.requests,
            FULL.returns,
        ]
        assert dict(memory.machines) == FULL.machines


def test_a_record_changed_among_many_leaves_the_others_as_they_were(store: Store) -> None:
    many = {
        f"req-{n:08x}-00000000000000aa": replace(
            REQUEST, request=replace(REQUEST.request, request_id=f"req-{n:08x}-00000000000000aa")
        )
        for n in range(20)
    }
    store.change(lambda _memory: Memory(requests=many))
    seventh = replace(many["req-00000007-00000000000000aa"], stack="gone")
    store.change(lambda memory: with_request(memory, seventh))
    assert dict(store.read().requests) == {**many, seventh.request.request_id: seventh}


def test_an_edit_that_changes_nothing_writes_nothing(store: Store, tmp_path: Path) -> None:
    store.change(lambda _memory: FULL)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir() if "lock" not in path.name}
    store.change(lambda memory: memory)
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir() if "lock" not in path.name}
    assert after == before


def test_an_edit_that_fails_changes_nothing_and_frees_the_lock(store: Store) -> None:
    store.change(lambda _memory: FULL)
    with pytest.raises(ZeroDivisionError):
        store.change(lambda memory: with_request(memory, replace(REQUEST, chore_at=1 // 0)))
    assert dict(store.change(lambda memory: memory).requests) == FULL.requests


def test_questions_to_a_memory_read_only_what_they_need(store: Store) -> None:
    settled = replace(REQUEST, request=replace(REQUEST.request, request_id="req-2"), verdict="complete", chore_at=0)
    late = replace(REQUEST, request=replace(REQUEST.request, request_id="req-3"), chore_at=500)
    namesake = replace(PLACE, machine_id="i-9", launch_time=PLACE.launch_time + 1)
    records = (REQUEST, settled, late)
    memory = Memory(
        requests={record.request.request_id: record for record in records},
        machines={"i-9": namesake, "i-1": PLACE, "i-2": replace(PLACE, machine_id="i-2", name="other")},
    )
    store.change(lambda _memory: memory)
    for seen in (memory, store.read()):
        assert unsettled(seen) == (REQUEST, late)
        assert with_due_chores(seen, 100) == (REQUEST,)
        assert machines_named(seen, ["ip-10-0-0-1", "nobody"]) == {"ip-10-0-0-1": namesake}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_files_are_for_their_owner_alone_from_the_start(store: Store, tmp_path: Path) -> None:
    modes: set[int] = set()

    def look(memory: Memory) -> Memory:
        modes.update(path.stat().st_mode & 0o777 for path in tmp_path.iterdir())
        return with_request(memory, REQUEST)

    old = os.umask(0)
    try:
        store.change(look)
        store.change(lambda memory: with_return(memory, RETURN))
    finally:
        os.umask(old)
    modes.update(path.stat().st_mode & 0o777 for path in tmp_path.iterdir())
    assert modes == {0o600}


def test_eight_processes_at_once_lose_nothing(
    make: MakeStore, tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    code = (
        "for n in range(25):\n"
        "    mine = replace(REQUEST, request=replace(REQUEST.request, request_id=f'req-{sys.argv[2]}-{n}'))\n"
        "    store.change(lambda memory: with_request(memory, mine))\n"
    )
    processes += [in_another_process(make, code, tmp_path, number) for number in range(8)]
    assert [process.wait(timeout=120) for process in processes] == [0] * 8
    expected = {f"req-{process}-{n}" for process in range(8) for n in range(25)}
    assert set(make(tmp_path, 1.0).read().requests) == expected


def test_a_reader_sees_whole_memories_while_others_write(make: MakeStore, tmp_path: Path) -> None:
    store = make(tmp_path, 10.0)
    store.change(lambda _memory: FULL)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            store.change(lambda memory: with_request(memory, replace(REQUEST, message="x" * 5000)))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(200):
            assert set(store.read().requests) == set(FULL.requests)
    finally:
        stop.set()
        writer.join()


def test_a_killed_holder_of_the_lock_blocks_nobody(
    make: MakeStore, tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    make(tmp_path, 1.0).change(lambda _memory: FULL)
    code = "store.change(lambda memory: (print('held', flush=True), time.sleep(600)))\n"
    holder = in_another_process(make, code, tmp_path)
    processes.append(holder)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StorageError, match=rf"process {holder.pid} holds it for over 0\.05 s"):
        make(tmp_path, 0.05).change(lambda memory: memory)
    assert dict(make(tmp_path, 0.05).read().requests) == FULL.requests  # reading needs no lock
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert dict(make(tmp_path, 5.0).change(lambda memory: memory).requests) == FULL.requests


#: ends of a writer: a call of the JSON store, a statement of the SQLite store, that it does not survive
ENDS = [("json", "os.fsync"), ("json", "os.replace"), ("sqlite", "DELETE FROM machines"), ("sqlite", "COMMIT")]
DYING = {
    "json": "{} = lambda *_: os.kill(os.getpid(), 9)\n",
    "sqlite": (
        "from ohf_iac.store import sqlite_file\nconnected = sqlite_file._connected\n"
        "def traced(*arguments):\n    connection = connected(*arguments)\n"
        "    connection.set_trace_callback(lambda sql: sql.startswith('{}') and os.kill(os.getpid(), 9))\n"
        "    return connection\nsqlite_file._connected = traced\n"
    ),
}


@pytest.mark.parametrize(("kind", "moment"), ENDS)
def test_a_writer_killed_before_the_end_leaves_the_old_memory(
    kind: str, tmp_path: Path, processes: list[subprocess.Popen[str]], moment: str
) -> None:
    make = STORES[kind]
    make(tmp_path, 1.0).change(lambda _memory: FULL)
    code = f"{DYING[kind].format(moment)}store.change(lambda memory: type(memory)())\n"
    victim = in_another_process(make, code, tmp_path)
    processes.append(victim)
    assert victim.wait(timeout=60) == -signal.SIGKILL
    store = make(tmp_path, 5.0)
    assert dict(store.read().requests) == FULL.requests
    store.change(lambda memory: with_return(memory, replace(RETURN, return_id="ret-2")))
    assert set(store.read().returns) == {RETURN.return_id, "ret-2"}


def test_a_full_disk_is_told_and_leaves_the_old_memory(
    make: MakeStore, tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    make(tmp_path, 1.0).change(lambda _memory: FULL)
    code = (
        "import resource\nfrom ohf_iac.errors import StorageError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "try: store.change(lambda memory: with_request(memory, replace(REQUEST, message='x' * 100000)))\n"
        "except StorageError as error: print(error.message, '|', error.hint)\n"
    )
    process = in_another_process(make, code, tmp_path)
    processes.append(process)
    assert process.stdout
    told = process.stdout.read()
    assert "Cannot write" in told
    assert "disk is full" in told
    assert dict(make(tmp_path, 1.0).read().requests) == FULL.requests
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".new")] == []


def test_the_work_folder_is_made_when_it_is_missing(make: MakeStore, tmp_path: Path) -> None:
    store = make(tmp_path / "a" / "b", 1.0)
    store.change(lambda memory: with_request(memory, REQUEST))
    assert store.exists()


def test_a_work_folder_that_cannot_be_made_is_told(make: MakeStore, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = make(tmp_path / "file" / "work", 1.0)
    with pytest.raises(StorageError, match="Cannot make the work folder"):
        store.change(lambda memory: with_request(memory, REQUEST))


def test_the_memory_may_be_deleted_while_it_is_being_changed(make: MakeStore, tmp_path: Path) -> None:
    store = make(tmp_path, 5.0)
    store.change(lambda _memory: FULL)

    def delete_all(memory: Memory) -> Memory:
        for path in tmp_path.iterdir():
            path.unlink()
        return with_return(memory, replace(RETURN, return_id="ret-2"))

    store.change(delete_all)
    assert set(store.read().returns) == {RETURN.return_id, "ret-2"}
    assert dict(store.change(lambda memory: with_request(memory, REQUEST)).requests) == FULL.requests
