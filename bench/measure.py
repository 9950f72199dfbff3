"""One run of a command, and two commands run in turn so that a busy machine hits both alike."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took: seconds on the wall, seconds of CPU (its children's too), peak MiB, its stdout."""

    wall: float
    cpu: float
    peak: float
    stdout: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Medians of two commands that ran in turn, in seconds."""

    ours: float
    reference: float

    @property
    def ratio(self) -> float:
        return self.ours / self.reference


def run(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run a command to its end. AssertionError with what it printed when it does not exit 0."""
    started = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        stdout = process.stdout.read().decode()
        stderr = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{' '.join(command)}: exit {process.returncode}\n{stdout}{stderr}"
    # Linux counts ru_maxrss in KiB
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, stdout)


def alternate(ours: Callable[[], float], reference: Callable[[], float], runs: int) -> Pair:
    """The medians of `runs` seconds each, taken in turn after one of each that does not count."""
    ours()
    reference()
    pairs = [(ours(), reference()) for _ in range(runs)]
    return Pair(median(one for one, _ in pairs), median(other for _, other in pairs))
