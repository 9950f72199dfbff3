"""`ohf apply`: a saved plan carried out, once."""

from __future__ import annotations

import sys

import click

from ohf_cli.output import Output, output_option, show
from ohf_cli.plain_text import plain
from ohf_cli.plan_files import ended, read_plan, write_plan
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.table import Cell
from ohf_cli.watch_command import conclude, shown
from ohf_iac.errors import StorageError
from ohf_iac.review.applying import apply_plan
from ohf_iac.watch import Pace, follow


@click.command("apply")
@click.argument("file", metavar="FILE")
@click.option("--wait", is_flag=True, help="Follow the request until it has ended, as ohf watch does.")
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Seconds between looks."
)
@click.option("--timeout", type=click.FloatRange(min=0), help="Stop waiting after so many seconds (exit 5).")
@provider_options
@output_option
def command(file: str, wait: bool, every: float, timeout: float | None, output: Output) -> None:
    """Begin the request that a plan is for, if it still is what was planned and its body may be sent.

    Refused: a plan that was used, is too old or was removed, another account, region or owner, a change set in AWS
    that is not as the file says, and under approvals.mode enforce a body that nobody approved (exit 4). After a
    refusal nothing is changed, and a plan that was valid still is.

    \b
    Examples:
      ohf apply grid.plan
      ohf apply grid.plan --wait --timeout 1800
    """
    plan = read_plan(file)
    app = provider_app()
    applied = apply_plan(app, plan)
    if applied.sure:
        try:
            write_plan(file, ended(plan, "applied", app.now()))
        except StorageError as error:
            print(
                f"the file still says that it was not applied; AWS knows better: {plain(error.message)}",
                file=sys.stderr,
            )
    document = {"schema": "ohf/request/v1", "requestId": applied.request_id, "message": applied.message}
    follow_it = f"follow it: ohf watch {applied.request_id}"
    lines = ((Cell(applied.request_id, "good"), Cell(f"  {applied.message}")), (Cell(follow_it, "dim"),))
    if wait and output == "table":
        print(f"{applied.request_id}  {plain(applied.message)}", flush=True)
        conclude(
            shown(follow(app, applied.request_id, Pace(every, timeout)), applied.request_id), applied.request_id
        )
        return
    show(output, document, lambda _width: lines)
    if wait:
        *_, last = follow(app, applied.request_id, Pace(every, timeout))
        conclude(last, applied.request_id)
