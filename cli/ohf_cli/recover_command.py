"""`ohf recover`: the memory of requests rebuilt from AWS."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ohf_cli.edge import NotYetError
from ohf_cli.output import Output, output_option, show_table
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.table import Table, row
from ohf_cli.words import age, plural, state_cell
from ohf_iac.clock import Deadline
from ohf_iac.operations.recovering import recover
from ohf_iac.request import ReturnRecord, minted_at

if TYPE_CHECKING:
    from ohf_cli.table import Row
    from ohf_iac.operations.recovering import Found, Recovery


@click.command("recover")
@click.option("--dry-run", is_flag=True, help="Tell what there is, and write nothing.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=600.0,
    show_default=True,
    help="Read deleted stacks for so many seconds.",
)
@provider_options
@output_option
def command(dry_run: bool, timeout: float, output: Output) -> None:
    """Rebuild the memory of requests and returns from AWS, and say what was found.

    Nothing depends on it: every operation finds what it is asked for in AWS. It spares those looks after a lost
    work folder, and lets chores tidy up again. What is remembered is kept.

    \b
    Examples:
      ohf recover
      ohf recover --dry-run --output json | jq '.found[] | select(.new)'
    """
    app = replace(provider_app(), deadline=Deadline.after(timeout))
    recovery = recover(app, dry_run=dry_run)
    document = {
        "schema": "ohf/recover/v1",
        "owner": app.owner,
        "dryRun": dry_run,
        "damaged": recovery.damaged,
        "unread": recovery.unread,
        "message": recovery.message,
        "found": [_document(one) for one in recovery.found],
    }
    rows = tuple(_row(one, app.now()) for one in recovery.found)
    headers = ("FOUND", "STATE", "MACHINES", "AGE", "BY", "MEMORY")
    show_table(output, document, Table(headers, rows), "AWS holds no request of this provider")
    _tell(output, recovery, dry_run)


def _tell(output: Output, recovery: Recovery, dry_run: bool) -> None:
    if output == "table":
        new = sum(one.new for one in recovery.found)
        written = "would be remembered" if dry_run else "remembered"
        print(f"{len(recovery.found)} found, {new} of them newly {written}")
    if recovery.damaged:
        print(f"memory was damaged and is set aside as {recovery.damaged}", file=sys.stderr)
    if recovery.message:
        raise NotYetError(
            f"read all deleted stacks: {plural(recovery.unread, 'stack')} not read: {recovery.message}",
            hint="repeat it with a longer --timeout; what was not read is answered from AWS when it is asked for",
        )


def _status(one: Found) -> str:
    return one.record.verdict or "running"


def _machines(one: Found) -> int:
    record = one.record
    return len(record.reported if isinstance(record, ReturnRecord) else record.machines)


def _document(one: Found) -> dict[str, Any]:
    return {
        "id": one.identifier,
        "type": "return" if isinstance(one.record, ReturnRecord) else "request",
        "status": _status(one),
        "source": one.source,
        "machines": _machines(one),
        "new": one.new,
    }


def _row(one: Found, now: float) -> Row:
    return row(
        one.identifier,
        state_cell(_status(one)),
        str(_machines(one)),
        age(now - (minted_at(one.identifier) or 0)),
        one.source,
        "new" if one.new else "known",
    )
