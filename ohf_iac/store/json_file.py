"""The store in one JSON file: read without a lock, changed under one, replaced in one step."""

from __future__ import annotations

import math
import os
import re
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from ohf_iac.errors import StorageError
from ohf_iac.own_file import open_own
from ohf_iac.request import minted_at
from ohf_iac.store.aside import set_aside, told
from ohf_iac.store.document import UPGRADES, CorruptError, NewerFormatError, Upgrades, dump, parse
from ohf_iac.store.durable import discard, make_empty, make_folder, not_written, put_in_place
from ohf_iac.store.history import among, by_month, history, month_of, together, without
from ohf_iac.store.lock import locked
from ohf_iac.store.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager

#: seconds for which the lock is waited for although the operation's time is over
LAST_CHANCE: Final = 1.0
_MONTH: Final = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True, slots=True)
class JsonStore:
    """`Store` in the file at `path`, with `<path>.lock` and, while writing, `<path>.new` beside it; all 0600.

    A file that cannot be read is set aside as `<path>.corrupt-<epoch seconds>`, and memory starts empty: AWS holds
    the record. A file of a later version is left alone. Linux and Windows; on network file systems as reliable as
    their flock. Whoever has to wait for the lock waits `lock_timeout` seconds at most, and no longer than `left`
    tells, but for a last second: what was done in AWS should not go unremembered for a lock that is about to open.
    """

    path: str
    lock_timeout: float
    now: Callable[[], float]
    left: Callable[[], float]
    tell: Callable[[str], None]
    upgrades: Upgrades = field(default_factory=lambda: UPGRADES)

    def _locked(self) -> AbstractContextManager[None]:
        return locked(f"{self.path}.lock", min(self.lock_timeout, max(self.left(), LAST_CHANCE)))

    def exists(self) -> bool:
        return os.path.exists(self.path)

    def read(self) -> Memory:
        try:
            return self._parsed()
        except CorruptError:
            with self._locked():
                return self._recovered()

    def change(self, edit: Callable[[Memory], Memory]) -> Memory:
        make_folder(os.path.dirname(self.path))
        with self._locked():
            old = self._recovered()
            new = edit(old)
            if new is not old:
                self._replace(dump(new))
        return new

    def archive(self, before: float) -> int:
        """Move what is long over into `<path without .json>-<year>-<month>.json`, files of the same form."""
        if not self.exists():
            return 0
        moved = 0

        def move(memory: Memory) -> Memory:
            nonlocal moved
            over = history(memory, before)
            moved = len(over.requests) + len(over.returns)
            for month, part in by_month(over).items():
                self._archive_of(month).change(partial(together, part=part))
            return without(memory, over) if moved else memory

        self.change(move)
        return moved

    def past(self, ids: Collection[str]) -> Memory:
        """What the archives hold of these ids; those of months before an id was minted are not opened."""
        found = Memory()
        for month in self._months():
            wanted = [one for one in ids if month_of(minted_at(one) or 0) <= month]
            if wanted:
                found = together(found, among(self._archive_of(month)._whole(), wanted))
        return found

    def everything(self) -> Memory:
        """The memory and what the archives hold; of what stands in both, the memory's counts."""
        memory = self.read()  # before the archives: what moves meanwhile is then in both
        found = Memory()
        for month in self._months():
            found = together(found, self._archive_of(month)._whole())
        return replace(together(found, memory), templates=memory.templates)

    def _whole(self) -> Memory:
        try:
            return self._parsed()
        except CorruptError as error:
            raise StorageError(f"Cannot read {self.path}: it is damaged", hint="Move it away.") from error

    def _months(self) -> list[str]:
        """The months of which there is an archive."""
        folder, name = os.path.split(self.path.removesuffix(".json"))
        try:
            files = os.listdir(folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(
                f"Cannot read the work folder {folder}: {error.strerror}",
                hint="Let the user that runs Host Factory read it.",
            ) from error
        months = (
            file.removeprefix(f"{name}-").removesuffix(".json") for file in files if file.startswith(f"{name}-")
        )
        return sorted(month for month in months if _MONTH.fullmatch(month))

    def _archive_of(self, month: str) -> JsonStore:
        return replace(self, path=f"{self.path.removesuffix('.json')}-{month}.json")

    def _parsed(self) -> Memory:
        try:
            with open(self.path, "rb", opener=open_own) as file:
                return parse(file.read(), self.upgrades)
        except FileNotFoundError:
            return Memory()
        except NewerFormatError as error:
            raise StorageError(
                f"Cannot read {self.path}: it has format {error}, this version knows format 1",
                hint="A later version of ohf wrote it: use that one, or move the file away and let AWS tell.",
            ) from error
        except OSError as error:
            raise StorageError(
                f"Cannot read {self.path}: {error.strerror}", hint="Let the user that runs Host Factory read it."
            ) from error

    def _recovered(self) -> Memory:
        """The memory, or an empty one after the broken file was set aside; to be called under the lock."""
        try:
            return self._parsed()
        except CorruptError:
            return Memory(recovered_from=self._set_aside())

    def _set_aside(self) -> str:
        aside = set_aside(self.path, self.now())
        self.tell(told(aside))
        return aside

    def _replace(self, text: bytes) -> None:
        new = f"{self.path}.new"
        try:
            _write_durably(new, text)
            put_in_place(new, self.path)
        except OSError as error:
            discard(new)
            raise not_written(self.path, error) from error


def json_store(
    path: str,
    lock_timeout: float = 20.0,
    now: Callable[[], float] = time.time,
    left: Callable[[], float] = lambda: math.inf,
    tell: Callable[[str], None] = lambda _message: None,
) -> JsonStore:
    """The store in the file at `path`.

    `now` names files that are set aside, `left` tells the operation's time, `tell` hears of damage.
    """
    return JsonStore(path, lock_timeout, now, left, tell)


def _write_durably(path: str, text: bytes) -> None:
    with open(make_empty(path), "wb") as file:  # we hold the lock
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
