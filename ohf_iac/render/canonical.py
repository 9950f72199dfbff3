"""The one form of a body: what `jq -caS .` prints, so that anybody can check a digest without this tool."""

from __future__ import annotations

import hashlib
import json

from ohf_iac.errors import ValidationError

_LARGEST = 2**53  # beyond it JSON readers that use doubles disagree


def canonical(document: object) -> str:
    """`document` as JSON with sorted keys, compact, ASCII alone, one final newline.

    Raises ValidationError for what JSON writers write differently: floats, integers from 2^53, lone surrogates,
    the character DEL, keys that are no texts.
    """
    _check(document, "")
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False) + "\n"


def indented(body: str) -> str:
    """A canonical body as reviewers read it; `canonical` of it, or `jq -caS .`, gives the body back."""
    return json.dumps(json.loads(body), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def digest(body: str) -> str:
    """The SHA-256 of a canonical body, in hex."""
    return hashlib.sha256(body.encode("ascii")).hexdigest()


def _check(value: object, place: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, place)
            _check(item, f"{place}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _check(item, f"{place}[{number}]")
    elif isinstance(value, str):
        _check_text(value, place)
    elif isinstance(value, int):
        if not -_LARGEST < value < _LARGEST:
            raise _refusal(place, f"the number {value} is too large for JSON readers to agree about")
    elif value is not None:
        raise _refusal(place, f"a {type(value).__name__} has no one form in JSON")


def _check_text(value: object, place: str) -> None:
    if not isinstance(value, str):
        raise _refusal(place, f"the key {value!r} is no text")
    if any("\ud800" <= char <= "\udfff" or char == "\x7f" for char in value):
        raise _refusal(place, "a text holds half of a character or DEL, which JSON writers write differently")


def _refusal(place: str, cause: str) -> ValidationError:
    return ValidationError(f"write the body, at {place.removeprefix('.') or 'its top'}: {cause}", place=place)
