"""Edits of JSON texts: what is not edited keeps every byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohf_iac.errors import ValidationError
from ohf_iac.installation.json_text import appended, parsed_text, replaced, with_member

TABS = '{\n\t"version": 2,\n\t"providers": [\n\t\t{"name": "a", "rank": 1.50},\n\t\t{ "name":"b" }\n\t],\n\t"z": 0}'
NEW = {"name": "ohf", "enabled": 1}

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)


def test_an_element_follows_the_others_in_their_indentation() -> None:
    added = '\t\t{ "name":"b" },\n\t\t{\n\t\t\t"name": "ohf",\n\t\t\t"enabled": 1\n\t\t}\n\t],'
    assert appended(TABS, ("providers",), NEW) == TABS.replace('\t\t{ "name":"b" }\n\t],', added)


def test_an_array_on_one_line_stays_on_one_line() -> None:
    text = '{"requestors": [{"name": "symA", "providers": ["aws"]}]}'
    path = ("requestors", 0, "providers")
    assert appended(text, path, "ohf") == '{"requestors": [{"name": "symA", "providers": ["aws", "ohf"]}]}'


def test_an_empty_array_takes_the_indentation_of_its_line() -> None:
    text = '{\r\n    "providers": [ ]\r\n}\r\n'
    added = appended(text, ("providers",), NEW)
    assert added == (
        '{\r\n    "providers": [\r\n        {\r\n            "name": "ohf",\r\n            "enabled": 1\r\n'
        "        }\r\n    ]\r\n}\r\n"
    )


def test_a_member_is_added_and_a_value_replaced() -> None:
    added = with_member(TABS, (), "list", [1])
    assert json.loads(added) == {**json.loads(TABS), "list": [1]}
    assert added.startswith(TABS[: TABS.index("0}")])
    other = replaced(TABS, ("providers", 1), NEW)
    assert json.loads(other)["providers"] == [{"name": "a", "rank": 1.5}, NEW]
    assert other[: TABS.index('{ "name":"b" }')] == TABS[: TABS.index('{ "name":"b" }')]
    assert other.endswith(TABS[TABS.index("\n\t],") :])


def test_a_value_on_one_line_is_replaced_on_one_line() -> None:
    assert replaced('{"a": [{"b": 1}, 2]}', ("a", 0), NEW) == '{"a": [{"name": "ohf", "enabled": 1}, 2]}'


def test_a_byte_order_mark_is_kept() -> None:
    text = '\ufeff{"providers": [1]}'
    assert appended(text, ("providers",), 2) == '\ufeff{"providers": [1, 2]}'
    assert parsed_text(text, "f") == {"providers": [1]}


@given(
    others=st.lists(values, max_size=4),
    more=st.dictionaries(st.text(max_size=4).filter(lambda key: key != "providers"), values, max_size=4),
    new=values,
    indent=st.sampled_from([None, 1, 2, 4, "\t"]),
)
def test_whatever_the_file_holds_only_the_new_element_is_added(
    others: list[object], more: dict[str, object], new: object, indent: int | str | None
) -> None:
    document = {**more, "providers": others}
    text = json.dumps(document, indent=indent)
    assert json.loads(appended(text, ("providers",), new)) == {**document, "providers": [*others, new]}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"providers": [', "line 1, column 16"),
        ("[]", "no JSON object"),
        ('{"providers": [], "providers": []}', '"providers" twice'),
        ('{"providers": [{"name": "a", "name": "b"}]}', '"name" twice'),
        ("[" * 100_000, "recursion"),
    ],
)
def test_what_cannot_be_read_for_sure_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValidationError) as refused:
        parsed_text(text, "hostProviders.json")
    assert "hostProviders.json" in refused.value.message
    assert complaint in refused.value.message
