"""Suppressions of lint as `ohf.json` writes them: without a reason and an end there is none."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from ohf_iac.config.settings import Suppression

_KEYS: Final = frozenset({"rule", "template", "reason", "until"})
_RULE: Final = re.compile(r"[A-Z][A-Za-z0-9-]{0,31}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def suppression(value: object) -> Suppression | None:
    """The suppression that an object describes; None when it describes none."""
    if not isinstance(value, dict) or not value.keys() <= _KEYS:
        return None
    texts = {name: value.get(name, "") for name in ("rule", "template", "reason", "until")}
    if not all(isinstance(one, str) for one in texts.values()):
        return None
    if not (_RULE.fullmatch(texts["rule"]) and texts["reason"].strip() and _is_day(texts["until"])):
        return None
    return Suppression(**texts)


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
