"""Where a secret is kept: `env:NAME`, `ssm:NAME`, `secretsmanager:NAME`, the last with `#KEY` into a JSON object.

Settings that hold a secret hold such a reference and never the secret itself. Names as AWS allows them: Systems
Manager, PutParameter (Name); Secrets Manager, CreateSecret (Name), or the secret's ARN.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

Keeper = Literal["env", "ssm", "secretsmanager"]

_FORMS: Final = {
    "env": r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)",
    "ssm": r"ssm:(?P<name>[A-Za-z0-9_./-]{1,2048})",
    "secretsmanager": r"secretsmanager:(?P<name>[A-Za-z0-9/_+=.@:-]{1,2048})(?:#(?P<key>[^#\s]+))?",
}
HOW: Final = 'write "env:NAME", "ssm:/path" or "secretsmanager:name#json-key", and keep the secret itself there'


class Reference(NamedTuple):
    """Who keeps a secret, under which name, and which member of it is meant where it is a JSON object."""

    keeper: Keeper
    name: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.keeper}:{self.name}" + (f"#{self.key}" if self.key else "")


def reference_in(text: str) -> Reference | None:
    """The reference that a text is, None for one that is something else: perhaps the secret itself."""
    keeper = text.partition(":")[0]
    form = _FORMS.get(keeper)
    found = re.fullmatch(form, text) if form else None
    if found is None:
        return None
    # the table's keys are the type's values
    return Reference(keeper, found["name"], found.groupdict().get("key") or "")  # type: ignore[arg-type]
