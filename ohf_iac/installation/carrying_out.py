"""A plan carried out: each file is replaced in one piece, and what is as it should be is not touched."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ohf_iac.errors import ConfigurationError, StorageError
from ohf_iac.file_replace import give, replace_file
from ohf_iac.installation.planning import Present

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.installation.planning import Plan, PlannedFile

FOLDER_MODE = 0o755


def look(path: str) -> Present | None:
    """A file that is there, None when there is none; ConfigurationError when it may not be read."""
    try:
        with open(path, "rb") as file:
            return Present(file.read(), stat.S_IMODE(os.fstat(file.fileno()).st_mode))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(
            f"read {path}: {error.strerror}", hint="run ohf init as the user that runs the scheduler"
        ) from error


def carry_out(plan: Plan) -> tuple[PlannedFile, ...]:
    """Make the folders and write the files; the files, with the backups that were kept in their notes.

    StorageError names what could not be written; what was written before stays, and the same call goes on with the
    rest. Files of a registration that somebody changed since they were read are left alone.
    """
    for folder in plan.folders:
        with _told(folder):
            _make_folder(folder)
    return tuple(_written(one) for one in plan.files)


def _written(file: PlannedFile) -> PlannedFile:
    if file.state == "unchanged":
        return file
    with _told(file.path):
        target = os.path.realpath(file.path)  # a link, to a shared folder say, stays one
        _make_folder(os.path.dirname(target))
        present = look(target)
        if (present.content if present else None) != file.before:
            raise StorageError(f"write {file.path}: it was changed meanwhile", hint="run ohf init again")
        note = file.note
        if file.backup and file.before is not None:
            kept = _backup(target, file.before, file.mode)
            note = f"{note}; before: {os.path.basename(kept)}" if note else f"before: {os.path.basename(kept)}"
        like = os.stat(target if os.path.exists(target) else os.path.dirname(target))
        replace_file(target, file.content, file.mode, like)
    return replace(file, note=note)


def _backup(target: str, content: bytes, mode: int) -> str:
    """A copy under the first free name `<file>.bak-<n>`."""
    number = 1
    while True:
        path = f"{target}.bak-{number}"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            number += 1
            continue
        with open(descriptor, "wb") as file:
            file.write(content)
        give(path, os.stat(target))
        return path


def _make_folder(folder: str) -> None:
    """The folder with those above it; what root makes belongs to the owner of the folder that it is made in."""
    if os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    _make_folder(above)
    os.mkdir(folder, FOLDER_MODE)
    give(folder, os.stat(above))


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"write {path}: {error.strerror}", hint="run ohf init as the user that runs the scheduler"
        ) from error
