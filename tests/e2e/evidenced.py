"""Evidence packs as people make and check them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.human import Human


def packed(human: Human, request_id: str, name: str = "pack", code: int = 0) -> tuple[Path, dict[str, Any]]:
    """A new pack, and what was printed of it."""
    target = human.provider.folder / name
    told = human.reads("evidence", request_id, "--to", str(target), code=code)
    return target, told


def signers(human: Human) -> tuple[str, str]:
    """The option that names the keys of the provider's own approvers."""
    return "--allowed-signers", str(human.provider.conf / "allowed_signers")


def check(human: Human, pack: Path, *words: str, code: int = 0) -> dict[str, Any]:
    """What a check of it prints."""
    return dict(human.reads("evidence", "--check", str(pack), *signers(human), *words, code=code))
