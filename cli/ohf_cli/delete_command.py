"""`ohf delete`: a request ended altogether."""

from __future__ import annotations

import click

from ohf_cli.edge import FailedError, NotYetError
from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.questions import confirm
from ohf_cli.table import Cell
from ohf_cli.words import plural
from ohf_iac.operations.deleting import delete_request, machines_left
from ohf_iac.watch import Pace, follow_deletion


@click.command("delete")
@click.argument("request_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Seconds between looks."
)
@click.option(
    "--timeout", default=600.0, show_default=True, help="Wait so many seconds for the stack to go; 0: do not."
)
@provider_options
@output_option
def command(request_id: str, yes: bool, every: float, timeout: float, output: Output) -> None:
    """Return all machines of a request, then delete its stack.

    May be repeated at any point. A stack in which a machine still runs is not deleted.

    \b
    Examples:
      ohf delete req-6743a1c0-9f0c2d4e5a6b7c8d
      ohf delete req-6743a1c0-9f0c2d4e5a6b7c8d --yes --output json
    """
    app = provider_app()
    if not yes:
        left = plural(len(machines_left(app, request_id)), "live machine")
        confirm(f"Terminate {left} of {request_id} and delete its stack?", yes)
    deletion = delete_request(app, request_id)
    if timeout:
        *_, deletion = follow_deletion(app, deletion, Pace(every, timeout))
    document = {
        "schema": "ohf/delete/v1",
        "requestId": request_id,
        "returnId": deletion.return_id,
        "machines": deletion.machines,
        "stack": deletion.stage,
        "message": deletion.message,
    }
    told = f"{request_id}  {plural(deletion.machines, 'machine')} returned, stack {deletion.stage}"
    show(output, document, lambda _width: ((Cell(told),),))
    if deletion.stage == "failed":
        raise FailedError(
            f"delete the stack of {request_id}: {deletion.message}", hint=f"ohf events {request_id}; then repeat it"
        )
    if deletion.stage == "deleting" and timeout:
        raise NotYetError(
            f"delete {request_id}: its stack is still being deleted", hint="repeat the command to wait"
        )
