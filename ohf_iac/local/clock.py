"""Virtual time: one event queue, carried out in order of due time, without threads.

The clock is the wall's plus an offset that only grows. Whoever serves calls drains the queue before and after
each of them, so that nothing is ever late when somebody looks.
"""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Action = Callable[[], None]


@dataclass(slots=True)
class Timeline:
    """Virtual seconds since the epoch and the actions that are due later.

    `clock_file`, when given, always holds the offset in decimal seconds; it is replaced in one step, so a reader
    never sees half a number.
    """

    clock_file: Path | None = None
    wall: Callable[[], float] = time.time
    _offset: float = 0.0
    _moment: float | None = None  # due time of the action under way
    _queue: list[tuple[float, int, Action]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self._keep_offset()

    @property
    def offset(self) -> float:
        """Seconds by which this clock is ahead of the wall's."""
        return self._offset

    def now(self) -> float:
        """Epoch seconds; inside an action, the moment at which that action was due."""
        return self.wall() + self._offset if self._moment is None else self._moment

    def later(self, delay: float, action: Action) -> None:
        """Have `action` carried out `delay` seconds from now; of those due together, the first come goes first."""
        self._count += 1
        heapq.heappush(self._queue, (self.now() + max(0.0, delay), self._count, action))

    def advance(self, seconds: float) -> None:
        """Move the clock on and carry out what has become due.

        Raises ValueError for a negative number: time does not run backwards here.
        """
        if seconds < 0:
            raise ValueError(f"advance the clock: {seconds} seconds is negative")
        self._offset += seconds
        self._keep_offset()
        self.drain()

    def drain(self) -> None:
        """Carry out everything due, each action at its own due time; what it schedules may be due as well."""
        if self._moment is not None:
            return
        horizon = self.now()
        try:
            while self._queue and self._queue[0][0] <= horizon:
                self._moment, _, action = heapq.heappop(self._queue)
                action()
        finally:
            self._moment = None

    def clear(self) -> None:
        """Forget all actions and go back to the wall's time."""
        self._queue.clear()
        self._offset = 0.0
        self._keep_offset()

    def _keep_offset(self) -> None:
        if self.clock_file is None:
            return
        draft = self.clock_file.with_name(f"{self.clock_file.name}.{os.getpid()}")
        draft.write_text(f"{self._offset:.6f}\n", encoding="ascii")
        draft.replace(self.clock_file)
