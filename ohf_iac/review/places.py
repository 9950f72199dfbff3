"""Where in a text each part of its document stands: what readers of JSON and YAML tell alike. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Step = str | int


@dataclass(slots=True)
class Spot:
    """A part of a document: where its key stands (of an item, or of the whole, the value), and the parts inside.

    Lines and columns count from 1; columns count characters.
    """

    line: int
    column: int
    inside: dict[Step, Spot] = field(default_factory=dict)

    def find(self, path: Iterable[Step]) -> Spot | None:
        """The part at the end of a path of keys and places from 0; None where there is none."""
        found: Spot | None = self
        for step in path:
            if found is None:
                return None
            found = found.inside.get(step)
        return found

    def nearest(self, path: Iterable[Step]) -> Spot:
        """The part at the end of a path, or the last on the way that there is."""
        found = self
        for step in path:
            if step not in found.inside:
                break
            found = found.inside[step]
        return found


class Lines:
    """Offsets in a text as lines and columns."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)

    def spot(self, offset: int) -> Spot:
        line = bisect_right(self._starts, offset)
        return Spot(line, offset - self._starts[line - 1] + 1)
