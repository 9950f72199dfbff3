"""A stack's parameters: declared in the template, given by the caller, checked in CloudFormation's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ohf_iac.local.intrinsics import TemplateError

SSM_VALUE = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
LONGEST = 4096  # bytes of a value
SCALARS = frozenset({"String", "Number", "AWS::SSM::Parameter::Name"})
Lookup = Callable[[str], str]


def given_values(
    declared: Mapping[str, Any], given: Sequence[Mapping[str, Any]], previous: Mapping[str, str]
) -> dict[str, str]:
    """The text of every declared parameter: given, `previous` where that is asked for, or the default.

    Raises TemplateError for unknown, missing and unfit ones.
    """
    named = {item["ParameterKey"]: item for item in given}
    unknown = [key for key in named if key not in declared]
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values: dict[str, str] = {}
    for key, rules in declared.items():
        value = _value(key, rules, named.get(key), previous)
        if value is not None:
            values[key] = value
    missing = [key for key in declared if key not in values]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    for key, value in values.items():
        _check(key, declared[key], value)
    return values


def _value(
    key: str, rules: Mapping[str, Any], given: Mapping[str, Any] | None, previous: Mapping[str, str]
) -> str | None:
    if given is not None and given.get("UsePreviousValue"):
        if key not in previous:
            raise TemplateError(
                f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter "
                "key not in the previous template"
            )
        return previous[key]
    if given is not None and "ParameterValue" in given:
        return str(given["ParameterValue"])
    default = rules.get("Default")
    return None if default is None else str(default)


def _check(key: str, rules: Mapping[str, Any], value: str) -> None:
    if len(value.encode()) > LONGEST:
        raise TemplateError(f"Parameter '{key}' must contain at most {LONGEST} characters")
    items = value.split(",") if _is_list(rules.get("Type", "String")) else [value]
    for item in items:
        _check_item(key, rules, item.strip() if len(items) > 1 else item)


def _check_item(key: str, rules: Mapping[str, Any], value: str) -> None:
    words = _misfit(rules, value)
    if words:
        described = rules.get("ConstraintDescription")
        raise TemplateError(
            f"Parameter '{key}' failed to satisfy constraint: {described}"
            if described
            else f"Parameter '{key}' must {words}"
        )


def _misfit(rules: Mapping[str, Any], value: str) -> str:
    """What the value must be and is not; empty when it fits."""
    if rules.get("Type") in ("Number", "List<Number>"):
        return _number_misfit(rules, value)
    if "MinLength" in rules and len(value) < int(rules["MinLength"]):
        return f"contain at least {rules['MinLength']} characters"
    if "MaxLength" in rules and len(value) > int(rules["MaxLength"]):
        return f"contain at most {rules['MaxLength']} characters"
    if "AllowedPattern" in rules and not re.fullmatch(str(rules["AllowedPattern"]), value):
        return f"match pattern {rules['AllowedPattern']}"
    return _choice_misfit(rules, value)


def _number_misfit(rules: Mapping[str, Any], value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return "be a number"
    if "MinValue" in rules and number < float(rules["MinValue"]):
        return f"be a number not less than {rules['MinValue']}"
    if "MaxValue" in rules and number > float(rules["MaxValue"]):
        return f"be a number not greater than {rules['MaxValue']}"
    return _choice_misfit(rules, value)


def _choice_misfit(rules: Mapping[str, Any], value: str) -> str:
    allowed = rules.get("AllowedValues")
    return "" if allowed is None or value in [str(item) for item in allowed] else "be one of AllowedValues"


def resolved_values(declared: Mapping[str, Any], values: Mapping[str, str], lookup: Lookup) -> dict[str, Any]:
    """What Ref answers for each parameter: texts and lists of texts; values kept in SSM come from `lookup`."""
    resolved: dict[str, Any] = {}
    for key, value in values.items():
        kind = str(declared[key].get("Type", "String"))
        kept = SSM_VALUE.fullmatch(kind)
        text = lookup(value) if kept else value
        inner = kept.group(1) if kept else kind
        resolved[key] = [part.strip() for part in text.split(",")] if _is_list(inner) else text
    return resolved


def _is_list(kind: str) -> bool:
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def check_declarations(declared: Mapping[str, Any]) -> None:
    """Raises TemplateError for a parameter without a type or of a type that CloudFormation does not have."""
    for key, rules in declared.items():
        kind = rules.get("Type") if isinstance(rules, Mapping) else None
        if not isinstance(kind, str):
            raise TemplateError("Template format error: Every Parameters object must contain a Type member.")
        inner = kind.removeprefix("List<").removesuffix(">") if kind.startswith("List<") else kind
        if inner not in SCALARS and inner != "CommaDelimitedList" and not inner.startswith("AWS::"):
            raise TemplateError(f"Template format error: Unrecognized parameter type: {kind}")
        if not key.isalnum() or not key.isascii():
            raise TemplateError(f"Template format error: Parameter name {key} is non alphanumeric.")
