"""The configuration as git holds it at a revision: files are read out of the repository, nothing is checked out."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

from ohf_iac.config.folders import read_file
from ohf_iac.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.config.folders import Read

#: Host Factory's and LSF's variables for the folder in which configuration is looked for
_FOLDERS: Final = ("HF_PROVIDER_CONFDIR", "HF_CONFDIR", "PRO_CONF_DIR")
#: what a hook of git sets, for the repository that it runs in and not for the one that is asked
_HOOKS: Final = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"})
_PATIENCE: Final = 60.0  # seconds; a partial clone fetches what it has not


class Revision(NamedTuple):
    """How the configuration of a revision is loaded: the environment with its folders, and what reads files."""

    environ: dict[str, str]
    read: Read


def at_revision(environ: Mapping[str, str], name: str) -> Revision:
    """The configuration as it was at a revision of the repository that holds it.

    What lies outside of the repository is read as it is now; a link that leads out of it leads nowhere. QueryError
    when the folder is in no repository, git is not installed, or there is no such revision.
    """
    moved = {one: os.path.realpath(environ[one]) for one in _FOLDERS if environ.get(one)}
    folder = next(iter(moved.values()), os.getcwd())
    top = os.fsdecode(_git(environ, folder, name, "rev-parse", "--show-toplevel")).rstrip("\n")
    commit = _git(environ, top, name, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    commit_id = commit.decode("ascii").strip()

    def read(path: str) -> bytes | None:
        place = os.path.relpath(os.path.normpath(path), top)
        if place.split(os.sep)[0] == os.pardir:
            return read_file(path)
        return _content(environ, top, commit_id, place)

    return Revision({**environ, **moved}, read)


def _content(environ: Mapping[str, str], top: str, commit: str, place: str) -> bytes | None:
    """A file's bytes at a commit, links within the tree followed; None when it holds no such file."""
    if "\n" in place:
        return None
    asked = f"{commit}:{place}\n".encode("utf-8", "surrogateescape")
    answer = _git(environ, top, commit, "cat-file", "--batch", "--follow-symlinks", given=asked)
    head, _, rest = answer.partition(b"\n")
    words = head.split(b" ")
    if words[1:2] != [b"blob"]:
        return None
    return rest[: int(words[2])]


def _git(environ: Mapping[str, str], folder: str, name: str, *words: str, given: bytes = b"") -> bytes:
    """What git prints; nobody's locale decides in which language."""
    kept = {key: value for key, value in environ.items() if key not in _HOOKS}
    try:
        done = subprocess.run(  # noqa: S603 -- arguments, no shell
            ("git", "-C", folder, *words),  # noqa: S607 -- wherever the system has it
            input=given,
            capture_output=True,
            env={**kept, "LC_ALL": "C"},
            timeout=_PATIENCE,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise QueryError(
            f"read revision {name} of {folder}: {_cause(error)}",
            hint="name a revision of its repository: git log --oneline",
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise QueryError(
            f"read revision {name} of {folder}: {error}", hint="install git, or compare files"
        ) from error
    return done.stdout


def _cause(error: subprocess.CalledProcessError) -> str:
    told: str = error.stderr.decode("utf-8", "replace").strip()
    if "not a git repository" in told:  # the rest of the sentence depends on where file systems are mounted
        return "it is in no git repository"
    return told.splitlines()[0] if told else f"git ends with {error.returncode}"
