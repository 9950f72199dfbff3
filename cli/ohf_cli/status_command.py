"""`ohf status`: requests as they are now. Unsettled ones are polled, as Host Factory would poll them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.requests import document_of, machines_table, requests_table
from ohf_cli.table import Cell, laid_out
from ohf_iac.operations.overview import overview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_cli.table import Line
    from ohf_iac.operations.overview import Seen


@click.command("status")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@provider_options
@output_option
def command(ids: tuple[str, ...], output: Output) -> None:
    """Show requests and returns; without an ID all requests that are remembered, newest first.

    What is settled is answered from memory, without AWS. What is not is polled, as Host Factory polls it: a poll
    may freeze and settle a request whose time is up.

    \b
    Examples:
      ohf status
      ohf status req-6743a1c0-9f0c2d4e5a6b7c8d       with its machines
      ohf status --output json | jq '.requests[] | select(.status == "running")'
    """
    app = provider_app()
    requests = overview(app, ids)
    if output == "table" and not requests:
        print("no requests yet: ohf request TEMPLATE COUNT makes one")
        return
    document = {"schema": "ohf/status/v1", "requests": [document_of(one) for one in requests]}
    show(output, document, lambda width: _lines(requests, app.now(), width, machines=bool(ids)))


def _lines(requests: tuple[Seen, ...], now: float, width: int | None, *, machines: bool) -> Iterator[Line]:
    yield from laid_out(requests_table(requests, now), width)
    for one in requests if machines else ():
        if one.answer.machines:
            yield ()
            if one.record and one.record.settled:
                yield (Cell(f"machines of {one.answer.request_id} as they were when it settled", "dim"),)
            yield from laid_out(machines_table(one.answer.machines), width)
