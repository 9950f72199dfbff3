"""Since when nothing is launched any more, by what AWS shows: for a shortage whose first look nobody remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.cfn import stack_phase
from ohf_iac.status.recover import CLOCKS_APART
from ohf_iac.status.shortage import STACK_ENDED

if TYPE_CHECKING:
    from ohf_iac.observation import Observation


def shown_since(seen: Observation) -> int:
    """The epoch second from which a shortage counts as looked at; that of `seen` where AWS does not tell.

    AWS's clock and ours may be apart, so what AWS tells counts that much later.
    """
    told = still_since(seen)
    return min(int(seen.at), told + CLOCKS_APART) if told else int(seen.at)


def still_since(seen: Observation) -> int:
    """Since when, by AWS's clock, nothing can launch: the stack's end, else the last freeze; 0 where not told."""
    stack = seen.stack
    there = [one for one in seen.capacities if not one.gone]
    if stack is not None and (stack.phase in ("deleting", "deleted") or not there):
        ends = [int(one.at) for one in seen.events if one.of_stack and stack_phase(one.status) in STACK_ENDED]
        return max(ends, default=0) if stack.phase in STACK_ENDED else 0
    known = [one.frozen_since for one in there]
    return max(known) if known and all(known) else 0
