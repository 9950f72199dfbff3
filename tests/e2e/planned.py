"""Plans in tests: made, read, and changed by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.human import Human


@dataclass(frozen=True, slots=True)
class Planned:
    """A saved plan."""

    human: Human
    file: Path

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    @property
    def request_id(self) -> str:
        return str(self.document["requestId"])

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        document = self.document
        change(document)
        self.file.write_text(json.dumps(document))

    def apply(self, *words: str, code: int = 0) -> tuple[str, str]:
        return self.human.hears("apply", str(self.file), *words, code=code)

    def standing(self) -> str:
        return str(self.human.reads("show", str(self.file))["standing"])


def planned(human: Human, template: str = "instant-ondemand", count: int = 2, *words: str) -> Planned:
    """A plan made by `ohf plan`."""
    file = human.provider.folder / f"{template}-{len(list(human.provider.folder.glob('*.plan')))}.plan"
    human.reads("plan", template, "--count", str(count), "--out", str(file), *words)
    return Planned(human, file)
