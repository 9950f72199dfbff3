"""The changes between two bodies as a reviewer reads them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ohf_iac.review.diff.broadening import broadens
from ohf_iac.review.diff.edits import ABSENT, Edit, Sides, edits_between
from ohf_iac.review.diff.groups import GROUPS, group_of
from ohf_iac.review.diff.hidden import without_secrets
from ohf_iac.review.diff.leaves import Item, exact, leaves_of
from ohf_iac.review.diff.places import place_in, place_of
from ohf_iac.review.diff.told import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.review.diff.groups import Group
    from ohf_iac.review.diff.leaves import Path


Act = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: where (the same tag may stand in several places), and what it was and is.

    `before` and `after` are values of JSON that may be shown to anybody; None where `act` says that there is none.
    Of a part that is wholly new or gone they hold its leaves by their place in it. `broadens` names the rules
    (`broadening.RULES`) by which it allows more than before.
    """

    group: Group
    act: Act
    places: tuple[str, ...]
    before: Any
    after: Any
    broadens: tuple[str, ...] = ()


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """What differs between two bodies, by group; () exactly when they are equal. {} stands for no body at all."""
    sides = Sides(leaves_of(without_secrets(before)), leaves_of(without_secrets(after)))
    judged = [_judged(edit, sides) for edit in edits_between(sides)]
    found = _merged(_change(root, parts) for root, parts in _parts(judged, sides).items())
    return tuple(sorted(found, key=lambda one: (GROUPS.index(one.group), not one.broadens)))


@dataclass(frozen=True, slots=True)
class _Judged:
    edit: Edit
    group: Group
    rules: tuple[str, ...]


def _judged(edit: Edit, sides: Sides) -> _Judged:
    rules = broadens(edit, sides)
    group = next((rule.group for rule in rules if rule.group), None) or group_of(edit.names)
    return _Judged(edit, group, tuple(rule.name for rule in rules))


def _parts(judged: Iterable[_Judged], sides: Sides) -> dict[tuple[Path, Group, str], list[_Judged]]:
    """Leaves of a part that is wholly new or gone, together; what broadens or concerns security stays alone."""
    parts: dict[tuple[Path, Group, str], list[_Judged]] = {}
    for one in judged:
        alone = one.rules or (one.group == "security" and one.edit.path[0] == "Resources")
        root = one.edit.path if alone else _root(one.edit, sides)
        whole = len(root) == 2  # a resource or a parameter, of which each group is told by itself
        group = one.group if alone or whole else group_of(tuple(step for step in root if isinstance(step, str)))
        parts.setdefault((root, group, ",".join(one.rules)), []).append(one)
    return parts


def _root(edit: Edit, sides: Sides) -> Path:
    """The outermost part around a leaf that only one side has: a resource, a parameter, a member of a list."""
    if edit.before is not ABSENT and edit.after is not ABSENT:
        return edit.path
    other = sides.before if edit.before is ABSENT else sides.after
    for length in range(2, len(edit.path)):
        if edit.path[:length] not in other.filled:
            return edit.path[:length]
    return edit.path


def _change(key: tuple[Path, Group, str], parts: list[_Judged]) -> Change:
    root, group, _ = key
    first = parts[0]
    before = _values(root, {one.edit.path: one.edit.before for one in parts})
    after = _values(root, {one.edit.path: one.edit.after for one in parts})
    act: Act = "changed"
    if first.edit.before is ABSENT:
        act = "added"
    elif first.edit.after is ABSENT:
        act = "removed"
    return Change(group, act, (place_of(root),), before, after, first.rules)


def _values(root: Path, values: Mapping[Path, Any]) -> Any:
    """The value of a leaf, or of a part all its leaves; None where there is none."""
    kept = {path: value for path, value in values.items() if value is not ABSENT}
    if not kept:
        return None
    if len(kept) == 1 and place_of(next(iter(kept))) == place_of(root):
        ((path, value),) = kept.items()
        return told(value, _last(path))
    if all(path[:-1] == root and isinstance(path[-1], Item) for path in kept):
        return [told(value, "") for value in kept.values()]
    named = {place_in(root, path): told(value, _last(path)) for path, value in kept.items()}
    if len(named) == len(kept):
        return named
    return {
        exact(path): told(value, _last(path)) for path, value in kept.items()
    }  # two of them have one short name


def _merged(changes: Iterable[Change]) -> list[Change]:
    """The same change of the same tag in several places as one."""
    found: dict[tuple[str, ...], Change] = {}
    for one in changes:
        tag = one.places[0].rpartition(".Tags[")[2]
        key = (one.group, one.act, tag, exact(one.before), exact(one.after), *one.broadens)
        known = found.get(key)
        found[key] = replace(known, places=known.places + one.places) if known else one
    return list(found.values())


def _last(path: Path) -> str:
    """The name under which a value stands: of a tag its key."""
    step = path[-2] if path[-1] == "Value" and isinstance(path[-2], Item) else path[-1]
    return step.key if isinstance(step, Item) else step
