"""What can go wrong with one call, and for how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

#: once: this call. always: every call of its action from it on. storm: every call from it on.
Span = Literal["once", "always", "storm"]

_OTHER_EC2: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<DescribeKeyPairsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
    "<requestId>00000000-0000-4000-8000-000000000000</requestId><keySet/></DescribeKeyPairsResponse>"
)
_OTHER_QUERY: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><DescribeAccountLimitsResponse><DescribeAccountLimitsResult>'
    "<AccountLimits/></DescribeAccountLimitsResult><ResponseMetadata>"
    "<RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></DescribeAccountLimitsResponse>"
)
#: real seconds of a slow answer, beyond the deadline that an operation has then
SLOW: Final = 1.6


@dataclass(frozen=True, slots=True)
class Trouble:
    """A way to fail. `fault` is the scenario's; `ec2` is laid over it for calls of EC2."""

    name: str
    span: Span
    fault: Mapping[str, Any]
    ec2: Mapping[str, Any] | None = None

    @property
    def slow(self) -> bool:
        return bool(self.fault["kind"] == "delay")

    @property
    def denied(self) -> bool:
        return bool(self.fault.get("code") == "AccessDenied")


def _error(status: int, code: str) -> dict[str, Any]:
    return {"kind": "error", "status": status, "code": code}


def _garbage(body: str | None, status: int = 200) -> dict[str, Any]:
    return {"kind": "garbage", "status": status} | ({} if body is None else {"body": body})


_THROTTLE: Final = {"kind": "throttle"}
_DENIED: Final = _error(403, "AccessDenied")
_EC2_DENIED: Final = {"code": "UnauthorizedOperation"}
_EXPIRED: Final = _error(403, "ExpiredToken")
_EC2_EXPIRED: Final = {"status": 400, "code": "RequestExpired"}

TROUBLES: Final = (
    Trouble("throttled", "once", _THROTTLE),
    Trouble("throttled", "always", _THROTTLE),
    Trouble("throttled", "storm", _THROTTLE),
    Trouble("500", "once", _error(500, "InternalFailure")),
    Trouble("500", "storm", _error(500, "InternalFailure")),
    Trouble("503", "always", _error(503, "ServiceUnavailable")),
    Trouble("reset before", "once", {"kind": "reset"}),
    Trouble("reset before", "storm", {"kind": "reset"}),
    Trouble("answer lost", "once", {"kind": "lost"}),
    Trouble("answer lost", "always", {"kind": "lost"}),
    Trouble("answer lost", "storm", {"kind": "lost"}),
    Trouble("truncated", "once", {"kind": "truncated"}),
    Trouble("truncated", "storm", {"kind": "truncated"}),
    Trouble("page of a proxy", "once", _garbage(None)),
    Trouble("page of a proxy", "storm", _garbage(None, 502)),
    Trouble("empty", "once", _garbage("")),
    Trouble("other XML", "once", _garbage('<?xml version="1.0"?><note><to>you</to></note>')),
    Trouble("other XML", "storm", _garbage('<?xml version="1.0"?><note><to>you</to></note>')),
    Trouble("JSON", "once", _garbage('{"Reservations": [], "Stacks": []}')),
    Trouble("another call's", "once", _garbage(_OTHER_QUERY), {"body": _OTHER_EC2}),
    Trouble("another call's", "always", _garbage(_OTHER_QUERY), {"body": _OTHER_EC2}),
    Trouble("slow", "once", {"kind": "delay", "seconds": SLOW}),
    Trouble("denied", "once", _DENIED, _EC2_DENIED),
    Trouble("denied", "always", _DENIED, _EC2_DENIED),
    Trouble("expired token", "once", _EXPIRED, _EC2_EXPIRED),
    Trouble("expired token", "storm", _EXPIRED, _EC2_EXPIRED),
)


def faults_for(trouble: Trouble, calls: Sequence[Mapping[str, Any]], place: int) -> list[dict[str, Any]]:
    """The scenario's faults that strike the call at `place` of those that an operation makes on a good day."""
    call = calls[place]
    kinds = {"service": "*", **trouble.fault}
    over = {"service": "ec2", **trouble.fault, **(trouble.ec2 or {})}
    if trouble.span == "always":
        before = sum(one["action"] == call["action"] for one in calls[:place])
        own = over if call["service"] == "ec2" else kinds
        return [{**own, "service": call["service"], "action": call["action"], "after": before}]
    if trouble.span == "once":
        return [{**(over if call["service"] == "ec2" else kinds), "service": "*", "after": place, "times": 1}]
    earlier = sum(one["service"] == "ec2" for one in calls[:place])
    # of two faults the first that hits decides; those that EC2 words in its own way come before the others
    return [{**over, "after": earlier}, {**kinds, "after": place}]
