"""Findings as GitHub's workflow commands, which show them at their lines of a pull request. Pure.

The form and its escapes are those of GitHub's manual, "Workflow commands for GitHub Actions", and of the runner's
toolkit: `%`, CR and LF everywhere, `:` and `,` in properties too. GitHub shows ten errors and ten warnings a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ohf_iac.review.findings import Finding, Level

_COMMANDS: Final[dict[Level, str]] = {"error": "error", "warning": "warning", "info": "notice"}


def workflow_commands(findings: Iterable[Finding]) -> Iterator[str]:
    """A line per finding that is not suppressed."""
    for one in findings:
        if not one.suppressed:
            yield f"::{_COMMANDS[one.level]} {_properties(one)}::{_data(_told(one))}"


def _properties(finding: Finding) -> str:
    places = {
        "file": finding.file,
        "line": str(finding.line or ""),
        "col": str(finding.column or ""),
        "title": " ".join(part for part in (finding.rule, finding.template) if part),
    }
    return ",".join(f"{name}={_property(value)}" for name, value in places.items() if value)


def _told(finding: Finding) -> str:
    return finding.told + (f"\nfix: {finding.fix}" if finding.fix else "")


def _data(text: str) -> str:
    """A text as a command's message; what would steer the terminal of whoever reads the log stands as Python
    writes it."""
    shown = text if text.isprintable() else "".join(map(_shown, text))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _shown(char: str) -> str:
    return char if char.isprintable() or char in "\r\n" else ascii(char)[1:-1]


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
