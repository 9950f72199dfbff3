"""Chores: what nobody else will call for. Host Factory goes silent about a finished request (design §2.8).

After an answer is decided, a poll carries out what memory says is due: freeze requests past their deadline that
nobody polled, end machines that came late, delete stacks in which nothing lives, look whether a deletion went
through and ask again where it did not. One process at a time, within few calls and seconds; what is not done now is
done by the next poll. `ohf gc --apply` does all of it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.app import within
from ohf_iac.errors import OhfError
from ohf_iac.status.recover import CLOCKS_APART
from ohf_iac.store.lock import locked
from ohf_iac.store.memory import put_off, unsettled, with_due_chores

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.request import Request, RequestRecord
    from ohf_iac.store.memory import Memory

#: seconds past the deadline after which an unsettled request counts as not polled
SILENCE: Final = 300
#: seconds for which chores without bounds wait for those of a poll to end
PATIENCE: Final = 30


def due_chores(memory: Memory, now: float) -> tuple[RequestRecord, ...]:
    """The requests for which something is due, those waiting longest first."""
    silent = [one for one in unsettled(memory) if _silent(one.request, now) and not put_off(one, now)]
    settled = (one for one in with_due_chores(memory, now) if one.settled)
    return tuple(sorted((*settled, *silent), key=_due_at))


def _silent(request: Request, now: float) -> bool:
    """Whether nobody polls a request any more; one whose times are of a clock far ahead is looked at, too."""
    return request.deadline + SILENCE <= now or request.created_at > now + CLOCKS_APART


def carry_out_chores(app: App) -> int:
    """Do what is due within the limits of the configuration; how many requests were served. Never raises."""
    limits = app.settings.limits
    try:
        due = due_chores(app.store.read(), app.now())
        if not due or not limits.chore_calls:
            return 0
        with locked(_lock(app), 0):
            # the import of what asks AWS is only worth its time when something is due
            from ohf_iac.operations.chore_work import work_off

            served = work_off(within(app, limits.chore_seconds), due, limits.chore_calls)
            app.store.archive(app.now() - app.settings.storage.history_days * 86400)
            return served
    except (OhfError, OSError) as error:
        app.log.debug(f"chores put off: {error}")
        return 0


def carry_out_all_chores(app: App) -> int:
    """Do all that is due, in the time that `app` has; how many requests were served.

    StorageError when memory cannot be read, or another process keeps at its chores.
    """
    from ohf_iac.operations.chore_work import work_off

    with locked(_lock(app), PATIENCE):
        due = due_chores(app.store.read(), app.now())
        return work_off(app, due, None) if due else 0


def _lock(app: App) -> str:
    return f"{app.settings.work_dir}/{app.settings.provider_name}-chores.lock"


def _due_at(record: RequestRecord) -> int:
    return record.chore_at or record.request.deadline + SILENCE
