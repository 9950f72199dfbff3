"""JSON objects into frozen dataclasses, strictly: an unknown key or a wrong type is refused by its dotted name."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class DocumentRefused(ValueError):  # noqa: N818 - says what happened to the document; the base class says it is an error
    """The document does not fit; the message names the place and what was expected there."""


def camel(name: str) -> str:
    """`terminated_tags` as the documents spell it: `terminatedTags`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def build(kind: type[T], document: Any, at: str) -> T:
    """A `kind` (a dataclass) from a JSON object whose keys are the field names in camelCase; absent ones default.

    Raises DocumentRefused.
    """
    if not isinstance(document, Mapping):
        raise DocumentRefused(f"{at}: expected an object, found {document!r}")
    shape: Any = kind  # mypy holds type[T] to be unhashable
    known = _members(shape)
    for key in document:
        if key not in known:
            raise DocumentRefused(f"{_below(at, key)}: unknown; known here: {', '.join(known)}")
    return kind(**{known[key][0]: value_of(known[key][1], item, _below(at, key)) for key, item in document.items()})


@cache
def _members(kind: type[Any]) -> Mapping[str, tuple[str, Any]]:
    hints = get_type_hints(kind)
    return {camel(member.name): (member.name, hints[member.name]) for member in fields(kind)}


def value_of(hint: Any, value: Any, at: str) -> Any:
    """`value` checked against a type hint, with objects, lists and maps built up inside."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return None if value is None else value_of(next(a for a in inner if a is not type(None)), value, at)
    if origin is Literal:
        if value not in inner or type(value) is not type(inner[inner.index(value)]):
            raise DocumentRefused(f"{at}: expected one of {', '.join(map(repr, inner))}, found {value!r}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise DocumentRefused(f"{at}: expected a list, found {value!r}")
        return tuple(value_of(inner[0], item, f"{at}[{number}]") for number, item in enumerate(value))
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise DocumentRefused(f"{at}: expected an object, found {value!r}")
        return {key: value_of(inner[1], item, _below(at, key)) for key, item in value.items()}
    return _plain(hint, value, at)


def _plain(hint: Any, value: Any, at: str) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is float and number and value >= 0:
        return float(value)
    if hint is int and number and isinstance(value, int) and value >= 0:
        return value
    if (hint is str and isinstance(value, str)) or (hint is bool and isinstance(value, bool)):
        return value
    if hint in (float, int, str, bool):
        words = {
            float: "a number of at least 0",
            int: "a whole number of at least 0",
            str: "a text",
            bool: "true or false",
        }
        raise DocumentRefused(f"{at}: expected {words[hint]}, found {value!r}")
    return build(hint, value, at)


def _below(at: str, key: str) -> str:
    return f"{at}.{key}" if at else str(key)
