"""Files that a catalogue names, scripts and fleet files: what may be read for it, because it is sent.

User data can be read by whoever may describe launch templates, and rendered bodies by every reviewer; a catalogue
may come from somebody who may not read this host's files. So a relative name stays below the catalogue, devices,
pipes and the kernel's files are no scripts, and what lies elsewhere must not be for its owner alone, as keys,
credentials and tokens are.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from ohf_iac.errors import ConfigurationError
from ohf_iac.template.user_data import LONGEST_NAMED

if TYPE_CHECKING:
    from ohf_iac.config.folders import Read

#: files of the kernel, among them every process's environment
_KERNEL: Final = ("/proc/", "/sys/", "/dev/")
_FOR_OTHERS: Final = stat.S_IRGRP | stat.S_IROTH


def content_of(name: str, folder: str, read: Read, root: str = "") -> bytes | None:
    """The bytes of a file that the catalogue in `folder` names; None for one that is missing or may not be sent.

    With a `root` absolute names are looked for below it, as they lie on the host: a pipeline has a copy there. One
    that may not be read is as good as missing: it costs its templates, not the catalogue. Of one that is too long
    there is one byte more than that, by which its templates are refused.
    """
    path = _place(name, folder, root)
    try:
        content = read(path) if _may_be_sent(name, path, root if root and os.path.isabs(name) else folder) else None
    except (ConfigurationError, ValueError):  # no file has a NUL or half a character in its name
        return None
    return content[: LONGEST_NAMED + 1] if content else content


def _place(name: str, folder: str, root: str) -> str:
    """Where a file lies; `..` in an absolute name leads nowhere above the root."""
    if root and os.path.isabs(name):
        return root + os.path.splitdrive(os.path.normpath(name))[1]
    return os.path.join(folder, name)


def _may_be_sent(name: str, path: str, folder: str) -> bool:
    """What does not exist may: whoever reads it tells."""
    if not os.path.isabs(name) and os.path.normpath(name).split(os.sep)[0] == os.pardir:
        return False
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode
    except OSError:
        return True
    if not stat.S_ISREG(mode) or target.startswith(_KERNEL):
        return False
    return os.name == "nt" or bool(mode & _FOR_OTHERS) or target.startswith(os.path.realpath(folder) + os.sep)
