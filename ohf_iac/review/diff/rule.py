"""What rules ask about a changed leaf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ohf_iac.review.diff.edits import ABSENT
from ohf_iac.review.diff.leaves import Item

if TYPE_CHECKING:
    from collections.abc import Callable

    from ohf_iac.review.diff.edits import Edit, Sides
    from ohf_iac.review.diff.groups import Group
    from ohf_iac.review.diff.leaves import Leaves, Path


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to allow more: its name, what it means, and whether a changed leaf is a case of it.

    `group` is what such a change is about, where that is not what the property is about.
    """

    name: str
    meaning: str
    applies: Callable[[Edit, Sides], bool]
    group: Group | None = None


def gone_with_what_held_it(path: Path, sides: Sides) -> bool:
    """Whether a leaf is gone because its resource, parameter, override or one of several interfaces is.

    A resource of another type counts as gone: what stands there now is judged by itself.
    """
    if not has(sides.after, path[:2]):
        return path[0] != "Rules"  # which hold nothing, and keep out much
    kind = (*path[:2], "Type")
    if path[0] == "Resources" and sides.before.values.get(kind) != sides.after.values.get(kind):
        return True
    for place, step in enumerate(path):
        if not isinstance(step, Item) or has(sides.after, path[: place + 1]):
            continue
        holder = path[place - 1]
        if holder == "TagSpecifications" and step.key == "spot-instances-request":
            return True  # without a request nothing is to be tagged
        if holder == "Overrides" or (holder == "NetworkInterfaces" and has(sides.after, path[:place])):
            return True
    return False


def has(leaves: Leaves, path: Path) -> bool:
    """Whether anything stands at or below a place; an empty list is nothing."""
    return path in leaves.filled


def raised(edit: Edit, unset: int) -> bool:
    """Whether a number grew; what is no number may have."""
    before, after = _number(edit.before, unset), _number(edit.after, unset)
    return before is None or after is None or after > before


def lowered(edit: Edit) -> bool:
    """Whether a number shrank; what is no number may have."""
    before, after = _number(edit.before, 0), _number(edit.after, 0)
    return before is None or after is None or after < before


def _number(value: object, unset: int) -> float | None:
    if value is ABSENT:
        return unset
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None
