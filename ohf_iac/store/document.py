"""The database file's text: one JSON object, laid out in lines so that it need not be parsed whole.

    {"format": 1, "crc32": "9ae0daaf",
    "templates": {
    "grid": {"template_id": "grid", …}
    },
    "requests": {
    …
    }}

The checksum covers everything after the first line. Where it holds, the lines are as this program wrote them and
are read one by one when needed; where it does not, the file is parsed and checked whole: it may have been edited.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMAT: Final = 1
_SECTIONS: Final = ("templates", "requests", "returns", "machines")
_FROM_TEXT: Final[Mapping[str, Callable[[bytes], Any]]] = {
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
_BETWEEN: Final = b"\n},\n"


class CorruptError(ValueError):
    """The text is no database of ours, whole or in part."""


class NewerFormatError(ValueError):
    """The text was written by a later version; the message is its format."""


def dump(memory: Memory) -> bytes:
    """The text of a memory."""
    parts = [f'"{name}": {{\n'.encode() + _block(getattr(memory, name)) for name in _SECTIONS]
    body = _BETWEEN.join(parts) + b"\n}}\n"
    return _head(body) + body


def parse(text: bytes) -> Memory:
    """The memory in a text; raises CorruptError or NewerFormatError."""
    head, newline, body = text.partition(b"\n")
    if head + newline == _head(body):
        return _lazily(body)
    return _whole(text)


def _head(body: bytes) -> bytes:
    return b'{"format": %d, "crc32": "%08x",\n' % (FORMAT, zlib.crc32(body))


def _block(records: Mapping[str, Any]) -> bytes:
    if isinstance(records, LazyRecords):
        return records.block(encode)
    return b",\n".join(key_text(key) + encode(record) for key, record in records.items())


def _lazily(body: bytes) -> Memory:
    sections: dict[str, Any] = {}
    for part in body.removesuffix(b"\n}}\n").split(_BETWEEN):
        title, _, block = part.partition(b"\n")
        name = title.decode("ascii").removeprefix('"').removesuffix('": {')
        if name in _FROM_TEXT:
            sections[name] = LazyRecords(block, _FROM_TEXT[name])
    return Memory(**sections)


def _whole(text: bytes) -> Memory:
    declared = re.match(rb'\s*\{\s*"format"\s*:\s*(\d+)', text)
    if declared and int(declared[1]) > FORMAT:
        raise NewerFormatError(declared[1].decode())
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise CorruptError("no database of format 1")
        sections: dict[str, Any] = {name: _read_section(name, document.get(name, {})) for name in _SECTIONS}
    except (ValueError, RecursionError) as error:
        raise CorruptError(str(error)) from error
    return Memory(**sections)


def _read_section(name: str, content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise RecordError(f"{name} is no object")
    records = {key: _FROM_JSON[name](raw) for key, raw in content.items()}
    for record in records.values():
        check(record)
    return records
