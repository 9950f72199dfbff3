"""`ohf lint`: what a reviewer should know about the templates, each finding with its line. No AWS."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from ohf_cli.edge import FindingsError
from ohf_cli.lint_report import FORMATS, LintReport, lint_lines, reports_of
from ohf_cli.provider import provider_options, provider_settings
from ohf_cli.rendering import root_option
from ohf_cli.report_formats import formats_option, write_output_files
from ohf_cli.templates_command import found_template
from ohf_cli.terminal import terminal_of, write_lines
from ohf_cli.words import plural
from ohf_iac.review.cfn_lint import cfn_lint_version, cfn_linter
from ohf_iac.review.lint import linted, rules_of
from ohf_iac.review.lint_input import default_base, lintable, suppressions

if TYPE_CHECKING:
    from ohf_iac.review.findings import FailOn


@click.command("lint")
@click.argument("template_ids", metavar="[TEMPLATE...]", nargs=-1)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    default="error",
    show_default=True,
    help="The least grave finding that makes it exit 3.",
)
@click.option("--show-suppressed", is_flag=True, help="Show people what is suppressed, too.")
@click.option("--house-only", is_flag=True, help="Leave cfn-lint out: it is an extra, and takes most of the time.")
@click.option(
    "--paths-from",
    metavar="DIR",
    help="Name files relative to DIR  [default: the current folder where the configuration lies in it, "
    "else the configuration folder].",
)
@root_option
@provider_options
@formats_option(FORMATS)
def command(
    template_ids: tuple[str, ...],
    fail_on: FailOn,
    show_suppressed: bool,
    house_only: bool,
    paths_from: str | None,
    root: str,
    output: str,
    output_files: tuple[tuple[str, str], ...],
) -> None:
    """Check templates and the bodies that they give: cfn-lint and the house rules, each finding with its line.

    Without a TEMPLATE the whole catalogue is checked, refused entries and suppressions too. docs/lint.md describes
    every rule, and how ohf.json suppresses one with a reason and an end. Exits 3 when something as grave as
    --fail-on was found.

    \b
    Examples:
      ohf lint
      ohf lint asg-ondemand --fail-on warning
      ohf lint --output sarif > lint.sarif
      ohf lint --output github --output-file sarif=lint.sarif --output-file junit=lint.xml
    """
    settings = provider_settings()
    base = os.path.abspath(paths_from) if paths_from else default_base(settings.conf_dir, os.getcwd())
    what = lintable(settings, base, root)
    wanted = tuple(found_template(what.catalogue, one) for one in dict.fromkeys(template_ids)) or None
    version = "" if house_only else cfn_lint_version()
    check = None if house_only else cfn_linter(settings.provider.region)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    found = linted(what, wanted, check, suppressions(settings, base), today)
    rules = rules_of(found.findings)
    report = LintReport(found.findings, found.templates, rules, fail_on, version, show_suppressed)
    _told(report, output, output_files)
    if report.failing:
        raise FindingsError(
            f"lint: {plural(len(report.failing), 'finding')} at or above {fail_on}",
            hint="mend what is named above, or suppress it with a reason; docs/lint.md describes each rule",
        )


def _told(report: LintReport, output: str, output_files: tuple[tuple[str, str], ...]) -> None:
    reports = reports_of(report)
    write_output_files(output_files, reports)
    if output in ("text", "table"):
        terminal = terminal_of(sys.stdout, os.environ)
        write_lines(sys.stdout, lint_lines(report, terminal.width), terminal)
        print(report.summary)
    else:
        sys.stdout.write(reports[output]())
    if output == "github":
        print(report.summary, file=sys.stderr)
