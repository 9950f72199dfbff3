"""Edits of JSON texts that leave every other byte as it is: registration files hold the entries of others."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

_DECODER: Final = json.JSONDecoder()
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_LINE_INDENT: Final = re.compile(r"[ \t]*")
_DEFAULT_UNIT: Final = "  "


def parsed_text(text: str, name: str) -> dict[str, Any]:
    """The object that a text holds; `name` says in errors whose text it is.

    ValidationError when it holds none, or when an object repeats a key: readers disagree which of both counts.
    """
    try:
        document = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_unrepeated)
    except json.JSONDecodeError as error:
        raise ValidationError(
            f"read {name}: {error.msg} at line {error.lineno}, column {error.colno}",
            hint=f"mend the file; python3 -m json.tool {name} shows whether it is JSON",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"read {name}: {error}", hint="mend the file by hand") from error
    if not isinstance(document, dict):
        raise ValidationError(f"read {name}: it holds no JSON object", hint="mend the file by hand")
    return document


def appended(text: str, path: Path, value: object) -> str:
    """The text with `value` as the last element of the array at `path`."""
    return _added(text, path, "", value)


def with_member(text: str, path: Path, key: str, value: object) -> str:
    """The text with `key` as the last member of the object at `path`; it must not have that member yet."""
    return _added(text, path, json.dumps(key) + ": ", value)


def replaced(text: str, path: Path, value: object) -> str:
    """The text with `value` in the place of what stands at `path`."""
    start, end = _span(text, path)
    indent = _indent_of_line(text, start)
    new = _written(value, text, indent, _unit(indent, len(path)), flat="\n" not in text[start:end])
    return text[:start] + new + text[end:]


def _added(text: str, path: Path, head: str, value: object) -> str:
    start, end = _span(text, path)
    parts = list(_parts(text, start))
    if parts:
        _, begin, _ = parts[0]
        *_, last = parts[-1]
        lead = _BLANKS.match(text, start + 1)
        between = lead.group() if lead else ""
        indent = _indent_of_line(text, begin)
        new = head + _written(value, text, indent, _unit(indent, len(path) + 1), flat="\n" not in between)
        return f"{text[:last]},{between or ' '}{new}{text[last:]}"
    outer = _indent_of_line(text, start)
    unit = _unit(outer, len(path)) if outer else _DEFAULT_UNIT
    line = _line_end(text)
    new = head + _written(value, text, outer + unit, unit)
    return f"{text[: start + 1]}{line}{outer}{unit}{new}{line}{outer}{text[end - 1 :]}"


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has the key {json.dumps(twice)} twice")
    return found


def _span(text: str, path: Path) -> tuple[int, int]:
    """Where the value at `path` begins and ends."""
    start = _skipped(text, 1 if text.startswith("\ufeff") else 0)
    end = _DECODER.raw_decode(text, start)[1]
    for step in path:
        start, end = next((begin, stop) for name, begin, stop in _parts(text, start) if name == step)
    return start, end


def _parts(text: str, start: int) -> Iterator[tuple[str | int, int, int]]:
    """Key or index, begin and end of each part of the object or array that begins at `start`."""
    keyed = text[start] == "{"
    at, index = _skipped(text, start + 1), 0
    while text[at] not in "}]":
        name: str | int = index
        if keyed:
            name, at = _DECODER.raw_decode(text, at)
            at = _skipped(text, _skipped(text, at) + 1)
        end = _DECODER.raw_decode(text, at)[1]
        yield name, at, end
        at, index = _skipped(text, end), index + 1
        if text[at] == ",":
            at = _skipped(text, at + 1)


def _skipped(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at


def _indent_of_line(text: str, at: int) -> str:
    indent = _LINE_INDENT.match(text, text.rfind("\n", 0, at) + 1)
    return indent.group() if indent else ""


def _unit(indent: str, depth: int) -> str:
    """One step of indentation, told from what a line of that depth has."""
    return indent[: len(indent) // depth] if depth and len(indent) >= depth else _DEFAULT_UNIT


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _written(value: object, text: str, indent: str, unit: str, *, flat: bool = False) -> str:
    if flat:
        return json.dumps(value)
    return json.dumps(value, indent=unit).replace("\n", _line_end(text) + indent)
