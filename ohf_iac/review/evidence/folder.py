"""Packs on disk: a folder, or one zip file, for their owner's eyes alone; and read back, within bounds.

Zip files hold their members as they are, without compression, in the order of names and with one fixed time: what
compresses differs from one version of zlib to the next, and the same facts shall give the same bytes.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import tempfile
import zipfile
from typing import TYPE_CHECKING, Final

from ohf_iac.errors import StorageError, ValidationError
from ohf_iac.file_replace import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping

#: the earliest time that a zip file can name
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o600
_UNIX: Final = 3
_HINT: Final = "give a new folder, or a new file that ends in .zip, with --to"
#: files and bytes of a pack that are read: many times what one has
_MOST_FILES: Final = 200
_LARGEST: Final = 256 * 1024 * 1024


def is_zip(path: str) -> bool:
    """Whether a pack at this path is one file."""
    return path.lower().endswith(".zip")


def check_free(path: str) -> None:
    """StorageError when something is at the path already: no evidence is written over."""
    if os.path.lexists(path):
        raise StorageError(f"write evidence to {path}: it exists", hint=_HINT)
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise StorageError(f"write evidence to {path}: there is no such folder to put it in", hint=_HINT)


def write_pack(path: str, contents: Mapping[str, bytes]) -> None:
    """Put a pack at a path, whole or not at all, mode 0600 (folders 0700). StorageError."""
    check_free(path)
    try:
        if is_zip(path):
            replace_file(os.path.abspath(path), zipped(contents), _MODE, None)
        else:
            _write_folder(os.path.abspath(path), contents)
    except OSError as error:
        raise StorageError(f"write evidence to {path}: {error.strerror}", hint=_HINT) from error


def write_file(path: str, content: bytes) -> None:
    """Put one file at a path, mode 0600. StorageError."""
    try:
        replace_file(os.path.abspath(path), content, _MODE, None)
    except OSError as error:
        raise StorageError(f"write evidence to {path}: {error.strerror}", hint=_HINT) from error


def zipped(contents: Mapping[str, bytes]) -> bytes:
    """A pack as the bytes of a zip file; the same pack gives the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents):
            member = zipfile.ZipInfo(name, _ZIP_TIME)
            member.create_system = _UNIX
            member.external_attr = (0o100000 | _MODE) << 16
            archive.writestr(member, contents[name])
    return target.getvalue()


def read_pack(path: str) -> dict[str, bytes]:
    """All files of a pack by name; ValidationError when it is none, or larger than any pack."""
    try:
        return _read_folder(path) if os.path.isdir(path) else _read_zip(path)
    except OSError as error:
        raise ValidationError(
            f"read evidence {path}: {error.strerror or error}", hint="name what ohf evidence wrote"
        ) from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise ValidationError(
            f"read evidence {path}: it is no zip file that can be read: {error}",
            hint="name what ohf evidence wrote",
        ) from error


def _write_folder(path: str, contents: Mapping[str, bytes]) -> None:
    """Beside its place first: whoever looks there finds a whole pack or none."""
    draft = tempfile.mkdtemp(dir=os.path.dirname(path), prefix=f".{os.path.basename(path)}.")
    try:
        for name, content in contents.items():
            os.makedirs(os.path.dirname(f"{draft}/{name}"), mode=0o700, exist_ok=True)
            with open(os.open(f"{draft}/{name}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE), "wb") as file:
                file.write(content)
        if os.path.lexists(path):  # an empty folder would be replaced in silence
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        os.rename(draft, path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _read_folder(path: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    left = _LARGEST
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            full = os.path.join(folder, name)
            if not stat.S_ISREG(os.lstat(full).st_mode):  # a pipe would be waited for, a link leads elsewhere
                raise ValidationError(f"read evidence {path}: {name} is no file", hint="ask for another copy")
            with open(full, "rb") as file:
                content = file.read(left + 1)
            left -= len(content)
            _within(path, len(found) + 1, left)
            found[os.path.relpath(full, path).replace(os.sep, "/")] = content
    return found


def _read_zip(path: str) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        _within(path, len(members), _LARGEST - sum(one.file_size for one in members))
        if len({one.filename for one in members}) != len(members):
            raise ValidationError(f"read evidence {path}: a name stands twice in it", hint="ask for another copy")
        return {one.filename: archive.read(one) for one in members}


def _within(path: str, files: int, left: int) -> None:
    if files > _MOST_FILES or left < 0:
        raise ValidationError(
            f"read evidence {path}: it is larger than any pack", hint="name what ohf evidence wrote"
        )
