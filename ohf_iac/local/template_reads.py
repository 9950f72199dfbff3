"""GetTemplate, GetTemplateSummary and ValidateTemplate: templates as readers ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ohf_iac.local.intrinsics import TemplateError
from ohf_iac.local.refusals import Refused
from ohf_iac.local.stack_checks import body_of, invalid
from ohf_iac.local.stack_parameters import check_declarations
from ohf_iac.local.stack_record import Site
from ohf_iac.local.stack_search import readable_stack
from ohf_iac.local.template_body import check, read

Params = Mapping[str, Any]
Document = dict[str, Any]


def get_template(site: Site, params: Params) -> Document:
    """The body, byte for byte as it was sent; a change set's while it is named. Raises Refused."""
    stack = readable_stack(site, params.get("StackName") or "")
    version = stack.version
    name = params.get("ChangeSetName")
    if name:
        found = next((one for one in stack.change_sets.values() if name in (one.name, one.id)), None)
        if found is None:
            raise Refused("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")
        version = found.version
    return {"TemplateBody": version.body, "StagesAvailable": ["Original", "Processed"]}


def template_summary(site: Site, params: Params) -> Document:
    """What a template, or a stack's template, declares. Raises Refused."""
    name = params.get("StackName")
    template = _read(site, params) if name is None else readable_stack(site, name).version.template
    types = sorted({definition["Type"] for definition in template["Resources"].values()})
    return {
        "Parameters": [
            {
                **_declared(key, rules),
                "ParameterType": rules["Type"],
                "ParameterConstraints": {"AllowedValues": [str(value) for value in rules.get("AllowedValues", ())]},
            }
            for key, rules in (template.get("Parameters") or {}).items()
        ],
        "Description": template.get("Description"),
        "ResourceTypes": types,
        "Version": template.get("AWSTemplateFormatVersion"),
    }


def validate_template(site: Site, params: Params) -> Document:
    """The parameters of a template whose form is sound. Raises Refused."""
    template = _read(site, params)
    declared = template.get("Parameters") or {}
    return {
        "Parameters": [_declared(key, rules) for key, rules in declared.items()],
        "Description": template.get("Description"),
    }


def _read(site: Site, params: Params) -> Mapping[str, Any]:
    try:
        template = read(body_of(site.region, params))
        check(template, site.types)
        check_declarations(template.get("Parameters") or {})
    except TemplateError as error:
        raise invalid(str(error)) from error
    return template


def _declared(key: str, rules: Mapping[str, Any]) -> Document:
    default = rules.get("Default")
    return {
        "ParameterKey": key,
        "DefaultValue": None if default is None else str(default),
        "NoEcho": str(rules.get("NoEcho", False)).lower() == "true",
        "Description": rules.get("Description"),
    }
