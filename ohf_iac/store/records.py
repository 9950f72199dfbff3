"""Records as JSON and back. Keys are the fields' names (snake_case); a field at its default is left out.

Unknown keys are ignored on reading, so that a later version of format 1 may add some.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ohf_iac.machine import Machine
from ohf_iac.request import MachineRecord, Request, RequestRecord, ReturnedMachine, ReturnRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import DataclassInstance

_Record = TypeVar("_Record", bound="DataclassInstance")
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {"str": str, "int": int, "bool": bool}
_VERDICTS: Final = ("complete", "complete_with_error", None)
_STACK_STATES: Final = ("intended", "created", "abandoned", "deleting", "gone")


@dataclass(frozen=True, slots=True)
class TemplateRecord:
    """A host template as last offered: `fingerprint` changes when the template does; `seen_at` in epoch seconds."""

    template_id: str
    fingerprint: str
    seen_at: int


class RecordError(ValueError):
    """A text does not hold the record that it should."""


def encode(record: Any) -> bytes:
    """Any record, or a value inside one, as one line of JSON."""
    return json.dumps(_plain(record)).encode()


def fingerprint(document: object) -> str:
    """Eight hex digits that change when a JSON document does. It tells changes, it proves nothing."""
    return f"{zlib.crc32(json.dumps(document, sort_keys=True).encode()):08x}"


def decode_template(text: bytes) -> TemplateRecord:
    return template_from(json.loads(text))


def decode_request(text: bytes) -> RequestRecord:
    return request_from(json.loads(text))


def decode_return(text: bytes) -> ReturnRecord:
    return return_from(json.loads(text))


def decode_machine(text: bytes) -> MachineRecord:
    return machine_from(json.loads(text))


def template_from(raw: Any) -> TemplateRecord:
    return _built(TemplateRecord, raw)


def request_from(raw: Any) -> RequestRecord:
    return _built(
        RequestRecord,
        raw,
        request=lambda value: _built(Request, value),
        machines=lambda values: tuple(_built(Machine, value) for value in values),
    )


def return_from(raw: Any) -> ReturnRecord:
    return _built(
        ReturnRecord,
        raw,
        machines=lambda values: tuple(_built(ReturnedMachine, value) for value in values),
        reported=lambda values: tuple(_built(Machine, value) for value in values),
    )


def machine_from(raw: Any) -> MachineRecord:
    return _built(MachineRecord, raw)


def check(record: Any) -> None:
    """Raise RecordError unless the fields have the types they promise: for files that others wrote."""
    for one in fields(record):
        value = getattr(record, one.name)
        wanted = _TYPES.get(str(one.type))
        if wanted and not isinstance(value, wanted):
            raise RecordError(f"{type(record).__name__}.{one.name} is {value!r}")
        for part in value if isinstance(value, tuple) else ():
            check(part)
    if isinstance(record, RequestRecord):
        check(record.request)
        if record.stack not in _STACK_STATES:
            raise RecordError(f"RequestRecord.stack is {record.stack!r}")
    if isinstance(record, (RequestRecord, ReturnRecord)) and record.verdict not in _VERDICTS:
        raise RecordError(f"{type(record).__name__}.verdict is {record.verdict!r}")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        said = ((one, getattr(value, one.name)) for one in fields(value))
        return {one.name: _plain(content) for one, content in said if not _is_default(one, content)}
    if hasattr(value, "keys"):
        return dict(value)
    return value


def _is_default(one: Any, value: Any) -> bool:
    if one.default is not MISSING:
        return bool(value == one.default)
    return one.default_factory is not MISSING and value == one.default_factory()


def _built(kind: type[_Record], raw: Any, **parts: Callable[[Any], Any]) -> _Record:
    known = kind.__dataclass_fields__
    try:
        values = {name: parts[name](raw[name]) if name in parts else raw[name] for name in raw if name in known}
        return kind(**values)
    except (TypeError, KeyError, AttributeError) as error:
        raise RecordError(f"no {kind.__name__}: {error}") from error
