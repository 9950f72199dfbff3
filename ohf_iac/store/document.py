"""The database file's text: one JSON object, laid out in lines so that it need not be parsed whole.

    {"format": 1, "crc32": "9ae0daaf", "bytes": [61, 0, 0, 0],
    "templates": {
    "grid": {"template_id": "grid", …}
    },
    "requests": {
    …
    }}

The first line tells how long the records of each section are; the checksum covers these numbers and everything
after that line. Where it holds, the text is as this program wrote it, and records are read when they are needed;
where it does not, the text is damaged. A file without such a line was written by others, and is parsed and checked
whole.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from ohf_iac.store.lazy import LazyRecords, key_text
from ohf_iac.store.memory import Memory
from ohf_iac.store.records import (
    RecordError,
    check,
    decode_machine,
    decode_request,
    decode_return,
    decode_template,
    encode,
    machine_from,
    request_from,
    return_from,
    template_from,
)

FORMAT: Final = 1
#: what makes a document of the next format out of one of the format that is named
Upgrades = Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]
#: every format that was ever released has an entry, but for the present one
UPGRADES: Final[Upgrades] = {}
SECTIONS: Final = ("templates", "requests", "returns", "machines")
FROM_TEXT: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "templates": decode_template,
    "requests": decode_request,
    "returns": decode_return,
    "machines": decode_machine,
}
_FROM_JSON: Final[Mapping[str, Callable[[Any], Any]]] = {
    "templates": template_from,
    "requests": request_from,
    "returns": return_from,
    "machines": machine_from,
}
_HEAD: Final = re.compile(rb'\{"format": 1, "crc32": "([0-9a-f]{8})", "bytes": (\[\d+, \d+, \d+, \d+\]),\n')
_BETWEEN: Final = b"\n},\n"
_END: Final = b"\n}}\n"


class CorruptError(ValueError):
    """The text is no database of ours, whole or in part."""


class NewerFormatError(ValueError):
    """The text was written by a later version; the message is its format."""


def dump(memory: Memory) -> bytes:
    """The text of a memory."""
    blocks = [_block(getattr(memory, name)) for name in SECTIONS]
    sizes = str([len(block) for block in blocks]).encode()
    pieces: list[bytes | memoryview] = []
    for name, block in zip(SECTIONS, blocks, strict=True):
        pieces += [_title(name), block, _BETWEEN]
    body = b"".join([*pieces[:-1], _END])
    head = b'{"format": %d, "crc32": "%08x", "bytes": %s,\n' % (FORMAT, _checksum(sizes, body), sizes)
    return head + body


def parse(text: bytes, upgrades: Upgrades = UPGRADES) -> Memory:
    """The memory in a text, of an older format too; raises CorruptError or NewerFormatError."""
    head = _HEAD.match(text)
    if not head:
        return _whole(text, upgrades)
    body = memoryview(text)[head.end() :]
    if int(head[1], 16) != _checksum(head[2], body):
        raise CorruptError("it is not as it was written")
    return _lazily(body, json.loads(head[2]))


def _checksum(sizes: bytes, body: bytes | memoryview) -> int:
    return zlib.crc32(body, zlib.crc32(sizes))


def _title(name: str) -> bytes:
    return f'"{name}": {{\n'.encode()


def _block(records: Mapping[str, Any]) -> bytes | memoryview:
    if isinstance(records, LazyRecords):
        return records.block(encode)
    return b",\n".join(key_text(key) + encode(record) for key, record in records.items())


def _lazily(body: memoryview, sizes: list[int]) -> Memory:
    sections: dict[str, Any] = {}
    start = 0
    for name, size in zip(SECTIONS, sizes, strict=True):
        start += len(_title(name))
        sections[name] = LazyRecords(body[start : start + size], FROM_TEXT[name])
        start += size + len(_BETWEEN)
    return Memory(**sections)


def _whole(text: bytes, upgrades: Upgrades) -> Memory:
    declared = re.match(rb'\s*\{\s*"format"\s*:\s*(\d+)', text)
    if declared and int(declared[1]) > FORMAT:
        raise NewerFormatError(declared[1].decode())
    try:
        document = _upgraded(json.loads(text), upgrades)
        sections: dict[str, Any] = {name: _read_section(name, document.get(name, {})) for name in SECTIONS}
    except (ValueError, RecursionError) as error:
        raise CorruptError(str(error)) from error
    return Memory(**sections)


def _upgraded(document: Any, upgrades: Upgrades) -> dict[str, Any]:
    """A document of the present format."""
    if not isinstance(document, dict):
        raise CorruptError("no database")
    found: Any = document.get("format")
    while found in upgrades:
        document, found = upgrades[found](document), found + 1
    if found != FORMAT:
        raise CorruptError(f"no database of format {FORMAT}")
    return dict(document)


def _read_section(name: str, content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise RecordError(f"{name} is no object")
    records = {key: _FROM_JSON[name](raw) for key, raw in content.items()}
    for record in records.values():
        check(record)
    return records
