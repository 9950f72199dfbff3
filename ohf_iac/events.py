"""Domain events: what happened to requests, machines and templates, for observers that do not take part.

Thirteen names, one shape: a class per event, so that observers and tests can tell them apart by type, and one set
of fields, so that a log line of any event reads the same. (One dataclass is built at start-up instead of thirteen.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ohf_iac.machine import LIVE_STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ohf_iac.machine import Machine
    from ohf_iac.request import RequestRecord, ReturnRecord

    Handler = Callable[["Event"], None]


@dataclass(frozen=True, slots=True)
class Event:
    """What every event may say; what does not apply is empty. `at` is epoch seconds on our clock.

    `status` is the new status (of a request, a return, a machine) and `previous` the one before; `units` counts
    what was asked for, `machines` the machines concerned; `message` is the reason in AWS's or our words.
    """

    at: int
    request_id: str = ""
    return_id: str = ""
    template_id: str = ""
    machine_id: str = ""
    machine_name: str = ""
    status: str = ""
    previous: str = ""
    units: int = 0
    machines: int = 0
    message: str = ""

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    def facts(self) -> dict[str, object]:
        """The fields that say something, without the time, for a log line."""
        return {field: value for field in _FACTS if (value := getattr(self, field))}

    @property
    def sentence(self) -> str:
        """The event in one line, for people."""
        subject = self.machine_id or self.return_id or self.request_id or self.template_id
        change = (
            f": {self.previous} -> {self.status}" if self.previous else f": {self.status}" if self.status else ""
        )
        return f"{self.name} {subject}{change}" + (f" ({self.message})" if self.message else "")


_FACTS: Final = tuple(field for field in Event.__dataclass_fields__ if field != "at")


class RequestCreated(Event):
    __slots__ = ()


class RequestStatusChanged(Event):
    __slots__ = ()


class RequestSettled(Event):
    __slots__ = ()


class MachineCreated(Event):
    __slots__ = ()


class MachineTerminated(Event):
    __slots__ = ()


class MachineFailed(Event):
    __slots__ = ()


class MachineInterrupted(Event):
    __slots__ = ()


class ReturnRequested(Event):
    __slots__ = ()


class TemplateAdded(Event):
    __slots__ = ()


class TemplateChanged(Event):
    __slots__ = ()


class TemplateRemoved(Event):
    __slots__ = ()


class RequestRefused(Event):
    """Nobody approved the body that was asked for; `status` is the code of the refusal."""

    __slots__ = ()


class BreakGlassUsed(Event):
    """An emergency approval let a body through; `message` is its reason."""

    __slots__ = ()


def dispatch(
    events: Iterable[Event], handlers: Iterable[Handler], report_failure: Callable[[Event, Exception], None]
) -> None:
    """Hand every event to every observer; one that raises is reported and hinders neither others nor the work."""
    observers = tuple(handlers)
    for event in events:
        for observe in observers:
            try:
                observe(event)
            except Exception as error:  # noqa: BLE001 -- whatever an observer does, the request goes on
                report_failure(event, error)


def template_changes(old: Mapping[str, str], new: Mapping[str, str], at: int) -> tuple[Event, ...]:
    """What changed between two maps of template id to fingerprint."""
    changes: list[Event] = []
    for template_id, fingerprint in new.items():
        if template_id not in old:
            changes.append(TemplateAdded(at, template_id=template_id))
        elif old[template_id] != fingerprint:
            changes.append(TemplateChanged(at, template_id=template_id))
    changes += [TemplateRemoved(at, template_id=template_id) for template_id in old if template_id not in new]
    return tuple(changes)


def request_changes(old: RequestRecord | None, new: RequestRecord, at: int) -> tuple[Event, ...]:
    """What a poll or a write changed of a request and of its machines."""
    request_id, template_id = new.request.request_id, new.request.template_id
    status, previous = request_status(new), request_status(old) if old else ""
    changes: list[Event] = []
    if old is None:
        changes.append(RequestCreated(at, request_id, "", template_id, status=status, units=new.request.units))
    elif previous != status:
        changes.append(
            RequestStatusChanged(
                at, request_id, "", template_id, status=status, previous=previous, message=new.message
            )
        )
    if new.verdict is not None and (old is None or old.verdict is None):
        machines = len(new.machines)
        changes.append(
            RequestSettled(at, request_id, "", template_id, status=status, machines=machines, message=new.message)
        )
    known = {machine.machine_id: machine for machine in (old.machines if old else ())}
    for machine in new.machines:
        kinds = _created_machine(known.get(machine.machine_id), machine)
        changes += [_of_machine(kind, machine, Event(at, request_id, "", template_id)) for kind in kinds]
    return tuple(changes)


def return_changes(old: ReturnRecord | None, new: ReturnRecord, at: int) -> tuple[Event, ...]:
    """What a poll or a write changed of a return and of its machines."""
    changes: list[Event] = []
    if old is None:
        changes.append(ReturnRequested(at, return_id=new.return_id, machines=len(new.machines)))
    known = {machine.machine_id: machine for machine in (old.reported if old else ())}
    for machine in new.reported:
        before = known.get(machine.machine_id)
        if machine.status == "terminated" and (before is None or before.status != "terminated"):
            changes.append(_of_machine(MachineTerminated, machine, Event(at, return_id=new.return_id)))
    return tuple(changes)


def request_status(record: RequestRecord) -> str:
    """A request's status in Host Factory's words."""
    return record.verdict or "running"


def _created_machine(before: Machine | None, machine: Machine) -> list[type[Event]]:
    """What happened to one machine of a request since it was last reported (None: never)."""
    kinds: list[type[Event]] = []
    if before is None:
        kinds.append(MachineCreated)
    if machine.result == "fail" and (before is None or before.result != "fail"):
        kinds.append(MachineFailed)
    if machine.status not in LIVE_STATES and (before is None or before.status in LIVE_STATES):
        kinds.append(MachineTerminated)
    return kinds


def _of_machine(kind: type[Event], machine: Machine, about: Event) -> Event:
    """An event of a machine, at the time and of the request or return that `about` names."""
    return kind(
        about.at,
        about.request_id,
        about.return_id,
        about.template_id,
        machine_id=machine.machine_id,
        machine_name=machine.name,
        status=machine.status,
        message=machine.message,
    )
