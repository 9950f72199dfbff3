"""What we remember, as a value, and the only ways in which it changes.

Two processes may look at one request at once and save in any order. So records are merged, not replaced, and
merging is monotone: a verdict stays, a stack never comes back, the first look at a shortage is the earliest one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from ohf_iac.store.lazy import Unread

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ohf_iac.hostfactory import HostRef
    from ohf_iac.request import MachineRecord, RequestRecord, ReturnRecord
    from ohf_iac.store.lazy import Question
    from ohf_iac.store.records import TemplateRecord

Record = TypeVar("Record")
#: seconds beyond which no chore is put off
CHORE_HORIZON: Final = 7200

#: a stack's life only goes on; "created" outweighs "abandoned", because the stack was seen
_STACK_RANK: Final = {"intended": 0, "abandoned": 1, "created": 2, "deleting": 3, "gone": 4}


@dataclass(frozen=True, slots=True)
class Memory:
    """All records by id. `recovered_from` names the file that was set aside because it could not be read."""

    templates: Mapping[str, TemplateRecord] = field(default_factory=dict)
    requests: Mapping[str, RequestRecord] = field(default_factory=dict)
    returns: Mapping[str, ReturnRecord] = field(default_factory=dict)
    machines: Mapping[str, MachineRecord] = field(default_factory=dict)
    recovered_from: str = ""


def unsettled(memory: Memory) -> tuple[RequestRecord, ...]:
    """The requests without a verdict. Cheap however many settled ones there are."""
    found = _where(memory.requests, "unsettled")
    return tuple(record for record in found if record.verdict is None)


def with_due_chores(memory: Memory, now: float) -> tuple[RequestRecord, ...]:
    """The requests for which a chore is due. Cheap however many have none."""
    found = _where(memory.requests, "with chore")
    return tuple(record for record in found if record.chore_at and not put_off(record, now))


def put_off(record: RequestRecord, now: float) -> bool:
    """Whether its chore is for later; one that is put off for too long was noted by a clock that went wrong."""
    return now < record.chore_at <= now + CHORE_HORIZON


def machines_named(memory: Memory, names: Collection[str]) -> dict[str, MachineRecord]:
    """The machine last launched under each name, if any: private DNS names come back with their addresses."""
    found: dict[str, MachineRecord] = {}
    for record in _where(memory.machines, "named", names):
        if record.name in names and (
            record.name not in found or found[record.name].launch_time <= record.launch_time
        ):
            found[record.name] = record
    return found


def ids_of_hosts(memory: Memory, hosts: Iterable[HostRef]) -> dict[HostRef, str]:
    """Hosts to machine ids: as given, else of the machine last known under the name; those without one left out."""
    wanted = tuple(hosts)
    names = {host.name for host in wanted if not host.machine_id}
    known = machines_named(memory, names) if names else {}
    ids = {host: host.machine_id or (known[host.name].machine_id if host.name in known else "") for host in wanted}
    return {host: found for host, found in ids.items() if found}


def with_templates(memory: Memory, records: Iterable[TemplateRecord]) -> Memory:
    """The templates now offered, all of them: those not among `records` are forgotten."""
    return replace(memory, templates={record.template_id: record for record in records})


def with_request(memory: Memory, record: RequestRecord) -> Memory:
    """A request remembered, merged with what is known of it."""
    return with_requests(memory, (record,))


def with_requests(memory: Memory, records: Iterable[RequestRecord]) -> Memory:
    """Requests remembered, each merged with what is known of it."""
    put: dict[str, RequestRecord] = {}
    for record in records:
        request_id = record.request.request_id
        put[request_id] = merge_request(put.get(request_id) or memory.requests.get(request_id), record)
    return replace(memory, requests=changed(memory.requests, put)) if put else memory


def without_intent(memory: Memory, request_id: str) -> Memory:
    """The memory without a request that nothing came of, as long as it is an intent and nobody was told of it."""
    record = memory.requests.get(request_id)
    if record is None or record.stack != "intended" or record.settled:
        return memory
    return replace(memory, requests=changed(memory.requests, {}, frozenset({request_id})))


def with_return(memory: Memory, record: ReturnRecord) -> Memory:
    """A return remembered, merged with what is known of it."""
    merged = merge_return(memory.returns.get(record.return_id), record)
    return replace(memory, returns=changed(memory.returns, {record.return_id: merged}))


def with_machines(memory: Memory, records: Iterable[MachineRecord]) -> Memory:
    """Where machines belong; what a record does not say is kept from the one before."""
    put = {}
    for record in records:
        put[record.machine_id] = _merge_machine(memory.machines.get(record.machine_id), record)
    news = {key: record for key, record in put.items() if memory.machines.get(key) != record}
    return replace(memory, machines=changed(memory.machines, news)) if news else memory


def merge_request(old: RequestRecord | None, new: RequestRecord) -> RequestRecord:
    """Both looks at one request in one record, whichever came first.

    The verdict with its time, message and machines, once set, stays; the stack's state, the deadline (it moves
    once, for the on-demand rest) and what is known of the stack never go back; the earliest look at a shortage and
    the earliest cancellation count. Everything else is the newer look's.
    """
    if old is None:
        return new
    request = new.request
    if old.request.deadline > request.deadline:
        request = replace(request, deadline=old.request.deadline)
    return replace(
        new,
        request=request,
        stack=max(old.stack, new.stack, key=_STACK_RANK.__getitem__),
        stack_id=new.stack_id or old.stack_id,
        digest=new.digest or old.digest,
        first_short_at=_earliest(old.first_short_at, new.first_short_at),
        cancelled_at=_earliest(old.cancelled_at, new.cancelled_at),
        verdict=old.verdict or new.verdict,
        settled_at=old.settled_at if old.verdict else new.settled_at,
        message=old.message if old.verdict else new.message,
        machines=old.machines if old.verdict else new.machines,
    )


def merge_return(old: ReturnRecord | None, new: ReturnRecord) -> ReturnRecord:
    """Both looks at one return in one record; the verdict stays, and no machine named is forgotten.

    What was named before EC2 could be asked is replaced by what EC2 showed for it.
    """
    if old is None:
        return new
    if new.looked_up != old.looked_up:
        return new if new.looked_up else old
    named = {machine.machine_id or machine.name for machine in new.machines}
    kept = tuple(machine for machine in old.machines if (machine.machine_id or machine.name) not in named)
    if old.verdict:
        new = replace(new, verdict=old.verdict, settled_at=old.settled_at, message=old.message)
    return replace(new, created_at=min(old.created_at, new.created_at), machines=new.machines + kept)


def _merge_machine(old: MachineRecord | None, new: MachineRecord) -> MachineRecord:
    if old is None:
        return new
    return replace(
        new,
        name=new.name or old.name,
        request_id=new.request_id or old.request_id,
        launch_time=new.launch_time or old.launch_time,
        account=new.account or old.account,
        region=new.region or old.region,
        interrupted_at=_earliest(old.interrupted_at, new.interrupted_at),
    )


def _earliest(one: int, other: int) -> int:
    """The earlier of two moments, where 0 is "not yet"."""
    return min(one, other) if one and other else one or other


def _where(records: Mapping[str, Record], question: Question, names: Collection[str] = ()) -> Iterable[Record]:
    """Records that may be meant, where that can be told without reading all; else all of them."""
    return records.where(question, names) if isinstance(records, Unread) else records.values()


def changed(
    records: Mapping[str, Record], put: Mapping[str, Record], drop: frozenset[str] = frozenset()
) -> Mapping[str, Record]:
    """The same records with some put in and some left out; `records` stays as it is."""
    if isinstance(records, Unread):
        return records.changed(put, drop)
    return {**{key: record for key, record in records.items() if key not in drop}, **put}
