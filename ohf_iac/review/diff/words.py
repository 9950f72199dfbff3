"""Changes as texts for people, on a screen or in a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.review.diff.leaves import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.review.diff.changes import Act, Change

SIGNS: Final[Mapping[Act, str]] = {"added": "+", "removed": "-", "changed": "~"}


def line_of(change: Change) -> str:
    """A change in one line: sign, place, value, and by which rules it broadens."""
    told = f"{SIGNS[change.act]} {change.places[0]}  {what(change)}"
    return f"{told}  {mark(change)}" if change.broadens else told


def mark(change: Change) -> str:
    """By which rules a change allows more than before; "" for one that does not."""
    return f"BROADENS {', '.join(change.broadens)}" if change.broadens else ""


def what(change: Change) -> str:
    """What a change makes of a value: `a -> b`, or the value that is new or gone; and where else the tag stands."""
    others = change.places[1:]
    return _value(change) + (f" (also {', '.join(others)})" if others else "")


def _value(change: Change) -> str:
    if change.act == "added":
        return shown(change.after)
    if change.act == "removed":
        return shown(change.before)
    before, after = shown(change.before), shown(change.after)
    if before == after:  # 1 and "1"
        return f"{_typed(change.before)} -> {_typed(change.after)}"
    return f"{before} -> {after}"


def shown(value: object) -> str:
    """A value in a line; parts of a part as `name=value`."""
    if isinstance(value, dict) and len(value) > 0 and not _function(value):
        return ", ".join(f"{name}={text_of(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(text_of(one) for one in value) or "[]"
    return text_of(value) or '""'


def _function(value: Mapping[str, object]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _typed(value: object) -> str:
    kind = {str: "text", bool: "truth", int: "number"}.get(type(value), "other")
    return f"{shown(value)} ({kind})"
