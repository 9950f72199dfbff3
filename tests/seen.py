"""Requests and what is seen of them, for tests of the pure core: only what a test is about has to be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ohf_iac.machine import Instance
from ohf_iac.observation import CapacitySeen, Observation, Shortfall, StackSeen
from ohf_iac.request import TAG_SETTLED, Request, RequestRecord, return_tag
from ohf_iac.template.kinds import ASG, SPOT_MAINTAIN, SPOT_REQUEST, Kind

#: when the request was made, when its time is up, and the id that says so
CREATED = 1_700_000_000
DEADLINE = CREATED + 1800
REQUEST_ID = f"req-{CREATED:08x}-0123456789abcdef"
RETURN_ID = f"ret-{CREATED + 600:08x}-0123456789abcdef"
STACK_ID = f"arn:aws:cloudformation:us-east-1:123456789012:stack/ohf-{REQUEST_ID}/5f2d"
FLEETS = {SPOT_REQUEST: "sfr-1", SPOT_MAINTAIN: "sfr-1", ASG: f"ohf-{REQUEST_ID}"}


def request(kind: Kind = ASG, units: int = 3, **more: Any) -> Request:
    """A request of three machines."""
    stated = {
        "template_id": "grid",
        "owner": "here",
        "created_at": CREATED,
        "deadline": DEADLINE,
        "own_template": True,
    }
    return Request(REQUEST_ID, kind=kind, units=units, **{**stated, **more})


def record(kind: Kind = ASG, units: int = 3, **more: Any) -> RequestRecord:
    """What is remembered of it; fields of the request and of the record may be given alike."""
    own = {key: more.pop(key) for key in list(more) if key in RequestRecord.__dataclass_fields__}
    return RequestRecord(request(kind, units, **more), **{"stack": "created", "stack_id": STACK_ID, **own})


def machine(number: int, state: str = "running", **more: Any) -> Instance:
    """Machine `number`, launched that many seconds after a minute; a running one has its name."""
    tags = {"ohf:request-id": REQUEST_ID, "ohf:owner": "here", **more.pop("tags", {})}
    stated = {"name": f"ip-10-0-0-{number}.ec2.internal", "launch_time": CREATED + 60 + number}
    return Instance(f"i-{number:017x}", state, tags=tags, **{**stated, **more})


def running(*numbers: int, **more: Any) -> tuple[Instance, ...]:
    """Running machines of these numbers."""
    return tuple(machine(one, **more) for one in numbers)


def returned(number: int, state: str = "running", **more: Any) -> Instance:
    """A machine that a return has asked to end."""
    return machine(number, state, tags={return_tag(RETURN_ID): ""}, **more)


def marked(number: int, state: str = "running", mark: str = "complete", **more: Any) -> Instance:
    """A machine that carries the mark of a terminal answer."""
    return machine(number, state, tags={TAG_SETTLED: mark}, **more)


def stack(status: str = "CREATE_COMPLETE", **more: Any) -> StackSeen:
    """The request's stack."""
    return StackSeen(STACK_ID, f"ohf-{REQUEST_ID}", status, **more)


def capacity(kind: Kind = ASG, members: Iterable[Instance] = (), **more: Any) -> CapacitySeen:
    """The request's group or fleet; `short` is why it could not launch."""
    short = tuple(Shortfall(*one) for one in more.pop("short", ()))
    listed = tuple(one.instance_id for one in members)
    return CapacitySeen(FLEETS.get(kind, "fleet-1"), members=listed, shortfalls=short, **more)


def glance(*instances: Instance, at: float = CREATED + 300) -> Observation:
    """Machines alone, as the first round of a poll shows them."""
    return Observation(REQUEST_ID, at, instances)


def look(
    *instances: Instance,
    at: float = CREATED + 300,
    stack: StackSeen | None = stack(),  # noqa: B008 -- a frozen value
    capacities: Iterable[CapacitySeen] = (),
    **more: Any,
) -> Observation:
    """A close look: machines, stack, group or fleet."""
    return Observation(REQUEST_ID, at, instances, looked=True, stack=stack, capacities=tuple(capacities), **more)


def fleet_tags(kind: Kind) -> Mapping[str, str]:
    """The tag by which EC2 names the fleet on its machines."""
    if kind in (SPOT_MAINTAIN, SPOT_REQUEST):
        return {"aws:ec2spot:fleet-request-id": "sfr-1"}
    return {"aws:ec2:fleet-id": "fleet-1"} if kind != ASG else {}
