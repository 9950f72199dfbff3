"""YAML from outside: its constructs beyond JSON and its bombs are refused in words, in bounded time and memory."""

from __future__ import annotations

import pytest

from ohf_iac.bounded_json import DEEPEST, LONGEST_NUMBER, OutOfBoundsError
from ohf_iac.config.yaml_text import LONGEST_YAML, MOST_YAML_VALUES, YamlTextError, parse_yaml

TOO_MANY = f"holds more than {MOST_YAML_VALUES} values"
TOO_DEEP = f"is nested more than {DEEPEST} deep"
TOO_LONG = f"holds a number of more than {LONGEST_NUMBER} characters"


def laughs(kind: str) -> str:
    """A text of a thousand characters that stands for 10^12 values."""
    form = {"list": "[{}]", "map": "{{{}}}", "merge": "{{<<: [{}]}}"}[kind]
    lines = ["l0: &l0 {a: x, b: x}"]
    for level in range(1, 13):
        parts = [f"k{one}: *l{level - 1}" if kind == "map" else f"*l{level - 1}" for one in range(10)]
        lines.append(f"l{level}: &l{level} {form.format(', '.join(parts))}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("kind", ["list", "map"])
def test_billion_laughs_are_too_many_values(kind: str) -> None:
    with pytest.raises(OutOfBoundsError, match=TOO_MANY):
        parse_yaml(laughs(kind))


def test_laughs_that_are_merged_are_one_laugh() -> None:
    found = parse_yaml(laughs("merge"))
    assert isinstance(found, dict)
    assert found["l12"] == {"a": "x", "b": "x"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), TOO_DEEP),
        ("[" * 200_000, TOO_DEEP),
        ("{a: " * 50_000, TOO_DEEP),
        ("- " * 5000 + "a", TOO_DEEP),
        ("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 30 + "*a" + "]" * 30, TOO_DEEP),
        ("[" + "a," * MOST_YAML_VALUES + "]", TOO_MANY),
        ("a: " + "1" * (LONGEST_NUMBER + 1), TOO_LONG),
        ("a: " + "1" * 100_000, TOO_LONG),
        ("a: 0." + "1" * 100_000, TOO_LONG),
        ("# " + "x" * LONGEST_YAML, f"is longer than {LONGEST_YAML} characters in YAML"),
    ],
    ids=["deeper", "unclosed", "maps", "blocks", "by an alias", "wide", "long", "longer", "real", "text"],
)
def test_what_is_beyond_bounds_is_told_by_its_bound(text: str, complaint: str) -> None:
    with pytest.raises(OutOfBoundsError, match=complaint):
        parse_yaml(text)


def test_what_is_within_bounds_is_read() -> None:
    assert parse_yaml("[" * DEEPEST + "]" * DEEPEST) is not None
    assert parse_yaml("a: '" + "x" * (LONGEST_YAML - 10) + "'") == {"a": "x" * (LONGEST_YAML - 10)}
    wide = parse_yaml("[" + "a, " * 10_000 + "]")
    assert isinstance(wide, list)
    assert len(wide) == 10_000


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: !!python/object/apply:os.system [ls]", r"tag .*python/object/apply:os\.system.* at line 1, column 4"),
        ("!!python/name:os.system x", "tag"),
        ("a: !mine b", r"the tag !mine .* at line 1, column 4"),
        ("a: !!bool maybe", "!!bool"),
        ("a: !!bool yes", "!!bool"),
        ("a: !!timestamp x", "!!timestamp"),
        ("a: !!float ''", "!!float"),
        ("a: !!float 1:30", "!!float"),
        ("a: !!float .inf", "!!float"),
        ("a: !!int 1_000", "!!int"),
        ("a: !!int 0x10", "!!int"),
        ("a: !!null b", "!!null"),
        ("a: !!omap [b: 1]", "!!omap"),
        ("a: !!seq {b: 1}", "!!seq"),
        ("a: !!map b", "!!map"),
        ("a: !!str [b]", "!!str"),
        ('a: "\\UFFFFFFFF"', "no such character|cannot be read"),
        ('a: "\\U00110000"', "no such character|cannot be read"),
        ("%YAML " + "1" * 5000 + ".1\n---\na", "cannot be read"),
        ("[a]: 1", r"a key must be a text at line 1, column 1"),
        ("? {a: 1}\n: b", "a key must be a text"),
        ("1: a\n01: b", r'the key "1" stands twice at line 2, column 1'),
        ("true: 1\n'true': 2", 'the key "true" stands twice'),
        ("<<: 1", r"<< takes objects alone at line 1, column 5"),
        ("<<: [1]", "<< takes objects alone"),
        ("<<: {a: 1}\n<<: {b: 1}", 'the key "<<" stands twice'),
        ("a: &x [*x]", r"\*x stands for nothing .*at line 1, column 8"),
        ("*x : 1", r"\*x stands for nothing"),
        ("--- 1\n--- 2\n", "another document"),
        ("a: 1e999", "1e999"),
        ("\ta: 1", r"line 1, column 1"),
        ("a: \x00", "#x0000"),
    ],
)
def test_what_json_has_not_is_told_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(YamlTextError, match=complaint):
        parse_yaml(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing\n", None),
        ("a: !!str 12", {"a": "12"}),
        ("a: ! 12", {"a": "12"}),
        ("a: !!int '12'", {"a": 12}),
        ("a: !!float 3", {"a": 3.0}),
        ("a: !!null ''", {"a": None}),
        ("!!map {a: !!seq [+7, -.5]}", {"a": [7, -0.5]}),
        ("~: a\n1: b\n1.50: c\ntrue: d", {"null": "a", "1": "b", "1.5": "c", "true": "d"}),
        ('"<<": {a: 1}', {"<<": {"a": 1}}),
        (
            "a: &a {x: 1, y: 2}\nb: {<<: [*a, {x: 3, z: 4}], y: 5}",
            {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 5, "z": 4}},
        ),
        ("&k a: 1\nb: *k", {"a": 1, "b": "a"}),
        ('a: "\\ud83d\\ude00"', {"a": "\U0001f600"}),
        ("a: 'ü'", {"a": "ü"}),
        ("\ufeffa: b", {"a": "b"}),
    ],
)
def test_what_json_has_is_read(text: str, value: object) -> None:
    assert parse_yaml(text) == value


def test_shared_parts_are_parts_of_their_own() -> None:
    found = parse_yaml("a: &a {tags: [x]}\nb: *a\nc: {<<: *a}\n")
    assert isinstance(found, dict)
    found["a"]["tags"].append("y")
    assert (found["b"], found["c"]) == ({"tags": ["x"]}, {"tags": ["x"]})
