"""`ohf.lock` and `approved/<digest>.json`: found in the configuration folder, read, and written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ohf_iac.approval.decide import BROKEN
from ohf_iac.approval.lock_text import lock_text, parse_lock
from ohf_iac.approval.values import EMPTY
from ohf_iac.bounded_json import LONGEST
from ohf_iac.config.catalogue_file import find_catalogue
from ohf_iac.config.folders import first_found, read_file
from ohf_iac.errors import ApprovalError, ConfigurationError, StorageError
from ohf_iac.file_replace import replace_file

if TYPE_CHECKING:
    from ohf_iac.approval.values import Lock
    from ohf_iac.config.folders import Found, Read
    from ohf_iac.config.settings import Settings

LOCK_FILE: Final = "ohf.lock"
APPROVED_FOLDER: Final = "approved"


def load_lock(settings: Settings, read: Read = read_file) -> Lock | None:
    """The lock, None where there is none; ApprovalError (E406) for one that cannot be used."""
    found = _found(LOCK_FILE, settings, read)
    return None if found is None else parse_lock(_text(found), found.path)


def approved_body(settings: Settings, digest: str, read: Read = read_file) -> str:
    """The file of an approved body as it lies there; ApprovalError (E406) when there is none that can be read."""
    found = _found(f"{APPROVED_FOLDER}/{digest}.json", settings, read)
    if found is None:
        raise ApprovalError(
            f"send the approved body: {APPROVED_FOLDER}/{digest}.json is not in {', '.join(settings.search)}",
            hint=f"restore it from version control; ohf approve writes it beside {LOCK_FILE}",
            code=BROKEN,
        )
    return _text(found)


def lock_folder(settings: Settings, read: Read = read_file) -> str:
    """The folder of the lock: where one lies, else that of the catalogue."""
    found = _found(LOCK_FILE, settings, read) or find_catalogue(settings, read)
    return os.path.dirname(found.path)


def keep_approved(folder: str, lock: Lock, digest: str, body: str) -> None:
    """Write the body, then the lock that names it: a lock never names a body that is not there. StorageError."""
    try:
        os.makedirs(f"{folder}/{APPROVED_FOLDER}", exist_ok=True)
        replace_file(f"{folder}/{APPROVED_FOLDER}/{digest}.json", body.encode("ascii"), 0o644, None)
        replace_file(f"{folder}/{LOCK_FILE}", lock_text(lock).encode("ascii"), 0o644, None)
    except OSError as error:
        raise StorageError(
            f"write {error.filename or folder}: {error.strerror}",
            hint="run ohf approve where the folder may be written",
        ) from error


def lock_or_empty(settings: Settings, read: Read = read_file) -> Lock:
    """The lock, an empty one where there is none."""
    return load_lock(settings, read) or EMPTY


def _found(name: str, settings: Settings, read: Read) -> Found | None:
    try:
        return first_found((name,), settings.search, read)
    except ConfigurationError as error:
        raise ApprovalError(error.message, hint=error.hint, code=BROKEN) from error


def _text(found: Found) -> str:
    if len(found.content) > LONGEST:
        raise _unreadable(found.path, f"it is longer than {LONGEST} bytes")
    try:
        return found.content.decode("ascii")
    except UnicodeDecodeError as error:
        raise _unreadable(found.path, f"byte {error.start} is not ASCII") from error


def _unreadable(path: str, why: str) -> ApprovalError:
    return ApprovalError(
        f"read {path}: {why}", hint="restore it from version control; then ohf verify", code=BROKEN
    )
