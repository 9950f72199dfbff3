"""`ohf cancel`: a request ended now, with the machines there are."""

from __future__ import annotations

import sys

import click

from ohf_cli.edge import NotYetError
from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.questions import confirm
from ohf_cli.requests import document_of, requests_table
from ohf_cli.table import laid_out
from ohf_cli.words import instant
from ohf_iac.operations.cancelling import cancel_request, ends_by_itself_at
from ohf_iac.operations.overview import overview
from ohf_iac.watch import Pace, follow


@click.command("cancel")
@click.argument("request_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Seconds between looks."
)
@click.option(
    "--timeout", default=120.0, show_default=True, help="Wait so many seconds for it to settle; 0: do not."
)
@provider_options
@output_option
def command(request_id: str, yes: bool, every: float, timeout: float, output: Output) -> None:
    """End a request now: nothing more is launched, and it settles with the machines there are.

    The machines stay; `ohf return` or `ohf delete` ends them. A group or a maintain fleet is frozen at once. A
    request fleet knows no freeze: it ends at its ValidUntil, and the request settles then.

    \b
    Examples:
      ohf cancel req-6743a1c0-9f0c2d4e5a6b7c8d
      ohf cancel req-6743a1c0-9f0c2d4e5a6b7c8d --yes --timeout 0
    """
    app = provider_app()
    confirm(f"Cancel {request_id}? Nothing more is launched for it; its machines stay.", yes)
    answer = cancel_request(app, request_id)
    own_end = ends_by_itself_at(app, request_id) if answer.status == "running" else 0
    if answer.status == "running" and timeout and not own_end:
        *_, last = follow(app, request_id, Pace(every, timeout))
        answer = last.seen.answer
    seen = overview(app, [request_id])
    document = {"schema": "ohf/status/v1", "requests": [document_of(one) for one in seen]}
    show(output, document, lambda width: laid_out(requests_table(seen, app.now()), width))
    if own_end:
        print(f"its fleet stops launching by itself at {instant(own_end)} and settles after that", file=sys.stderr)
    elif answer.status == "running" and timeout:
        raise NotYetError(
            f"cancel {request_id}: it is cancelled and has not settled yet", hint=f"ohf watch {request_id}"
        )
