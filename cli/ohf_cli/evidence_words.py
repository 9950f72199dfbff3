"""What the screens of evidence have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_cli.table import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_cli.table import Tone

#: a pack was written, and something of it could not be read
INCOMPLETE: Final = "E142"
_VERDICTS: Final[Mapping[str, tuple[str, Tone]]] = {
    "ok": ("ok", "good"),
    "violation": ("VIOLATION", "bad"),
    "not proven": ("NOT PROVEN", "bad"),
    "": ("not judged", "busy"),
}


def verdict_cell(verdict: str) -> Cell:
    """What a pack says of its stack."""
    return Cell(*_VERDICTS[verdict])
