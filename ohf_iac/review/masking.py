"""Documents without the secrets that somebody put where they do not belong. Pure."""

from __future__ import annotations

from typing import Any

from ohf_iac.exposure import exposes
from ohf_iac.review.diff.hidden import MASK
from ohf_iac.secret_forms import without_secrets


def masked(value: Any) -> Any:
    """A document without what is a secret by its form."""
    match value:
        case dict():
            return {key: masked(one) for key, one in value.items()}
        case list() | tuple():
            return [masked(one) for one in value]
        case str():
            return without_secrets(value)
    return value


def masked_by_name(value: Any, name: str = "") -> Any:
    """A document of somebody's own names and values without what is a secret by its form or by its name.

    Pairs of texts are names and values too.
    """
    match value:
        case dict():
            return {key: masked_by_name(one, key) for key, one in value.items()}
        case [str(key), str(text)] if exposes(key, text):
            return [key, MASK]
        case list() | tuple():
            return [masked_by_name(one, name) for one in value]
        case str():
            return MASK if exposes(name, value) else without_secrets(value)
    return value
