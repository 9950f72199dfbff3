"""A template's text read and checked as CloudFormation does before anything is created. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from ohf_iac.local.intrinsics import Scope, TemplateError, evaluate, holds, references

SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
    }
)
RESOURCE_KEYS = frozenset(
    {
        "Condition",
        "CreationPolicy",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        "Type",
        "UpdatePolicy",
        "UpdateReplacePolicy",
    }
)
MOST_RESOURCES = 500


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (!Ref, !GetAtt, !Sub …)."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type] # the third kind of node
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def read(text: str) -> Mapping[str, Any]:
    """The template, from JSON or YAML. Raises TemplateError for what is neither."""
    try:
        template = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)  # noqa: S506 - safe
    except json.JSONDecodeError as error:
        where = f"(line {error.lineno}, column {error.colno})"
        raise TemplateError(f"Template format error: JSON not well-formed. {where}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"(line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise TemplateError(f"Template format error: YAML not well-formed. {where}") from error
    if not isinstance(template, Mapping):
        raise TemplateError("Template format error: unsupported structure.")
    return template


def check(template: Mapping[str, Any], types: Collection[str]) -> None:
    """Raises TemplateError for what no parameters could mend: sections, resource types, names."""
    unknown = [key for key in template if key not in SECTIONS]
    if unknown:
        raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]")
    resources = template.get("Resources")
    if not isinstance(resources, Mapping) or not resources:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    if len(resources) > MOST_RESOURCES:
        raise TemplateError(
            f"Template format error: Number of resources, {len(resources)}, is greater than maximum allowed, "
            f"{MOST_RESOURCES}"
        )
    for name, definition in resources.items():
        _check_resource(name, definition)
    foreign = sorted({definition["Type"] for definition in resources.values()} - set(types))
    if foreign:
        raise TemplateError(f"Template format error: Unrecognized resource types: [{', '.join(foreign)}]")


def _check_resource(name: str, definition: Any) -> None:
    if not name.isalnum() or not name.isascii():
        raise TemplateError(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(definition, Mapping) or not isinstance(definition.get("Type"), str):
        raise TemplateError(
            f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        )
    for key in definition:
        if key not in RESOURCE_KEYS:
            raise TemplateError(f"Invalid template resource property '{key}'")


def live_resources(template: Mapping[str, Any], scope: Scope) -> dict[str, Mapping[str, Any]]:
    """The resources whose condition holds."""
    return {
        name: definition
        for name, definition in template["Resources"].items()
        if "Condition" not in definition or holds(definition["Condition"], scope)
    }


def live_outputs(template: Mapping[str, Any], scope: Scope) -> dict[str, Mapping[str, Any]]:
    """The outputs whose condition holds."""
    return {
        name: output
        for name, output in (template.get("Outputs") or {}).items()
        if "Condition" not in output or holds(output["Condition"], scope)
    }


def dependencies(template: Mapping[str, Any], scope: Scope) -> dict[str, frozenset[str]]:
    """For each live resource the live ones it needs. Raises TemplateError for unresolved names and circles."""
    live = live_resources(template, scope)
    known = {*live, *scope.parameters, *scope.pseudo, "AWS::NoValue"}
    needs: dict[str, frozenset[str]] = {}
    for name, definition in live.items():
        named = set(references(definition.get("Properties") or {}, scope))
        _resolved(named - known, "Resources")
        needs[name] = frozenset((named | _depends_on(definition, template)) & set(live)) - {name}
    for output in live_outputs(template, scope).values():
        _resolved(set(references(output.get("Value"), scope)) - known, "Outputs")
    _refuse_circles(needs)
    return needs


def _depends_on(definition: Mapping[str, Any], template: Mapping[str, Any]) -> set[str]:
    given = definition.get("DependsOn") or []
    named = {given} if isinstance(given, str) else set(given)
    _resolved(named - set(template["Resources"]), "Resources")
    return named


def _resolved(unknown: set[str], block: str) -> None:
    if unknown:
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{', '.join(sorted(unknown))}] in the "
            f"{block} block of the template"
        )


def _refuse_circles(needs: Mapping[str, frozenset[str]]) -> None:
    left = dict(needs)
    while left:
        free = [name for name, needed in left.items() if not needed & set(left)]
        if not free:
            raise TemplateError(f"Circular dependency between resources: [{', '.join(sorted(left))}]")
        for name in free:
            del left[name]


def outline(template: Mapping[str, Any], scope: Scope) -> dict[str, dict[str, Any]]:
    """What of the template an update compares: live resources and outputs, as `scope` evaluates them."""
    return {
        "Resources": {
            name: evaluate({key: item for key, item in definition.items() if key != "Condition"}, scope)
            for name, definition in live_resources(template, scope).items()
        },
        "Outputs": {
            name: evaluate(output.get("Value"), scope) for name, output in live_outputs(template, scope).items()
        },
    }
