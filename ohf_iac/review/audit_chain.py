"""Does the audit file still hold what was written? Each line has the hash of the one before it.

Pure. A chain tells of lines that were changed, put in, taken out or reordered. Whoever writes the whole file anew
is found as well where its last hash, the head, is kept in a place that they cannot change too.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.chained_file import line_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: lines before it, one of which a line that was written without the lock follows
_NEAR: Final = 64


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1, and what is to be said of it."""

    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain as it was found.

    `breaks` are the lines that do not follow the one before them, `notes` lines that a crash cut off, or that no
    hash stands in. `head` is the hash of the last line, `hashes` has all of them. `start` is what the first one
    follows: "" at the very beginning, else the last line of a file that was rotated away for good.
    """

    files: tuple[str, ...]
    lines: int
    start: str
    head: str
    breaks: tuple[Place, ...]
    notes: tuple[Place, ...]
    hashes: frozenset[str]


def chain_of(files: Iterable[tuple[str, bytes]]) -> Chain:
    """The chain through files, oldest first: pairs of name and content."""
    walk = _Walk()
    names = []
    for name, content in files:
        names.append(name)
        for number, line in enumerate(_lines(content), 1):
            walk.take(name, number, line)
    hashes, start = frozenset(walk.hashes), walk.start
    return Chain(tuple(names), walk.lines, start, walk.head, tuple(walk.breaks), tuple(walk.notes), hashes)


class _Walk:
    """Line by line through all files; what follows depends on what came before."""

    def __init__(self) -> None:
        self.lines = 0
        self.start = self.head = ""
        self.breaks: list[Place] = []
        self.notes: list[Place] = []
        self.hashes: set[str] = set()
        self._near: deque[str] = deque(maxlen=_NEAR)
        self._ends: frozenset[str] = frozenset()

    def take(self, file: str, number: int, line: bytes) -> None:
        told, problem = _told(line)
        prev, unlocked = told.get("prev"), told.get("unlocked") is True
        if problem or not isinstance(prev, str):
            self.notes.append(Place(file, number, problem or "it holds no hash of the line before it"))
        else:
            self._follow(file, number, prev, unlocked=unlocked)
        self.lines += 1
        self.head = line_hash(line)
        self.hashes.add(self.head)
        self._near.append(self.head)
        self._ends = (self._ends if unlocked else frozenset()) | {self.head}

    def _follow(self, file: str, number: int, prev: str, *, unlocked: bool) -> None:
        """Lines without the lock may have come between the moment at which a line looked back and its writing."""
        if not self.lines:
            self.start = prev
        elif prev not in (self._near if unlocked else self._ends):
            self.breaks.append(Place(file, number, "it does not follow the line before it"))


def _lines(content: bytes) -> Iterator[bytes]:
    """The lines as the writer sees them: at its end a file has no empty one."""
    parts = content.split(b"\n")
    return iter(parts[:-1] if parts[-1] == b"" else parts)


def _told(line: bytes) -> tuple[dict[str, Any], str]:
    """What a line says, and what is wrong with it."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}, "it is no JSON: a crash or a full disk cut it off, or somebody else wrote it"
    return (found, "") if isinstance(found, dict) else ({}, "it is no JSON object")
