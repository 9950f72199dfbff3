"""Chores: what nobody else will call for. Host Factory goes silent about a finished request (design §2.8).

After an answer is decided, a poll carries out what memory says is due: freeze requests past their deadline that
nobody polled, end machines that came late, delete stacks in which nothing lives, look whether a deletion went
through and ask again where it did not. One process at a time, within few calls and seconds; what is not done now is
done by the next poll.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.app import within
from ohf_iac.errors import OhfError
from ohf_iac.store.lock import locked
from ohf_iac.store.memory import unsettled, with_due_chores

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.request import RequestRecord
    from ohf_iac.store.memory import Memory

#: seconds past the deadline after which an unsettled request counts as not polled
SILENCE: Final = 300


def due_chores(memory: Memory, now: float) -> tuple[RequestRecord, ...]:
    """The requests for which something is due, those waiting longest first."""
    silent = [one for one in unsettled(memory) if one.request.deadline + SILENCE <= now]
    return tuple(sorted((*with_due_chores(memory, now), *silent), key=_due_at))


def carry_out_chores(app: App) -> int:
    """Do what is due within the limits of the configuration; how many requests were served. Never raises."""
    limits = app.settings.limits
    try:
        due = due_chores(app.store.read(), app.now())
        if not due or not limits.chore_calls:
            return 0
        with locked(f"{app.settings.work_dir}/{app.settings.provider_name}-chores.lock", 0):
            # the import of what asks AWS is only worth its time when something is due
            from ohf_iac.operations.chore_work import work_off

            served = work_off(within(app, limits.chore_seconds), due, limits.chore_calls)
            app.store.archive(app.now() - app.settings.storage.history_days * 86400)
            return served
    except (OhfError, OSError) as error:
        app.log.debug(f"chores put off: {error}")
        return 0


def _due_at(record: RequestRecord) -> int:
    return record.chore_at if record.settled else record.request.deadline + SILENCE
