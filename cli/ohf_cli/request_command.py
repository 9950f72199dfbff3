"""`ohf request`: machines asked for by hand, exactly as Host Factory asks."""

from __future__ import annotations

import click

from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.table import Cell
from ohf_iac.hostfactory import MachineAsk
from ohf_iac.operations.requesting import request_machines


@click.command("request")
@click.argument("template_id", metavar="TEMPLATE")
@click.argument("count", type=click.IntRange(min=1))
@click.option(
    "--account", metavar="NAME", default="default", help="LSF's account that the machines are charged to."
)
@provider_options
@output_option
def command(template_id: str, count: int, account: str, output: Output) -> None:
    """Ask for COUNT machines of a template (units, where the template gives weights).

    Creates one CloudFormation stack and returns at once. Two calls are two requests, always.

    \b
    Examples:
      ohf request instant-ondemand 3
      ohf watch $(ohf request asg-ondemand 3 --output json | jq -r .requestId)
    """
    request_id, message = request_machines(provider_app(), MachineAsk(template_id, count, account))
    document = {"schema": "ohf/request/v1", "requestId": request_id, "message": message}
    lines = ((Cell(request_id, "good"), Cell(f"  {message}")), (Cell(f"follow it: ohf watch {request_id}", "dim"),))
    show(output, document, lambda _width: lines)
