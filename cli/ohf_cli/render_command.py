"""`ohf render`: the stacks that requests would create, as files for review. No AWS."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ohf_cli.edge import FoundError
from ohf_cli.output import Output, dumped, output_option, show_table
from ohf_cli.provider import provider_options, provider_settings
from ohf_cli.rendered_folder import check_folder, texts_of, write_folder
from ohf_cli.rendering import rendered_stacks, root_option
from ohf_cli.table import Cell, Table, row
from ohf_cli.words import plural
from ohf_iac.config.catalogue_file import load_catalogue
from ohf_iac.render.index import render_index
from ohf_iac.review.standing import asks_for_approvals, standing

if TYPE_CHECKING:
    from ohf_cli.table import Row
    from ohf_iac.config import Settings
    from ohf_iac.review.standing import Standing
    from ohf_iac.stack import RenderedStack


@click.command("render")
@click.argument("template_id", metavar="[TEMPLATE]", required=False)
@click.option("--all", "everything", is_flag=True, help="Render every template of the catalogue.")
@click.option("-d", "--directory", metavar="DIR", help="Write <template>.json files and index.json there.")
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 when the files of DIR are not what would be written."
)
@root_option
@click.option("--yaml", "as_yaml", is_flag=True, help="Write YAML, for readers who prefer it.")
@click.option(
    "--canonical", is_flag=True, help="Write the very bytes that are sent and whose SHA-256 is the digest."
)
@provider_options
@output_option
def command(
    template_id: str | None,
    everything: bool,
    directory: str | None,
    check: bool,
    root: str,
    as_yaml: bool,
    canonical: bool,
    output: Output,
) -> None:
    """Render the body of the stacks that a template's requests create.

    The same catalogue and configuration give the same bytes on every machine; a request adds parameters and tags
    alone. Without -d one template is printed, and --all prints the table of digests. --check holds the files of a
    folder, committed for review, against what would be written: all *.json and *.yaml files there.

    \b
    Examples:
      ohf render asg-ondemand                        print it, indented for reviewers
      ohf render --all -d rendered                   write all, with rendered/index.json
      ohf render --all -d rendered --check           in a pipeline: are the files there current?
      ohf render asg-ondemand --canonical | sha256sum
    """
    if bool(template_id) == everything:
        raise click.UsageError("name one template, or give --all")
    if as_yaml and canonical:
        raise click.UsageError("--canonical is JSON: leave --yaml out")
    if check and not (everything and directory):
        raise click.UsageError("--check needs --all and -d DIR")
    settings = provider_settings()
    catalogue = load_catalogue(settings, root=root)
    stacks = rendered_stacks(settings, catalogue, template_id or "", root)
    if not everything and directory is None:
        print(_text(stacks[0], as_yaml, canonical), end="")
        return
    index = render_index(stacks, settings.template.defaults)
    for name, entry in index["templates"].items():
        entry["file"] = f"{name}.yaml" if as_yaml else f"{name}.json"
    if directory is not None:
        texts = texts_of({one.template_id: _text(one, as_yaml, canonical) for one in stacks}, index)
        if check:
            check_folder(Path(directory), texts, catalogue.refused, output)
            return
        write_folder(Path(directory), texts)
    _report(output, settings, stacks, index)
    if everything and catalogue.refused:
        names = ", ".join(one.template_id for one in catalogue.refused)
        raise FoundError(f"render all templates: {names} refused", hint="ohf templates validate")


def _text(stack: RenderedStack, as_yaml: bool, canonical: bool) -> str:
    if canonical:
        return stack.body
    document = json.loads(stack.body)
    if as_yaml:
        return dumped("yaml", document) + "\n"
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _report(output: Output, settings: Settings, stacks: tuple[RenderedStack, ...], index: dict[str, Any]) -> None:
    asked = output == "table" and asks_for_approvals(settings)
    headers = ("TEMPLATE", "KIND", "RESOURCES", "BYTES", "SHA256", *(("APPROVED",) if asked else ()))
    rows = tuple(
        _row(one, standing(settings, one.template_id, one.digest, time.time()) if asked else None) for one in stacks
    )
    show_table(output, index, Table(headers, rows, "WHO OR WHY" if asked else ""), "no template can be rendered")
    if output == "table":
        print(f"rendered {plural(len(stacks), 'template')}, no AWS calls", file=sys.stderr)


def _row(stack: RenderedStack, found: Standing | None) -> Row:
    resources = str(len(json.loads(stack.body)["Resources"]))
    cells = (stack.template_id, stack.kind, resources, str(len(stack.body)), stack.digest)
    if found is None:
        return row(*cells)
    return row(*cells, Cell("yes", "good") if found.approved else Cell("no", "bad"), note=found.note)
