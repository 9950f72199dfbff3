"""The wire: what Host Factory and LSF write and read. camelCase lives only here.

Five inputs are parsed with every tolerance of the contract (`hostfactory-contract.md` §2: an object where an array
is meant, numeric strings, `2.0`, plain strings as hosts, extra keys) and every refusal; five outputs are written
with exactly the names, types and vocabularies that Host Factory reads. jsonschema would accept the same documents
(`schemas/<operation>.*.json`, held by a test), but is too slow to start for a script that runs every half minute.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.bounded_json import OutOfBoundsError, parse_json
from ohf_iac.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ohf_iac.machine import Machine
    from ohf_iac.status.answer import RequestStatus
    from ohf_iac.template.catalogue import Catalogue
    from ohf_iac.template.host_template import HostTemplate

#: a whole number as text; more than fifteen digits mean nothing that could be counted
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}(\.0*)?")
_LARGEST: Final = 10**15 - 1
#: characters of a template's id, which messages repeat; no catalogue has one of more than 64
_LONGEST_ID: Final = 1000
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_INSTANCE_ID: Final = re.compile(r"i-[0-9a-f]+")
#: as the stacks' parameter RcAccount has it
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9_.:@+=-]{1,64}")


@dataclass(frozen=True, slots=True)
class MachineAsk:
    """requestMachines: `units` of a template (machines, or capacity units where it gives weights)."""

    template_id: str
    units: int
    rc_account: str = "default"


@dataclass(frozen=True, slots=True)
class HostRef:
    """A host as Host Factory names it: by name, by id, or both ("" where it gave none)."""

    name: str
    machine_id: str

    @property
    def given(self) -> bool:
        """Whether the entry names a host at all: one that does not must not spoil the call for the others."""
        return bool(self.name or self.machine_id)


@dataclass(frozen=True, slots=True)
class Reclaim:
    """A host that is being taken away or is gone; `grace` in seconds, 0 = already gone."""

    machine_id: str
    name: str
    grace: int


def parse_document(text: bytes, *, empty_is_object: bool = False) -> dict[str, Any]:
    """The JSON object in an input file; an empty file counts as `{}` where the contract allows it."""
    if empty_is_object and not text.removeprefix(_BYTE_ORDER_MARK).strip():
        return {}
    try:
        document = parse_json(text.decode("utf-8-sig"))
    except ValueError as error:
        why = error if isinstance(error, OutOfBoundsError) else f"is not JSON: {error}"
        raise ValidationError(f"read input: it {why}", hint="give the file that Host Factory wrote") from error
    if not isinstance(document, dict):
        raise ValidationError("read input: it is not a JSON object", hint="give the file that Host Factory wrote")
    return document


def parse_request_machines(document: Mapping[str, Any]) -> MachineAsk:
    """`{"template": {"templateId", "machineCount"}, "rc_account"?}`."""
    template = document.get("template")
    if isinstance(template, list) and len(template) == 1:
        template = template[0]
    if not isinstance(template, dict):
        raise ValidationError('request machines: the input has no "template" object')
    template_id = template.get("templateId", template.get("templateID"))
    if not isinstance(template_id, str) or not template_id:
        raise ValidationError('request machines: "template.templateId" is missing or not a text')
    if len(template_id) > _LONGEST_ID:
        raise ValidationError(f'request machines: "template.templateId" has more than {_LONGEST_ID} characters')
    if "machineCount" not in template:
        raise ValidationError('request machines: "template.machineCount" is missing')
    units = whole_number(template["machineCount"], 'request machines: "template.machineCount"')
    if units < 1:
        raise ValidationError(f'request machines: "template.machineCount" is {units}, at least 1 is needed')
    return MachineAsk(template_id, units, _rc_account(document.get("rc_account")))


def parse_request_status(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids asked for, in order, each once. An entry without one has no answer, and spoils no other."""
    if "requests" not in document:
        raise ValidationError('get request status: the input has no "requests"')
    entries = _as_list(document["requests"], "requestId", 'get request status: "requests"')
    if not entries:
        raise ValidationError('get request status: "requests" is empty')
    named = (one.get("requestId") if isinstance(one, dict) else one for one in entries)
    ids = tuple(dict.fromkeys(one for one in named if isinstance(one, str) and one))
    if not ids:
        raise ValidationError('get request status: no entry of "requests" has a "requestId"')
    return ids


def parse_return_machines(document: Mapping[str, Any]) -> tuple[HostRef, ...]:
    """The hosts to give back, each once; `machines` as array or object, or the bare object itself."""
    given = document.get("machines", document if _names_host(document) else None)
    hosts = _hosts(given, 'return machines: "machines"') if given is not None else ()
    if not hosts:
        raise ValidationError('return machines: the input names no "machines"')
    return hosts


def parse_return_requests(document: Mapping[str, Any]) -> tuple[HostRef, ...] | None:
    """The hosts that Host Factory knows; None when it names none (then all of ours are meant)."""
    if "machines" not in document and (bare := _host(document)).given:
        return (bare,)
    given = document.get("machines")
    if given is None:
        return None
    return _hosts(given, 'get return requests: "machines"') or None


def parse_templates(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """A host-template document that getAvailableTemplates is to check and echo; None when none is given."""
    return dict(document) if "templates" in document else None


def whole_number(value: object, what: str) -> int:
    """An integer written as number, `2.0` or numeric text, of 15 digits at most; else ValidationError."""
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            raise ValidationError(f"{what} is {_shown(value)}, not a whole number")
        return int(value.partition(".")[0])
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValidationError(f"{what} is {_shown(value)}, not a number")
    if isinstance(value, float) and not value.is_integer():
        raise ValidationError(f"{what} is {_shown(value)}, not a whole number")
    if abs(value) > _LARGEST:
        raise ValidationError(f"{what} is {_shown(value)}, more than can be counted")
    return int(value)


def templates_answer(catalogue: Catalogue) -> dict[str, Any]:
    """getAvailableTemplates: file order, every field echoed, up to a hundred refused templates named."""
    served = [_template(one) for one in catalogue.templates]
    parts = [f"{len(served)} template{'' if len(served) == 1 else 's'}"]
    parts += [f"refused: {one}" for one in catalogue.complaints]
    return {"message": "; ".join(parts), "templates": served}


def request_answer(request_id: str, message: str) -> dict[str, Any]:
    """requestMachines and requestReturnMachines: the id, and a sentence."""
    return {"requestId": request_id, "message": message}


def status_answer(statuses: Iterable[RequestStatus]) -> dict[str, Any]:
    """getRequestStatus: one entry per id, always.

    LSF's ebrokerd reads error codes of AWS in the message of the whole answer, and lets the template rest
    (hostfactory-contract.md §1.6): the causes of requests that have ended stand there too. A code met while a
    request is still running may be a passing one, and stays in its entry.
    """
    rows = tuple(statuses)
    causes = [one.message for one in rows if one.status != "running" and "Error Code: " in one.message]
    return {"message": "; ".join(dict.fromkeys(causes)), "requests": [_status(one) for one in rows]}


def reclaims_answer(reclaims: Sequence[Reclaim], message: str = "") -> dict[str, Any]:
    """getReturnRequests: hosts that are being reclaimed or are gone."""
    rows = [{"machine": one.name, "machineId": one.machine_id, "gracePeriod": one.grace} for one in reclaims]
    return {"status": "complete", "message": message, "requests": rows}


def failure(message: str) -> dict[str, Any]:
    """A call that did not happen: exit 1 with a message and no id."""
    return {"message": message}


def dump(answer: Mapping[str, Any]) -> str:
    """One JSON object in ASCII."""
    return json.dumps(answer)


def machine_row(machine: Machine) -> dict[str, Any]:
    """A machine in getRequestStatus; unknown addresses are null, as in IBM's captures.

    LSF's part is that of IBM's plug-ins: `nthreads` counts the threads of all cores, not of one, and a machine
    without a public name has an empty one.
    """
    return {
        "machineId": machine.machine_id,
        "name": machine.name,
        "result": machine.result,
        "status": machine.status,
        "privateIpAddress": machine.private_ip or None,
        "publicIpAddress": machine.public_ip or None,
        "launchtime": machine.launch_time,
        "message": machine.message,
        "priceType": machine.price_type,
        "instanceType": machine.instance_type,
        "instanceTags": machine.instance_tags,
        "cloudHostId": None,
        "rcAccount": machine.rc_account,
        "publicDnsName": machine.public_dns,
        "ncores": machine.cores,
        "nthreads": machine.cores * machine.threads,
        "lifeCycleType": machine.price_type,
    }


def _status(status: RequestStatus) -> dict[str, Any]:
    return {
        "requestId": status.request_id,
        "status": status.status,
        "message": status.message,
        "machines": [machine_row(one) for one in status.machines],
    }


def _template(template: HostTemplate) -> dict[str, Any]:
    row = dict(template.raw)
    row.pop("templateID", None)
    row["templateId"] = template.template_id
    row["maxNumber"] = template.max_number
    row["attributes"] = {name: list(pair) for name, pair in template.attributes.items()}
    return row


def _shown(value: object) -> str:
    """A value as it stands in the input, shortened."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _rc_account(value: object) -> str:
    """LSF's account. It reaches user data, where a shell reads it: the characters are those of the parameter."""
    if not isinstance(value, str) or not value:
        return "default"
    if not _ACCOUNT.fullmatch(value):
        raise ValidationError(
            f'request machines: "rc_account" is {_shown(value)}, at most 64 of A-Z a-z 0-9 _ . : @ + = - are taken'
        )
    return value


def _names_host(entry: Mapping[str, Any]) -> bool:
    return "name" in entry or "machineId" in entry


def _as_list(value: object, key: str, what: str) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and key in value:
        return [value]
    if isinstance(value, str):
        return [value]
    raise ValidationError(f"{what} is neither an array nor an object with {key!r}")


def _hosts(value: object, what: str) -> tuple[HostRef, ...]:
    """Hosts, each once. An entry that names none is kept as an empty one, unless no other names any."""
    if isinstance(value, dict) and not value:
        return ()
    entries = [value] if isinstance(value, (str, dict)) else value
    if not isinstance(entries, list):
        raise ValidationError(f"{what} is neither an array nor an object")
    hosts = tuple(dict.fromkeys(_host(one) for one in entries))
    if hosts and not any(one.given for one in hosts):
        raise ValidationError(f"{what} has no entry with a name or a machineId: {_shown(entries[0])}")
    return hosts


def _host(entry: object) -> HostRef:
    """A host by text, or by name, id or both; null stands for a name or an id that is not given."""
    if isinstance(entry, str):
        return HostRef("", entry) if _INSTANCE_ID.fullmatch(entry) else HostRef(entry, "")
    if isinstance(entry, dict):
        name, machine_id = (_absent_as_empty(entry.get(key)) for key in ("name", "machineId"))
        if isinstance(name, str) and isinstance(machine_id, str):
            return HostRef(name, machine_id)
    return HostRef("", "")


def _absent_as_empty(value: object) -> object:
    return "" if value is None else value
