"""`ohf diff`: what a change of a body means for security, cost and capacity. AWS only where a stack is named."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ohf_cli.diff_screen import diff_lines
from ohf_cli.edge import AfterOutputError
from ohf_cli.output import dumped
from ohf_cli.provider import provider_options, provider_settings
from ohf_cli.rendering import root_option
from ohf_cli.report_formats import formats_option, write_output_files
from ohf_cli.table import text_of
from ohf_cli.terminal import terminal_of, write_lines
from ohf_cli.versions import Configuration, of_all, of_template, version_named, versions_against
from ohf_cli.words import plural
from ohf_iac.errors import StorageError
from ohf_iac.review.diff.comparison import compared, document
from ohf_iac.review.diff.markdown import markdown
from ohf_iac.review.standing import standing
from ohf_iac.review.versions import nothing

if TYPE_CHECKING:
    from ohf_iac.review.diff.comparison import Comparison, Version

#: what `--detailed-exitcode` ends with where bodies differ
DIFFERENT: Final = "E202"
_SUMMARY: Final = "GITHUB_STEP_SUMMARY"


class DifferencesError(AfterOutputError):
    """Bodies differ, and the caller asked to be told by the exit code."""

    code = DIFFERENT


@click.command("diff")
@click.argument("words", metavar="[TEMPLATE | BEFORE AFTER]", nargs=-1)
@click.option(
    "--against",
    metavar="VERSION",
    help="What templates are held against: approved, deployed, git:REVISION, or a folder that render wrote.",
)
@click.option("--all", "everything", is_flag=True, help="Compare every template of the catalogue.")
@click.option("--summary", is_flag=True, help="Also add the Markdown to the file that GITHUB_STEP_SUMMARY names.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when bodies differ.")
@root_option
@provider_options
@formats_option(("table", "json", "yaml", "markdown"))
def command(
    words: tuple[str, ...],
    against: str | None,
    everything: bool,
    summary: bool,
    detailed_exitcode: bool,
    root: str,
    output: str,
    output_files: tuple[tuple[str, str], ...],
) -> None:
    """Compare bodies by what they mean; what allows more than before is marked BROADENS.

    BEFORE and AFTER are a template of the configuration, a file that render wrote, lock:TEMPLATE (approved last),
    git:REVISION:TEMPLATE, or stack:NAME (a deleted one by its ARN). User data and secrets are told by hash, or not
    at all. docs/review.md tells how to read it.

    \b
    Examples:
      ohf diff asg-ondemand --against approved
      ohf diff asg-ondemand --against git:origin/main --detailed-exitcode
      ohf diff --all --against git:origin/main --output markdown --summary
      ohf diff rendered/asg-ondemand.json asg-ondemand
    """
    if summary and not os.environ.get(_SUMMARY):
        raise click.UsageError(f"--summary needs {_SUMMARY}, which GitHub Actions sets")
    configuration = Configuration(provider_settings(), root)
    found = _comparisons(configuration, words, against, everything)
    reports = {
        "json": lambda: dumped("json", document(found)) + "\n",
        "yaml": lambda: dumped("yaml", document(found)) + "\n",
        "markdown": lambda: markdown(found),
        "table": lambda: "".join(f"{line}\n" for line in _plain(found)),
    }
    write_output_files(output_files, reports)
    if summary:
        _add(os.environ[_SUMMARY], markdown(found))
    if output == "table":
        terminal = terminal_of(sys.stdout, os.environ)
        write_lines(sys.stdout, diff_lines(found, terminal.width), terminal)
    else:
        sys.stdout.write(reports[output]())
    names = [one.name for one in found if one.changes]
    if names and detailed_exitcode:
        raise DifferencesError(
            f"{plural(len(names), 'template')} with another body: {', '.join(names)}",
            hint="docs/review.md tells how to read the changes",
        )


def _comparisons(
    configuration: Configuration, words: tuple[str, ...], against: str | None, everything: bool
) -> tuple[Comparison, ...]:
    if len(words) == 2 and not (against or everything):
        (one, before), (other, after) = (version_named(configuration, word) for word in words)
        return (_compared(configuration, other or one or words[1], before, after),)
    if everything and not words:
        versions = of_all(configuration)
    elif len(words) == 1 and not everything:
        versions = {words[0]: of_template(configuration, words[0])}
    else:
        raise click.UsageError("name one template, two versions, or give --all")
    others = versions_against(configuration, against or "approved", tuple(versions))
    names = tuple(dict.fromkeys((*versions, *others))) if everything else tuple(versions)
    return tuple(
        _compared(
            configuration,
            name,
            others.get(name, nothing(against or "approved")),
            versions.get(name, nothing("configuration")),
        )
        for name in names
    )


def _compared(configuration: Configuration, name: str, before: Version, after: Version) -> Comparison:
    found = standing(configuration.settings, name, after.sha256, time.time())
    return compared(name, before, after, found.by)


def _plain(found: tuple[Comparison, ...]) -> tuple[str, ...]:
    return tuple(text_of(line) for line in diff_lines(found, None))


def _add(path: str, text: str) -> None:
    try:
        with Path(path).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise StorageError(f"write {path}: {error.strerror}", hint=f"{_SUMMARY} names the file") from error
