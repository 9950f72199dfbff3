"""What `ohf verify --deployed` tells, in each of its formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ohf_cli.output import dumped
from ohf_cli.table import Cell, Table, laid_out, row
from ohf_cli.words import instant, plural
from ohf_iac.approval.values import approval_document
from ohf_iac.request import request_id_of
from ohf_iac.review.junit import Case, Failure, junit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ohf_cli.report_formats import Reports
    from ohf_cli.table import Line, Row
    from ohf_iac.approval.deployed import Deviation
    from ohf_iac.review.proving import Proof

_SHORT: Final = 12


def deployed_reports(since: float, proofs: Sequence[Proof]) -> Reports:
    """Every format of the proofs of stacks that lived at epoch second `since` or later."""
    return {
        "table": lambda: "".join("".join(cell.text for cell in line) + "\n" for line in proof_lines(proofs, None)),
        "json": lambda: dumped("json", deployed_document(since, proofs)) + "\n",
        "yaml": lambda: dumped("yaml", deployed_document(since, proofs)) + "\n",
        "junit": lambda: junit("ohf verify --deployed", [case for one in proofs for case in _cases(one)]),
    }


def proof_lines(proofs: Sequence[Proof], width: int | None) -> Iterator[Line]:
    """The proofs for people, a row each, and their sum."""
    if proofs:
        headers = ("STACK", "BODY", "APPROVED", "DRIFT", "VERDICT")
        yield from laid_out(Table(headers, tuple(_row(one) for one in proofs), "FOUND"), width)
    bad = sum(one.verdict == "violation" for one in proofs)
    unknown = sum(one.verdict == "not proven" for one in proofs)
    told = f"{plural(len(proofs), 'stack')}, {plural(bad, 'violation')}"
    yield (Cell(f"{told}, {unknown} not proven" if unknown else told),)


def deployed_document(since: float, proofs: Sequence[Proof]) -> dict[str, Any]:
    """The document `ohf/deployed/v1`."""
    return {
        "schema": "ohf/deployed/v1",
        "since": instant(since),
        "ok": all(one.verdict == "ok" for one in proofs),
        "stacks": [_document(one) for one in proofs],
    }


def _document(proof: Proof) -> dict[str, Any]:
    stack = proof.stack
    return {
        "requestId": request_id_of(stack.name) or "",
        "stack": stack.name,
        "stackId": stack.stack_id,
        "status": stack.status,
        "createdAt": instant(stack.created_at),
        "deleted": proof.deleted,
        "sha256": proof.digest,
        "template": proof.entry.template if proof.entry else "",
        "verdict": proof.verdict,
        "deviations": [{"code": one.code, "message": one.text} for one in (*proof.deviations, *proof.of_drift)],
        "drift": {"verdict": proof.drift.verdict, "reason": proof.drift.unread or proof.drift.idle}
        if proof.drift
        else None,
        "emergency": proof.emergency,
        "approvals": [approval_document(one) for one in proof.entry.approvals] if proof.entry else [],
        "parameters": dict(sorted(stack.parameters.items())),
        "tags": dict(sorted(stack.tags.items())),
    }


def _row(proof: Proof) -> Row:
    told = [one.text for one in (*proof.deviations, *proof.of_drift)]
    note = "; ".join(told + ([f"break glass: {proof.emergency}"] if proof.emergency else []))
    return row(
        proof.stack.name, proof.digest[:_SHORT] or "-", _approved(proof), _drift(proof), _verdict(proof), note=note
    )


def _drift(proof: Proof) -> Cell:
    if proof.drift is None:
        return Cell("-")
    return Cell(proof.drift.verdict, "bad" if proof.drift.verdict in ("drifted", "unknown") else "")


def _verdict(proof: Proof) -> Cell:
    if proof.verdict == "not proven":
        return Cell("NOT PROVEN", "bad")
    if proof.verdict == "violation":
        return Cell("VIOLATION" if proof.entry else "NOT APPROVED", "bad")
    if proof.emergency:
        return Cell("BREAK GLASS", "busy")
    return Cell("ok, deleted" if proof.deleted else "ok", "good")


def _approved(proof: Proof) -> str:
    """Who approved the body last, and under which ticket."""
    if proof.entry is None or not proof.entry.approvals:
        return "-"
    last = proof.entry.approvals[-1]
    return f"{last.by} {last.ticket}".strip()


def _cases(proof: Proof) -> Iterator[Case]:
    """A case for the approval, and for a live stack one for its drift."""
    told = "\n".join(
        [f"body {proof.digest or 'not read'}", f"approved by {_approved(proof)}", proof.stack.stack_id]
    )
    told += f"\nbreak glass: {proof.emergency}" if proof.emergency else ""
    yield Case(proof.stack.name, "approved", failures=_failures(proof.deviations, told), note=told)
    if proof.drift is not None:
        skipped = proof.drift.idle or "not wholly checked" if proof.drift.verdict == "not checked" else ""
        yield Case(proof.stack.name, "drift", failures=_failures(proof.of_drift, told), skipped=skipped)


def _failures(deviations: Sequence[Deviation], told: str) -> tuple[Failure, ...]:
    return tuple(Failure(one.text, one.code, told) for one in deviations)
