"""Following what takes time: the only place that sleeps. A watcher owns nothing: it may stop at any moment.

Each look is an operation of its own under a deadline of its own, exactly as if Host Factory had polled.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ohf_iac.clock import Deadline
from ohf_iac.operations.deleting import deletion_seen
from ohf_iac.operations.history import History, history_if_any
from ohf_iac.operations.overview import Seen, overview
from ohf_iac.request import id_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ohf_iac.app import App
    from ohf_iac.operations.deleting import Deletion


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks, and seconds after which no further look is taken (None: no end)."""

    every: float = 5.0
    patience: float | None = None
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Frame:
    """One look: `at` in epoch seconds on our clock."""

    at: float
    seen: Seen
    history: History


def follow(app: App, request_id: str, pace: Pace) -> Iterator[Frame]:
    """Looks at a request or a return; the last one is terminal, unless the patience ended before."""
    for now in _ticks(app, pace):
        seen = overview(now, [request_id])[0]
        story = history_if_any(now, request_id) if id_kind(request_id) == "req" else History(request_id, None)
        yield Frame(now.now(), seen, story)
        if seen.answer.status != "running":
            return


def follow_deletion(app: App, deletion: Deletion, pace: Pace) -> Iterator[Deletion]:
    """Looks at a deletion; the last one is `gone` or `failed`, unless the patience ended before."""
    for now in _ticks(app, pace):
        deletion = deletion_seen(now, deletion)
        yield deletion
        if deletion.stage != "deleting":
            return


def _ticks(app: App, pace: Pace) -> Iterator[App]:
    """The app under a fresh deadline, once at once and then again and again."""
    end = None if pace.patience is None else pace.monotonic() + pace.patience
    while True:
        yield replace(app, deadline=Deadline.after(app.settings.limits.deadline))
        if end is not None and pace.monotonic() + pace.every > end:
            return
        app.sleep(pace.every)
