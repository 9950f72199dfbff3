"""Files of ours in folders that others may write to: opened without being led elsewhere, or made to wait.

Host Factory's log folder is one for all providers, LSF's data folder too, and some sites let everybody write there
(as `/tmp`). Whoever may add names to a folder may put a link or a pipe under a name that we are going to use.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

# Windows has neither
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK: Final = getattr(os, "O_NONBLOCK", 0)


def open_own(path: str, flags: int, mode: int = 0o600) -> int:
    """A descriptor, as `os.open` gives it; raises OSError, for a pipe and for a link of another user too.

    A link of our own or of root's is followed: an administrator may keep a log on another disk.
    """
    try:
        descriptor = os.open(path, flags | _NOFOLLOW | _NONBLOCK, mode)
    except OSError as error:
        if error.errno != errno.ELOOP or not _may_be_followed(path):
            raise
        descriptor = os.open(os.path.realpath(path), flags | _NOFOLLOW | _NONBLOCK, mode)
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is a pipe, not a file", path)
    return descriptor


def check_own(path: str) -> None:
    """OSError where `open_own` would refuse what stands at a path; nothing is opened.

    For SQLite, which opens files by itself: another descriptor of its file, once closed, would drop its locks.
    """
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            if not _may_be_followed(path):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISFIFO(mode):
        raise OSError(errno.EINVAL, "it is a pipe, not a file", path)


def _may_be_followed(path: str) -> bool:
    return os.lstat(path).st_uid in (0, os.geteuid())
