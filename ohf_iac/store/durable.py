"""Files in the work folder made, renamed and removed so that a power cut leaves the old or the new one."""

from __future__ import annotations

import errno
import os
from typing import Final

from ohf_iac.errors import StorageError

#: what a write fails with for want of room
FULL: Final = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def make_folder(folder: str) -> None:
    """Make a work folder for its owner alone, where it is missing."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"Cannot make the work folder {folder}: {error.strerror}",
            hint="Make it, and let the user that runs Host Factory write to it.",
        ) from error


def make_empty(path: str) -> int:
    """A new empty file for its owner alone, open for writing; what a writer that was killed left there goes."""
    discard(path)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)


def put_in_place(new: str, path: str) -> None:
    """Rename `new` to `path`, durably; raises OSError."""
    os.replace(new, path)
    _sync_folder(os.path.dirname(path))


def discard(path: str) -> None:
    """Remove a file that may not be there; raises OSError for any other reason."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def not_written(path: str, error: OSError) -> StorageError:
    """What is told when a file could not be written."""
    hint = "Let the user that runs Host Factory write there."
    if error.errno in FULL:
        hint = "The disk is full: make room; what was stored before is untouched."
    return StorageError(f"Cannot write {path}: {error.strerror}", hint=hint)


def _sync_folder(folder: str) -> None:
    """Make a rename durable; Windows has no such thing and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
