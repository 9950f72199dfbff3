"""The I/O log's lines: written so that the very call can be played again, read back, secrets left out."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ohf_iac.io_log import Call, LineError, call_in, line_of

ANSWER = {"requestId": "req-6553f100-0123456789abcdef", "message": ""}


def call(document: bytes | None, answer: dict[str, Any] | None = None) -> Call:
    return Call(1_700_000_000.25, "requestMachines", document, 0, answer or ANSWER, 1.5)


def line(document: bytes | None, answer: dict[str, Any] | None = None) -> dict[str, Any]:
    """The line as it stands in the file, held against its schema."""
    written: dict[str, Any] = json.loads(json.dumps(line_of(call(document, answer))))
    Draft202012Validator(json.loads((resources.files("ohf_iac.schemas") / "io.json").read_text())).validate(written)
    return written


def test_a_line_tells_the_whole_call() -> None:
    assert line(b'{\n\t"template":\t{"machineCount":\t2}\n}') == {
        "schema": "ohf/io/v1",
        "at": "2023-11-14T22:13:20.250Z",
        "operation": "requestMachines",
        "input": {"template": {"machineCount": 2}},
        "exit": 0,
        "seconds": 1.5,
        "answer": ANSWER,
    }


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": "\xc3\xbc \xff"}',
        b'{"a": ' + b"[" * 3000 + b"]" * 3000 + b"}",
    ],
    ids=["empty", "broken", "utf-16", "byte order mark", "a key twice", "NaN", "no utf-8", "deep"],
)
def test_what_json_would_not_give_back_is_kept_byte_for_byte(document: bytes) -> None:
    written = line(document)
    assert "input" not in written
    assert call_in(json.dumps(written)).document == document


@pytest.mark.parametrize(
    "document", [{"requests": [{"requestId": "a\x00b\n\x1b[31m\ud800"}]}, {}, [1], "x", {"a": {"b": [None, 1.5]}}]
)
def test_json_comes_back_as_it_was(document: object) -> None:
    back = call_in(json.dumps(line(json.dumps(document).encode())))
    assert back.document is not None
    assert json.loads(back.document) == document
    assert (back.at, back.operation, back.exit, back.answer, back.seconds) == (
        1_700_000_000.25,
        "requestMachines",
        0,
        ANSWER,
        1.5,
    )


def test_nested_too_deep_for_masking_is_kept_as_text() -> None:
    document = b'{"a": ' + b"[" * 800 + b"]" * 800 + b"}"
    assert line(document)["text"].encode() == document


def test_an_input_that_was_not_read_is_neither_json_nor_text() -> None:
    assert not {"input", "text"} & set(line(None))
    assert call_in(json.dumps(line(None))).document is None


@pytest.mark.parametrize(
    "document",
    [
        {"userData": {"join": "hunter2"}},
        {"template": {"user_data": "join=hunter2"}},
        {"password": "hunter2"},
        {"machines": [{"name": "a", "session_token": "hunter2"}]},
        {"template": {"instanceTags": "db_password=hunter2;site=lab"}},
        {"note": "AWS_SECRET_ACCESS_KEY=hunter2"},
    ],
)
def test_secrets_are_masked_on_both_sides(document: dict[str, Any]) -> None:
    written = line(json.dumps(document).encode(), {**ANSWER, **document})
    assert "hunter2" not in json.dumps(written)
    assert "hunter2" not in json.dumps(line(json.dumps(document).encode() + b"}"))
    assert "****" in json.dumps(written["input"])
    assert "****" in json.dumps(written["answer"])


def test_empty_user_data_stays_what_it_is() -> None:
    assert line(b'{"userData": {}, "user_data": ""}')["input"] == {"userData": {}, "user_data": ""}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no line of an I/O log"),
        ('{"schema": "ohf/io/v1", "at": "2023', "no line of an I/O log"),
        ("[]", "no line of an I/O log"),
        ("{}", "no line of an I/O log: KeyError: 'schema'"),
        ('{"schema": "ohf/io/v2"}', "its schema is 'ohf/io/v2', not ohf/io/v1"),
        (json.dumps({**line_of(call(b"{}")), "at": "yesterday"}), "no line of an I/O log: ValueError"),
        (json.dumps({**line_of(call(b"{}")), "exit": "0"}), "of the wrong type"),
        (json.dumps({**line_of(call(b"{}")), "answer": []}), "of the wrong type"),
    ],
)
def test_what_is_no_line_is_refused(text: str, why: str) -> None:
    with pytest.raises(LineError, match=why):
        call_in(text)
