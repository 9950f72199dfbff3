"""What is particular to the JSON file: damage, hand edits, later versions, and what reading costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ohf_iac.errors import StorageError
from ohf_iac.machine import Machine
from ohf_iac.request import MachineRecord, Request, RequestRecord
from ohf_iac.store.document import CorruptError, NewerFormatError, dump, parse
from ohf_iac.store.json_file import JsonStore, json_store
from ohf_iac.store.lazy import LazyRecords
from ohf_iac.store.memory import Memory, with_machines, with_request
from ohf_iac.store.records import fingerprint

RECORD = RequestRecord(
    Request("req-1", "grid", "ASG", 3, "owner", 1, 1801), machines=(Machine("i-1", "ip", "succeed", "running"),)
)
MEMORY = Memory(requests={"req-1": RECORD}, machines={"i-1": MachineRecord("i-1", "ip", "req-1")})


@pytest.fixture
def store(tmp_path: Path) -> JsonStore:
    return json_store(str(tmp_path / "db.json"), now=lambda: 1700000000.9)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _text: b"", id="empty"),
        pytest.param(lambda text: text[: len(text) // 2], id="cut in half"),
        pytest.param(lambda text: text[:-2], id="last bytes lost"),
        pytest.param(lambda text: b"\0" * len(text), id="zeros after a power cut"),
        pytest.param(lambda text: text.replace(b'"units": 3', b'"units": "'), id="a bit flipped"),
        pytest.param(lambda text: text.replace(b'"units": 3', b'"units": "3"'), id="text for a number"),
        pytest.param(lambda text: text.replace(b'"units": 3, ', b""), id="a field lost"),
        pytest.param(lambda _text: b"[1, 2]", id="another document"),
        pytest.param(lambda _text: b'{"requests": {}}', id="no format"),
        pytest.param(lambda _text: b'{"format": 1, "requests": []}', id="a section of another type"),
        pytest.param(lambda _text: b"[" * 100000, id="nested without end"),
    ],
)
def test_a_damaged_file_is_set_aside_by_name(store: JsonStore, damage: Callable[[bytes], bytes]) -> None:
    store.change(lambda _memory: MEMORY)
    path = Path(store.path)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    memory = store.read()
    aside = f"{store.path}.corrupt-1700000000"
    assert memory == Memory(recovered_from=aside)
    assert Path(aside).read_bytes() == damaged
    assert not store.exists()
    assert store.read().recovered_from == ""


def test_a_damaged_file_that_cannot_be_set_aside_is_told(store: JsonStore) -> None:
    Path(store.path).write_bytes(b"{")
    Path(f"{store.path}.corrupt-1700000000").mkdir()
    with pytest.raises(StorageError, match="Cannot set aside") as caught:
        store.read()
    assert caught.value.hint


def test_damage_is_found_by_a_change_too(store: JsonStore) -> None:
    Path(store.path).write_bytes(b"{")
    memory = store.change(lambda memory: with_request(memory, RECORD))
    assert memory.recovered_from.endswith(".corrupt-1700000000")
    assert dict(store.read().requests) == {"req-1": RECORD}


@pytest.mark.parametrize(
    "change",
    [
        ('"stack": "created"', '"stack": "creating"'),
        ('"verdict": "complete"', '"verdict": "partial"'),
        ('"machines": [{"machine_id": "i-1"', '"machines": [{"machine_id": 1'),
        ('"result": "succeed", ', ""),
    ],
)
def test_an_illegal_value_in_an_edited_file_is_damage(change: tuple[str, str]) -> None:
    memory = Memory(requests={"req-1": replace(RECORD, stack="created", verdict="complete")})
    text = json.dumps({**json.loads(dump(memory)), "crc32": None})
    assert change[0] in text
    assert parse(text.encode()).requests == memory.requests
    with pytest.raises(CorruptError):
        parse(text.replace(*change).encode())


def test_a_bit_flipped_inside_a_text_is_damage() -> None:
    text = dump(MEMORY)
    with pytest.raises(CorruptError):
        parse(text.replace(b'"owner": "owner"', b'"owner": "gwner"'))


@pytest.mark.parametrize("text", [b'{"format": 2, "whatever": {}}', b' {\n "format" : 12, cut off'])
def test_a_later_format_is_refused_and_left_alone(store: JsonStore, text: bytes) -> None:
    Path(store.path).write_bytes(text)
    with pytest.raises(NewerFormatError):
        parse(text)
    for attempt in (store.read, lambda: store.change(lambda memory: with_request(memory, RECORD))):
        with pytest.raises(StorageError, match=r"has format \d+, this version knows format 1") as caught:
            attempt()
        assert caught.value.hint
    assert Path(store.path).read_bytes() == text


def test_an_older_format_is_upgraded_when_it_is_read_and_written_anew(store: JsonStore) -> None:
    """As if format 0 had named the requests otherwise."""
    old = json.loads(dump(MEMORY))
    old = {"format": 0, "asked": old["requests"], "machines": old["machines"]}
    Path(store.path).write_text(json.dumps(old))
    upgrading = replace(store, upgrades={0: lambda document: {**document, "requests": document["asked"]}})
    assert upgrading.read().requests == MEMORY.requests
    assert json.loads(Path(store.path).read_text()) == old, "reading writes nothing"
    upgrading.change(lambda memory: with_machines(memory, [MachineRecord("i-2", "ip2", "req-1")]))
    assert json.loads(Path(store.path).read_text())["format"] == 1
    assert store.read().requests == MEMORY.requests
    assert set(store.read().machines) == {"i-1", "i-2"}


def test_a_format_that_nothing_upgrades_is_damage() -> None:
    with pytest.raises(CorruptError):
        parse(b'{"format": 0, "requests": {}}')


def test_the_file_is_one_json_object_with_the_documented_maps() -> None:
    document = json.loads(dump(MEMORY))
    assert document["format"] == 1
    assert set(document) == {"format", "crc32", "bytes", "templates", "requests", "returns", "machines"}
    assert document["requests"]["req-1"]["request"]["template_id"] == "grid"
    assert document["machines"] == {"i-1": {"machine_id": "i-1", "name": "ip", "request_id": "req-1"}}


def test_a_file_edited_by_hand_is_read(store: JsonStore) -> None:
    document = json.loads(dump(MEMORY))
    document["requests"]["req-1"]["message"] = "edited"
    Path(store.path).write_text(json.dumps(document, indent=2))
    assert store.read().requests == {"req-1": replace(RECORD, message="edited")}
    store.change(lambda memory: with_machines(memory, [MachineRecord("i-2", "ip2", "req-1")]))
    assert set(store.read().machines) == {"i-1", "i-2"}


def test_keys_of_a_later_version_of_format_1_are_ignored(store: JsonStore) -> None:
    document = json.loads(dump(MEMORY))
    document["requests"]["req-1"]["request"]["colour"] = "blue"
    document["plans"] = {"p": {}}
    Path(store.path).write_text(json.dumps(document))
    assert store.read().requests == MEMORY.requests


def test_reading_one_request_leaves_the_others_unread() -> None:
    many = {f"req-{n}": replace(RECORD, request=replace(RECORD.request, request_id=f"req-{n}")) for n in range(50)}
    memory = parse(dump(Memory(requests=many)))
    assert isinstance(memory.requests, LazyRecords)
    built: list[bytes] = []
    decode: Callable[[bytes], RequestRecord] = memory.requests._decode

    def noted(text: bytes) -> RequestRecord:
        built.append(text)
        return decode(text)

    memory.requests._decode = noted
    assert memory.requests["req-7"] == many["req-7"]
    assert memory.requests["req-7"] is memory.requests["req-7"]
    assert "req-8" in memory.requests
    assert len(memory.requests) == 50
    assert len(built) == 1


def test_an_untouched_section_is_written_as_it_was_read() -> None:
    text = dump(MEMORY)
    memory = parse(text)
    assert dump(memory) == text
    assert dump(parse(dump(with_request(memory, RECORD)))) == text


def test_a_file_that_may_not_be_read_is_told(store: JsonStore) -> None:
    Path(store.path).mkdir()
    with pytest.raises(StorageError, match="Cannot read"):
        store.read()


def test_fingerprints_tell_documents_apart_whatever_the_order_of_keys() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})
