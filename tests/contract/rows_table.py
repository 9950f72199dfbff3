"""All rows of the contract suite, those of one world one after the other."""

from __future__ import annotations

from tests.contract.row import Row
from tests.contract.rows import invocation, reclaims, requesting, returning, status, status_ids, templates

_MODULES = (invocation, templates, requesting, status, status_ids, returning, reclaims)
_WRITTEN = [row for module in _MODULES for row in module.ROWS]
_WORLDS = list(dict.fromkeys((row.world, row.flavor) for row in _WRITTEN))
#: rows that share a world follow each other, and of them those that change it come last
ROWS: tuple[Row, ...] = tuple(
    sorted(
        _WRITTEN,
        key=lambda row: (_WORLDS.index((row.world, row.flavor)), row.files is not None, not row.leaves_world),
    )
)
