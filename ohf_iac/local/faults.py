"""Which fault of the scenario hits a call, and what the caller is answered then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random

from ohf_iac.local.calls import Call, HttpAnswer
from ohf_iac.local.scenario import Fault
from ohf_iac.local.wire_errors import error_answer, throttled

GARBAGE = b"<html><head><title>502 Bad Gateway</title></head><body><center>proxy says: later</cen"


@dataclass(slots=True)
class _Tally:
    seen: int = 0
    hits: int = 0
    tokens: float = 0.0
    filled_at: float | None = None


@dataclass(slots=True)
class FaultDraw:
    """Draws the faults of one scenario; its counts start at zero with it, its randomness from the seed."""

    faults: Sequence[Fault]
    random: Random
    _tallies: list[_Tally] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tallies = [_Tally() for _ in self.faults]

    def pick(self, call: Call, now: float) -> Fault | None:
        """The first fault that hits this call."""
        for fault, tally in zip(self.faults, self._tallies, strict=True):
            if not (fnmatchcase(call.service, fault.service) and fnmatchcase(call.action, fault.action)):
                continue
            tally.seen += 1
            if tally.seen > fault.after and self._hits(fault, tally, now):
                tally.hits += 1
                return fault
        return None

    def _hits(self, fault: Fault, tally: _Tally, now: float) -> bool:
        if fault.times is not None and tally.hits >= fault.times:
            return False
        if fault.rate is not None and _within_rate(fault.rate, fault.burst, tally, now):
            return False
        return fault.probability >= 1 or self.random.random() < fault.probability


def _within_rate(rate: float, burst: float | None, tally: _Tally, now: float) -> bool:
    """Take a token from the bucket: `burst` of them at most (the rate itself by default), refilled at `rate`."""
    size = max(1.0, rate if burst is None else burst)
    since = size if tally.filled_at is None else (now - tally.filled_at) * rate
    tally.tokens, tally.filled_at = min(size, tally.tokens + since), now
    if tally.tokens < 1:
        return False
    tally.tokens -= 1
    return True


def answer_instead(fault: Fault, call: Call) -> HttpAnswer | None:
    """The answer that takes the place of the call's own; None when the call is carried out all the same."""
    if fault.kind == "throttle":
        return throttled(call.protocol)
    if fault.kind == "error":
        code = fault.code or ("InternalError" if call.protocol == "ec2" else "InternalFailure")
        message = fault.message or "An internal error has occurred"
        return error_answer(call.protocol, fault.status or 500, code, message)
    if fault.kind == "garbage":
        body = GARBAGE if fault.body is None else fault.body.encode()
        return HttpAnswer(fault.status or 200, {"Content-Type": "text/html"}, body)
    if fault.kind == "reset":
        return HttpAnswer(0, {}, b"", dropped=True)
    return None
