"""Ids that look like AWS's and come out the same in every run."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(slots=True)
class Ids:
    """A source of ids of its own for one region; equal `seed`s give equal ids."""

    seed: str
    _given: Counter[str] = field(default_factory=Counter)

    def new(self, prefix: str, digits: int = 17) -> str:
        """`prefix-` and that many hexadecimal digits, the first of them 0 as AWS has it."""
        return f"{prefix}-0{self._digest(prefix)[: digits - 1]}"

    def uuid(self, prefix: str) -> str:
        """A version 4 UUID, as activities and fleets bear it."""
        return str(UUID(bytes=bytes.fromhex(self._digest(prefix)[:32]), version=4))

    def _digest(self, prefix: str) -> str:
        self._given[prefix] += 1
        return hashlib.sha256(f"{self.seed}/{prefix}/{self._given[prefix]}".encode()).hexdigest()
