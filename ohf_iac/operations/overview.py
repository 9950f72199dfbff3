"""Requests for people: all that are remembered, polled where not settled, with their stacks' own status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ohf_iac.app import calls_of
from ohf_iac.errors import OhfError
from ohf_iac.operations.status import read_memory, request_statuses
from ohf_iac.request import minted_at, request_id_of, stack_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.app import App
    from ohf_iac.observation import StackSeen
    from ohf_iac.request import RequestRecord
    from ohf_iac.status.answer import RequestStatus


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one id: its answer, a request's record (None for returns and where memory was lost), its
    stack where CloudFormation was asked for it."""

    answer: RequestStatus
    record: RequestRecord | None = None
    stack: StackSeen | None = None


def overview(app: App, ids: Iterable[str] = ()) -> tuple[Seen, ...]:
    """The ids asked for, in their order; without any, all requests that are remembered, newest first.

    Changes what a poll changes, and nothing for requests that are settled. Where there is no memory at all, the
    live stacks of this owner tell what there is; then ProviderError says that AWS cannot be asked.
    """
    wanted = tuple(dict.fromkeys(ids)) or _remembered(app)
    answers = request_statuses(app, wanted)
    records = read_memory(app).requests
    open_ids = [one.request_id for one in answers if one.status == "running" and one.request_id in records]
    stacks = _stacks(app, open_ids)
    return tuple(Seen(one, records.get(one.request_id), stacks.get(stack_name(one.request_id))) for one in answers)


def _remembered(app: App) -> tuple[str, ...]:
    known = read_memory(app).requests if app.store.exists() else _with_stacks(app)
    return tuple(sorted(known, key=lambda one: (minted_at(one) or 0, one), reverse=True))


def _with_stacks(app: App) -> tuple[str, ...]:
    """The requests that have a live stack: all that can be listed once memory is lost."""
    from ohf_iac import queries  # only where there is no memory

    names = queries.stacks_of_owner(calls_of(app), app.owner)
    return tuple(found for name, one in names.items() if one.phase != "review" and (found := request_id_of(name)))


def _stacks(app: App, open_ids: list[str]) -> Mapping[str, StackSeen]:
    """The stacks of unsettled requests by name; none where CloudFormation cannot be asked: the answer says why."""
    if not open_ids:
        return {}
    names = set(map(stack_name, open_ids))  # of settled ones nothing is told that a later look would not tell, too
    from ohf_iac import queries  # what is settled must not pay for the import of what asks AWS

    calls = calls_of(app)
    try:
        if len(open_ids) > 1:
            found = queries.stacks_of_owner(calls, app.owner)
            return {name: stack for name, stack in found.items() if name in names}
        stack = queries.stack_of(calls, app.owner, stack_name(open_ids[0]))
        return {stack.name: stack} if stack else {}
    except OhfError as error:
        app.log.warning(f"stacks not shown: {error.message}")
        return {}
