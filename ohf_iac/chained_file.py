"""A file of JSON lines in which each line holds the hash of the one before it, across rotation.

`prev` is the SHA-256, in hex, of the line before without its end, whatever that line is: one that a crash cut off
is chained like any other, and so are lines of a version that did not chain. The first line of a file follows the
last one of `<path>.1`; without any, `prev` is "".

Parallel processes take turns by the kernel's lock on the file. Who does not get it in time writes all the same,
marked `unlocked`: such a line follows one of the last lines, not always the very last, and the next line may follow
the same one. So does who finds the file rotated away each time. A log never holds up a request.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from ohf_iac.file_lock import try_lock
from ohf_iac.own_file import open_own

if TYPE_CHECKING:
    from collections.abc import Mapping

#: attempts at the lock, and seconds between them: its holders keep it for less than a millisecond
_TRIES: Final = 100
_PAUSE: Final = 0.001
#: files that may be rotated away one after the other while one line is written
_TURNS: Final = 32
_BLOCK: Final = 8192


class ChainedFile(NamedTuple):
    """The file; rotated before it exceeds `max_bytes`, with `keep` older ones as `<path>.1`, `.2` …

    With `keep` 0 a full file is emptied, and the chain begins anew.
    """

    path: str
    max_bytes: int
    keep: int

    def append(self, document: Mapping[str, object]) -> None:
        """Add one line in a single write; raises OSError."""
        for left in reversed(range(_TURNS)):
            descriptor = self._opened()
            try:
                locked = _locked(descriptor) and left > 0
                if left and not _stands(descriptor, self.path):
                    continue
                if self._written(descriptor, document, locked=locked):
                    return
            finally:
                os.close(descriptor)

    def _written(self, descriptor: int, document: Mapping[str, object], *, locked: bool) -> bool:
        """Whether the line was written; not where the file was full, and is rotated now."""
        last, whole = _last_line(descriptor)
        told = {**document, "prev": self._hash_before(last)}
        told |= {} if locked else {"unlocked": True}
        line = json.dumps(told, default=str).encode() + b"\n"
        found = os.fstat(descriptor)
        full = stat.S_ISREG(found.st_mode) and 0 < found.st_size > self.max_bytes - len(line)
        if full and locked:
            self._shift()
            return False
        line = line if whole else b"\n" + line
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
        return True

    def _hash_before(self, last: bytes | None) -> str:
        """The hash of the line that the next one follows; `last` is this file's, None in an empty one."""
        if last is not None:
            return line_hash(last)
        try:
            descriptor = open_own(f"{self.path}.1", os.O_RDONLY)
        except FileNotFoundError:
            return ""
        try:
            rotated, _ = _last_line(descriptor)
        finally:
            os.close(descriptor)
        return "" if rotated is None else line_hash(rotated)

    def _opened(self) -> int:
        """The file, made where it is missing, with its folder: that may be named long before it exists."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        try:
            return open_own(self.path, flags)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            return open_own(self.path, flags)

    def _shift(self) -> None:
        if not self.keep:
            os.truncate(self.path, 0)
            return
        for number in range(self.keep, 1, -1):
            if os.path.exists(f"{self.path}.{number - 1}"):
                os.replace(f"{self.path}.{number - 1}", f"{self.path}.{number}")
        os.replace(self.path, f"{self.path}.1")


def line_hash(line: bytes) -> str:
    """What the next line holds of a line: the SHA-256 of its bytes without their end."""
    import hashlib  # OpenSSL is loaded with it, and most calls of the machine face write no line

    return hashlib.sha256(line).hexdigest()


def _locked(descriptor: int) -> bool:
    for number in range(_TRIES):
        if number:
            time.sleep(_PAUSE)
        try:
            if try_lock(descriptor):
                return True
        except OSError:
            return False  # a file system without locks
    return False


def _stands(descriptor: int, path: str) -> bool:
    """Whether this is the file that stands at the path, not one that was rotated away meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _last_line(descriptor: int) -> tuple[bytes | None, bool]:
    """The last line without its end, None of an empty file, and whether it has an end."""
    regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    place = os.lseek(descriptor, 0, os.SEEK_END) if regular else 0
    if not place:
        return None, True
    tail, whole = b"", True
    while place:
        step = min(_BLOCK, place)
        place -= step
        os.lseek(descriptor, place, os.SEEK_SET)
        tail = os.read(descriptor, step) + tail
        whole = tail.endswith(b"\n")
        if b"\n" in tail[:-1]:
            break
    return tail.removesuffix(b"\n").rpartition(b"\n")[2], whole
