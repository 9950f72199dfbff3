"""`ohf doctor`: is everything as it should be?"""

from __future__ import annotations

import click

from ohf_cli.edge import FoundError
from ohf_cli.output import Output, output_option, show_table
from ohf_cli.provider import provider_app, provider_environ, provider_options
from ohf_cli.table import Cell, Table, Tone, row
from ohf_cli.validation import catalogue_findings
from ohf_cli.words import plural
from ohf_iac.errors import OhfError
from ohf_iac.operations.doctor import Finding, Severity, examine

_TONES: dict[Severity, Tone] = {"ok": "good", "warn": "busy", "fail": "bad"}


@click.command("doctor")
@provider_options
@output_option
def command(output: Output) -> None:
    """Check configuration, catalogue, memory, credentials, clock, and one describe per AWS API.

    Changes nothing. Exits 1 when a check fails; each has a code that docs/errors.md explains.

    \b
    Examples:
      ohf doctor
      ohf doctor --output json | jq '.checks[] | select(.severity != "ok")'
    """
    app = provider_app()
    findings = tuple(examine(app, provider_environ(), _shape()))
    document = {"schema": "ohf/doctor/v1", "checks": [_document(one) for one in findings]}
    rows = tuple(
        row(Cell(one.severity, _TONES[one.severity]), one.code, one.name, note=_told(one)) for one in findings
    )
    show_table(output, document, Table(("", "CHECK", "OF"), rows, "FOUND"), "nothing was checked")
    failed = [one for one in findings if one.severity == "fail"]
    if failed:
        codes = ", ".join(one.code for one in failed)
        hint = next((one.fix for one in failed if one.fix), "see the checks above")
        raise FoundError(f"{plural(len(failed), 'check')} failed: {codes}", hint=hint)


def _shape() -> tuple[str, ...]:
    """What the schema finds wrong with the catalogue; one that cannot be read is a finding of its own check."""
    from ohf_cli.provider import provider_settings

    try:
        return catalogue_findings(provider_settings())
    except OhfError:
        return ()


def _document(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity,
        "finding": finding.text,
        "fix": finding.fix,
    }


def _told(finding: Finding) -> str:
    return f"{finding.text} -- fix: {finding.fix}" if finding.fix else finding.text
