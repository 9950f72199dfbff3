"""Values of a body as anybody may see them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from ohf_iac.review.diff.hidden import Hidden
from ohf_iac.secret_findings import secrets_in

#: told in the place of a text that looks like a secret; `ohf lint` (OHF-S001) says where it stands
SUSPECT: Final = "(looks like a secret, not shown)"


def told(value: object, name: str) -> Any:
    """The value without what must not be shown; `name` is the property, which may give a secret away."""
    if isinstance(value, Hidden):
        return value.told
    if isinstance(value, dict):
        return {key: told(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [told(one, name) for one in value]
    if isinstance(value, str) and _suspect(value, name):
        return SUSPECT
    return value


@lru_cache(maxsize=10_000)  # the same tags and members of lists stand in many places
def _suspect(value: str, name: str) -> bool:
    quote = '"' if "'" in value else "'"
    return any(secrets_in(f"{name or 'value'}={quote}{value}{quote}"))
