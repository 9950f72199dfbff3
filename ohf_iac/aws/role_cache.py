"""Credentials of assumed roles, kept between the processes of one provider instance.

Every call of Host Factory is a process of its own: without this file each of them would ask STS first. It is for
its owner alone, replaced in one piece, and believed only where it is a regular file of ours that nobody else may
read. An entry is found by a key that says everything of who asked and for what, so that no other role, owner,
profile, region or set of source keys is ever given it. A file that cannot be read or written costs a call of STS
and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from typing import Any, Final, NamedTuple

from ohf_iac.file_replace import replace_file

FORMAT: Final = 1


class Keys(NamedTuple):
    """What AssumeRole gave; `ends` in epoch seconds."""

    access_key: str
    secret_key: str
    token: str
    ends: float


def key_of(*parts: object) -> str:
    """A name for all that identifies a session of a role; it shows none of it."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class RoleCache(NamedTuple):
    """The file at `path`; an empty path keeps nothing."""

    path: str

    def find(self, key: str, now: float) -> Keys | None:
        """The credentials under a key, None where there are none or they have ended."""
        found = self._entries().get(key)
        return found if found is not None and found.ends > now else None

    def keep(self, key: str, keys: Keys, now: float) -> None:
        """Add credentials, and drop those that have ended."""
        if not self.path:
            return
        entries = {name: one for name, one in self._entries().items() if one.ends > now} | {key: keys}
        document = {"format": FORMAT, "roles": {name: one._asdict() for name, one in entries.items()}}
        try:
            replace_file(self.path, json.dumps(document).encode() + b"\n", 0o600, None)
        except OSError:
            return  # as the module's docstring says: the next process asks STS itself

    def forget(self) -> None:
        """Keep nothing of what is kept: AWS has refused some of it."""
        try:
            os.unlink(self.path)
        except OSError:
            return  # there is none, or it cannot be removed: it is believed no longer than it says

    def _entries(self) -> dict[str, Keys]:
        try:
            document = json.loads(_private(self.path)) if self.path else {}
            if document["format"] != FORMAT:
                return {}
            return {str(key): _keys(one) for key, one in document["roles"].items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return {}


def _private(path: str) -> bytes:
    """The bytes of a file of ours that nobody else may read; OSError for any other."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        ours = os.name == "nt" or (found.st_uid == os.geteuid() and not found.st_mode & 0o077)
        if not (stat.S_ISREG(found.st_mode) and ours):
            raise PermissionError(path)
        return file.read()


def _keys(entry: Any) -> Keys:
    keys = Keys(entry["access_key"], entry["secret_key"], entry["token"], float(entry["ends"]))
    if not all(isinstance(one, str) and one for one in keys[:3]) or not math.isfinite(keys.ends):
        raise ValueError("no credentials")
    return keys
