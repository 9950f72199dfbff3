"""`ohf render`: the stacks that requests would create, as files for review. No AWS."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ohf_cli.edge import FoundError
from ohf_cli.output import Output, dumped, output_option, show_table
from ohf_cli.provider import provider_options, provider_settings
from ohf_cli.table import Table, row
from ohf_cli.templates_command import found_template
from ohf_cli.words import plural
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.errors import StorageError
from ohf_iac.render import render
from ohf_iac.render.index import index_text, render_index

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.config import Settings
    from ohf_iac.stack import RenderedStack
    from ohf_iac.template.host_template import HostTemplate


@click.command("render")
@click.argument("template_id", metavar="[TEMPLATE]", required=False)
@click.option("--all", "everything", is_flag=True, help="Render every template of the catalogue.")
@click.option("-d", "--directory", metavar="DIR", help="Write <template>.json files and index.json there.")
@click.option("--yaml", "as_yaml", is_flag=True, help="Write YAML, for readers who prefer it.")
@click.option(
    "--canonical", is_flag=True, help="Write the very bytes that are sent and whose SHA-256 is the digest."
)
@provider_options
@output_option
def command(
    template_id: str | None, everything: bool, directory: str | None, as_yaml: bool, canonical: bool, output: Output
) -> None:
    """Render the body of the stacks that a template's requests create.

    The same catalogue and configuration give the same bytes on every machine; a request adds parameters and tags
    alone. Without -d one template is printed, and --all prints the table of digests.

    \b
    Examples:
      ohf render asg-ondemand                        print it, indented for reviewers
      ohf render --all -d rendered                   write all, with rendered/index.json
      ohf render asg-ondemand --canonical | sha256sum
    """
    if bool(template_id) == everything:
        raise click.UsageError("name one template, or give --all")
    if as_yaml and canonical:
        raise click.UsageError("--canonical is JSON: leave --yaml out")
    settings = provider_settings()
    catalogue = load_catalogue(settings)
    wanted = catalogue.templates if everything else (found_template(catalogue, template_id or ""),)
    stacks = _rendered(settings, wanted)
    if not everything and directory is None:
        print(_text(stacks[0], as_yaml, canonical), end="")
        return
    index = _index(settings, stacks, ".yaml" if as_yaml else ".json")
    if directory is not None:
        _write(Path(directory), stacks, index, as_yaml, canonical)
    _report(output, stacks, index)
    if everything and catalogue.refused:
        names = ", ".join(one.template_id for one in catalogue.refused)
        raise FoundError(f"render all templates: {names} refused", hint="ohf templates validate")


def _rendered(settings: Settings, wanted: Iterable[HostTemplate]) -> tuple[RenderedStack, ...]:
    files = catalogue_files(settings)
    return tuple(render(one, settings.template.defaults, files) for one in wanted)


def _index(settings: Settings, stacks: tuple[RenderedStack, ...], suffix: str) -> dict[str, Any]:
    index = render_index(stacks, settings.template.defaults)
    for name, entry in index["templates"].items():
        entry["file"] = f"{name}{suffix}"
    return index


def _text(stack: RenderedStack, as_yaml: bool, canonical: bool) -> str:
    if canonical:
        return stack.body
    document = json.loads(stack.body)
    if as_yaml:
        return dumped("yaml", document) + "\n"
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _write(
    folder: Path, stacks: tuple[RenderedStack, ...], index: dict[str, Any], as_yaml: bool, canonical: bool
) -> None:
    """Write the files; those of templates that are gone stay, because nobody knows whose they are."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for stack in stacks:
            name = f"{stack.template_id}.{'yaml' if as_yaml else 'json'}"
            (folder / name).write_text(_text(stack, as_yaml, canonical), encoding="ascii")
        (folder / "index.json").write_text(index_text(index), encoding="ascii")
    except OSError as error:
        raise StorageError(
            f"write {error.filename or folder}: {error.strerror}", hint="give a folder that may be written with -d"
        ) from error


def _report(output: Output, stacks: tuple[RenderedStack, ...], index: dict[str, Any]) -> None:
    rows = [
        row(one.template_id, one.kind, str(len(json.loads(one.body)["Resources"])), str(len(one.body)), one.digest)
        for one in stacks
    ]
    table = Table(("TEMPLATE", "KIND", "RESOURCES", "BYTES", "SHA256"), tuple(rows))
    show_table(output, index, table, "no template can be rendered")
    if output == "table":
        print(f"rendered {plural(len(stacks), 'template')}, no AWS calls", file=sys.stderr)
