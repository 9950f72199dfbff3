"""A watchdog over one call: ten seconds of the processor's time, however slow or busy the machine is."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: seconds of the processor's time, and of everybody's: a call that waits works on nothing
WORK, WAIT = 10, 120


class HungError(BaseException):
    """The call did not end. No `Exception`: the edge of the machine face would take it for one of its own."""


@contextmanager
def watchdog(work: float = WORK, wait: float = WAIT) -> Iterator[None]:
    """HungError in whatever is running when the time is up. For the main thread alone."""
    before = {number: signal.signal(number, _bark) for number in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, work)
    signal.setitimer(signal.ITIMER_REAL, wait)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _bark(number: int, _frame: FrameType | None) -> None:
    raise HungError(signal.Signals(number).name)
