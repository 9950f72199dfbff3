"""`ohf evidence --check`: is a pack what was written? No AWS, no configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

from ohf_cli.edge import UnapprovedError
from ohf_cli.output import Output, show
from ohf_cli.table import Cell, Table, laid_out, row
from ohf_cli.words import plural
from ohf_iac.operations.approved import verifier_by
from ohf_iac.review.evidence.checking import checked
from ohf_iac.review.evidence.folder import read_pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_cli.table import Line, Tone
    from ohf_iac.review.evidence.checking import Checked, State

#: a pack is not what was written, or it could not be proven that it is
TAMPERED: Final = "E413"
_STATES: Final[dict[State, tuple[str, Tone]]] = {
    "ok": ("ok", "good"),
    "differs": ("DIFFERS", "bad"),
    "gap": ("missing", "dim"),
    "unknown": ("NOT PROVEN", "bad"),
}


def check_pack(path: str, allowed_signers: str, expected: str, output: Output) -> None:
    """Print what was found; UnapprovedError where something differs, or could not be proven."""
    if expected and not re.fullmatch("[0-9a-f]{64}", expected):
        raise click.BadParameter("a digest has 64 hexadecimal digits", param_hint="--expect-sha256")
    found = checked(read_pack(path), verifier_by(allowed_signers) if allowed_signers else None, expected)
    show(output, _document(path, found), lambda width: _lines(found, width))
    if found.wrong:
        first = found.wrong[0]
        told = f"evidence --check: {plural(len(found.wrong), 'check')} of {len(found.findings)} failed"
        hint = f"{first.of}: {first.message}"
        if all(one.state == "unknown" for one in found.wrong):
            hint = "give --allowed-signers FILE, a list of keys that you trust"
        raise UnapprovedError(told, code=TAMPERED, hint=hint)


def _document(path: str, found: Checked) -> dict[str, Any]:
    return {
        "schema": "ohf/evidencecheck/v1",
        "file": path,
        "ok": not found.wrong,
        "requestId": found.about["requestId"],
        "manifestSha256": found.manifest,
        "verdict": found.about["verdict"],
        "checks": [{"of": one.of, "state": one.state, "message": one.message} for one in found.findings],
    }


def _lines(found: Checked, width: int | None) -> Iterator[Line]:
    rows = tuple(row(one.of, Cell(*_STATES[one.state]), note=one.message) for one in found.findings)
    yield from laid_out(Table(("FILE", ""), rows, "FOUND"), width)
    told = f"{found.about['requestId']}, stack {found.about['verdict'] or 'not judged'}: the pack is "
    yield (Cell(told), Cell("not proven", "bad") if found.wrong else Cell("as it was written", "good"))
    yield (Cell(f"manifest {found.manifest}"),)
