"""What a service shows of a resource, cut to what its template writes, so that both can be compared. Pure."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final


class _Absent(Enum):
    """No value."""

    ABSENT = "absent"


_ABSENT: Final = _Absent.ABSENT
#: ends of properties whose values are words of a service
_CHOICES: Final = ("Strategy", "Behavior", "Policy")


def beside(expected: Any, shown: Any) -> Any:
    """The value beside an expected one: of an object the same keys, equal texts in the expected one's type.

    Services leave out what is false, zero or empty, show more than was asked for, in an order of their own, and
    write numbers and strategies their own way (`capacity-optimized`, `capacityOptimized`): none is a difference.
    Tags are known by their keys, and further ones are none of the template's.
    """
    found = _beside(expected, shown)
    return None if found is _ABSENT else found


def _beside(expected: Any, shown: Any) -> Any:
    if shown is None or shown is _ABSENT:
        return expected if expected in (False, 0, "0", "", "false", [], {}) else _ABSENT
    if isinstance(expected, dict) and isinstance(shown, dict):
        inner = {key: _member(key, value, shown.get(key)) for key, value in expected.items()}
        return {key: value for key, value in inner.items() if value is not _ABSENT}
    if isinstance(expected, list) and isinstance(shown, list):
        return _list_beside(expected, shown)
    return expected if _same(_text(expected), _text(shown)) else shown


def _member(key: str, expected: Any, shown: Any) -> Any:
    if key.endswith(_CHOICES) and isinstance(shown, str) and _squeezed(str(expected)) == _squeezed(shown):
        return expected
    return _beside(expected, shown)


def _squeezed(choice: str) -> str:
    return choice.replace("-", "").lower()


def _list_beside(expected: list[Any], shown: list[Any]) -> list[Any]:
    key = next((one for one in ("Key", "ResourceType") if expected and _have(expected, one)), "")
    if key:
        named = {one.get(key): one for one in shown if isinstance(one, dict)}
        found = [_beside(one, named.get(one[key])) for one in expected]
        return [one for one in found if one is not _ABSENT]
    left = list(shown)
    found = [_taken(one, left) for one in expected]
    for place, one in enumerate(expected):
        if found[place] is _ABSENT and left:
            found[place] = _beside(one, left.pop(0))
    return [one for one in found if one is not _ABSENT] + left


def _taken(expected: Any, left: list[Any]) -> Any:
    """The expected member, where one of those left is it: that one is taken away."""
    for one in left:
        if _beside(expected, one) == expected:
            left.remove(one)
            return expected
    return _ABSENT


def _have(members: list[Any], key: str) -> bool:
    return all(isinstance(one, dict) and key in one for one in members)


def _same(one: str, other: str) -> bool:
    try:
        return one == other or Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, sort_keys=True, default=str) if isinstance(value, (dict, list)) else str(value)
