"""Bounds of JSON from outside: what is just allowed is read, one more is refused in words that name the bound."""

from __future__ import annotations

import json

import pytest

from ohf_iac.bounded_json import DEEPEST, LONGEST_NUMBER, MOST_VALUES, OutOfBoundsError, parse_json

TOO_MANY = f"holds more than {MOST_VALUES} values"
TOO_DEEP = f"is nested more than {DEEPEST} deep"
TOO_LONG = f"holds a number of more than {LONGEST_NUMBER} characters"


def nested(levels: int, inmost: str = "") -> str:
    return "[" * levels + inmost + "]" * levels


def listed(values: int) -> str:
    """A document that counts as so many values: one array, and commas."""
    return "[" + ",".join("0" * values) + "]"


@pytest.mark.parametrize(
    "text",
    [
        nested(DEEPEST),
        nested(DEEPEST - 1, '{"a": 1}'),
        "[" + ",".join([nested(DEEPEST - 1)] * 100) + "]",
        listed(MOST_VALUES),
        "9" * LONGEST_NUMBER,
        "0." + "9" * (LONGEST_NUMBER - 2),
        "-1e-308",
        '"' + "x" * 10_000_000 + '"',
        '{"a": [1, 2.5, null, true, "\\ud800"]}',
    ],
    ids=["deepest", "an object inmost", "deep and wide", "most", "longest", "fraction", "small", "text", "usual"],
)
def test_what_is_within_bounds_is_read_as_json_reads_it(text: str) -> None:
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (nested(DEEPEST + 1), TOO_DEEP),
        (nested(DEEPEST, '{"a": 1}'), TOO_DEEP),
        ("[" * 60_000, TOO_DEEP),
        ('{"a":' * 100_000, TOO_DEEP),
        (f"[{nested(DEEPEST - 1)}, {nested(DEEPEST)}]", TOO_DEEP),
        (listed(MOST_VALUES + 1), TOO_MANY),
        ("[" + "{}," * MOST_VALUES, TOO_MANY),
        ("9" * (LONGEST_NUMBER + 1), TOO_LONG),
        ("1" * 1_000_000, TOO_LONG),
        ("1." + "0" * 1_000_000, TOO_LONG),
        ("1e" + "0" * 1_000_000, TOO_LONG),
    ],
    ids=[
        "deep",
        "an object",
        "unclosed",
        "objects",
        "one of two",
        "many",
        "objects unclosed",
        "long",
        "longer",
        "fraction",
        "exponent",
    ],
)
def test_what_is_beyond_bounds_is_told_by_its_bound(text: str, complaint: str) -> None:
    with pytest.raises(OutOfBoundsError, match=complaint):
        parse_json(text)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "[-Infinity]", "1e999", "-1e400", "", "{", "[1,]", "01"])
def test_what_is_no_json_is_not_called_large(text: str) -> None:
    with pytest.raises(ValueError, match=r"no number of JSON|line 1") as caught:
        parse_json(text)
    assert not isinstance(caught.value, OutOfBoundsError)
