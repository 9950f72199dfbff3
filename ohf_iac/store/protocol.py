"""What a store promises, whatever it keeps its memory in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ohf_iac.store.memory import Memory


class Store(Protocol):
    """Memory that processes share. Losing it is survivable (AWS holds the record); lying is not."""

    def exists(self) -> bool:
        """Whether there is a memory at all: False after its loss, and before the first request."""
        ...

    def read(self) -> Memory:
        """The memory as last written, empty if there is none; StorageError when it cannot be read."""
        ...

    def change(self, edit: Callable[[Memory], Memory]) -> Memory:
        """Replace the memory by what `edit` makes of it, alone among all processes of this host.

        Durable when it returns; on any error the memory is as it was. An `edit` that returns its argument
        writes nothing. StorageError when the lock is not had in time or the memory cannot be written.
        """
        ...

    def archive(self, before: float) -> int:
        """Move what was over before this epoch second into archives by month; how many requests and returns.

        Cut off at any moment it loses nothing, and may be called again. StorageError as for `change`.
        """
        ...

    def past(self, ids: Collection[str]) -> Memory:
        """What the archives hold of these requests and returns; StorageError when one cannot be read."""
        ...

    def everything(self) -> Memory:
        """The memory and all that is archived, looked at whole; StorageError when any of it cannot be read."""
        ...
