"""CloudFormation's intrinsic functions: a template's value with everything filled in. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
LITERAL = re.compile(r"\$\{!([^}]*)\}")
NO_VALUE = "AWS::NoValue"
CONDITION_FUNCTIONS = frozenset({"Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or", "Condition"})


class TemplateError(Exception):
    """What is wrong with the template, in CloudFormation's words."""


class _Absent:
    """What AWS::NoValue stands for: the property or list item is left out."""


ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean. `reference` and `attribute` answer for resources (Ref, Fn::GetAtt)."""

    parameters: Mapping[str, Any]
    pseudo: Mapping[str, Any]
    reference: Callable[[str], Any]
    attribute: Callable[[str, str], Any]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)


def evaluate(node: Any, scope: Scope) -> Any:
    """`node` with all functions carried out and what AWS::NoValue stands for left out. Raises TemplateError."""
    if isinstance(node, list):
        return [value for item in node if (value := evaluate(item, scope)) is not ABSENT]
    if not isinstance(node, Mapping):
        return node
    function = _function(node)
    if function is not None:
        return _FUNCTIONS[function](node[function], scope)
    return {key: value for key, item in node.items() if (value := evaluate(item, scope)) is not ABSENT}


def holds(name: str, scope: Scope) -> bool:
    """Whether the named condition is true. Raises TemplateError when there is none of that name."""
    if name not in scope.conditions:
        raise TemplateError(
            f"Template format error: Unresolved condition dependency {name} in the Conditions block of the template"
        )
    return _truth(scope.conditions[name], scope)


def references(node: Any, scope: Scope) -> Iterator[str]:
    """Every name that `node` refers to by Ref, Fn::GetAtt or Fn::Sub, in the branches taken under `scope`."""
    if isinstance(node, list):
        for item in node:
            yield from references(item, scope)
        return
    if not isinstance(node, Mapping):
        return
    function = _function(node)
    value = node[function] if function is not None else None
    if function == "Ref":
        yield str(value)
    elif function == "Fn::GetAtt":
        yield _attribute_path(value)[0]
    elif function == "Fn::Sub":
        yield from _sub_references(value, scope)
    elif function == "Fn::If":
        yield from references(_branch(value, scope), scope)
    else:
        for item in node.values():
            yield from references(item, scope)


def _function(node: Mapping[str, Any]) -> str | None:
    if len(node) != 1:
        return None
    name = next(iter(node))
    if name == "Condition":
        return None  # in a resource it is a property; in conditions, _truth reads it
    if name.startswith("Fn::") and name not in _FUNCTIONS:
        raise TemplateError(f"Template error: the function {name} is not known here")
    return name if name in _FUNCTIONS else None


def _sub_references(value: Any, scope: Scope) -> Iterator[str]:
    text, own = _sub_parts(value)
    yield from references(own, scope)
    for name in PLACEHOLDER.findall(text):
        if name not in own:
            yield name.split(".")[0]


def _sub_parts(value: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(value, str):
        return value, {}
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], Mapping):
        return value[0], value[1]
    raise TemplateError(
        "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. "
        "Specify a string as first argument, and an optional second argument to specify a mapping of values to "
        "replace in the string"
    )


def _attribute_path(value: Any) -> tuple[str, str]:
    parts = value.split(".", 1) if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise TemplateError(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
            "resource attribute"
        )
    return parts[0], parts[1]


def _branch(value: Any, scope: Scope) -> Any:
    if not isinstance(value, list) or len(value) != 3:
        raise TemplateError("Template error: Fn::If requires a list argument with three elements")
    return value[1] if holds(value[0], scope) else value[2]


def _ref(name: Any, scope: Scope) -> Any:
    if name == NO_VALUE:
        return ABSENT
    for known in (scope.pseudo, scope.parameters):
        if name in known:
            return known[name]
    return scope.reference(name)


def _sub(value: Any, scope: Scope) -> str:
    text, own = _sub_parts(value)

    def filled(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in own:
            return _text(evaluate(own[name], scope))
        if "." in name:
            return _text(scope.attribute(*name.split(".", 1)))
        return _text(_ref(name, scope))

    return LITERAL.sub(r"${\1}", PLACEHOLDER.sub(filled, text))


def _join(value: Any, scope: Scope) -> str:
    parts = evaluate(value[1], scope) if isinstance(value, list) and len(value) == 2 else None
    if not isinstance(parts, list):
        raise TemplateError(
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list "
            "of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be "
            "joined."
        )
    return _text(value[0]).join(_text(part) for part in parts)


def _select(value: Any, scope: Scope) -> Any:
    index, items = evaluate(value, scope)
    if not 0 <= int(index) < len(items):
        raise TemplateError("Template error: Fn::Select cannot select nonexistent value at index " + str(index))
    return items[int(index)]


def _split(value: Any, scope: Scope) -> list[str]:
    delimiter, text = evaluate(value, scope)
    return _text(text).split(delimiter)


def _find(value: Any, scope: Scope) -> Any:
    name, first, second = evaluate(value, scope)
    try:
        return scope.mappings[name][first][second]
    except KeyError:
        raise TemplateError(f"Template error: Unable to get mapping for {name}::{first}::{second}") from None


def _truth(node: Any, scope: Scope) -> bool:
    if not isinstance(node, Mapping) or len(node) != 1 or next(iter(node)) not in CONDITION_FUNCTIONS:
        raise TemplateError("Template format error: Every Conditions member must be a condition function.")
    function, value = next(iter(node.items()))
    if function == "Condition":
        return holds(value, scope)
    if function == "Fn::Equals":
        left, right = evaluate(value, scope)
        return bool(_comparable(left) == _comparable(right))
    truths = [_truth(item, scope) for item in value]
    if function == "Fn::Not":
        return not truths[0]
    return all(truths) if function == "Fn::And" else any(truths)


def _comparable(value: Any) -> Any:
    return value if isinstance(value, list) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return str(value)


_FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": lambda value, scope: scope.attribute(*_attribute_path(value)),
    "Fn::Sub": _sub,
    "Fn::Base64": lambda value, scope: base64.b64encode(_text(evaluate(value, scope)).encode()).decode(),
    "Fn::Join": _join,
    "Fn::If": lambda value, scope: evaluate(_branch(value, scope), scope),
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find,
}
