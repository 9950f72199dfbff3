"""Files that cannot be read are set aside by name: nobody trips over them, and whoever wants can look into them."""

from __future__ import annotations

import os

from ohf_iac.errors import StorageError

#: what stands between a file's name and the moment at which it was set aside
MARK = ".corrupt-"


def set_aside(path: str, now: float, companions: tuple[str, ...] = ()) -> str:
    """Rename a file to `<path>.corrupt-<epoch seconds>` and return that name; StorageError when that fails.

    Files `<path><companion>` go first: without the file that they belong to they would spoil its successor.
    """
    aside = f"{path}{MARK}{int(now)}"
    try:
        for companion in companions:
            _moved(f"{path}{companion}", f"{aside}{companion}")
        os.replace(path, aside)
    except OSError as error:
        raise StorageError(
            f"Cannot set aside the damaged {path}: {error.strerror}",
            hint="Move it away: AWS holds the record, and memory is rebuilt from there.",
        ) from error
    return aside


def set_aside_before(path: str) -> tuple[str, ...]:
    """The damaged files that lie beside the file at `path`, oldest first; their companions are not named."""
    folder, name = os.path.split(path)
    try:
        files = os.listdir(folder)
    except FileNotFoundError:
        return ()
    moments = (file.removeprefix(f"{name}{MARK}") for file in files if file.startswith(f"{name}{MARK}"))
    found = sorted(int(moment) for moment in moments if moment.isascii() and moment.isdigit())
    return tuple(f"{path}{MARK}{moment}" for moment in found)


def told(aside: str) -> str:
    """What the log says of it."""
    return f"memory was damaged and is set aside as {aside}"


def _moved(source: str, target: str) -> None:
    try:
        os.replace(source, target)
    except FileNotFoundError:
        return
