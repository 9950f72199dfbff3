"""A file replaced in one piece: whoever reads it, or whatever breaks off, finds the old content or the new one."""

from __future__ import annotations

import os
import tempfile


def replace_file(path: str, content: bytes, mode: int, like: os.stat_result | None) -> None:
    """Put `content` at `path` with this mode, and with the owner of `like` if there is one; raises OSError."""
    descriptor, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix=f".{os.path.basename(path)}.")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, mode)
        if like is not None:
            give(draft, like)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def give(path: str, like: os.stat_result) -> None:
    """Give what root made the owner of something else: the scheduler's user must be able to read and write it."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.chown(path, like.st_uid, like.st_gid)
