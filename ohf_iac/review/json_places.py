"""A reader of JSON that keeps positions, for texts that were parsed before: it checks nothing that a parser checks.

One pass over the tokens without recursion; of a key that stands twice the last one counts, as for Python's parser.
"""

from __future__ import annotations

import json
import re
from typing import Final

from ohf_iac.bounded_json import DEEPEST, check_values, too_deep
from ohf_iac.review.places import Lines, Spot, Step

#: a text, a bracket, a mark between values, or the first character of any other value with what follows it
_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s"\[\]{},:]+', re.DOTALL)


Path = tuple[Step, ...]


def json_places(text: str) -> Spot:
    """The places of a text that is one valid JSON document; OutOfBoundsError beyond the bounds of `parse_json`."""
    return _Reader(text).document()


def repeated_keys(text: str) -> tuple[tuple[Path, Spot], ...]:
    """The keys that stand in an object where they stood before: the path of each, and where it stands again."""
    reader = _Reader(text)
    reader.document()
    return tuple(reader.repeated)


class _Reader:
    """The open containers, innermost last, and for each the key or the place that comes next."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.finditer(text)
        self._lines = Lines(text)
        self._whole = Spot(0, 0)
        self._open: list[Spot] = []
        self._next: list[int | str | None] = []  # place in a list; key of an object, None before it is known
        self._key_spot = self._whole  # where that key stands
        self._count = 0
        self.repeated: list[tuple[Path, Spot]] = []

    def document(self) -> Spot:
        for token in self._tokens:
            mark = token.group()
            if mark in "]}":
                self._open.pop()
                self._next.pop()
            elif mark == ",":
                self._follows()
            elif mark != ":":
                self._value_or_key(mark, token.start())
        return self._whole

    def _follows(self) -> None:
        place = self._next[-1]
        self._next[-1] = place + 1 if isinstance(place, int) else None

    def _value_or_key(self, mark: str, start: int) -> None:
        here = self._lines.spot(start)
        if self._next and self._next[-1] is None:
            self._key(json.loads(mark), here)
            return
        self._count += 1
        check_values(self._count)
        spot = self._put(here)
        if mark in "[{":
            if len(self._open) >= DEEPEST:
                raise too_deep()
            self._open.append(spot)
            self._next.append(0 if mark == "[" else None)

    def _key(self, key: str, here: Spot) -> None:
        self._next[-1], self._key_spot = key, here
        if key in self._open[-1].inside:
            path = tuple(step for step in self._next if step is not None)
            self.repeated.append((path, here))

    def _put(self, here: Spot) -> Spot:
        if not self._open:
            self._whole = here
            return here
        step = self._next[-1]
        spot = self._key_spot if isinstance(step, str) else here
        self._open[-1].inside["" if step is None else step] = spot
        return spot
