"""Files with keys in them: refused where others than their owner may read them, much as ssh does with its keys.

- Nobody but the owner and, for a file of root's, its group may read one: that is how root hands keys to a service.
- Nobody but us and root may own one: whoever owns it chooses whose keys we work with.

What is no regular file (a pipe, /dev/null) is left to whoever made it. Windows has no such modes: nothing is
checked there.
"""

from __future__ import annotations

import os
import stat
from typing import Final

from ohf_iac.errors import ConfigurationError

#: bits that let others in; of a file that root keeps for our group, all of these but the group's reading
_OTHERS: Final = 0o077
_OTHERS_OF_ROOTS: Final = 0o037


def check_keys_file(path: str, *, must_exist: bool = False) -> None:
    """ConfigurationError where the file's owner or mode would let others read or choose our keys."""
    try:
        found = os.stat(path)
    except OSError as error:
        if not must_exist and isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return
        raise ConfigurationError(
            f"Cannot read the credentials in {path}: {error.strerror}",
            hint="Let the user that runs Host Factory read it, or correct provider.credentialsFile.",
        ) from error
    if os.name == "nt" or not stat.S_ISREG(found.st_mode):
        return
    us = os.geteuid()
    if found.st_uid not in (us, 0):
        raise ConfigurationError(
            f"Cannot use the credentials in {path}: it belongs to user {found.st_uid}, and this is user {us}",
            hint=f"Run this as its owner, or: chown {us} {path}",
        )
    too_open = found.st_mode & (_OTHERS if found.st_uid == us else _OTHERS_OF_ROOTS)
    if too_open:
        whose = "every user of this host" if too_open & 0o007 else "its group"
        raise ConfigurationError(
            f"Cannot use the credentials in {path}: {whose} may use it (mode {stat.S_IMODE(found.st_mode):04o})",
            hint=f"chmod {'600' if found.st_uid == us else '640'} {path}",
        )
