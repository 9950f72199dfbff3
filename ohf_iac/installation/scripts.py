"""The scripts that Host Factory calls, with the interpreter that they start named in them; pure.

What `ohf init` writes are the scripts of `cli/hostfactory` with one line filled in. So a copy of the folder works
wherever it is kept, and with an environment that has no PATH.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from ohf_iac.errors import BusinessRuleError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: the operations that have a script, as Host Factory and LSF name them (hostfactory-contract.md §1.1)
OPERATIONS: Final = (
    "getAvailableTemplates",
    "requestMachines",
    "getRequestStatus",
    "requestReturnMachines",
    "getReturnRequests",
)

_SHELL_LINE: Final = b"python= # "
_BATCH_LINE: Final = b'set "python="'
#: what stands in every script of ours, of this version and of earlier ones
_OURS: Final = (b"ohf_cli.machine", b"ohf-hostfactory", b"getAvailableMachines is not supported")


def with_interpreter(scripts: Mapping[str, bytes], python: str) -> dict[str, bytes]:
    """The scripts by file name, each starting that interpreter; BusinessRuleError for a path that none can hold."""
    if "\n" in python or "\r" in python or '"' in python:
        raise BusinessRuleError(
            f"write the scripts: the interpreter's path {python!r} has line ends or quotes in it",
            hint="install into a folder with a plain name",
        )
    return {name: _named(name, text, python) for name, text in scripts.items()}


def is_ours(text: bytes) -> bool:
    """Whether a script comes from this project, and may be written anew."""
    return any(mark in text for mark in _OURS)


def _named(name: str, text: bytes, python: str) -> bytes:
    path = python.encode("utf-8", "surrogateescape")
    if name.endswith(".bat"):
        return text.replace(_BATCH_LINE, _BATCH_LINE[:-1] + path.replace(b"%", b"%%") + b'"', 1)
    quoted = shlex.quote(python).encode("utf-8", "surrogateescape")
    return text.replace(_SHELL_LINE, b"python=" + quoted + b" # ", 1)
