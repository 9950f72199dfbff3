"""Requests and returns: their ids, and the names and tags derived from them.

An id alone tells kind and age (`req-6743a1c0-9f…`: eight hex digits of UTC seconds, sixteen random ones), so
that a process without memory can judge an id that it has never seen. A return's id tells one thing more: whether
AWS was told of it, or the memory of one host alone holds it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.machine import Machine
    from ohf_iac.template.kinds import Kind

IdKind = Literal["req", "ret"]

TAG_REQUEST: Final = "ohf:request-id"
TAG_TEMPLATE: Final = "ohf:template-id"
TAG_OWNER: Final = "ohf:owner"
TAG_KIND: Final = "ohf:kind"
TAG_DEADLINE: Final = "ohf:deadline"
TAG_PRICE_TYPE: Final = "ohf:price-type"
TAG_RC_ACCOUNT: Final = "ohf:rc-account"
TAG_DIGEST: Final = "ohf:digest"
TAG_VERSION: Final = "ohf:version"
TAG_APPROVAL: Final = "ohf:approval"
TAG_BREAK_GLASS: Final = "ohf:break-glass"
TAG_SETTLED: Final = "ohf:settled"
RETURN_TAG_PREFIX: Final = "ohf:return:"

#: the first random digit in the id of a return that AWS was not told of, and no other return's
_UNTOLD: Final = "f"
_ID = re.compile(r"(req|ret)-([0-9a-f]{8})-[0-9a-f]{16}\Z")
_STACK = re.compile(r"ohf-(?:req|rehearsal)-[0-9a-f]{8}-[0-9a-f]{16}\Z")

#: Stack statuses of a request as Host Factory knows them.
Verdict = Literal["complete", "complete_with_error"]
#: What is known of the stack behind a request.
StackState = Literal["intended", "created", "abandoned", "deleting", "gone"]


@dataclass(frozen=True, slots=True)
class Request:
    """One requestMachines call: what was asked for, by whom, until when. Times are epoch seconds, UTC.

    `own_template`: its machines start from the launch template in its stack, which then bears the settle mark too.
    """

    request_id: str
    template_id: str
    kind: Kind
    units: int
    owner: str
    created_at: int
    deadline: int
    price_type: str = "ondemand"
    rc_account: str = "default"
    on_demand_units: int = 0
    own_template: bool = False
    #: units that one machine of an instance type delivers; empty: one unit each
    weights: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def new_id(kind: IdKind, now: float, random_hex: str) -> str:
    """An id of `kind` minted at `now`; `random_hex` is sixteen hex digits."""
    return f"{kind}-{int(now):08x}-{random_hex}"


def return_id(now: float, random_hex: str, *, untold: bool = False) -> str:
    """The id of a return minted at `now`; `untold`: its machines bear no tag of it, AWS could not be reached.

    Whoever is asked for an untold return and does not remember it knows that nothing was done about it.
    """
    first = _UNTOLD if untold else random_hex[0].replace(_UNTOLD, "0")
    return new_id("ret", now, first + random_hex[1:])


def is_untold(return_id: str) -> bool:
    """Whether AWS was not told of a return when it was asked for."""
    return id_kind(return_id) == "ret" and return_id.rpartition("-")[2].startswith(_UNTOLD)


def id_kind(identifier: str) -> IdKind | None:
    """Whether an id is a request's or a return's; None when it is not one of ours."""
    found = _ID.match(identifier)
    if not found:
        return None
    return "req" if found[1] == "req" else "ret"


def minted_at(identifier: str) -> int | None:
    """The epoch second at which an id was minted; None when it is not one of ours."""
    found = _ID.match(identifier)
    return int(found[2], 16) if found else None


def stack_name(request_id: str) -> str:
    """The name of the request's stack, launch template and group: `ohf-<request id>`, 33 characters."""
    return f"ohf-{request_id}"


def request_id_of(name: str) -> str | None:
    """The request id in a stack's name; None when the stack is not named by us."""
    identifier = name.removeprefix("ohf-")
    return identifier if name.startswith("ohf-req-") and id_kind(identifier) == "req" else None


def rehearsal_id(now: float, random_hex: str) -> str:
    """The id of a rehearsal: what `stack_name` makes of it is no request's name, and `ohf gc` knows it."""
    return f"rehearsal-{int(now):08x}-{random_hex}"


def is_ours(name: str) -> bool:
    """Whether a stack is named as a request's or a rehearsal's is."""
    return _STACK.match(name) is not None


def return_tag(return_id: str) -> str:
    """The tag key that marks an instance as returned by this return; one key per return."""
    return f"{RETURN_TAG_PREFIX}{return_id}"


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """What we remember of a request. It may be lost at any time: AWS holds all of it that matters.

    `first_short_at` is when a shortage was first seen frozen; `verdict` is set once and for ever; `machines` are
    those last reported; `chore_at` is the epoch second from which a chore is due (0: none).
    """

    request: Request
    stack: StackState = "intended"
    stack_id: str = ""
    digest: str = ""
    first_short_at: int = 0
    cancelled_at: int = 0
    verdict: Verdict | None = None
    settled_at: int = 0
    message: str = ""
    machines: tuple[Machine, ...] = ()
    chore_at: int = 0

    @property
    def settled(self) -> bool:
        return self.verdict is not None


@dataclass(frozen=True, slots=True)
class ReturnedMachine:
    """A machine named by a return: its id ("" if only a name was known), its name, the request it was made for."""

    machine_id: str
    name: str
    request_id: str = ""
    launch_time: int = 0


@dataclass(frozen=True, slots=True)
class ReturnRecord:
    """What we remember of a return; `machines` lists all that were named, `reported` what was last answered.

    `looked_up` is False while EC2 could not yet be asked which machines the names stand for.
    """

    return_id: str
    created_at: int
    machines: tuple[ReturnedMachine, ...] = ()
    verdict: Verdict | None = None
    settled_at: int = 0
    message: str = ""
    reported: tuple[Machine, ...] = ()
    looked_up: bool = True


@dataclass(frozen=True, slots=True)
class MachineRecord:
    """Where a machine belongs: enough to find it by name, and to know what its absence means.

    `interrupted_at` is when its reclaim was first told of (0: not yet).
    """

    machine_id: str
    name: str
    request_id: str
    launch_time: int = 0
    account: str = ""
    region: str = ""
    interrupted_at: int = 0
