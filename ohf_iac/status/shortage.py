"""Why machines are missing, in AWS's words, root cause first: the stack's, the group's or fleet's, a machine's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ohf_iac.cfn import BUSY, root_cause, root_code
from ohf_iac.quotas import remedy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.cfn import StackEvent
    from ohf_iac.observation import CapacitySeen, Observation
    from ohf_iac.request import Request

#: phases of a stack out of which nothing comes that the request still wants
STACK_ENDED: Final = frozenset({"failed", "deleting", "delete_failed", "deleted"})
#: ends that nobody wished for (EC2 API reference, StateReason)
_MISHAPS: Final = "InsufficientInstanceCapacity|InternalError|InvalidSnapshot\\.NotFound|VolumeLimitExceeded"
_LAUNCH_FAILED: Final = re.compile(rf": (?:Server|Client)\.({_MISHAPS})\b")


def why_short(request: Request, seen: Observation, failure: str) -> str:
    """The reason for a shortage; "" when AWS gave none. `failure` is what the first dead machine died of.

    A heterogeneous request whose stack was busy until the deadline never got its on-demand rest: that comes first,
    as does an update that failed, which is the purchase of that rest.
    """
    stack = seen.stack
    ended = stack is not None and stack.phase in STACK_ENDED
    busy = stack is not None and stack.status in BUSY and not ended and seen.at >= request.deadline
    types = {one.instance_type for one in seen.instances}
    at_deadline = f"stack is still {stack.status} at the deadline" if stack and busy else ""
    if at_deadline and request.price_type == "heterogeneous":
        return f"on-demand rest not bought: {at_deadline}"
    if stack is not None and stack.turned_back:
        return f"on-demand rest not bought: {_told_by(seen.events, types) or stack.reason or stack.status}"
    if ended and (cause := _told_by(seen.events, types)):
        return cause
    if cause := _first_shortfall(seen.capacities, types) or _launch_failure(failure, types):
        return cause
    if stack is not None and ended:
        return stack.reason or f"stack is {stack.status}"
    return at_deadline


def _told_by(events: Iterable[StackEvent], types: Iterable[str]) -> str:
    told = tuple(events)
    cause = root_cause(told)
    return _coded(root_code(told), cause, types) if cause else ""


def _first_shortfall(capacities: Iterable[CapacitySeen], types: Iterable[str]) -> str:
    for capacity in capacities:
        for short in capacity.shortfalls:
            return _coded(short.code, short.text, types)
    return ""


def _launch_failure(failure: str, types: Iterable[str]) -> str:
    found = _LAUNCH_FAILED.search(failure)
    return _coded(found[1] if found else "", failure, types)


def _coded(code: str, text: str, types: Iterable[str]) -> str:
    """A cause with its code in the form that LSF's ebrokerd looks for (hostfactory-contract.md §1.6), and with the
    quota that it speaks of, if it does."""
    cause = ": ".join(part for part in (f"Error Code: {code}" if code else "", text) if part)
    found = remedy(code, text, types)
    return f"{cause} ({found})" if found else cause
