"""Files of the stores cut anywhere, any bit flipped: what is read is what was written, or nothing; work goes on."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ohf_iac.errors import StorageError
from ohf_iac.store.history import together
from ohf_iac.store.memory import (
    Memory,
    machines_named,
    unsettled,
    with_due_chores,
    with_machines,
    with_request,
)
from ohf_iac.store.protocol import Store
from tests.contract.test_store_contract import FULL, PLACE, REQUEST, STORES

OLD, YOUNG = 1_600_000_000, 1_700_000_000
IDS = [f"req-{OLD + number:08x}-{number:016x}" for number in range(12)]
NEW = replace(REQUEST, request=replace(REQUEST.request, request_id="req-00000009-00000000000000cc"))


def written() -> Memory:
    """A dozen requests, every second one open, every third one settled long ago, with their machines' places."""
    requests = {one: replace(REQUEST, request=replace(REQUEST.request, request_id=one)) for one in IDS}
    requests |= {
        one: replace(requests[one], stack="gone", verdict="complete", settled_at=OLD, chore_at=0)
        for one in IDS[::3]
    }
    machines = {f"i-{one}": replace(PLACE, machine_id=f"i-{one}", request_id=one) for one in IDS}
    return Memory(FULL.templates, requests, FULL.returns, machines)


@contextmanager
def folder_with(files: dict[str, bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        for file, content in files.items():
            (Path(name) / file).write_bytes(content)
        yield Path(name)


def files_of(kind: str, *, busy: bool) -> dict[str, bytes]:
    """The store's files with this memory, in the midst of a change or after it, without locks."""
    found: dict[str, bytes] = {}

    def look(memory: Memory) -> Memory:
        found.update({path.name: path.read_bytes() for path in Path(folder).iterdir() if path.suffix != ".lock"})
        return memory

    with tempfile.TemporaryDirectory() as folder:
        store = STORES[kind](Path(folder), 5.0)
        held = [store.change(lambda _memory: written()), store.read()]
        store.archive(YOUNG)
        if busy:  # a reader that goes on lets the log grow
            held.append(store.change(lambda memory: with_request(memory, NEW)))
        look(held[0])
    return found


FILES = {(kind, busy): files_of(kind, busy=busy) for kind in STORES for busy in (False, True)}


@dataclass(frozen=True, slots=True)
class Damage:
    """What happens to one of the files of a store: `where` and `bit` are taken modulo its length and eight."""

    kind: str
    busy: bool
    victim: int
    how: str
    where: int
    bit: int

    def files(self) -> dict[str, bytes]:
        files = FILES[self.kind, self.busy]
        name = sorted(files)[self.victim % len(files)]
        return {**files, name: self._done_to(files[name])}

    def _done_to(self, content: bytes) -> bytes:
        place = self.where % len(content)
        before, after = content[:place], content[place:]
        if self.how == "cut":
            return before
        if self.how == "flip":
            return before + bytes([after[0] ^ 1 << self.bit]) + after[1:]
        length = min(len(after), 1 << self.bit + 5)
        return before + bytes(length) + after[length:]


DAMAGES = st.builds(
    Damage,
    st.sampled_from(sorted(STORES)),
    st.booleans(),
    st.integers(0, 5),
    st.sampled_from(["cut", "flip", "zeros"]),
    st.integers(0, 1 << 17),
    st.integers(0, 7),
)


def seen(store: Store) -> Memory:
    """All that is told in one way or another."""
    memory = store.read()
    known = {one: memory.requests[one] for one in IDS if one in memory.requests}
    found = (*unsettled(memory), *with_due_chores(memory, 10**10), *memory.requests.values())
    known |= {one.request.request_id: one for one in found}
    places = {**dict(memory.machines.items()), **machines_named(memory, [PLACE.name])}
    told = Memory(requests=known, returns=dict(memory.returns), machines=dict(memory.machines.items()))
    assert all(place in written().machines.values() for place in places.values())
    return together(told, store.past(IDS))


@given(DAMAGES)
@example(Damage("sqlite", busy=False, victim=0, how="cut", where=24576, bit=0))  # an index, of rows that are whole
@example(Damage("sqlite", busy=False, victim=0, how="flip", where=3744, bit=7))  # a name in the schema
@example(Damage("sqlite", busy=False, victim=0, how="zeros", where=24577, bit=0))  # an index that finds nothing
@settings(max_examples=150, deadline=None)
def test_damage_is_never_believed_and_stops_nobody(damage: Damage) -> None:
    with folder_with(damage.files()) as folder:
        store = STORES[damage.kind](folder, 5.0)
        told, later = what_is_told(store)
        original = together(written(), Memory(requests={NEW.request.request_id: NEW}))
        assert told.requests.items() <= original.requests.items()
        assert told.returns.items() <= original.returns.items()
        assert told.machines.items() <= original.machines.items()
        if later:
            return
        store.change(lambda memory: with_machines(with_request(memory, NEW), [PLACE]))
        after = store.read()
        assert after.requests[NEW.request.request_id] == NEW
        assert after.machines["i-1"] == PLACE
        store.change(lambda memory: with_request(memory, replace(NEW, chore_at=1)))


def what_is_told(store: Store) -> tuple[Memory, bool]:
    """All that can be read, and whether the file was taken for a later version's, which is left alone."""
    try:
        return seen(store), False
    except StorageError as error:
        later = "later version" in error.hint
        if not later and not re.search(r"Cannot read .*-2020-09\.json: it is damaged", error.message):
            raise
        return Memory(), later


@pytest.mark.parametrize("kind", STORES)
def test_a_file_that_lost_all_its_bytes_is_set_aside(kind: str) -> None:
    name = f"grid-request_database.{kind}"
    with folder_with({name: b""}) as folder:
        memory = STORES[kind](folder, 5.0).read()
        assert memory.recovered_from.startswith(str(folder / f"{name}.corrupt-"))
