"""Every effect of a process seen, and the process killed at any of them.

`Effects.watch` puts itself before and after whatever this process does to the world outside: files opened for
writing, written, synced, renamed, removed; statements of SQLite; calls sent to AWS and their answers. What has no
such place is found by Python's audit events: one that is neither known to be harmless nor part of an effect that is
watched counts as an effect of its own. So a new effect is there when it appears, without a list of them.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import re
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

Side = Literal["before", "after"]

#: audit events (https://docs.python.org/3/library/audit_events.html) that change nothing outside
HARMLESS: Final = re.compile(
    r"import|compile|exec|builtins\.id|(sys|marshal|code|object|function|pickle|gc|ctypes|array|re|_thread|time)\.?.*"
    r"|os\.(listdir|scandir|walk|fwalk|putenv|unsetenv|getxattr|listxattr|chdir|add_dll_directory)|glob\.glob.*"
    r"|socket\.(__new__|connect|getaddrinfo|gethostname|gethostbyname|bind)|http\.client\.(connect|send)"
    r"|urllib\.Request|fcntl\.(flock|lockf|fcntl|ioctl)|tempfile\.mk[sd]te?m?p|shutil\..*|signal\..*|sqlite3\..*"
    r"|cpython\..*|_winapi\..*|msvcrt\..*|logging\..*|syslog\..*|setopencodehook|open"
)
#: what `os` does to files; `open` counts where it may write
FILES: Final = (
    *("write", "fsync", "replace", "rename", "unlink", "remove", "mkdir", "rmdir", "link", "symlink"),
    *("truncate", "ftruncate", "chmod", "chown", "utime"),
)
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_READING: Final = re.compile(r"\s*(SELECT|PRAGMA (user_version$|temp_store|integrity_check))", re.IGNORECASE)
_ACTION: Final = re.compile(rb"[&\n]Action=(\w+)")
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_NAMES: Final = re.compile(r"re[qt]-[0-9a-f]{8}-[0-9a-f]{16}|\d{6,}|(?<=\.)[a-z0-9_]{8}$")

_open, _os_open, _io_open = builtins.open, os.open, io.open


class Effects:
    """The effects of this process from `watch` on. `seen` hears of each moment: number, effect's name, side."""

    def __init__(self, seen: Callable[[int, str, Side], None]) -> None:
        self._seen = seen
        self._moments = 0
        self._inside = threading.local()
        self._asked: dict[int, str] = {}

    def watch(self) -> None:
        """From now on; there is no way back."""
        for name in FILES:
            setattr(os, name, self._watched(getattr(os, name), functools.partial(_label, name)))
        os.open = self._opening(_os_open)
        builtins.open = io.open = self._opening_files
        sqlite3.connect = functools.partial(sqlite3.connect, factory=_connection_class(self))  # type: ignore[assignment]
        socket.socket.sendall = _sending(self)  # type: ignore[method-assign]
        socket.socket.recv_into = _hearing(self)  # type: ignore[method-assign]
        sys.addaudithook(self._audited)

    def moment(self, label: str, side: Side) -> None:
        """Something is about to happen, or has just happened."""
        if getattr(self._inside, "quiet", False):
            return
        self._inside.quiet = True
        self._seen(self._moments, label, side)
        self._moments += 1
        self._inside.quiet = False

    def stop(self) -> None:
        """Nothing that this thread does from now on counts."""
        self._inside.quiet = True

    def around(self, label: str, work: Callable[[], Any]) -> Any:
        """Do it, with a moment before and after; what it does inside is part of it."""
        if getattr(self._inside, "deep", False) or getattr(self._inside, "quiet", False):
            return work()
        self.moment(label, "before")
        self._inside.deep = True
        try:
            result = work()
        finally:
            self._inside.deep = False
        self.moment(label, "after")
        return result

    def _watched(self, original: Callable[..., Any], label: Callable[..., str]) -> Callable[..., Any]:
        return lambda *given, **named: self.around(label(*given), lambda: original(*given, **named))

    def _opening(self, original: Callable[..., int]) -> Any:
        def opening(path: Any, flags: int, *given: Any, **named: Any) -> int:
            if not flags & _WRITING or _is_null(path):
                return original(path, flags, *given, **named)
            found: int = self.around(_label("open", path), lambda: original(path, flags, *given, **named))
            return found

        return opening

    def _opening_files(self, file: Any, mode: str = "r", *given: Any, **named: Any) -> Any:
        if not set(mode) & set("wax+") or _is_null(file):
            return _open(file, mode, *given, **named)
        raw = _File(self, file, mode.replace("b", "").replace("t", ""), opener=named.get("opener"))
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding=named.get("encoding", "utf-8"))

    def _audited(self, event: str, given: tuple[Any, ...]) -> None:
        if getattr(self._inside, "deep", False) or getattr(self._inside, "quiet", False):
            return
        if event == "open" and isinstance(given[2], int) and given[2] & _WRITING and not _is_null(given[0]):
            self.moment(_label("open", given[0]), "before")
        elif not HARMLESS.fullmatch(event):
            self.moment(f"{event} {_plain(given[0]) if given else ''}", "before")


class _File(io.FileIO):
    """A file opened for writing, each write of which is an effect."""

    def __init__(self, effects: Effects, file: Any, mode: str, opener: Any) -> None:
        self._effects = effects
        label = _label("open", file)
        effects.around(label, lambda: super(_File, self).__init__(file, mode, opener=opener))
        self._label = _label("write", file)

    def write(self, content: Any) -> Any:
        return self._effects.around(self._label, lambda: super(_File, self).write(content))


def _connection_class(effects: Effects) -> type[sqlite3.Connection]:
    class Connection(sqlite3.Connection):
        """A connection each statement of which is an effect, unless it only reads."""

        def execute(self, statement: str, *given: Any) -> sqlite3.Cursor:
            def work() -> sqlite3.Cursor:
                return sqlite3.Connection.execute(self, statement, *given)

            if _READING.match(statement):
                return work()
            cursor: sqlite3.Cursor = effects.around(f"sqlite {' '.join(statement.split()[:3])}", work)
            return cursor

        def executemany(self, statement: str, rows: Any) -> sqlite3.Cursor:
            given = list(rows)
            cursor: sqlite3.Cursor = effects.around(
                f"sqlite {' '.join(statement.split()[:3])}",
                lambda: sqlite3.Connection.executemany(self, statement, given),
            )
            return cursor

        def backup(self, target: sqlite3.Connection, **named: Any) -> None:
            effects.around("sqlite backup", lambda: sqlite3.Connection.backup(self, target, **named))

        def close(self) -> None:
            effects.around("sqlite close", lambda: sqlite3.Connection.close(self))

    return Connection


def _sending(effects: Effects) -> Any:
    original = socket.socket.sendall
    begun: dict[int, bytes] = {}

    def sendall(self: socket.socket, content: Any, *flags: int) -> None:
        request = begun.pop(self.fileno(), b"") + bytes(content)
        if not _is_whole(request):
            begun[self.fileno()] = request
            original(self, content, *flags)
            return
        action = _ACTION.search(request)
        label = f"call {action[1].decode() if action else request.partition(b' HTTP')[0].decode('latin-1')}"

        def work() -> None:
            original(self, content, *flags)
            self.recv(1, socket.MSG_PEEK)  # carried out, and not heard of yet

        effects.around(label, work)
        effects._asked[self.fileno()] = label

    return sendall


def _is_whole(request: bytes) -> bool:
    """Whether an HTTP request has all its body: before that nobody carries it out."""
    head, end, body = request.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    needed = int(length[1]) if length else 0
    return bool(end) and len(body) >= needed


def _hearing(effects: Effects) -> Any:
    original = socket.socket.recv_into

    def recv_into(self: socket.socket, *given: Any) -> int:
        length = original(self, *given)
        label = effects._asked.pop(self.fileno(), "")
        if label:
            effects.moment(f"{label} answered", "after")
        return length

    return recv_into


def kill() -> None:
    """What `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


def _label(what: str, *given: Any) -> str:
    """An effect's name, the same in each run."""
    return f"{what} {_plain(given[0]) if given else ''}"


def _plain(target: Any) -> str:
    """A file's name without what differs from run to run; a descriptor by its file."""
    if isinstance(target, int):
        try:
            target = os.readlink(f"/proc/self/fd/{target}")
        except OSError:
            return "descriptor"
        if target.startswith(("pipe:", "socket:")):
            return "pipe"
    return _NAMES.sub("*", Path(os.fsdecode(target)).name) if isinstance(target, (str, bytes, os.PathLike)) else ""


def _is_null(path: Any) -> bool:
    return bool(path == os.devnull)
