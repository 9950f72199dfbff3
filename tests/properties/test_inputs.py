"""Any document at all as an input: understood or refused in words, and in agreement with its schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ohf_iac import hostfactory as wire
from ohf_iac.errors import ValidationError
from ohf_iac.io_log import Call, call_in, line_of

PARSERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "requestMachines": wire.parse_request_machines,
    "getRequestStatus": wire.parse_request_status,
    "requestReturnMachines": wire.parse_return_machines,
    "getReturnRequests": wire.parse_return_requests,
}
SCHEMAS = {
    name: Draft202012Validator(json.loads((resources.files("ohf_iac.schemas") / f"{name}.input.json").read_text()))
    for name in PARSERS
}
WORDS = ("template", "templateId", "templateID", "machineCount", "requests", "requestId", "machines", "name")
TEXTS = ("", "grid", "3", "2.0", "0", "-1", "1e3", "i-0a1b", "req-6553f100-0123456789abcdef", "\ud800", "\x00")
NUMBERS = (0, 1, 2.0, 2.5, -1, 10**15, 10**15 - 1, 1e15, 1e300, 10**400)
scalars = st.none() | st.booleans() | st.sampled_from(NUMBERS) | st.sampled_from(TEXTS) | st.text(max_size=5)
keys = st.sampled_from((*WORDS, "machineId", "rc_account", "userData", "else"))
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=8
)
objects = st.dictionaries(keys, documents, max_size=4)


def understood(operation: str, document: dict[str, Any]) -> bool:
    try:
        PARSERS[operation](document)
    except ValidationError as refusal:
        return not 0 < len(refusal.message) < 300  # a refusal without words, or with too many, is none
    return True


@pytest.mark.parametrize("operation", PARSERS)
@given(document=objects)
@example(document={})
def test_the_hand_checks_and_the_schema_say_the_same(operation: str, document: dict[str, Any]) -> None:
    assert understood(operation, document) == SCHEMAS[operation].is_valid(document)


@given(text=st.binary(max_size=40) | objects.map(lambda one: json.dumps(one).encode()))
def test_any_bytes_are_a_document_or_refused(text: bytes) -> None:
    try:
        document = wire.parse_document(text)
    except ValidationError:
        return
    assert json.loads(wire.dump(document)) == document


@given(text=st.binary(max_size=40) | documents.map(lambda one: json.dumps(one).encode()))
def test_any_input_is_played_again_as_it_came(text: bytes) -> None:
    assume(b"userdata" not in text.lower())  # masked, in texts to their end
    line = json.dumps(line_of(Call(0.0, "requestMachines", text, 1, {"message": "no"}, 0.0)))
    again = call_in(line).document
    assert again is not None
    assert again == text or json.loads(again) == json.loads(text)
