"""`ohf show`: a saved plan, whatever became of it. No AWS, no configuration."""

from __future__ import annotations

import click

from ohf_cli.output import Output, output_option
from ohf_cli.plan_files import read_plan, show_plan


@click.command("show")
@click.argument("file", metavar="FILE")
@output_option
def command(file: str, output: Output) -> None:
    """Print a saved plan: what would be created, what binds it, and whether it may still be applied.

    Works without AWS and without a configuration, for plans that are too old or used as well. Whether it is too old
    is told by this host's clock.

    \b
    Examples:
      ohf show grid.plan
      ohf show grid.plan --output json | jq .body
    """
    show_plan(output, read_plan(file), file)
