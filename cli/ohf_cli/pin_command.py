"""`ohf pin`: the id of an image in the place of the parameter that leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.table import Cell
from ohf_iac.review.pinning import FIELD, pin, write_pin

if TYPE_CHECKING:
    from ohf_cli.table import Line


@click.command("pin")
@click.argument("template_id", metavar="TEMPLATE")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@provider_options
@output_option
def command(template_id: str, dry_run: bool, output: Output) -> None:
    """Look up the image behind a template's SSM parameter, and name it by its id in the catalogue.

    Of an image that is looked up at each launch an approval would bind nothing, so it is refused. Changes that one
    value of the catalogue's file and nothing else; commit it, and have it approved.

    \b
    Examples:
      ohf pin instant-spot
      ohf pin instant-spot --dry-run --output json
    """
    made = pin(provider_app(), template_id)
    written = bool(made.text) and not dry_run
    if written:
        write_pin(made)
    document = {
        "schema": "ohf/pin/v1",
        "template": made.template_id,
        "field": FIELD,
        "before": made.before,
        "after": made.after,
        "file": made.path,
        "written": written,
    }
    told = (
        f"{made.before} -> {made.after}" if made.text else f"{made.after or 'no image of its own'}: nothing to pin"
    )
    lines: list[Line] = [(Cell(f"{made.template_id}  ", "head"), Cell(told))]
    if written:
        lines.append(
            (Cell(f"{made.path} updated. Commit it; then a second person runs: ohf approve {template_id}"),)
        )
    show(output, document, lambda _width: lines)
