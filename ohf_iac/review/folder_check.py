"""Rendered stacks that were committed, held against what the configuration renders now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["missing", "differs", "left over"]


@dataclass(frozen=True, slots=True)
class Stale:
    """A file of the folder that is not what rendering would write there."""

    file: str
    state: State


def stale_files(rendered: Mapping[str, str], committed: Mapping[str, bytes]) -> tuple[Stale, ...]:
    """What is wrong with a folder, by file name.

    `rendered` maps the names of the files that rendering writes to their texts, `committed` those that are there to
    their bytes. A text is compared byte by byte: whoever formats it anew has it checked in anew.
    """
    found = [
        Stale(name, "differs" if name in committed else "missing")
        for name, text in rendered.items()
        if committed.get(name) != text.encode("ascii")
    ]
    found += [Stale(name, "left over") for name in committed if name not in rendered]
    return tuple(sorted(found, key=lambda one: one.file))
