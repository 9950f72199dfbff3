"""A lock between processes of one host: the kernel's lock on a file, freed by it however its holder ends."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ohf_iac.errors import StorageError
from ohf_iac.file_lock import try_lock
from ohf_iac.own_file import open_own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PAUSE: Final = 0.01


@contextmanager
def locked(path: str, timeout: float, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Hold the lock that the file at `path` stands for; StorageError when it is not had within `timeout` seconds.

    The file keeps its holder's process id, for the message of those who wait in vain. Deleting it frees nobody, but
    lets a second holder in while the first one is still at work.
    """
    descriptor = _acquired(path, time.monotonic() + timeout, timeout, sleep)
    try:
        _note_holder(descriptor, str(os.getpid()))
        yield
    finally:
        _note_holder(descriptor, "")
        os.close(descriptor)


def _acquired(path: str, give_up: float, timeout: float, sleep: Callable[[float], None]) -> int:
    while True:
        descriptor = _opened(path)
        if try_lock(descriptor):
            return descriptor
        if time.monotonic() >= give_up:
            raise _in_vain(descriptor, path, timeout)
        os.close(descriptor)  # opened anew each time: the file may be deleted meanwhile
        sleep(_PAUSE)


def _opened(path: str) -> int:
    try:
        return open_own(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise StorageError(
            f"Cannot open the lock {path}: {error.strerror}",
            hint="Let the user that runs Host Factory write to the work folder.",
        ) from error


def _note_holder(descriptor: int, holder: str) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, holder.encode())
    except OSError:
        return  # the id is a courtesy: a full disk shows in the write that the lock is for


def _in_vain(descriptor: int, path: str, timeout: float) -> StorageError:
    os.lseek(descriptor, 0, os.SEEK_SET)
    holder = os.read(descriptor, 20).decode("ascii", "replace")
    os.close(descriptor)
    who = f"process {holder}" if holder else "another process"
    return StorageError(
        f"Cannot lock {path}: {who} holds it for over {timeout:g} s",
        hint="Wait for that process, or end it: its lock goes with it.",
    )
