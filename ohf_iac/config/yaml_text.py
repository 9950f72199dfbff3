"""YAML as YAML 1.2's core schema reads it, so that a catalogue means the same in YAML and in JSON.

PyYAML follows YAML 1.1, where `10:30` is the number 630, `on` is true and `2024-01-01` a date: a `requestValidity`
would change silently. Here plain scalars are null, true, false, integers, floats, else text.

Values are made from the parser's events and not by a loader of PyYAML, which makes objects of any kind, fails in
its own ways at what it cannot make, and lets a thousand characters of aliases stand for a terabyte.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from ohf_iac.bounded_json import DEEPEST, LONGEST_NUMBER, OutOfBoundsError, too_deep

if TYPE_CHECKING:
    from collections.abc import Iterator

#: characters of a document; the parser, itself in Python, takes seconds for so many
LONGEST_YAML: Final = 1024 * 1024
#: objects, arrays, keys and values of a document, aliases as often as they stand for them: 800 templates
MOST_YAML_VALUES: Final = 50_000

_STANDARD: Final = "tag:yaml.org,2002:"
_PLAIN: Final = (
    ("null", re.compile(r"~|null|Null|NULL|")),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE")),
    ("int", re.compile(r"[-+]?[0-9]+")),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")),
)
_MERGE: Final = "<<"


class YamlTextError(Exception):
    """The text is no YAML, or says what JSON cannot; the message ends with line and column where they are known."""


def parse_yaml(text: str) -> object:
    """The one document in a YAML text, as JSON would have it.

    Raises YamlTextError, and OutOfBoundsError for a document that is larger than is read.
    """
    if len(text) > LONGEST_YAML:
        raise OutOfBoundsError(f"is longer than {LONGEST_YAML} characters in YAML")
    try:
        return _Reader(yaml.parse(text, Loader=yaml.SafeLoader)).document()
    except yaml.MarkedYAMLError as error:
        raise YamlTextError(f"{error.problem or error.context}{_at(error.problem_mark)}") from error
    except yaml.YAMLError as error:
        raise YamlTextError(" ".join(str(error).split())) from error
    except OutOfBoundsError:
        raise
    except (ValueError, OverflowError) as error:  # PyYAML's scanner, at characters and versions that do not exist
        raise YamlTextError(f"it cannot be read: {error}") from error


class _Reader:
    """Events made into values: each is counted, and how deep it lies."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, Any] = {}
        self._count = 0

    def document(self) -> Any:
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events), 0)
        next(self._events)  # the document's end
        another = next(self._events)
        if not isinstance(another, yaml.StreamEndEvent):
            raise YamlTextError(f"it holds another document{_at(another.start_mark)}")
        return value

    def _value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise YamlTextError(
                    f"*{event.anchor} stands for nothing that ends before it{_at(event.start_mark)}"
                )
            return self._copy(self._anchors[event.anchor], depth)
        self._counted(depth, not isinstance(event, yaml.ScalarEvent))
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(event, depth + 1)
        else:
            value = self._object(event, depth + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _counted(self, depth: int, contains: bool) -> None:
        self._count += 1
        if self._count > MOST_YAML_VALUES:
            raise OutOfBoundsError(f"holds more than {MOST_YAML_VALUES} values")
        if contains and depth >= DEEPEST:
            raise too_deep()

    def _copy(self, value: Any, depth: int) -> Any:
        """What an alias stands for: a part of its own, which counts like one that is written out."""
        self._counted(depth, isinstance(value, (dict, list)))
        if isinstance(value, dict):
            return {key: self._copy(one, depth + 1) for key, one in value.items()}
        if isinstance(value, list):
            return [self._copy(one, depth + 1) for one in value]
        return value

    def _list(self, start: Any, depth: int) -> list[Any]:
        _check_tag(start, "seq")
        found = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._value(event, depth))
        return found

    def _object(self, start: Any, depth: int) -> dict[str, Any]:
        _check_tag(start, "map")
        found: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, depth)
            is_merge = key == _MERGE and isinstance(event, yaml.ScalarEvent) and event.implicit[0]
            if key in found or (is_merge and merged is not None):
                raise YamlTextError(f'the key "{key}" stands twice{_at(event.start_mark)}')
            value_event = next(self._events)
            value = self._value(value_event, depth)
            if is_merge:
                merged = _merged(value, value_event)
            else:
                found[key] = value
        return {**merged, **found} if merged else found

    def _key(self, event: Any, depth: int) -> str:
        """A key as JSON writes it: `1`, `true` and `null` are texts there."""
        key = self._value(event, depth)
        if isinstance(key, (dict, list)):
            raise YamlTextError(f"a key must be a text{_at(event.start_mark)}")
        return key if isinstance(key, str) else json.dumps(key)


def _merged(value: Any, event: Any) -> dict[str, Any]:
    """What `<<` brings along: of several objects an earlier one counts."""
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in parts):
        raise YamlTextError(f"<< takes objects alone{_at(event.start_mark)}")
    return {key: one for part in reversed(parts) for key, one in part.items()}


def _check_tag(event: Any, own: str) -> None:
    if event.tag not in (None, "!", _STANDARD + own):
        raise _refused_tag(event)


def _scalar(event: Any) -> Any:
    """A scalar by its tag, else by its look when it is plain, else as text."""
    tag = event.tag
    if tag in ("!", f"{_STANDARD}str") or (tag is None and not event.implicit[0]):
        return _text(event.value)
    for kind, pattern in _PLAIN:
        if tag in (None, _STANDARD + kind) and pattern.fullmatch(event.value):
            return _plain(kind, event)
        if tag == f"{_STANDARD}float" and kind == "int" and pattern.fullmatch(event.value):
            return _plain("float", event)
    if tag is None:
        return _text(event.value)
    raise _refused_tag(event)


def _plain(kind: str, event: Any) -> Any:
    written = event.value
    if kind == "null":
        return None
    if kind == "bool":
        return written[0] in "tT"
    if len(written) > LONGEST_NUMBER:
        raise OutOfBoundsError(f"holds a number of more than {LONGEST_NUMBER} characters")
    number = int(written) if kind == "int" else float(written)
    if not math.isfinite(number):
        raise YamlTextError(f"{written} is no number of JSON{_at(event.start_mark)}")
    return number


def _text(written: str) -> str:
    """A text with what YAML lets stand as two halves of one character put together, as JSON does."""
    if written.isascii():
        return written
    return written.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _refused_tag(event: Any) -> YamlTextError:
    tag = event.tag.replace(_STANDARD, "!!", 1)
    return YamlTextError(f"the tag {tag} cannot be taken there{_at(event.start_mark)}")


def _at(mark: Any) -> str:
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
