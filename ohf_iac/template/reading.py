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


def read_attributes(value: Mapping[str, object], warn: list[str]) -> dict[str, tuple[str, str]]:
    """`attributes` as the wire wants them: name -> (kind, text), whether written as `["Numeric", "4"]` or as 4.

    `ncores` is added where it is missing, because Symphony's requestor skips hosts without it, and `nram` from
    LSF's `mem`; nothing else is guessed (hostfactory-contract.md §2.1).
    """
    found: dict[str, tuple[str, str]] = {}
    for name, written in value.items():
        if written is None:
            continue
        found[name] = _attribute(name, written)
    if "mem" in found and "nram" not in found:
        found["nram"] = found["mem"]
    if "ncores" not in found:
        found["ncores"] = ("Numeric", "1")
    missing = [name for name in ("type", "ncpus", "nram") if name not in found]
    if missing:
        warn.append(f"attributes: without {', '.join(missing)} Host Factory cannot match this template")
    return found


def _attribute(name: str, written: object) -> tuple[str, str]:
    if type(written) is list:
        if len(written) != 2 or type(written[0]) is not str:
            raise Refused("attributes", f"{name} must be a kind and a value, not {shown(written)}")
        return written[0], _attribute_text(name, written[1])
    return _kind_of(name, written), _attribute_text(name, written)


def _kind_of(name: str, written: object) -> str:
    if type(written) is bool:
        return "Boolean"
    if type(written) is int or type(written) is float or name in ("ncpus", "ncores", "nram", "mem"):
        return "Numeric"
    return "String"


def _attribute_text(name: str, written: object) -> str:
    if type(written) is str:
        return written
    if type(written) is bool:
        return "1" if written else "0"
    if type(written) is int:
        return str(written)
    if type(written) is float:
        return str(int(written)) if written.is_integer() else repr(written)
    raise Refused("attributes", f"{name} must be a text or a number, not {shown(written)}")
