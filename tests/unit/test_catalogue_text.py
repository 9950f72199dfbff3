"""One more entry in a catalogue's text: nothing else moves, and what cannot be done safely is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohf_iac.config.catalogue_text import entry_text, with_entry
from ohf_iac.config.documents import parsed
from ohf_iac.config.folders import Found
from ohf_iac.errors import BusinessRuleError, ConfigurationError

ENTRY: dict[str, Any] = {
    "templateId": "new",
    "maxNumber": 0,
    "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "1"]},
    "instanceTags": {"team": "größe"},
    "requestValidity": "10:30",
}
OLD = """{
    "templates": [
        {"templateId": "a", "x": [1, {"y": "]"}]}
    ],
    "note": "templates ]"
}
"""
NEW = """{
    "templates": [
        {"templateId": "a", "x": [1, {"y": "]"}]},
      {
        "templateId": "new",
        "maxNumber": 0,
        "attributes": {
          "type": ["String", "X86_64"],
          "ncpus": ["Numeric", "1"]
        },
        "instanceTags": {"team": "größe"},
        "requestValidity": "10:30"
      }
    ],
    "note": "templates ]"
}
"""


def added(text: str, path: str = "/c.json") -> str:
    return with_entry(Found(path, text.encode()), ENTRY)


def test_an_entry_is_laid_out_for_reading() -> None:
    assert added(OLD) == NEW


@pytest.mark.parametrize(
    "text",
    [
        OLD,
        "[]",
        '[{"templateId": "a"}]',
        '{"templates":[]}',
        '{"templates": [\n]}',
        '{"note": ["]", "templates"], "templates": [{"templates": [[]]}], "more": [[1]]}',
        '\ufeff{"templates": [{"a": "\\"]}"}]}\r\n',
    ],
)
def test_json_of_any_layout_keeps_its_text(text: str) -> None:
    new = added(text)
    old = json.loads(text.removeprefix("\ufeff"))
    entries = old["templates"] if isinstance(old, dict) else old
    document = parsed(Found("/c.json", new.encode()))
    assert (document["templates"] if isinstance(document, dict) else document) == [*entries, ENTRY]
    kept = iter(new)
    assert all(one in kept for one in text if not one.isspace())  # in their order, and none is missing


YAML = "# by hand\ntemplates:\n  - templateId: a   # the sure one\n    maxNumber: 1\n\n  # the end\n"


def test_yaml_keeps_its_comments() -> None:
    new = added(YAML, "/c.yaml")
    assert new.startswith(YAML.rstrip("\n"))
    document = parsed(Found("/c.yaml", new.encode()))
    assert document == {"templates": [{"templateId": "a", "maxNumber": 1}, ENTRY]}


@pytest.mark.parametrize(
    "text", ["- templateId: a\n", "templates:\n- templateId: a", "x: 1\ntemplates:\n    -   a: 1\n"]
)
def test_yaml_of_any_indentation(text: str) -> None:
    document: Any = parsed(Found("/c.yaml", added(text, "/c.yaml").encode()))
    assert (document if isinstance(document, list) else document["templates"])[-1] == ENTRY


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/c.yaml", "templates: [{templateId: a}]\n"),
        ("/c.yaml", "templates:\n  - templateId: a\nother: 1\n"),
        ("/c.yaml", "templates: []\n"),
        ("/c.json", '{"templates": {"templateId": "a"}}'),
        ("/c.json", "{}"),
        ("/c.json", "3"),
        ("/c.json", '{"templates": [], "other": 1, "t": "templates"}{'),
    ],
)
def test_what_cannot_be_added_to_is_refused(path: str, text: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        added(text, path)
    assert path in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize("key", ["templateId", "templateID"])
def test_a_name_that_is_taken_is_refused(key: str) -> None:
    with pytest.raises(BusinessRuleError, match=r"add new to /c\.json"):
        added(json.dumps({"templates": [{key: "new"}]}))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from([None, 1, 4]),
)
def test_whatever_stands_around_survives(around: Any, indent: int | None) -> None:
    old = {"before": around, "templates": [{"templateId": "a", "more": around}], "after": around}
    new = parsed(Found("/c.json", added(json.dumps(old, indent=indent)).encode()))
    assert new == {**old, "templates": [*old["templates"], ENTRY]}


def test_an_entry_reads_the_same_in_both_formats() -> None:
    for path in ("/c.json", "/c.yaml"):
        assert parsed(Found(path, entry_text(path, ENTRY).encode())) == ENTRY
