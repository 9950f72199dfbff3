"""Positions in JSON and YAML: whatever the layout, a key is found where a reader sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ohf_iac.bounded_json import DEEPEST, MOST_VALUES, OutOfBoundsError
from ohf_iac.config.yaml_text import parse_yaml
from ohf_iac.review.json_places import json_places
from ohf_iac.review.places import Spot, Step
from ohf_iac.review.yaml_places import yaml_places

KEYS = st.text(st.sampled_from('ab "\\:{}[],é\U0001f600\n'), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | KEYS | st.just("a:b,c"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
BLANKS = st.sampled_from(["", " ", "\n", "\r\n", "\n\n  ", "\t"])


@st.composite
def laid_out(draw: st.DrawFn, value: Any = None) -> tuple[Any, str]:
    """A value and a JSON text of it, with blanks where JSON takes them."""
    value = draw(VALUES)

    def text(one: Any) -> str:
        between = draw(BLANKS)
        if isinstance(one, dict):
            members = [f"{between}{json.dumps(key)}{between}:{between}{text(part)}" for key, part in one.items()]
            return "{" + f"{between},".join(members) + between + "}"
        if isinstance(one, list):
            return "[" + f"{between},{between}".join(text(part) for part in one) + between + "]"
        return json.dumps(one, ensure_ascii=draw(st.booleans()))

    return value, draw(BLANKS) + text(value)


def paths(value: Any, path: tuple[Step, ...] = ()) -> list[tuple[tuple[Step, ...], Any]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(path, value), *(found for step, part in inside for found in paths(part, (*path, step)))]


def at(text: str, spot: Spot) -> str:
    return text.split("\n")[spot.line - 1][spot.column - 1 :] + "\n" + "\n".join(text.split("\n")[spot.line :])


@given(laid_out())
def test_every_part_of_a_json_text_is_found_where_it_stands(given: tuple[Any, str]) -> None:
    value, text = given
    whole = json_places(text)
    for path, part in paths(value):
        spot = whole.find(path)
        assert spot is not None, path
        expected = path[-1] if path and isinstance(path[-1], str) else part
        assert json.JSONDecoder().raw_decode(at(text, spot))[0] == expected


@given(st.dictionaries(st.text(st.sampled_from("abc"), min_size=1), VALUES, min_size=1, max_size=4))
def test_yaml_and_json_have_the_same_parts(value: dict[str, Any]) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    if parse_yaml(text) != value:
        return  # YAML 1.1 wrote what 1.2 reads otherwise
    ours = yaml_places(text)
    for path, _ in paths(value):
        spot = ours.find(path)
        assert spot is not None, (path, text)


def test_of_a_key_that_stands_twice_the_last_one_counts() -> None:
    text = '{"a": 1,\n "b": 2,\n "a": 3}'
    assert json.loads(text)["a"] == 3
    assert json_places(text).find(["a"]) == Spot(3, 2)


def test_a_key_is_meant_as_it_is_read_not_as_it_is_written() -> None:
    assert json_places('{\n"image\\u0049d": 1}').find(["imageId"]) == Spot(2, 1)


def test_the_nearest_part_stands_in_for_one_that_is_missing() -> None:
    whole = json_places('{"a": {\n"b": [1,\n2]}}')
    assert whole.find(["a", "c"]) is None
    assert whole.nearest(["a", "b", 1, "x"]) == Spot(3, 1)


@pytest.mark.parametrize(
    ("text", "what"),
    [("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested"), ("[" + "0," * MOST_VALUES + "0]", "values")],
)
def test_a_json_text_beyond_the_bounds_is_refused(text: str, what: str) -> None:
    with pytest.raises(OutOfBoundsError, match=what):
        json_places(text)


YAML = """\
# a comment
x-common: &common
  imageId: ami-1
  tags: &tags
    stage: demo
templates:
  - templateId: a
    <<: *common
    instanceTags: *tags
    note: |
      imageId: none
  - {templateId: b, imageId: ami-2,
     <<: [*common, {keyName: k}]}
  - "templateId": c
    ? imageId
    : ami-3
"""


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (["templates", 0, "templateId"], 7, 5),
        (["templates", 0, "imageId"], 3, 3),  # where it would have to be changed
        (["templates", 0, "instanceTags"], 9, 5),
        (["templates", 0, "instanceTags", "stage"], 5, 5),
        (["templates", 1, "imageId"], 12, 21),
        (["templates", 1, "keyName"], 13, 21),
        (["templates", 2, "templateId"], 14, 5),
        (["templates", 2, "imageId"], 15, 7),
    ],
)
def test_yaml_in_its_many_forms(path: list[Step], line: int, column: int) -> None:
    assert parse_yaml(YAML)
    spot = yaml_places(YAML).find(path)
    assert spot is not None
    assert (spot.line, spot.column) == (line, column)


def test_an_anchor_may_be_given_anew() -> None:
    text = "- &a {x: 1}\n- *a\n- &a {y: 2}\n- *a\n"
    assert parse_yaml(text) == [{"x": 1}, {"x": 1}, {"y": 2}, {"y": 2}]
    assert yaml_places(text).find([1, "x"]) == Spot(1, 7)
    assert yaml_places(text).find([3, "y"]) == Spot(3, 7)


def test_an_empty_document_has_a_place() -> None:
    assert yaml_places("# nothing\n") == Spot(1, 1)
