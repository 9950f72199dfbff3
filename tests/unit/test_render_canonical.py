"""The canonical form: what `jq -caS .` prints, or a refusal."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohf_iac.errors import ValidationError
from ohf_iac.render.canonical import canonical, digest, indented

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\x7f")
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(characters),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(characters), inner, max_size=4),
    max_leaves=20,
)


@given(documents)
def test_canonical_form_is_stable_and_says_the_same(document: Any) -> None:
    body = canonical(document)
    assert json.loads(body) == document
    assert canonical(json.loads(indented(body))) == body
    assert body.isascii()
    assert body.endswith("\n")
    assert body.count("\n") == 1


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
@settings(max_examples=25, deadline=None)
@given(st.lists(documents, min_size=10, max_size=30))
def test_canonical_form_is_what_jq_prints(many: list[Any]) -> None:
    text = "".join(indented(canonical(document)) for document in many)
    printed = subprocess.run(["jq", "-caS", "."], input=text.encode(), capture_output=True, check=True).stdout
    assert printed == "".join(canonical(document) for document in many).encode()


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"a": [1, 0.5]}, "a[1]"),
        ({"a": {"b": 2**53}}, "a.b"),
        ({"a": "\ud83d"}, "a"),
        ({"a": "\x7f"}, "a"),
        ({1: "a"}, "its top"),
        ({"a": b"bytes"}, "a"),
        (float("nan"), "its top"),
    ],
)
def test_what_writers_write_differently_is_refused_with_its_place(document: Any, place: str) -> None:
    with pytest.raises(ValidationError, match="write the body, at ") as error:
        canonical(document)
    assert error.value.message.startswith(f"write the body, at {place}: ")


def test_digest_is_the_hash_of_the_bytes() -> None:
    assert digest("{}\n") == "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"
