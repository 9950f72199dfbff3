"""What an operation learned, kept in the store and told to the observers.

Two ways: a write-ahead intent must be kept or the operation ends (`keep_request`, `keep_return`), as must what was
recovered (`keep_all`); what AWS holds anyway is kept where that is possible (`note_requests`, `note_return`): a
full disk must not hide an answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ohf_iac.app import announce
from ohf_iac.errors import StorageError
from ohf_iac.events import request_changes, return_changes
from ohf_iac.request import MachineRecord
from ohf_iac.store.memory import with_machines, with_request, with_return

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.app import App
    from ohf_iac.request import RequestRecord, ReturnRecord
    from ohf_iac.store.memory import Memory


def keep_request(app: App, old: RequestRecord | None, new: RequestRecord) -> None:
    """Durable when it returns; StorageError when it is not."""
    app.store.change(lambda memory: with_request(memory, new))
    announce(app, request_changes(old, new, int(app.now())))


def keep_return(app: App, record: ReturnRecord) -> None:
    """A new return, durable when this returns; StorageError when it is not."""
    app.store.change(lambda memory: with_return(memory, record))
    announce(app, return_changes(None, record, int(app.now())))


def keep_all(app: App, requests: Iterable[RequestRecord], returns: Iterable[ReturnRecord]) -> None:
    """Records that AWS told of anew, durable when this returns. Nobody is told: nothing has happened."""
    found, given_back = tuple(requests), tuple(returns)

    def edit(memory: Memory) -> Memory:
        memory = _with_all(memory, found)
        for record in given_back:
            memory = with_return(memory, record)
        return memory

    app.store.change(edit)


def note_requests(app: App, before: Memory, records: Iterable[RequestRecord]) -> tuple[RequestRecord, ...]:
    """Keep records with their machines, and return what they became: the first verdict stands, whoever gave it."""
    new = tuple(records)
    if not new:
        return ()
    for record in new:
        announce(app, request_changes(before.requests.get(record.request.request_id), record, int(app.now())))
    try:
        memory = app.store.change(lambda memory: _with_all(memory, new))
    except StorageError as error:
        app.log.error(f"requests not remembered: {error.message}", hint=error.hint)
        return new
    return tuple(memory.requests[record.request.request_id] for record in new)


def note_return(app: App, before: ReturnRecord | None, record: ReturnRecord) -> None:
    """Keep what a poll of a return found."""
    announce(app, return_changes(before, record, int(app.now())))
    try:
        app.store.change(lambda memory: with_return(memory, record))
    except StorageError as error:
        app.log.error(f"return not remembered: {error.message}", hint=error.hint)


def wake_chores(app: App, memory: Memory, machine_ids: Iterable[str]) -> None:
    """Make a chore due for the settled requests of machines that are gone: their stacks may be empty now."""
    requests = {memory.machines[one].request_id for one in machine_ids if one in memory.machines}
    known = [memory.requests[one] for one in requests if one in memory.requests]
    idle = [one for one in known if one.settled and one.stack == "created" and not one.chore_at]
    due = [replace(one, chore_at=int(app.now())) for one in idle]
    note_requests(app, memory, due)


def _with_all(memory: Memory, records: tuple[RequestRecord, ...]) -> Memory:
    for record in records:
        memory = with_machines(with_request(memory, record), _machine_records(record))
    return memory


def _machine_records(record: RequestRecord) -> tuple[MachineRecord, ...]:
    """Where a request's machines belong; account and region stand in the stack's id."""
    parts = record.stack_id.split(":")
    region, account = (parts[3], parts[4]) if len(parts) > 5 else ("", "")
    return tuple(
        MachineRecord(one.machine_id, one.name, record.request.request_id, one.launch_time, account, region)
        for one in record.machines
    )
