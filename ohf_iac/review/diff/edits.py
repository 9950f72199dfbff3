"""Which leaves of two bodies differ, and where lists have their members in another order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from ohf_iac.review.diff.hidden import Hidden
from ohf_iac.review.diff.leaves import Item, Leaves, exact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.review.diff.leaves import Path


class _Absent(Enum):
    """No value, which null is not."""

    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
#: last step of the place at which the order of a list is compared
ORDER: Final = "(order)"


@dataclass(frozen=True, slots=True)
class Edit:
    """A leaf that differs; ABSENT on the side that has none."""

    path: Path
    before: object
    after: object

    @property
    def name(self) -> str:
        """The property that it is of: the last step that is no member of a list."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")

    @property
    def names(self) -> tuple[str, ...]:
        """The steps that are no members of lists."""
        return tuple(step for step in self.path if isinstance(step, str))


@dataclass(frozen=True, slots=True)
class Sides:
    """The leaves of both bodies."""

    before: Leaves
    after: Leaves


def edits_between(sides: Sides) -> tuple[Edit, ...]:
    """Every leaf that differs, in the order of their places; () exactly when the bodies are equal."""
    before, after = sides.before.values, sides.after.values
    found = [
        Edit(path, before.get(path, ABSENT), after.get(path, ABSENT))
        for path in {**before, **after}
        if not _same(before.get(path, ABSENT), after.get(path, ABSENT))
    ]
    return tuple(sorted([*found, *_orders(sides)], key=lambda edit: sortable(edit.path)))


def sortable(path: Path) -> tuple[tuple[bool, str], ...]:
    """A place by which places are sorted."""
    return tuple((isinstance(step, Item), step.key if isinstance(step, Item) else step) for step in path)


def _orders(sides: Sides) -> Iterator[Edit]:
    """Lists whose common members stand in another order."""
    for path, order in sides.before.orders.items():
        other = sides.after.orders.get(path, ())
        kept = [key for key in order if key in set(other)]
        now = [key for key in other if key in set(order)]
        if kept != now:
            yield Edit((*path, ORDER), kept, now)


def _same(one: object, other: object) -> bool:
    if one is ABSENT or other is ABSENT:
        return one is other
    if isinstance(one, Hidden) or isinstance(other, Hidden):
        return type(one) is type(other) and one == other
    return exact(one) == exact(other)
