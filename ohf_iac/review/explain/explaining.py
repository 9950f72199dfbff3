"""From an id to its explanation: what it is, whose request that is, and the chain of that request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.aws import ec2
from ohf_iac.errors import ResourceNotFoundError
from ohf_iac.request import TAG_OWNER, TAG_REQUEST, id_kind, minted_at, request_id_of, return_tag
from ohf_iac.review.explain.catalogue import written
from ohf_iac.review.explain.following import request_chain, template_chain, trail_of
from ohf_iac.review.explain.kept import asked, input_of, kept_of, with_archived
from ohf_iac.review.explain.link import Explained, Gap, Link, moment
from ohf_iac.review.explain.machines import about_machine
from ohf_iac.review.explain.shown import Asking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.app import App
    from ohf_iac.machine import Instance
    from ohf_iac.request import ReturnRecord
    from ohf_iac.review.explain.kept import Kept
    from ohf_iac.review.explain.link import Origin, State

#: what a return's status means for whoever looks back; "": nobody remembers it
_ENDS: Final[Mapping[str, State]] = {
    "complete": "ok",
    "complete_with_error": "look",
    "running": "open",
    "": "unknown",
}
#: requests of one return that are followed; the others are named
MOST_CHAINS: Final = 3


def explained(app: App, identifier: str) -> Explained:
    """The explanation of a request, a return, a machine, a stack (its name or ARN) or a template, by its id.

    Nothing is changed, here or in AWS. What cannot be read is a gap; where nothing at all can be said the first
    error of AWS is raised, and ResourceNotFoundError where there was none.
    """
    kept, asking = kept_of(app), Asking(app)
    stack = identifier.rpartition(":stack/")[2].partition("/")[0] if identifier.startswith("arn:") else identifier
    request_id = identifier if id_kind(identifier) == "req" else request_id_of(stack)
    if request_id is not None:
        arn = identifier if stack != identifier else ""
        return _of_request(asking, kept, identifier, request_id, arn)
    if id_kind(identifier) == "ret":
        return _of_return(asking, kept, identifier)
    if ec2.INSTANCE_ID.fullmatch(identifier):
        return _of_machine(asking, kept, identifier)
    return _of_template(asking, kept, identifier)


def _of_request(asking: Asking, kept: Kept, identifier: str, request_id: str, arn: str) -> Explained:
    about = trail_of(asking, kept, request_id, arn)
    if not about.known:
        raise _nothing(asking, identifier)
    return Explained(identifier, "request", (), (request_chain(asking, about),), (), _gaps(asking, kept))


def _of_template(asking: Asking, kept: Kept, template_id: str) -> Explained:
    found = written(asking.app.settings, template_id)
    chain = template_chain(asking, kept, template_id, found)
    if not found.line and not chain.links[-1].rows:
        raise ResourceNotFoundError(
            f"explain {template_id}: it is no template of the catalogue, nor an id that ohf or AWS gives",
            hint="ohf templates list; ohf status",
        )
    return Explained(template_id, "template", (), (chain,), (), _gaps(asking, kept))


def _of_machine(asking: Asking, kept: Kept, machine_id: str) -> Explained:
    """A machine's own life, then the chain of its request."""
    request_id, source, gaps = _request_of_machine(asking, kept, machine_id)
    if not request_id:
        raise _nothing(asking, machine_id)
    about = trail_of(asking, kept, request_id)
    row = about_machine(about, machine_id)
    state: State = "look" if "why" in row and "return" not in row else "ok"
    why = f": {row['why']}" if "why" in row else ""
    told = f"{row.get('name') or 'without a name'}, {row.get('state', 'of unknown state')}{why}"
    link = Link("machine", state, f"{told}; of {request_id}", (source,), row, unknown=gaps)
    return Explained(machine_id, "machine", (link,), (request_chain(asking, about),), (), _gaps(asking, kept))


def _request_of_machine(asking: Asking, kept: Kept, machine_id: str) -> tuple[str, Origin, tuple[Gap, ...]]:
    """The request of a machine; ResourceNotFoundError for one that bears another owner's tag, or none of ours."""
    seen, why = asking.read(lambda calls: ec2.by_id(calls, [machine_id]), ())
    gaps = (Gap("what EC2 shows", why),) if why else ()
    for one in seen:
        if one.tags.get(TAG_OWNER) == asking.app.owner and one.tags.get(TAG_REQUEST):
            return one.tags[TAG_REQUEST], "AWS", gaps
    if known := kept.memory.machines.get(machine_id):
        return known.request_id, "memory", gaps
    for event in kept.events:
        if event.machine_id == machine_id and event.request_id:
            return event.request_id, "events", gaps
    if seen:
        raise _not_ours(asking.app.owner, seen[0])
    return "", "AWS", gaps


def _of_return(asking: Asking, kept: Kept, return_id: str) -> Explained:
    """What was returned, and the chains of the requests that the machines were made for."""
    record = with_archived(asking.app, kept, [return_id]).memory.returns.get(return_id)
    machines, requests, sources, gaps = _named(asking, kept, return_id, record)
    if not machines:
        raise _nothing(asking, return_id)
    status = (record.verdict or "running") if record else ""
    why = f": {record.message}" if record and record.message else ""
    told = f"{len(machines)} named at {moment(minted_at(return_id) or 0)}" + (f", {status}{why}" if status else "")
    if not status:
        gaps = (*gaps, Gap("how it ended", "memory does not hold it"))
    rows = tuple({"machine": one, "request": machines[one]} for one in sorted(machines))
    link = Link("return", _ENDS[status], told, sources, {"status": status} if status else {}, rows, gaps)
    followed = [trail_of(asking, kept, one) for one in requests[:MOST_CHAINS]]
    chains = tuple(request_chain(asking, one) for one in followed if one.known)
    return Explained(return_id, "return", (link,), chains, tuple(requests[MOST_CHAINS:]), _gaps(asking, kept))


def _named(
    asking: Asking, kept: Kept, return_id: str, record: ReturnRecord | None
) -> tuple[dict[str, str], list[str], tuple[Origin, ...], tuple[Gap, ...]]:
    """The machines of a return with the requests they are of, those requests, and where that is known from."""
    machines: dict[str, str] = {}
    sources: list[Origin] = []
    for one in record.machines if record else ():
        machines[one.machine_id or one.name] = one.request_id
        sources.append("memory")
    owner, key = asking.app.owner, return_tag(return_id)
    seen, why = asking.read(lambda calls: ec2.with_tag_key(calls, owner, key), ())
    for instance in seen:
        machines[instance.instance_id] = instance.tags.get(TAG_REQUEST, "")
        sources.append("AWS")
    for event in kept.events:
        if event.return_id == return_id and event.machine_id:
            machines.setdefault(event.machine_id, "")
            sources.append("events")
    for call in asked(asking.app, {return_id}):
        named = input_of(call).get("machines") if call.answer.get("requestId") == return_id else ()
        for given in named if isinstance(named, list) else ():
            machines.setdefault(str(given.get("machineId") or given.get("name") or ""), "")
            sources.append("I/O log")
    whole = {one: request or _request_in(kept, one) for one, request in machines.items() if one}
    requests = list(dict.fromkeys(sorted(one for one in whole.values() if one)))
    gaps = (Gap("what EC2 shows", why),) if why else ()
    return whole, requests, tuple(dict.fromkeys(sources)), gaps


def _request_in(kept: Kept, machine_id: str) -> str:
    """The request of a machine as this host knows it."""
    if known := kept.memory.machines.get(machine_id):
        return known.request_id
    return next((one.request_id for one in kept.events if one.machine_id == machine_id and one.request_id), "")


def _gaps(asking: Asking, kept: Kept) -> tuple[Gap, ...]:
    return (*asking.gaps, *kept.gaps)


def _nothing(asking: Asking, identifier: str) -> Exception:
    """Why nothing can be said of an id: AWS did not answer, or nobody knows it."""
    if asking.error is not None:
        return asking.error
    return ResourceNotFoundError(
        f"explain {identifier}: neither AWS nor this host knows it",
        hint="AWS forgets machines after an hour and deleted stacks after ninety days; ohf status lists requests",
    )


def _not_ours(owner: str, instance: Instance) -> ResourceNotFoundError:
    theirs = instance.tags.get(TAG_OWNER, "")
    whose = f"it is of {theirs}, not of {owner}" if theirs else "it bears no tag of this provider"
    return ResourceNotFoundError(f"explain {instance.instance_id}: {whose}", hint="ohf config tells provider.owner")
