"""One entry of the catalogue as written -> the values of the fields that it really sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohf_iac.template.coerce import Refused, Unfit, shown
from ohf_iac.template.fields import ALIASES, ECHOED, ELSEWHERE, READERS

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_fields(entry: Mapping[str, object], warn: list[str]) -> dict[str, Any]:
    """The values by field name; a field that is null or empty counts as not written
    (IBM's samples are full of `""` and `[""]`).

    Unknown fields are warned about. Raises `Refused` for the first value that its field cannot take.
    """
    values: dict[str, Any] = {}
    for name, value in entry.items():
        reader = READERS.get(name)
        if reader is None:
            _unknown(name, value, values, warn)
        elif value or value == 0:  # 0 and false are said; null, "", [] and {} are not
            try:
                read = reader(value)
            except Unfit as unfit:
                raise Refused(name, str(unfit)) from None
            if read or read == 0:
                values[name] = read
    return values


def _unknown(name: str, value: object, values: dict[str, Any], warn: list[str]) -> None:
    known = ALIASES.get(name)
    if known is None:
        if value and name in ELSEWHERE:
            warn.append(f"{name}: {ELSEWHERE[name]}")
        elif value is not None and name not in ECHOED:
            warn.append(f"{name}: unknown field, echoed and otherwise without effect")
        return
    try:
        read = read_fields({known: value}, warn).get(known)
    except Refused as refused:
        raise Refused(name, refused.reason) from None
    if read is None:
        return
    if known not in values:
        values[known] = read
    elif isinstance(read, tuple):
        values[known] = tuple(dict.fromkeys((*values[known], *read)))
    elif values[known] != read:
        raise Refused(name, f"says {shown(read)} where {known} says {shown(values[known])}")
