"""Requests and returns as documents and as rows: one shape for every command that shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohf_cli.table import Table, row
from ohf_cli.words import age, instant, machine_cell, state_cell
from ohf_iac.hostfactory import machine_row
from ohf_iac.request import id_kind, minted_at, stack_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_cli.table import Row
    from ohf_iac.machine import Machine
    from ohf_iac.operations.overview import Seen


def document_of(seen: Seen) -> dict[str, Any]:
    """One request or return for programs. Nothing in it depends on when it was asked for."""
    answer, record = seen.answer, seen.record
    known: dict[str, Any] = {
        "requestId": answer.request_id,
        "type": "return" if id_kind(answer.request_id) == "ret" else "request",
        "status": answer.status,
        "message": answer.message,
        "createdAt": instant(minted_at(answer.request_id) or 0),
        "machines": [machine_row(one) for one in answer.machines],
    }
    if record is None:
        return known
    return {
        **known,
        "templateId": record.request.template_id,
        "kind": record.request.kind,
        "priceType": record.request.price_type,
        "units": record.request.units,
        "deadline": instant(record.request.deadline),
        "settledAt": instant(record.settled_at),
        "cancelledAt": instant(record.cancelled_at),
        "digest": record.digest,
        "stack": {
            "name": stack_name(answer.request_id),
            "id": record.stack_id,
            "state": record.stack,
            "status": seen.stack.status if seen.stack else "",
        },
    }


def requests_table(requests: Iterable[Seen], now: float) -> Table:
    """Requests and returns, a row each; the note tells why."""
    rows = tuple(_row(one, now) for one in requests)
    return Table(("REQUEST", "TEMPLATE", "STATE", "MACHINES", "AGE", "STACK"), rows, "WHY")


def machines_table(machines: Iterable[Machine]) -> Table:
    """Machines, a row each; the note tells why one failed."""
    rows = tuple(
        row(
            one.machine_id,
            one.name,
            one.instance_type,
            one.price_type,
            machine_cell(one.status, one.result),
            note=one.message,
        )
        for one in machines
    )
    return Table(("MACHINE", "NAME", "TYPE", "PRICE", "STATE"), rows, "WHY")


def progress(seen: Seen) -> str:
    """Machines there are, of those asked for: `2/3`; for a return, machines gone of those named."""
    good = sum(one.result == "succeed" for one in seen.answer.machines)
    if seen.record is None and not seen.answer.machines:
        return "-"
    whole = seen.record.request.units if seen.record else len(seen.answer.machines)
    if seen.record and any(weight != 1 for weight in seen.record.request.weights.values()):
        return f"{good} for {whole}u"
    return f"{good}/{whole}"


def stack_word(seen: Seen) -> str:
    """The stack as CloudFormation says it, else as memory does."""
    if seen.stack is not None:
        return seen.stack.status
    return seen.record.stack if seen.record else ""


def _row(seen: Seen, now: float) -> Row:
    answer = seen.answer
    return row(
        answer.request_id,
        seen.record.request.template_id if seen.record else "",
        state_cell(answer.status),
        progress(seen),
        _age(answer.request_id, now),
        stack_word(seen),
        note=answer.message,
    )


def _age(request_id: str, now: float) -> str:
    minted = minted_at(request_id)
    return "-" if minted is None else age(now - minted)
