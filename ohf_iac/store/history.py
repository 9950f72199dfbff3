"""What is long over: the part of a memory that may move to an archive.

Only what cannot matter any more: requests that are settled and whose stack is gone, with their machines' places,
and returns that are complete. A request whose machines still live keeps its stack, and so its place in memory.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ohf_iac.request import minted_at
from ohf_iac.store.memory import Memory, changed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.request import RequestRecord


def history(memory: Memory, before: float) -> Memory:
    """The requests and returns that were over before this epoch second, and the places of those requests' machines.

    An id tells its age: younger records are not even read.
    """
    requests = {key: memory.requests[key] for key in _older(memory.requests, before)}
    requests = {key: record for key, record in requests.items() if _is_over(record, before)}
    returns = {key: memory.returns[key] for key in _older(memory.returns, before)}
    returns = {key: record for key, record in returns.items() if record.verdict and record.settled_at < before}
    machines = {}
    if requests:
        machines = {key: place for key, place in memory.machines.items() if place.request_id in requests}
    return Memory(requests=requests, returns=returns, machines=machines)


def without(memory: Memory, part: Memory) -> Memory:
    """A memory without the requests, returns and machines of `part`."""
    return replace(
        memory,
        requests=changed(memory.requests, {}, frozenset(part.requests)),
        returns=changed(memory.returns, {}, frozenset(part.returns)),
        machines=changed(memory.machines, {}, frozenset(part.machines)),
    )


def together(memory: Memory, part: Memory) -> Memory:
    """A memory with the requests, returns and machines of `part` put in."""
    return replace(
        memory,
        requests=changed(memory.requests, part.requests),
        returns=changed(memory.returns, part.returns),
        machines=changed(memory.machines, part.machines),
    )


def among(memory: Memory, ids: Iterable[str]) -> Memory:
    """The requests and returns of these ids alone."""
    wanted = tuple(ids)
    return Memory(
        requests={key: memory.requests[key] for key in wanted if key in memory.requests},
        returns={key: memory.returns[key] for key in wanted if key in memory.returns},
    )


def by_month(part: Memory) -> dict[str, Memory]:
    """The same, divided by the month of the verdict, UTC: `2026-11`. A machine goes with its request."""
    months = {key: month_of(record.settled_at) for key, record in part.requests.items()}
    months |= {key: month_of(record.settled_at) for key, record in part.returns.items()}
    return {
        month: Memory(
            requests={key: record for key, record in part.requests.items() if months[key] == month},
            returns={key: record for key, record in part.returns.items() if months[key] == month},
            machines={key: place for key, place in part.machines.items() if months[place.request_id] == month},
        )
        for month in sorted(set(months.values()))
    }


def _older(records: Mapping[str, object], before: float) -> Iterable[str]:
    return [key for key in records if (minted_at(key) or before) < before]


def _is_over(record: RequestRecord, before: float) -> bool:
    return record.settled and record.settled_at < before and record.stack in ("gone", "abandoned")


def month_of(moment: float) -> str:
    """The month of an epoch second, UTC: `2026-11`."""
    return time.strftime("%Y-%m", time.gmtime(moment))
