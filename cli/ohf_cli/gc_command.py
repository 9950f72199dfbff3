"""`ohf gc`: what nobody will ask for any more, listed with its evidence, and collected with --apply."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from ohf_cli.edge import AfterOutputError, FailedError
from ohf_cli.output import Output, output_option, show_table
from ohf_cli.plain_text import plain
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.spans import Span
from ohf_cli.table import Cell, Table, row
from ohf_cli.words import age, instant, plural
from ohf_iac.clock import Deadline
from ohf_iac.errors import OhfError
from ohf_iac.operations.chores import carry_out_all_chores
from ohf_iac.operations.collecting import Finding, collect, find_orphans
from ohf_iac.orphans import GRACE, SHORTEST_GRACE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_cli.table import Row, Tone
    from ohf_iac.app import App
    from ohf_iac.operations.collecting import Outcome

#: what `--detailed-exitcode` ends with where orphans were found
DIFFERENCES: Final = "E201"
_TONES: Final[Mapping[Outcome, Tone]] = {"found": "busy", "collected": "good", "failed": "bad", "kept": "dim"}


class OrphansError(AfterOutputError):
    """A dry run has found something, and was asked to say so."""

    code = DIFFERENCES


@click.command("gc")
@click.option("--apply", is_flag=True, help="Collect them; without it nothing is changed.")
@click.option(
    "--older-than",
    type=Span(SHORTEST_GRACE, 3650 * 86400, "polls may be about to settle it"),
    metavar="SPAN",
    default=f"{GRACE // 3600}h",
    show_default=True,
    help="Leave out what has been one for less: 90m, 2h, 7d. At least 10m.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=3600.0, show_default=True, help="Stop after so many seconds."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when a dry run finds orphans.")
@provider_options
@output_option
def command(apply: bool, older_than: int, timeout: float, detailed_exitcode: bool, output: Output) -> None:
    """List what nobody will ask for any more, with the evidence in AWS; with --apply collect it.

    Found: stacks past their deadline that never settled, failed ones without live machines, empty ones, change sets
    that were never executed, machines, launch templates and groups or fleets without a stack, machines that came
    after the final answer or outlived their return. Only what bears this provider's ohf:owner, and never a machine
    of a settled request. Works without memory. --apply also carries out all due chores.

    \b
    Examples:
      ohf gc
      ohf gc --older-than 1d --output json | jq -r '.orphans[].name'
      ohf gc --apply
    """
    app = replace(provider_app(), deadline=Deadline.after(timeout))
    chores = _chores(app) if apply else 0
    found = find_orphans(app, older_than)
    findings = tuple(collect(app, found, older_than)) if apply else tuple(map(Finding, found))
    document = {
        "schema": "ohf/gc/v1",
        "owner": app.owner,
        "dryRun": not apply,
        "olderThan": older_than,
        "chores": chores,
        "orphans": [_document(one) for one in findings],
    }
    rows = tuple(_row(one, app.now()) for one in findings)
    show_table(output, document, Table(("", "REASON", "AGE", "WHAT", "NAME"), rows, "EVIDENCE"), "no orphans")
    if output == "table" and found and not apply:
        print("nothing was changed: ohf gc --apply collects them")
    _tell(findings, apply, detailed_exitcode)


def _chores(app: App) -> int:
    """The chores of memory; a memory that cannot be read keeps nobody from collecting by what AWS shows."""
    try:
        return carry_out_all_chores(app)
    except OhfError as error:
        print(f"chores not carried out: {plain(error.message)}", file=sys.stderr)
        return 0


def _tell(findings: tuple[Finding, ...], apply: bool, detailed: bool) -> None:
    failed = [one for one in findings if one.outcome == "failed"]
    if failed:
        raise FailedError(
            f"collect {plural(len(failed), 'orphan')}: {failed[0].message}",
            hint="mend what it names; then repeat it",
        )
    if findings and detailed and not apply:
        raise OrphansError(f"{plural(len(findings), 'orphan')} found", hint="ohf gc --apply")


def _document(one: Finding) -> dict[str, Any]:
    orphan = one.orphan
    return {
        "thing": orphan.thing,
        "reason": orphan.reason,
        "id": orphan.resource_id,
        "name": orphan.name,
        "requestId": orphan.request_id,
        "since": instant(orphan.since),
        "machines": list(orphan.machines),
        "evidence": orphan.evidence,
        "outcome": one.outcome,
        "message": one.message,
    }


def _row(one: Finding, now: float) -> Row:
    orphan = one.orphan
    what = orphan.name if orphan.thing == "stack" else orphan.resource_id
    note = f"{orphan.evidence}: {one.message}" if one.message else orphan.evidence
    state = Cell(one.outcome, _TONES[one.outcome])
    return row(state, orphan.reason, age(now - orphan.since), orphan.thing, what, note=note)
