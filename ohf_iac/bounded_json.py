"""JSON from outside, read within bounds: memory and time that it costs do not depend on who wrote it.

A parser turns a megabyte of brackets into forty of objects, a long number costs the square of its digits, and what
is nested deeply ends whoever walks it. So much more is allowed than any real document needs, and no more.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

#: bytes of a document: 16 times what 10,000 hosts by name and id take
LONGEST: Final = 16 * 1024 * 1024
#: objects, arrays and commas of a document: ten times what 10,000 hosts by name and id take
MOST_VALUES: Final = 300_000
#: objects and arrays inside each other: eight times what a catalogue takes
DEEPEST: Final = 64
#: characters of a number: enough for any double, written out
LONGEST_NUMBER: Final = 400


class OutOfBoundsError(ValueError):
    """A document is larger than is read; the message says what of it, as the end of a sentence about "it"."""


def parse_json(text: str) -> Any:
    """The value in a JSON text.

    OutOfBoundsError when it is beyond the bounds; json.JSONDecodeError, or another ValueError, when it is no JSON:
    NaN, Infinity and numbers that would become so are none.
    """
    containers = text.count("{") + text.count("[")
    check_values(containers + text.count(","))
    try:
        value = json.loads(text, parse_constant=_refused, parse_float=_real, parse_int=whole)
    except RecursionError:
        raise too_deep() from None
    if containers > DEEPEST and _deeper_than(DEEPEST, value):
        raise too_deep()
    return value


def check_values(count: int) -> None:
    """OutOfBoundsError for a document of more values than are read."""
    if count > MOST_VALUES:
        raise OutOfBoundsError(f"holds more than {MOST_VALUES} values")


def too_deep() -> OutOfBoundsError:
    """What is wrong with a document that is nested too deeply."""
    return OutOfBoundsError(f"is nested more than {DEEPEST} deep")


def whole(digits: str) -> int:
    """A whole number; OutOfBoundsError when it is longer than numbers may be."""
    return int(_bounded(digits))


def _real(text: str) -> float:
    """A number as JSON has it; one that is too large would be echoed as `Infinity`, which is no JSON."""
    number = float(_bounded(text))
    return number if math.isfinite(number) else _refused(text)


def _bounded(number: str) -> str:
    if len(number) > LONGEST_NUMBER:
        raise OutOfBoundsError(f"holds a number of more than {LONGEST_NUMBER} characters")
    return number


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _deeper_than(levels: int, value: object) -> bool:
    """Whether containers lie more than so many deep in each other; without recursion, level by level."""
    level = [value]
    for _ in range(levels):
        inside = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list)))
        level = [one for members in inside for one in members if isinstance(one, (dict, list))]
        if not level:
            return False
    return True
