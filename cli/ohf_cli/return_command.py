"""`ohf return`: machines given back by hand, exactly as Host Factory gives them back."""

from __future__ import annotations

import click

from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.table import Cell
from ohf_iac.errors import ResourceNotFoundError
from ohf_iac.hostfactory import HostRef
from ohf_iac.operations.deleting import machines_left
from ohf_iac.operations.returning import return_machines


@click.command("return")
@click.argument("machines", metavar="[MACHINE]...", nargs=-1)
@click.option("--request", "request_id", metavar="ID", help="Return all live machines of this request.")
@provider_options
@output_option
def command(machines: tuple[str, ...], request_id: str | None, output: Output) -> None:
    """Return machines, named by instance id or by private DNS name, of any requests.

    They are terminated at once; nothing replaces them. A machine that is gone counts as returned, one that is not
    of this provider is left alone.

    \b
    Examples:
      ohf return i-0123456789abcdef0
      ohf return ip-10-0-1-17.ec2.internal ip-10-0-1-18.ec2.internal
      ohf return --request req-6743a1c0-9f0c2d4e5a6b7c8d
    """
    if bool(machines) == bool(request_id):
        raise click.UsageError("name machines, or a request with --request")
    app = provider_app()
    hosts = machines_left(app, request_id) if request_id else tuple(map(_host, machines))
    if not hosts:
        raise ResourceNotFoundError(
            f"return machines of {request_id}: none of them is alive", hint=f"ohf status {request_id}"
        )
    return_id, message = return_machines(app, hosts)
    document = {"schema": "ohf/return/v1", "requestId": return_id, "message": message}
    lines = ((Cell(return_id, "good"), Cell(f"  {message}")), (Cell(f"follow it: ohf watch {return_id}", "dim"),))
    show(output, document, lambda _width: lines)


def _host(named: str) -> HostRef:
    return HostRef("", named) if named.startswith("i-") else HostRef(named, "")
