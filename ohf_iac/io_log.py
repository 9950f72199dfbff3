"""The I/O log's lines: what Host Factory asked and what it was told, complete enough to play a call again.

One JSON object per call (`schemas/io.json`): when it began on the provider's clock, how long it took, the input,
the exit code and the answer. An input that JSON would not give back as it came (no JSON, a byte order mark, a key
twice, NaN) is kept as `text`, byte for byte, bytes that are no UTF-8 as lone surrogates. Secrets are masked in
both; a text ends where user data begin, because nobody can tell where in it they end.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.log import masked, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA: Final = "ohf/io/v1"
_USER_DATA: Final = re.compile(r'("user_?data"\s*:).*', re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `at` in epoch seconds, `seconds` it took, `document` None when its input could not be read."""

    at: float
    operation: str
    document: bytes | None
    exit: int
    answer: Mapping[str, Any]
    seconds: float = 0.0


class LineError(ValueError):
    """A line is not one of an I/O log; the message says why."""


def line_of(call: Call) -> dict[str, object]:
    """The line that tells of a call."""
    try:
        return _line(call, _document(call.document))
    except RecursionError:  # nested as deep as no real input is
        return _line(call, _text(call.document))


def call_in(line: str) -> Call:
    """The call that a line tells of; LineError when it tells of none."""
    try:
        found = json.loads(line)
        if found["schema"] != SCHEMA:
            raise LineError(f"its schema is {found['schema']!r}, not {SCHEMA}")
        at = datetime.fromisoformat(found["at"]).timestamp()
        call = Call(at, found["operation"], _bytes(found), found["exit"], found["answer"], found["seconds"])
    except LineError:
        raise
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise LineError(f"it is no line of an I/O log: {type(error).__name__}: {error}") from error
    if not (isinstance(call.operation, str) and type(call.exit) is int and isinstance(call.answer, dict)):
        raise LineError("it is no line of an I/O log: operation, exit or answer is of the wrong type")
    return call


def _line(call: Call, given: Mapping[str, object]) -> dict[str, object]:
    head = {"schema": SCHEMA, "at": stamp(call.at), "operation": call.operation}
    tail = {"exit": call.exit, "seconds": round(call.seconds, 3), "answer": call.answer}
    return masked({**head, **given, **tail})


def _document(document: bytes | None) -> dict[str, object]:
    """The input as JSON has it, or its text where JSON would not give it back."""
    if document is None:
        return {}
    try:
        return {"input": json.loads(document.decode(), object_pairs_hook=_once, parse_constant=_refused)}
    except ValueError:
        return _text(document)


def _text(document: bytes | None) -> dict[str, object]:
    if document is None:
        return {}
    return {"text": _USER_DATA.sub(r'\1 "****"', document.decode("utf-8", "surrogateescape"))}


def _bytes(line: Mapping[str, Any]) -> bytes | None:
    if "text" in line:
        return str(line["text"]).encode("utf-8", "surrogateescape")
    return json.dumps(line["input"], indent="\t").encode() if "input" in line else None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refused(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
