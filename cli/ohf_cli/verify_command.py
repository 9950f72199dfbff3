"""`ohf verify`: is what is configured what was approved? No AWS."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from ohf_cli.edge import UnapprovedError
from ohf_cli.provider import provider_options, provider_settings, stateless_environ
from ohf_cli.rendering import root_option
from ohf_cli.report_formats import formats_option, write_output_files
from ohf_cli.templates_command import found_template
from ohf_cli.terminal import terminal_of, write_lines
from ohf_cli.verify_audit import verify_audit
from ohf_cli.verify_report import FORMATS, check_lines, reports_of
from ohf_cli.words import plural
from ohf_iac.approval.inputs import input_hash
from ohf_iac.clock import clock_for
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.config.lock_file import approved_body, lock_or_empty
from ohf_iac.errors import ApprovalError
from ohf_iac.operations.approved import rules_of, verifier
from ohf_iac.render import render
from ohf_iac.review.verifying import Check, Configured, verify_lock, verify_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.approval.values import Lock
    from ohf_iac.config import Settings


@click.command("verify")
@click.argument("template_id", metavar="[TEMPLATE]", required=False)
@click.option("--deployed", is_flag=True, help="Hold the stacks in AWS against the lock, deleted ones too.")
@click.option(
    "--since",
    metavar="TIME",
    default="90d",
    show_default=True,
    help="With --deployed: stacks that lived then or later; ISO 8601 in UTC, or an age as 6h, 7d.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=600.0,
    show_default=True,
    help="With --deployed: read stacks for so many seconds.",
)
@click.option("--no-drift", is_flag=True, help="With --deployed: do not ask what was changed behind their back.")
@click.option("--audit", is_flag=True, help="Hold each line of the audit file against the one before it.")
@click.option(
    "--head", metavar="SHA256", default="", help="With --audit: a head told before has to be there still."
)
@root_option
@provider_options
@formats_option(FORMATS)
def command(
    template_id: str | None,
    deployed: bool,
    since: str,
    timeout: float,
    no_drift: bool,
    audit: bool,
    head: str,
    root: str,
    output: str,
    output_files: tuple[tuple[str, str], ...],
) -> None:
    """Hold the configuration against ohf.lock: every template, every approved body, every signature.

    Asks no AWS, and judges as enforcement does, whatever approvals.mode says. Emergency approvals are listed for
    ever. Exits 4 when something is not as approved.

    --deployed asks AWS instead: every stack of this installation that lives, or lived since TIME, has to have an
    approved body, parameters within its envelope and the tags of its approval, and live ones must not have drifted.
    AWS knows deleted stacks for ninety days. One that cannot be read is not proven, which exits 4 too.

    --audit asks whether the audit file is what was written: each line holds the hash of the one before it. Keep the
    head that it prints elsewhere, and give it back with --head.

    \b
    Examples:
      ohf verify
      ohf verify asg-ondemand --output json
      ohf verify --output-file junit=approvals.xml
      ohf verify --deployed --since 1d --output-file junit=evidence.xml
      ohf verify --audit
    """
    if audit:
        if template_id or root or deployed:
            raise click.UsageError("--audit is about the audit file: without TEMPLATE, --root and --deployed")
        verify_audit(head, output, output_files)
        return
    if deployed:
        if template_id or root:
            raise click.UsageError("--deployed is about all stacks: without TEMPLATE and --root")
        from ohf_cli.verify_deployed import verify_deployed  # what asks AWS takes longer to import than all else

        verify_deployed(since, timeout, not no_drift, output, output_files)
        return
    _verify_configured(template_id or "", root, output, output_files)


def _verify_configured(template_id: str, root: str, output: str, output_files: tuple[tuple[str, str], ...]) -> None:
    """Print the checks of the configuration against the lock; UnapprovedError where one fails."""
    settings = provider_settings()
    checks = tuple(checks_of(settings, template_id, root))
    reports = reports_of(settings.approvals.mode, checks)
    write_output_files(output_files, reports)
    if output == "table":
        terminal = terminal_of(sys.stdout, os.environ)
        write_lines(sys.stdout, check_lines(checks, terminal.width), terminal)
    else:
        print(reports[output](), end="")
    failed = [one for one in checks if not one.ok]
    if failed:
        told = f"verify: {plural(len(failed), 'check')} of {len(checks)} failed"
        raise UnapprovedError(told, hint=failed[0].fix)


def checks_of(settings: Settings, template_id: str, root: str) -> Iterator[Check]:
    """The checks of one template, or of all and of the whole lock where `template_id` is ""."""
    catalogue = load_catalogue(settings, root=root)
    lock = lock_or_empty(settings)
    files = catalogue_files(settings, root=root)
    now = clock_for(settings, stateless_environ(), lambda _told: None)()
    bodies, rules, verify = _bodies(settings, lock), rules_of(settings), verifier(settings)
    defaults = settings.template.defaults
    for one in (found_template(catalogue, template_id),) if template_id else catalogue.templates:
        found = Configured(render(one, defaults, files), input_hash(one, defaults, files))
        yield verify_template(found, lock, bodies, rules, now, verify)
    for check in verify_lock(lock, bodies, verify):
        if template_id in ("", check.template):
            yield check


def _bodies(settings: Settings, lock: Lock) -> dict[str, str]:
    """The approved files of the lock's entries; those that are missing are not among them, which a check tells."""
    found = {}
    for digest in lock.entries:
        try:
            found[digest] = approved_body(settings, digest)
        except ApprovalError:
            continue  # told of by the check of its entry
    return found
