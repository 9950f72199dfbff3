"""A mapping of records that stay text until somebody looks.

A status call for one request must not pay for the ten thousand machines of ninety days, nor a write for records
that it does not touch: 1,000 requests with 10 machines each are 6 MB, 70 ms to parse and 3 ms to read.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Generic, Literal, TypeVar

Record = TypeVar("Record")

#: what is asked without reading all: requests without a verdict, those with a chore, machines by their names
Question = Literal["unsettled", "with chore", "named"]


class Unread(Mapping[str, Record], Generic[Record]):
    """A mapping of records that are read when they are needed; never changed in place."""

    __slots__ = ()

    @abstractmethod
    def where(self, question: Question, names: Collection[str] = ()) -> Iterator[Record]:
        """Records that may be meant, in any case all that are; `names` are those of "named"."""

    @abstractmethod
    def changed(self, put: Mapping[str, Record], drop: frozenset[str] = frozenset()) -> Unread[Record]:
        """The same records with some put in and some left out; this one stays as it is."""


class LazyRecords(Unread[Record], Generic[Record]):
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

    def where(self, question: Question, names: Collection[str] = ()) -> Iterator[Record]:
        """Records whose text may fit, the others unread; records that were put in are always among them."""
        may_fit = _test_of(question, names)
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


def _test_of(question: Question, names: Collection[str]) -> Callable[[bytes], bool]:
    """How a record's text answers a question.

    A text leaves out fields at their default, and no value can hold `"field": `: a quote inside a JSON text has a
    backslash before it.
    """
    if question == "unsettled":
        return lambda text: b'"verdict": ' not in text
    if question == "with chore":
        return lambda text: b'"chore_at": ' in text
    sought = frozenset(json.dumps(name)[1:-1].encode() for name in names)  # as the file has them
    return lambda text: text.partition(b'"name": "')[2].partition(b'"')[0] in sought


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
