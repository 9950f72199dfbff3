"""Work that ends in time, whatever it waits for.

A socket's time-out bounds the wait for the next byte, and nothing else: not a name that does not resolve, not an
answer that drips in, not the SDK's pauses between its attempts, not a script that fetches credentials. So each call
runs in a thread of its own, and is left to itself once the time is over.
"""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class OutOfTimeError(Exception):
    """The work did not end in time; it may still go on, and have its effects."""


def in_time(work: Callable[[], Result], seconds: float) -> Result:
    """What `work` returns or raises, if it ends within `seconds`; OutOfTimeError if it does not.

    Work that is left to itself ends with the process at the latest: its thread is a daemon.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 -- raised again by the thread that waits
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise OutOfTimeError
    return results[0]
