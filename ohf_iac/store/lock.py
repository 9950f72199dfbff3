"""A lock between processes of one host: the kernel's lock on a file, freed by it however its holder ends."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ohf_iac.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PAUSE: Final = 0.01
#: on Windows a locked byte cannot be read by others: lock one that nobody reads
_LOCKED_BYTE: Final = 1 << 30

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: str, timeout: float, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Hold the lock that the file at `path` stands for; StorageError when it is not had within `timeout` seconds.

    The file keeps its holder's process id, for the message of those who wait in vain; it is never removed.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(descriptor, path, timeout, sleep)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, path: str, timeout: float, sleep: Callable[[float], None]) -> None:
    give_up = time.monotonic() + timeout
    while True:
        try:
            _try_lock(descriptor)
        except OSError as error:
            if time.monotonic() >= give_up:
                raise _in_vain(descriptor, path, timeout) from error
            sleep(_PAUSE)
        else:
            return


def _in_vain(descriptor: int, path: str, timeout: float) -> StorageError:
    holder = os.pread(descriptor, 20, 0).decode("ascii", "replace")
    return StorageError(
        f"Cannot lock {path}: {f'process {holder}' if holder else 'another process'} holds it for {timeout:g} s",
        hint="Wait for that process, or end it: its lock goes with it.",
    )
