"""`ohf events`: the story of a request's stack, and with `--history` what this provider has gone through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ohf_cli.history_screen import show_history
from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.table import Cell, Table, laid_out, row
from ohf_cli.words import instant
from ohf_iac.cfn import plain_reason
from ohf_iac.operations.history import history_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_cli.table import Line, Row, Tone
    from ohf_iac.cfn import StackEvent
    from ohf_iac.operations.history import History


@click.command("events")
@click.argument("request_id", metavar="[ID]", default="")
@click.option("--root-cause", is_flag=True, help="Print the cause of the failure alone.")
@click.option("--history", is_flag=True, help="Print the domain events that were kept, of one ID or of all.")
@click.option(
    "--since", metavar="TIME", help="With --history: from then on; ISO 8601 in UTC, or an age as 90m, 6h, 7d."
)
@provider_options
@output_option
def command(request_id: str, root_cause: bool, history: bool, since: str | None, output: Output) -> None:
    """Show the events of a request's stack, oldest first, below the root cause of a failure.

    The root cause is the first failure that is not a mere consequence, in the words of the service that failed, and
    what the group or fleet complains of. CloudFormation keeps events for ninety days after the stack's deletion.

    --history tells what this provider did and saw, without asking AWS: from the SQLite store's table where
    storage.events is on, else from the audit file and its rotated predecessors. ID is a request or a return there.

    \b
    Examples:
      ohf events req-6743a1c0-9f0c2d4e5a6b7c8d
      ohf events req-6743a1c0-9f0c2d4e5a6b7c8d --root-cause
      ohf events --history --since 6h
    """
    if history:
        if root_cause:
            raise click.UsageError("--root-cause is of one stack, --history of what was kept: give one of them")
        show_history(provider_app(), request_id, since, output)
        return
    if not request_id or since is not None:
        raise click.UsageError("give the ID of a request, or --history")
    story = history_of(provider_app(), request_id)
    show(output, _document(story), lambda width: _lines(story, width, alone=root_cause))


def _document(history: History) -> dict[str, Any]:
    stack = history.stack
    return {
        "schema": "ohf/events/v1",
        "requestId": history.request_id,
        "stack": {"id": stack.stack_id, "status": stack.status} if stack else None,
        "cause": history.cause,
        "shortfalls": [{"code": one.code, "text": one.text} for one in history.shortfalls],
        "events": [_event(one) for one in history.events],
    }


def _event(event: StackEvent) -> dict[str, str]:
    return {
        "at": instant(event.at),
        "logicalId": event.logical_id,
        "resourceType": event.resource_type,
        "status": event.status,
        "physicalId": event.physical_id,
        "reason": event.reason,
        "token": event.token,
    }


def _lines(history: History, width: int | None, *, alone: bool) -> Iterator[Line]:
    causes = [history.cause] if history.cause else []
    causes += [f"{one.code}: {one.text}" if one.code else one.text for one in history.shortfalls]
    for cause in causes:
        yield (Cell("CAUSE  ", "bad"), Cell(cause))
    if alone:
        if not causes:
            yield (Cell("nothing failed"),)
        return
    if causes:
        yield ()
    rows = tuple(_row(one, history.cause) for one in history.events)
    yield from laid_out(Table(("TIME", "RESOURCE", "STATUS", "PHYSICAL ID"), rows, "WHY"), width)


def _row(event: StackEvent, cause: str) -> Row:
    reason = plain_reason(event.reason)
    failed = event.status.endswith("_FAILED")
    tone: Tone = "good" if event.status.endswith("_COMPLETE") else "bad" if failed and reason == cause else "dim"
    shown = "" if event.of_stack else event.physical_id
    name = "stack" if event.of_stack else event.logical_id
    return row(instant(event.at), name, Cell(event.status, tone), shown, note=Cell(reason, tone if failed else ""))
