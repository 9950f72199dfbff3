"""`ohf templates import`: a launch template that exists in EC2 as an entry of the catalogue."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from ohf_cli.edge import FoundError
from ohf_cli.output import Output, dumped, output_option
from ohf_cli.plain_text import plain
from ohf_cli.provider import provider_app, provider_options
from ohf_iac.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.operations.importing import Import


@click.command("import")
@click.argument("launch_template", metavar="LAUNCH_TEMPLATE")
@click.option("--version", "version", metavar="N", required=True, help="The version, a number.")
@click.option("--template-id", metavar="ID", default="", help="The entry's name; without it the launch template's.")
@click.option(
    "--max-number",
    metavar="N",
    type=click.IntRange(-1, 10_000),
    default=0,
    show_default=True,
    help="The entry's maxNumber; 0 keeps Host Factory from using it.",
)
@click.option("--catalogue", metavar="FILE", default="", help="The catalogue; without it the provider's own.")
@click.option("--write", is_flag=True, help="Add the entry to the catalogue, and its script beside it.")
@provider_options
@output_option
def import_template(
    launch_template: str,
    version: str,
    template_id: str,
    max_number: int,
    catalogue: str,
    write: bool,
    output: Output,
) -> None:
    """Read one version of a launch template, by id or name, into the catalogue's fields.

    Prints the entry in the catalogue's format, and on stderr, each by its place, what no field can say. Nothing is
    written without --write, which adds the entry after all others and changes nothing else of the file.

    \b
    Examples:
      ohf templates import lt-0a1b2c3d4e5f60001 --version 3
      ohf templates import grid-worker --version 12 --template-id night --max-number 50 --write
      ohf templates import grid-worker --version 12 --output json | jq .leftOut
    """
    from ohf_iac.operations.importing import import_launch_template, write_import  # the SDK, for this command alone

    made = import_launch_template(
        provider_app(),
        launch_template,
        _number(version),
        template_id=template_id,
        max_number=max_number,
        catalogue=catalogue,
    )
    if write:
        write_import(made)
    _report(made, write, output)
    if made.refused:
        raise FoundError(
            f"import {made.refused}", hint="complete the entry; docs/catalogue.md describes the fields"
        )


def _number(version: str) -> int:
    if version.isdecimal() and version.isascii():
        return int(version)
    raise ValidationError(
        f"import version {version}: it must be a number, because {version} may be another one after the review",
        hint="aws ec2 describe-launch-template-versions lists the numbers",
    )


def _report(made: Import, written: bool, output: Output) -> None:
    if output == "table":
        sys.stdout.write(made.text)
        for line in _remarks(made, written):
            print(plain(line), file=sys.stderr)
    else:
        print(dumped(output, _document(made, written)))


def _remarks(made: Import, written: bool) -> Iterator[str]:
    yield from (f"left out: {place}" for place in made.left)
    for name, value in made.settled.items():
        yield f"unsaid by the launch template, as your settings have it: {name} {_shown(value)}"
    yield from (f"warning: {warning}" for warning in made.warnings)
    if made.entry["maxNumber"] == 0:
        yield "maxNumber is 0: Host Factory does not use the template until you raise it"
    paths = [made.script_file] if made.script is not None else []
    for path in (*paths, made.catalogue):
        yield f"{'written' if written else 'not written, give --write'}: {os.path.relpath(path)}"


def _shown(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _document(made: Import, written: bool) -> dict[str, Any]:
    source = made.source
    script = None if made.script is None else {"file": made.script_file, "bytes": len(made.script)}
    return {
        "schema": "ohf/import/v1",
        "launchTemplate": {"id": source.template_id, "name": source.name, "version": source.version},
        "catalogue": made.catalogue,
        "entry": made.entry,
        "script": script,
        "leftOut": list(made.left),
        "settled": made.settled,
        "warnings": list(made.warnings),
        "refused": made.refused,
        "written": written,
    }
