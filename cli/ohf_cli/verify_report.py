"""What `ohf verify` tells, in each of its formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ohf_cli.output import dumped
from ohf_cli.table import Cell, Table, laid_out, row
from ohf_iac.approval.decide import BROKEN, CHANGED, EXPIRED, FLOATING, MISSING, OWN_WORK, TOO_FEW, UNSIGNED
from ohf_iac.approval.values import approval_document
from ohf_iac.review.junit import Case, Failure, junit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ohf_cli.report_formats import Reports
    from ohf_cli.table import Line, Row
    from ohf_iac.review.verifying import Check

FORMATS: Final = ("table", "json", "yaml", "junit")
_SHORT: Final = 12
_STATES: Final = {
    MISSING: "MISSING",
    EXPIRED: "EXPIRED",
    CHANGED: "CHANGED",
    OWN_WORK: "OWN WORK",
    UNSIGNED: "UNSIGNED",
    BROKEN: "BROKEN",
    TOO_FEW: "TOO FEW",
    FLOATING: "FLOATING",
}


def reports_of(mode: str, checks: Sequence[Check]) -> Reports:
    """Every format of the checks; `mode` is approvals.mode."""
    return {
        "table": lambda: "".join("".join(cell.text for cell in line) + "\n" for line in check_lines(checks, None)),
        "json": lambda: dumped("json", verify_document(mode, checks)) + "\n",
        "yaml": lambda: dumped("yaml", verify_document(mode, checks)) + "\n",
        "junit": lambda: junit("ohf verify", [_case(one) for one in checks]),
    }


def check_lines(checks: Sequence[Check], width: int | None) -> Iterator[Line]:
    """The checks for people, a row each."""
    if not checks:
        yield (Cell("there is no template, and no lock"),)
        return
    table = Table(("TEMPLATE", "", "SHA256", "APPROVED"), tuple(_row(one) for one in checks), "FOUND")
    yield from laid_out(table, width)


def verify_document(mode: str, checks: Sequence[Check]) -> dict[str, Any]:
    """The document `ohf/verify/v1`."""
    return {
        "schema": "ohf/verify/v1",
        "mode": mode,
        "ok": all(one.ok for one in checks),
        "checks": [
            {
                "of": "lock" if one.of_lock else "configuration",
                "template": one.template,
                "sha256": one.digest,
                "ok": one.ok,
                "code": one.code,
                "message": one.message,
                "fix": one.fix,
                "emergency": one.emergency,
                "approvals": [approval_document(approval) for approval in one.entry.approvals] if one.entry else [],
            }
            for one in checks
        ],
    }


def _row(check: Check) -> Row:
    state = Cell(_STATES[check.code], "bad") if check.code else Cell("ok", "good")
    if check.emergency and check.ok:
        state = Cell("BREAK GLASS", "busy")
    note = f"{check.message} -- fix: {check.fix}" if check.fix else check.message
    return row(check.template, state, check.digest[:_SHORT], _approved(check), note=note)


def _approved(check: Check) -> str:
    """Who approved last, under which ticket and until when."""
    if check.entry is None:
        return "-"
    last = check.entry.approvals[-1]
    return " ".join(part for part in (last.by, last.ticket, f"until {last.expires}") if part)


def _case(check: Check) -> Case:
    name = f"lock entry {check.digest[:_SHORT]}" if check.of_lock else "approved"
    failures = (Failure(check.message, check.code, f"fix: {check.fix}"),) if check.code else ()
    return Case(check.template, name, "ohf.lock", failures=failures, note="" if check.code else check.message)
