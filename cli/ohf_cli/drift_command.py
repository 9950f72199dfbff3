"""`ohf drift`: do the stacks still stand as their templates say? AWS is asked, nothing is changed."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from ohf_cli.drift_screen import drift_lines, drift_reports
from ohf_cli.edge import FAILED, AfterOutputError, FailedError, NotYetError
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.report_formats import formats_option, write_output_files
from ohf_cli.terminal import terminal_of, write_lines
from ohf_cli.words import plural
from ohf_iac.app import calls_of
from ohf_iac.clock import Deadline
from ohf_iac.errors import ConfigurationError, ProviderError
from ohf_iac.review.drift.choosing import chosen_stacks
from ohf_iac.review.drift.detecting import EVERY, drift_of
from ohf_iac.review.drift.origins import origin_of
from ohf_iac.review.lint_input import default_base, lintable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ohf_cli.drift_screen import Behind
    from ohf_iac.app import App
    from ohf_iac.config import Settings
    from ohf_iac.observation import StackSeen
    from ohf_iac.review.diff.changes import Change
    from ohf_iac.review.drift.origins import Origin
    from ohf_iac.review.drift.values import StackDrift

#: what `--detailed-exitcode` ends with where stacks have drifted
DRIFTED: Final = "E203"


_LONGER: Final = "run it again, with a longer --timeout"


class DriftError(AfterOutputError):
    """Stacks have drifted, and the caller asked to be told by the exit code."""

    code = DRIFTED


@click.command("drift")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--template", default="", metavar="TEMPLATE", help="Stacks of this template alone.")
@click.option("--all", "everything", is_flag=True, help="Show what is in sync and what is expected, too.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when stacks have drifted.")
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=EVERY, show_default=True, help="Seconds between looks."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=600.0,
    show_default=True,
    help="Wait for so many seconds; AWS takes seconds to minutes per stack.",
)
@provider_options
@formats_option(("table", "json", "yaml", "junit"))
def command(
    ids: tuple[str, ...],
    template: str,
    everything: bool,
    detailed_exitcode: bool,
    every: float,
    timeout: float,
    output: str,
    output_files: tuple[tuple[str, str], ...],
) -> None:
    """Hold live stacks against their templates: what was changed behind their back?

    ID is a request's, or the name or ARN of its stack; without any, all live stacks of this installation.
    CloudFormation detects the drift; what it does not check (the data of launch templates, stacks that are being
    created or were not completed) is read from EC2 and Auto Scaling. Less capacity than was asked for is expected
    of frozen requests and is no drift. docs/review.md tells more.

    Exits 0 with drift too, 2 with --detailed-exitcode; 1 (or 69, 77) when a stack cannot be read, 5 when the
    time is up.

    \b
    Examples:
      ohf drift
      ohf drift req-6743a1c0-9f0c2d4e5a6b7c8d --all
      ohf drift --template asg-ondemand --detailed-exitcode
      ohf drift --output-file junit=drift.xml
    """
    app = replace(provider_app(), deadline=Deadline.after(timeout))
    found = drift_of(app, _stacks(app, ids, template), every)
    behind = fields_behind(app.settings)
    reports = drift_reports(found, behind)
    write_output_files(output_files, reports)
    if output == "table":
        lines = drift_lines(found, behind, everything=everything)
        write_lines(sys.stdout, lines, terminal_of(sys.stdout, os.environ))
    else:
        sys.stdout.write(reports[output]())
    _conclude(found, detailed_exitcode)


def _stacks(app: App, ids: tuple[str, ...], template: str) -> tuple[StackSeen, ...]:
    try:
        return chosen_stacks(calls_of(app), app.owner, ids, template)
    except ProviderError as error:
        if error.transient and app.deadline.left <= 0:
            raise NotYetError(f"drift is not known yet: {error.message}", hint=_LONGER) from error
        raise


def fields_behind(settings: Settings) -> Behind:
    """What finds the field behind a change; nothing, where the catalogue cannot be read."""
    try:
        what = lintable(settings, default_base(settings.conf_dir, os.getcwd()))
    except ConfigurationError:
        return lambda _change, _template: None  # stacks outlive catalogues, and their drift is told all the same

    def found(change: Change, template: str) -> Origin | None:
        return origin_of(change, template, what.catalogue, what.source)

    return found


def _conclude(found: Sequence[StackDrift], detailed: bool) -> None:
    unread = [one for one in found if one.unread and not one.late]
    late = [one for one in found if one.late]
    drifted = [one for one in found if one.verdict == "drifted"]
    if unread:
        codes = {one.code or FAILED for one in unread}
        first = f"first {unread[0].stack.name}: {unread[0].unread}"
        raise FailedError(
            f"drift of {plural(len(unread), 'stack')} of {len(found)} is not known, {first}",
            code=codes.pop() if len(codes) == 1 else FAILED,
            hint="ohf iam-policy --with-review lists the permissions; run it again",
        )
    if late:
        names = ", ".join(one.stack.name for one in late)
        raise NotYetError(
            f"drift of {plural(len(late), 'stack')} of {len(found)} is not known yet: {names}",
            hint=_LONGER,
        )
    if drifted and detailed:
        raise DriftError(
            f"{plural(len(drifted), 'stack')} drifted, first {drifted[0].stack.name}",
            hint="put back what was changed, or return the machines and delete the stack",
        )
