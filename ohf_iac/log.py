"""The log file and the audit file: JSON lines, each one append, rotated by size, for their owner's eyes only.

Own lines instead of the `logging` module, whose import costs as much as the rest of a short call. A log that cannot
be written never fails the work that it tells of.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from ohf_iac.file_lock import try_lock
from ohf_iac.own_file import open_own
from ohf_iac.secret_forms import MASK, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ohf_iac.chained_file import ChainedFile
    from ohf_iac.events import Event

_RANK: Final = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "WARN": 3, "ERROR": 4, "FATAL": 5}
#: parts of a field's name that make its value a secret
_SECRET_NAMES: Final = (
    "secret",
    "password",
    "passwd",
    "session_token",
    "sessiontoken",
    "security_token",
    "authorization",
)
#: fields that are secret as they stand: scripts and variables of machines may hold anything
_SECRET_FIELDS: Final = ("userdata", "user_data")
#: what a text must contain for a closer look
_SECRET_HINTS: Final = ("secret", "token", "signature", "password", "akia", "asia", "@")
#: secrets inside texts: named values, access key ids, passwords in URLs
_NAMED: Final = r"(?:secret_?(?:access_?)?key|(?:session|security)[-_]?token|x-amz-signature|password)"
_SECRET_TEXTS: Final = (
    (rf"(?i)({_NAMED}[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+", rf"\1{MASK}"),
    (r"\b(AKIA|ASIA)[A-Z0-9]{16}\b", rf"\1{MASK}"),
    (r"(://[^/\s:@]+:)[^/\s@]+@", rf"\1{MASK}@"),
)


class LineFile(NamedTuple):
    """A file of JSON lines: rotated before it exceeds `max_bytes`, with `keep` older ones as `<path>.1`, `.2` …"""

    path: str
    max_bytes: int
    keep: int

    def append(self, document: Mapping[str, object]) -> None:
        """Add one line in a single write, so that lines of parallel processes never mix; raises OSError.

        A line that a crash or a full disk has cut off is ended first: it must not spoil this one.
        """
        line = json.dumps(document, default=str).encode() + b"\n"
        if self._is_full(len(line)):
            self._rotate(len(line))
        descriptor = self._opened()
        try:
            line = b"\n" + line if _is_cut_off(descriptor) else line
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
        finally:
            os.close(descriptor)

    def _opened(self) -> int:
        """The file, made where it is missing, with its folder: that may be named long before it exists."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        try:
            return open_own(self.path, flags)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            return open_own(self.path, flags)

    def _is_full(self, more: int) -> bool:
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return False
        return stat.S_ISREG(found.st_mode) and 0 < found.st_size > self.max_bytes - more

    def _rotate(self, more: int) -> None:
        """Shift the files, unless another process is about to or has just done so: then there may be none now."""
        with suppress(FileNotFoundError):
            descriptor = open_own(self.path, os.O_RDONLY)
            try:
                if not try_lock(descriptor) or not os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
                    return
                if self._is_full(more):
                    self._shift()
            finally:
                os.close(descriptor)

    def _shift(self) -> None:
        if not self.keep:
            os.truncate(self.path, 0)
            return
        for number in range(self.keep, 1, -1):
            _move(f"{self.path}.{number - 1}", f"{self.path}.{number}")
        os.replace(self.path, f"{self.path}.1")


def _is_cut_off(descriptor: int) -> bool:
    if not os.lseek(descriptor, 0, os.SEEK_END):
        return False
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) != b"\n"


class Log(NamedTuple):
    """Writes what is at least as grave as `threshold` to a file; `context` goes into every line."""

    file: LineFile | None
    threshold: str = "INFO"
    context: Mapping[str, object] = {}
    now: Callable[[], float] = time.time

    def with_context(self, **fields: object) -> Log:
        """The same log with more fields in every line."""
        return self._replace(context={**self.context, **fields})

    def debug(self, message: str, **fields: object) -> None:
        self._write("DEBUG", message, fields)

    def info(self, message: str, **fields: object) -> None:
        self._write("INFO", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        self._write("WARN", message, fields)

    def error(self, message: str, **fields: object) -> None:
        self._write("ERROR", message, fields)

    def _write(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        if self.file is None or _RANK[level] < _RANK[self.threshold]:
            return
        head = {"at": stamp(self.now()), "level": level, "pid": os.getpid(), "message": message}
        try:
            self.file.append(masked({**head, **self.context, **fields}))
        except OSError:
            # the promise of this module: a full log disk fails no request, and there is nowhere left to tell it
            return


#: a log that writes nowhere
SILENT: Final = Log(None)


def stamp(moment: float) -> str:
    """Epoch seconds as UTC in ISO 8601 with milliseconds."""
    whole = int(moment)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((moment - whole) * 1000):03d}Z"


def log_handler(log: Log) -> Callable[[Event], None]:
    """An observer that logs domain events."""
    return lambda event: log.info(event.sentence, event=event.name, **event.facts)


def audit_handler(file: LineFile | ChainedFile, now: Callable[[], float] = time.time) -> Callable[[Event], None]:
    """An observer that keeps domain events in the audit file; it raises when it cannot, `dispatch` tells of it."""
    return lambda event: file.append(masked({"at": stamp(now()), "what": event.name, **event.facts}))


def masked(document: Mapping[str, object]) -> dict[str, object]:
    """The same fields, with secrets replaced."""
    return {name: MASK if value and _is_secret(name) else _clean(value) for name, value in document.items()}


def _is_secret(name: str) -> bool:
    lower = name.lower()
    return lower in _SECRET_FIELDS or any(part in lower for part in _SECRET_NAMES)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _without_secrets(value)
    if isinstance(value, dict):
        return masked(value)
    if isinstance(value, (list, tuple)):
        return [_clean(one) for one in value]
    return value


def _without_secrets(text: str) -> str:
    lower = text.lower()
    if any(part in lower for part in _SECRET_HINTS):
        for pattern, replacement in _SECRET_TEXTS:
            text = re.sub(pattern, replacement, text)
    return without_secrets(text)


def _move(source: str, target: str) -> None:
    try:
        os.replace(source, target)
    except FileNotFoundError:
        return
