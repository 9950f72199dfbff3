"""`ohf templates`: what can be asked for, and whether the catalogue is sound. No AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ohf_cli.edge import FoundError
from ohf_cli.output import Output, output_option, show, show_table
from ohf_cli.provider import provider_options, provider_settings
from ohf_cli.table import Cell, Table, laid_out, row
from ohf_cli.templates_import_command import import_template
from ohf_cli.validation import catalogue_findings
from ohf_cli.words import plural, span
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.errors import BusinessRuleError, ResourceNotFoundError
from ohf_iac.exposure import RULE, exposures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_cli.table import Line
    from ohf_iac.exposure import Exposure
    from ohf_iac.template.catalogue import Catalogue
    from ohf_iac.template.host_template import HostTemplate


@click.group("templates")
def command() -> None:
    """Host templates: the catalogue that Host Factory is offered.

    \b
    Examples:
      ohf templates list
      ohf templates show asg-ondemand
      ohf templates validate --conf conf/providers/aws
      ohf templates import grid-worker --version 3
    """


command.add_command(import_template)


@command.command("list")
@provider_options
@output_option
def list_templates(output: Output) -> None:
    """List the templates in the order of the catalogue, which Host Factory takes for its preference.

    \b
    Examples:
      ohf templates list
      ohf templates list --output json | jq -r '.templates[].templateId'
    """
    catalogue = load_catalogue(provider_settings())
    rows = [
        row(
            one.template_id,
            one.kind,
            one.price_type,
            "unlimited" if one.max_number < 0 else str(one.max_number),
            span(one.validity),
            note=", ".join(_machine_types(one)),
        )
        for one in catalogue.templates
    ]
    rows += [
        row(one.template_id, Cell("refused", "bad"), "", "", "", note=f"{one.field}: {one.reason}")
        for one in catalogue.refused
    ]
    table = Table(("TEMPLATE", "KIND", "PRICE", "MAX", "VALID"), tuple(rows), "MACHINES")
    show_table(output, templates_document(catalogue), table, "the catalogue is empty")


@command.command("show")
@click.argument("template_id", metavar="TEMPLATE")
@provider_options
@output_option
def show_template(template_id: str, output: Output) -> None:
    """Show one template: as it is written, and what is made of it.

    \b
    Examples:
      ohf templates show asg-ondemand
      ohf templates show asg-ondemand --output yaml
    """
    template = found_template(load_catalogue(provider_settings()), template_id)
    document = {"schema": "ohf/template/v1", "template": _facts(template), "written": dict(template.raw)}
    show(output, document, lambda width: _sheet(template, width))


@command.command("validate")
@provider_options
@output_option
def validate_catalogue(output: Output) -> None:
    """Check the catalogue: exits 1 when a template is refused, and names template, field and reason.

    A refused template is left out of what Host Factory is offered; the others are served. What looks like a secret
    in user data or tags is warned about by its line: anybody who may describe launch templates reads it there.

    \b
    Examples:
      ohf templates validate
      ohf templates validate --conf conf/providers/aws --output json
    """
    settings = provider_settings()
    catalogue = load_catalogue(settings)
    findings = catalogue_findings(settings)
    rows = [
        row(Cell("refused", "bad"), one.template_id, note=f"{one.field}: {one.reason}") for one in catalogue.refused
    ]
    rows += [row(Cell("shape", "busy"), "", note=one) for one in findings]
    rows += [row(Cell("warning", "busy"), "", note=one) for one in catalogue.warnings]
    exposed = exposures(catalogue.templates, catalogue_files(settings))
    rows += [row(Cell("secret", "bad"), one.of, note=f"{one.message} [{RULE}]") for one in exposed]
    served = plural(len(catalogue.templates), "template")
    document = {
        **templates_document(catalogue),
        "schema": "ohf/validation/v1",
        "shape": list(findings),
        "secrets": [_secret_document(one) for one in exposed],
    }
    show_table(output, document, Table(("WHAT", "TEMPLATE"), tuple(rows), "WHY"), f"{served}, all sound")
    if catalogue.refused:
        raise FoundError(
            f"validate the catalogue: {plural(len(catalogue.refused), 'template')} refused, {served} served",
            hint="correct the fields named above; docs/catalogue.md describes each",
        )


def found_template(catalogue: Catalogue, template_id: str) -> HostTemplate:
    """The template of that id; an error says why there is none."""
    template = catalogue.find(template_id)
    if template is not None:
        return template
    refusal = catalogue.refusal(template_id)
    if refusal is not None:
        raise BusinessRuleError(f"use {refusal.message}", hint="correct the catalogue (ohf templates validate)")
    known = ", ".join(one.template_id for one in catalogue.templates)
    raise ResourceNotFoundError(
        f"find template {template_id}: it is not in the catalogue", hint=f"known are {known}"
    )


def templates_document(catalogue: Catalogue) -> dict[str, Any]:
    """The catalogue for programs."""
    return {
        "schema": "ohf/templates/v1",
        "templates": [_facts(one) for one in catalogue.templates],
        "refused": [
            {"templateId": one.template_id, "field": one.field, "reason": one.reason} for one in catalogue.refused
        ],
        "warnings": list(catalogue.warnings),
    }


def _secret_document(exposure: Exposure) -> dict[str, Any]:
    secret = exposure.secret
    return {
        "rule": RULE,
        "templates": list(exposure.templates),
        "field": exposure.field,
        "file": exposure.file,
        "line": secret.line,
        "kind": secret.kind,
        "name": secret.name,
    }


def _facts(template: HostTemplate) -> dict[str, Any]:
    return {
        "templateId": template.template_id,
        "kind": template.kind,
        "priceType": template.price_type,
        "maxNumber": template.max_number,
        "maxPerRequest": template.max_per_request,
        "validitySeconds": template.validity,
        "machineTypes": list(_machine_types(template)),
        "weights": dict(template.weights),
        "subnets": list(template.subnets),
        "imageId": template.image_id,
        "attributes": {name: list(pair) for name, pair in template.attributes.items()},
        "derivedAttributes": list(template.derived),
        "warnings": list(template.warnings),
    }


def _machine_types(template: HostTemplate) -> tuple[str, ...]:
    if template.instance_types:
        return template.instance_types
    return ("by attributes",) if template.requirements else ("of its launch template",)


def _sheet(template: HostTemplate, width: int | None) -> Iterator[Line]:
    rows = [
        row(name, note=", ".join(map(str, value)) if isinstance(value, list) else _plain(value))
        for name, value in _facts(template).items()
        if value not in ("", [], {})
    ]
    return laid_out(Table(("FIELD",), tuple(rows), "VALUE"), width)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        shown = {key: part[-1] if isinstance(part, list) else part for key, part in value.items()}
        return ", ".join(f"{key}={part}" for key, part in shown.items())
    return str(value)
