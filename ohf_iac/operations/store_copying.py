"""Copying the memory from one kind of store to the other: whole, looked at again, and put in place in one step."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from ohf_iac.app import store_of
from ohf_iac.errors import BusinessRuleError, ResourceNotFoundError, StorageError
from ohf_iac.store.durable import discard, put_in_place
from ohf_iac.store.lock import locked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.app import App
    from ohf_iac.store.memory import Memory
    from ohf_iac.store.protocol import Store

Kind = Literal["json", "sqlite"]

#: where a copy comes from that goes to a kind
OTHER: Final[dict[Kind, Kind]] = {"json": "sqlite", "sqlite": "json"}


@dataclass(frozen=True, slots=True)
class Copy:
    """What was copied, or would be: files and numbers of records, archived ones among them.

    `replaced` names the file that an earlier store at `target` was set aside as, "" where there was none.
    """

    source: str
    target: str
    templates: int
    requests: int
    returns: int
    machines: int
    replaced: str = ""


def copy_store(app: App, to: Kind, *, overwrite: bool, dry_run: bool) -> Copy:
    """Copy the store of the other kind, archives included, into one of this kind.

    The copy is read again and compared before it comes to its place. What others write into the source meanwhile is
    not in it. ResourceNotFoundError when there is nothing to copy, BusinessRuleError when it would replace a store.
    """
    source = store_of(app.settings, OTHER[to], lambda: app.deadline.left, app.log.error)
    target = store_of(app.settings, to, lambda: app.deadline.left, app.log.error)
    if not source.exists():
        raise ResourceNotFoundError(
            f"copy {source.path}: it does not exist", hint="there is no memory of that kind; AWS holds the record"
        )
    if target.exists() and not (overwrite or dry_run):
        raise BusinessRuleError(
            f"copy to {target.path}: there is one already", hint="--overwrite sets it aside and puts the copy there"
        )
    everything = source.everything()
    counts = [len(records) for records in _sections(everything).values()]
    made = Copy(source.path, target.path, counts[0], counts[1], counts[2], counts[3])
    if dry_run:
        return made
    draft = replace(target, path=f"{target.path}.copy")
    with locked(f"{target.path}.lock", app.settings.storage.lock_timeout):
        return replace(made, replaced=_written(everything, draft, target.path, int(app.now())))


def _written(everything: Memory, draft: Store, path: str, now: int) -> str:
    """Put a copy at `path` by way of the store `draft`; what stood there before is at the name returned."""
    new = f"{path}.copy"
    _remove(new)
    try:
        draft.change(lambda _nothing: everything)
        _compare(_sections(everything), _sections(draft.everything()), path)
        aside = f"{path}.replaced-{now}" if os.path.exists(path) else ""
        for end in ("-wal", "-shm", "") if aside else ():
            if os.path.exists(f"{path}{end}"):
                os.replace(f"{path}{end}", f"{aside}{end}")
        for end in ("-wal", "-shm"):  # of a file that was deleted: it would spoil the new one
            discard(f"{path}{end}")
        put_in_place(new, path)
    except OSError as error:
        raise StorageError(
            f"Cannot put the copy at {path}: {error.strerror}", hint="Let this user write to the work folder."
        ) from error
    finally:
        _remove(new)
    return aside


def _compare(wanted: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]], path: str) -> None:
    """Every record of one in the other and none besides."""
    for name, records in wanted.items():
        if len(records) != len(found[name]) or any(found[name].get(key) != one for key, one in records.items()):
            raise StorageError(f"Cannot copy to {path}: {name} read back are others", hint="Is the disk failing?")


def _sections(memory: Memory) -> dict[str, Mapping[str, Any]]:
    return {
        "templates": memory.templates,
        "requests": memory.requests,
        "returns": memory.returns,
        "machines": memory.machines,
    }


def _remove(path: str) -> None:
    for end in ("", ".lock", "-wal", "-shm"):
        discard(f"{path}{end}")
