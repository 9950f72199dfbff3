"""Who wrote what is to be approved, and who approves: asked of git, without a shell."""

from __future__ import annotations

import getpass
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: seconds that git may take
_PATIENCE: Final = 30


@dataclass(frozen=True, slots=True)
class Author:
    """Who changed files last, "" if unknown; `where` is the commit, or why there is none."""

    name: str
    where: str


def last_author(folder: str, paths: Iterable[str]) -> Author:
    """The author of the last change to any of these files of the repository around `folder`.

    A change that is not committed yet is of whoever sits here. Files outside the repository are left out.
    """
    top = _git(folder, "rev-parse", "--show-toplevel").strip()
    if not top:
        return Author("", "not in a git repository")
    real = (os.path.realpath(os.path.join(folder, one)) for one in paths)
    known = sorted({one for one in real if one.startswith(os.path.realpath(top) + os.sep)})
    if not known:
        return Author("", f"not in the git repository {top}")
    if _git(folder, "status", "--porcelain", "--", *known).strip():
        return Author(user_at(folder), "changed here, not committed")
    name, _, commit = _git(folder, "log", "-1", "--format=%ae %h", "--", *known).strip().rpartition(" ")
    return Author(name, f"git {commit}") if name else Author("", "without a commit")


def user_at(folder: str) -> str:
    """The address that git knows this user by in the repository around `folder`, else the name of the system's."""
    return _git(folder, "config", "user.email").strip() or _system_user()


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else ""


def _git(folder: str, *arguments: str) -> str:
    """What git prints, "" when it fails: no repository, no git, nothing known."""
    try:
        done = subprocess.run(  # noqa: S603 -- arguments, no shell
            ("git", "-C", folder or ".", *arguments),  # noqa: S607 -- wherever the system has it
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
