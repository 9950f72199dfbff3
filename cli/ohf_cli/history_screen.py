"""`ohf events --history`: the domain events that were kept."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from ohf_cli.output import Output, show_table
from ohf_cli.table import Table, row
from ohf_iac.log import stamp
from ohf_iac.operations.happenings import happenings

if TYPE_CHECKING:
    from ohf_cli.table import Row
    from ohf_iac.app import App
    from ohf_iac.store.event_table import EventRow

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def show_history(app: App, identifier: str, since: str | None, output: Output) -> None:
    """Print what was kept of one request or return, or of all."""
    kept = happenings(app, moment_of(since, app.now()) if since else 0.0, identifier)
    document = {
        "schema": "ohf/history/v1",
        "source": kept.source,
        "events": [_document(one) for one in kept.events],
    }
    table = Table(("TIME", "WHAT", "OF", "STATUS"), tuple(_row(one) for one in kept.events), "WHY")
    show_table(output, document, table, "no events are kept here; ohf events ID reads those of a stack from AWS")


def moment_of(text: str, now: float) -> float:
    """The epoch second that a text names: a date and time, UTC unless it says otherwise, or an age."""
    age = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if age:
        return now - int(age[1]) * _UNITS[age[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        told = f"{text!r} is neither a moment such as 2026-11-23T04:00:00Z nor an age such as 6h"
        raise click.BadParameter(told, param_hint="--since") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _document(event: EventRow) -> dict[str, Any]:
    return {
        "at": stamp(event.at),
        "what": event.what,
        "requestId": event.request_id,
        "returnId": event.return_id,
        "templateId": event.template_id,
        "machineId": event.machine_id,
        "machineName": event.machine_name,
        "status": event.status,
        "previous": event.previous,
        "units": event.units,
        "machines": event.machines,
        "message": event.message,
    }


def _row(event: EventRow) -> Row:
    subject = event.machine_id or event.return_id or event.request_id or event.template_id
    status = f"{event.previous} -> {event.status}" if event.previous else event.status
    return row(stamp(event.at), event.what, subject, status, note=event.message)
