"""Printing: one document as JSON or YAML for programs, or a table for people.

JSON and YAML are a contract: the key `schema` names the shape and its version, nothing in them is cut, and two
calls that see the same facts print the same bytes.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Literal

import click

from ohf_cli.table import laid_out
from ohf_cli.terminal import terminal_of, write_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ohf_cli.table import Line, Table

Output = Literal["table", "json", "yaml"]


def output_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--output table|json|yaml`, handed over as `output`."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["table", "json", "yaml"]),
        default="table",
        show_default=True,
        help="table is for people; json and yaml are stable, for programs.",
    )(function)


def show(output: Output, document: Mapping[str, Any], lines: Callable[[int | None], Iterable[Line]]) -> None:
    """Print `document`, or for people `lines`, a function of the width that there is."""
    if output == "table":
        terminal = terminal_of(sys.stdout, os.environ)
        write_lines(sys.stdout, lines(terminal.width), terminal)
    else:
        print(dumped(output, document))


def show_table(output: Output, document: Mapping[str, Any], table: Table, empty: str) -> None:
    """Print `document`, or for people `table`; `empty` where it has no rows."""
    if output == "table" and not table.rows:
        print(empty)
    else:
        show(output, document, lambda width: laid_out(table, width))


def dumped(output: Output, document: Mapping[str, Any]) -> str:
    """The document in ASCII, its keys in their order."""
    if output == "yaml":
        return _yaml(document)
    return json.dumps(document, indent=2)


def _yaml(document: Mapping[str, Any]) -> str:
    import yaml  # few ask for it

    class Plain(yaml.SafeDumper):
        """Without anchors: not every reader of YAML knows them."""

        def ignore_aliases(self, data: Any) -> bool:
            del data
            return True

    text: str = yaml.dump(document, Dumper=Plain, sort_keys=False, width=10_000, allow_unicode=False)
    return text.rstrip("\n")
