"""A mapping of records that stay text until somebody looks.

A status call for one request must not pay for the ten thousand machines of ninety days, nor a write for records
that it does not touch: 1,000 requests with 10 machines each are 6 MB, 70 ms to parse and 3 ms to read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

Record = TypeVar("Record")


class LazyRecords(Mapping[str, Record], Generic[Record]):
    """Records by id out of lines `"id": {…}` with a comma between; `decode` makes a record of such a text."""

    __slots__ = ("_block", "_built", "_decode", "_items")

    def __init__(self, block: memoryview, decode: Callable[[bytes], Record]) -> None:
        self._block: memoryview | None = block  # the text of all of them; None once something was changed
        self._items: dict[str, bytes | Record] | None = None  # None: not looked at yet
        self._built: dict[str, Record] = {}
        self._decode = decode

    def __getitem__(self, key: str) -> Record:
        if key in self._built:
            return self._built[key]
        item = self._indexed()[key]
        if isinstance(item, bytes):
            item = self._built[key] = self._decode(item)
        return item

    def __iter__(self) -> Iterator[str]:
        return iter(self._indexed())

    def __len__(self) -> int:
        return len(self._indexed())

    def __contains__(self, key: object) -> bool:
        return key in self._indexed()

    def where(self, may_fit: Callable[[bytes], bool]) -> Iterator[Record]:
        """Records whose text may fit, the others unread; records that were put in are always among them.

        A text leaves out fields at their default, and no value can hold `"field": `: a quote inside a JSON text has
        a backslash before it.
        """
        for key, item in self._indexed().items():
            if not isinstance(item, bytes) or may_fit(item):
                yield self[key]

    def changed(self, put: Mapping[str, Record], drop: frozenset[str] = frozenset()) -> LazyRecords[Record]:
        """The same records with some put in and some left out; this one stays as it is."""
        new: LazyRecords[Record] = LazyRecords(memoryview(b""), self._decode)
        new._items = {key: item for key, item in self._indexed().items() if key not in drop}
        new._items.update(put)
        new._block = None
        return new

    def block(self, encode: Callable[[Record], bytes]) -> bytes | memoryview:
        """The lines of all records; those that nobody changed are copied, not encoded."""
        if self._block is not None:
            return self._block
        return b",\n".join(
            key_text(key) + (item if isinstance(item, bytes) else encode(item))
            for key, item in self._indexed().items()
        )

    def _indexed(self) -> dict[str, bytes | Record]:
        if self._items is None:
            self._items = dict(map(_split, bytes(self._block).split(b",\n"))) if self._block else {}
        return self._items


def key_text(key: str) -> bytes:
    """How a line of a record begins."""
    return json.dumps(key).encode() + b": "


def _split(line: bytes) -> tuple[str, bytes]:
    key, _, rest = line.partition(b'": {')
    if b"\\" in key:
        text = line.decode("ascii")
        name, end = json.JSONDecoder().raw_decode(text)
        return name, line[end + 2 :]
    return key[1:].decode("ascii"), b"{" + rest
