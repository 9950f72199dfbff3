"""`ohf store`: the memory of requests as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.table import Cell
from ohf_cli.words import plural
from ohf_iac.operations.store_copying import copy_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_cli.table import Line
    from ohf_iac.operations.store_copying import Copy, Kind


@click.group("store")
def command() -> None:
    """Copy the memory of requests between the JSON and the SQLite store."""


@command.command("copy")
@click.option("--to", type=click.Choice(["json", "sqlite"]), required=True, help="The kind of store to copy to.")
@click.option("--overwrite", is_flag=True, help="Set a store of that kind aside, and put the copy in its place.")
@click.option("--dry-run", is_flag=True, help="Say what would be copied, and write nothing.")
@provider_options
@output_option
def copy(to: Kind, overwrite: bool, dry_run: bool, output: Output) -> None:
    """Copy the store of the other kind with its archives, and compare the copy with it.

    The store that is copied stays as it is. Set storage.kind afterwards, in a quiet minute: what is written between
    the copy and that change is not in the copy, and is found in AWS again.

    \b
    Examples:
      ohf store copy --to sqlite --dry-run
      ohf store copy --to sqlite
      ohf store copy --to json --overwrite --output json
    """
    made = copy_store(provider_app(), to, overwrite=overwrite, dry_run=dry_run)
    document = {
        "schema": "ohf/store/v1",
        "from": made.source,
        "to": made.target,
        "copied": not dry_run,
        "replaced": made.replaced,
        "templates": made.templates,
        "requests": made.requests,
        "returns": made.returns,
        "machines": made.machines,
    }
    show(output, document, lambda _width: _lines(made, to, dry_run=dry_run))


def _lines(made: Copy, to: Kind, *, dry_run: bool) -> Iterator[Line]:
    counts = (
        plural(made.requests, "request"),
        plural(made.returns, "return"),
        plural(made.machines, "machine"),
        plural(made.templates, "template"),
    )
    yield (Cell(f"{', '.join(counts)} {'would be copied' if dry_run else 'copied and compared'}"),)
    yield (Cell(f"  from {made.source}"),)
    yield (Cell(f"  to   {made.target}"),)
    if made.replaced:
        yield (Cell(f"the one that was there is {made.replaced}"),)
    if not dry_run:
        yield (Cell(f'next: set storage.kind to "{to}" in ohf.json'),)
