"""`ohf rehearse`: AWS asked what it would make of the bodies; nothing is created."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from ohf_cli.edge import FAILED, FailedError
from ohf_cli.output import dumped, show_table
from ohf_cli.plain_text import plain
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.report_formats import formats_option, write_output_files
from ohf_cli.table import Cell, Table, row
from ohf_cli.templates_command import found_template
from ohf_cli.words import plural
from ohf_iac.aws.translate import REFUSED, UNREACHED
from ohf_iac.clock import Deadline
from ohf_iac.config.catalogue_file import load_catalogue
from ohf_iac.operations.rehearsing import Rehearsal, rehearse
from ohf_iac.review.junit import Case, Failure, junit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_cli.report_formats import Reports
    from ohf_cli.table import Row, Tone
    from ohf_iac.operations.rehearsing import Outcome

_TONES: Final[Mapping[Outcome, Tone]] = {"ok": "good", "failed": "bad", "left": "bad"}


@click.command("rehearse")
@click.argument("names", metavar="[TEMPLATE]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Rehearse every template of the catalogue.")
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Machines (units) that the request would ask for.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=600.0, show_default=True, help="Stop after so many seconds."
)
@provider_options
@formats_option(["table", "json", "yaml", "junit"])
def command(
    names: tuple[str, ...],
    everything: bool,
    count: int,
    timeout: float,
    output: str,
    output_files: tuple[tuple[str, str], ...],
) -> None:
    """Have AWS check what requests would create, by change sets that are never executed.

    Several templates at once. Each change set is made on a stack of its own, which is deleted at the end, after
    Ctrl-C and failures too; what a crash leaves behind, ohf gc finds. No machine is launched, nothing is approved.

    Exits 0 when AWS takes all bodies, 1 when it refuses one, 69 or 77 when it cannot or may not be asked at all.

    \b
    Examples:
      ohf rehearse --all
      ohf rehearse asg-ondemand instant-spot --count 10
      ohf rehearse --all --output-file junit=rehearsal.xml
      ohf rehearse --all --output json | jq -r '.rehearsals[] | select(.outcome != "ok").templateId'
    """
    if bool(names) == everything:
        raise click.UsageError("name templates, or give --all")
    app = replace(provider_app(), deadline=Deadline.after(timeout))
    catalogue = load_catalogue(app.settings)
    wanted = tuple(found_template(catalogue, one) for one in dict.fromkeys(names)) or catalogue.templates
    refused = catalogue.refused if everything else ()
    with _ended_cleanly():
        found = rehearse(app, wanted, count, lambda one: print(_spoken(one), file=sys.stderr))
    found += tuple(
        Rehearsal(one.template_id, "failed", message=one.message, hint="ohf templates validate") for one in refused
    )
    reports = _reports(count, found)
    write_output_files(output_files, reports)
    if output == "table":
        show_table("table", {}, _table(found), "no templates")
    else:
        print(reports[output](), end="")
    _conclude(found)


def _reports(count: int, found: tuple[Rehearsal, ...]) -> Reports:
    document = {"schema": "ohf/rehearsal/v1", "count": count, "rehearsals": [_document(one) for one in found]}
    return {
        "table": lambda: "".join(f"{_spoken(one)}\n" for one in found),
        "json": lambda: dumped("json", document) + "\n",
        "yaml": lambda: dumped("yaml", document) + "\n",
        "junit": lambda: junit("ohf rehearse", tuple(map(_case, found))),
    }


@contextmanager
def _ended_cleanly() -> Iterator[None]:
    """SIGTERM, by which pipelines end a job, ends the work inside as Ctrl-C does: with its stacks removed."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: object) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt


def _conclude(found: tuple[Rehearsal, ...]) -> None:
    bad = [one for one in found if one.outcome != "ok"]
    if bad:
        raise FailedError(
            f"rehearse {plural(len(found), 'template')}: {len(bad)} failed, first {bad[0].template_id}: "
            f"{bad[0].message}",
            hint=bad[0].hint or "correct what AWS names in the catalogue",
            code=_code(bad),
        )


def _code(bad: list[Rehearsal]) -> str:
    """The code of a failure that is not the templates': nobody was asked, or nobody may ask."""
    codes = {one.code for one in bad}
    return codes.pop() if codes in ({UNREACHED}, {REFUSED}) else FAILED


def _spoken(one: Rehearsal) -> str:
    return plain(f"{one.template_id} {one.outcome}{f': {one.message}' if one.message else ''}")


def _document(one: Rehearsal) -> dict[str, Any]:
    return {
        "templateId": one.template_id,
        "outcome": one.outcome,
        "digest": one.digest,
        "stack": one.stack,
        "message": one.message,
        "changes": [
            {"action": change.action, "logicalId": change.logical_id, "type": change.resource_type}
            for change in one.changes
        ],
    }


def _table(found: tuple[Rehearsal, ...]) -> Table:
    return Table(("TEMPLATE", "RESULT", "SHA256", "CHANGES"), tuple(map(_row, found)), "WHY")


def _case(one: Rehearsal) -> Case:
    failures = () if one.outcome == "ok" else (Failure(one.message, one.outcome, one.hint),)
    return Case(one.template_id, "rehearsal", failures=failures)


def _row(one: Rehearsal) -> Row:
    changes = " ".join(f"+{change.logical_id}" for change in one.changes)
    return row(one.template_id, Cell(one.outcome, _TONES[one.outcome]), one.digest[:12], changes, note=one.message)
