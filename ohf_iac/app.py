"""Wiring, by hand, in one readable place: what an operation needs, made from the environment.

Everything that depends on AWS is made when it is first needed: four of five calls of Host Factory's day answer from
memory, and must not pay for an SDK that takes ten times as long to start as they take to answer.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ohf_iac.chained_file import ChainedFile
from ohf_iac.clock import Deadline, clock_for
from ohf_iac.config import load
from ohf_iac.config.folders import check_configured
from ohf_iac.errors import StorageError
from ohf_iac.events import dispatch
from ohf_iac.log import LineFile, Log, audit_handler, log_handler, masked, stamp
from ohf_iac.store.json_file import JsonStore, json_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ohf_iac.aws.calls import CallNote, Calls
    from ohf_iac.config import Settings
    from ohf_iac.events import Event, Handler
    from ohf_iac.store.protocol import Store
    from ohf_iac.store.sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class App:
    """One provider instance as configured: memory, log, clock, deadline, and who hears domain events."""

    settings: Settings
    store: Store
    log: Log
    now: Callable[[], float]
    deadline: Deadline
    random_hex: Callable[[], str]
    sleep: Callable[[float], None]
    handlers: tuple[Handler, ...]
    audit: ChainedFile | None = None
    keep_events: Callable[[tuple[Event, ...]], None] | None = None

    @property
    def owner(self) -> str:
        return self.settings.provider.owner


def app_for(environ: Mapping[str, str]) -> App:
    """The provider that the environment names; ConfigurationError says what is wrong with it."""
    settings = load(environ)
    check_configured(settings.provider_name, settings.search)
    deadline = Deadline.after(settings.limits.deadline)
    log = _log(settings)
    now = clock_for(settings, environ, log.warning)
    for warning in settings.warnings:
        log.debug(warning)
    audit = ChainedFile(settings.audit_file, settings.logging.max_bytes, settings.logging.rotations)
    handlers: list[Handler] = [log_handler(log)] if settings.events.log else []
    handlers += [audit_handler(audit, now)] if settings.events.audit else []
    store = store_of(settings, settings.storage.kind, lambda: deadline.left, log.error)
    return App(
        settings=settings,
        store=store,
        log=log,
        now=now,
        deadline=deadline,
        random_hex=lambda: os.urandom(8).hex(),
        sleep=time.sleep,
        handlers=tuple(handlers),
        audit=audit if settings.events.audit else None,
        keep_events=_keeper(store, now) if settings.storage.events else None,
    )


def store_of(
    settings: Settings, kind: str, left: Callable[[], float], tell: Callable[[str], None]
) -> JsonStore | SqliteStore:
    """The provider's store of a kind; `left` tells the seconds that there are, `tell` hears of damage."""
    path, patience = settings.database_of(kind), settings.storage.lock_timeout
    if kind == "sqlite":
        from ohf_iac.store.sqlite import sqlite_store  # SQLite is loaded where it is chosen

        return sqlite_store(path, patience, left=left, tell=tell)
    return json_store(path, patience, left=left, tell=tell)


def calls_of(app: App) -> Calls:
    """The door to AWS under the operation's deadline."""
    # boto3 takes longer to import than the rest of a call takes to run, and most calls need none of it
    from ohf_iac.aws.access import access_of
    from ohf_iac.aws.calls import Calls

    return Calls(access_of(app.settings, app.now), lambda: app.deadline.left, lambda note: _note_call(app, note))


def within(app: App, seconds: float) -> App:
    """The same provider under a nearer deadline."""
    return replace(app, deadline=app.deadline.within(seconds))


def announce(app: App, events: Iterable[Event]) -> None:
    """Tell the observers; one that fails is logged and changes nothing."""
    happened = tuple(events)
    dispatch(
        happened,
        app.handlers,
        lambda event, error: app.log.error(f"observer failed on {event.name}: {error}", event=event.name),
    )
    if app.keep_events is None or not happened:
        return
    try:
        app.keep_events(happened)
    except StorageError as error:
        app.log.error(f"events not kept: {error.message}", hint=error.hint)


def note_call(
    app: App, operation: str, document: bytes | None, code: int, answer: Mapping[str, object], seconds: float
) -> None:
    """Keep a call in the I/O log, where that is on; `seconds` is what it took until now, by the monotonic clock.

    A log that cannot be written is told of in the other one and fails no call.
    """
    if not app.settings.logging.io_log:
        return
    from ohf_iac.io_log import Call, line_of  # it is off as a rule, and every call would pay for it

    limits = app.settings.logging
    file = LineFile(app.settings.io_log_file, limits.max_bytes, limits.rotations)
    try:
        file.append(line_of(Call(app.now() - seconds, operation, document, code, answer, seconds)))
    except (OSError, RecursionError) as error:
        app.log.error(f"I/O log cannot be written: {error}")


def _keeper(store: JsonStore | SqliteStore, now: Callable[[], float]) -> Callable[[tuple[Event, ...]], None] | None:
    """What keeps events in their table, one transaction for all that happened at once; None without a table."""
    if isinstance(store, JsonStore):
        return None
    from ohf_iac.store.event_table import event_row  # as for the store

    def keep(events: tuple[Event, ...]) -> None:
        at = now()
        store.keep_events([event_row(at, event.name, masked(event.facts)) for event in events])

    return keep


def _log(settings: Settings) -> Log:
    file = LineFile(settings.log_file(_host()), settings.logging.max_bytes, settings.logging.rotations)
    return Log(file, settings.logging.level, {"provider": settings.provider_name})


def _host() -> str:
    """This host's name as a part of a file's: no name leads out of the log folder."""
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "host")
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in name)


def _note_call(app: App, note: CallNote) -> None:
    app.log.debug(
        f"{note.service}.{note.action} {note.error or 'ok'}",
        service=note.service,
        action=note.action,
        aws_request_id=note.aws_request_id,
    )
    if app.audit is None:
        return
    line = {
        "at": stamp(app.now()),
        "what": "AwsCall",
        "service": note.service,
        "action": note.action,
        "request_id": note.aws_request_id,
        "error": note.error,
    }
    try:
        app.audit.append(line)
    except OSError as error:
        app.log.error(f"audit file cannot be written: {error}")
