"""gc: orphans found by what AWS holds, and collected; chores without their bounds.

Each orphan is looked at again right before it is touched, since polls and returns go on meanwhile. Every step may
be repeated, and what was not done is found by the next run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ohf_iac import commands, queries
from ohf_iac.app import calls_of
from ohf_iac.aws.launch_templates import delete_template
from ohf_iac.aws.launchers import launchers_of
from ohf_iac.errors import OhfError
from ohf_iac.observation import Observation, fleet_ids
from ohf_iac.operations.giving_back import DELETION_LOOK
from ohf_iac.operations.ownership import check_requests
from ohf_iac.operations.policies import catalogue_if_readable
from ohf_iac.operations.remembering import note_requests
from ohf_iac.operations.status import read_memory
from ohf_iac.orphans import orphans, our_stacks
from ohf_iac.plan import DeleteStack, delete_token, freeze, terminate
from ohf_iac.status.recover import record_from_stack
from ohf_iac.status.tally import verdict_of
from ohf_iac.template.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.observation import LauncherSeen, StackSeen
    from ohf_iac.orphans import Holdings, Orphan
    from ohf_iac.plan import Step
    from ohf_iac.request import RequestRecord
    from ohf_iac.store.memory import Memory

Outcome = Literal["found", "collected", "failed", "kept"]


@dataclass(frozen=True, slots=True)
class Finding:
    """An orphan and what became of it: `found` where nothing was done, `kept` if it was none on the second look."""

    orphan: Orphan
    outcome: Outcome = "found"
    message: str = ""


def find_orphans(app: App, grace: float) -> tuple[Orphan, ...]:
    """The orphans of this owner that are older than `grace` seconds; ProviderError when AWS cannot be asked.

    ConfigurationError when memory holds live stacks of another owner: the configuration is not this provider's.
    """
    memory = _memory(app)
    calls = calls_of(app)
    check_requests(app, memory, (key for key, one in memory.requests.items() if one.stack == "created"))
    seen = _holdings(app, calls, memory)
    return orphans(replace(seen, launchers=_launchers(app, calls)), grace)


def collect(app: App, found: tuple[Orphan, ...], grace: float) -> Iterator[Finding]:
    """Collect orphans one after the other; one that cannot be collected keeps none of the others.

    A stack's machines end first, then the stack is deleted: its deletion is never the way to end machines.
    """
    calls, memory = calls_of(app), _memory(app)
    for orphan in found:
        try:
            yield _collected(app, calls, memory, orphan, grace)
        except OhfError as error:
            app.log.warning(f"{orphan.resource_id} not collected: {error.message}", hint=error.hint)
            yield Finding(orphan, "failed", error.message)


def _memory(app: App) -> Memory:
    """All that is remembered, archives too: it can only protect."""
    try:
        return app.store.everything()
    except OhfError as error:
        app.log.warning(f"archives not readable: {error.message}", hint=error.hint)
        return read_memory(app)


def _launchers(app: App, calls: Calls) -> tuple[LauncherSeen, ...]:
    """What still launches, of the kinds that the catalogue has; of all kinds where it cannot be read."""
    catalogue = catalogue_if_readable(app)
    kinds = {one.kind for one in catalogue.templates} if catalogue else KINDS
    return launchers_of(calls, app.owner, kinds, app.now())


def _holdings(app: App, calls: Calls, memory: Memory, request_id: str | None = None) -> Holdings:
    """What AWS holds of this owner, or of one request, with what memory knows of answers that were given."""
    seen = queries.holdings_of(calls, app.owner, request_id)
    settled = [one for one in memory.requests.values() if one.verdict]
    told = (machine.machine_id for one in settled for machine in one.machines if machine.result == "succeed")
    seen = replace(
        seen,
        told=frozenset(told),
        answered={one.request.request_id: one.settled_at for one in settled},
        marks={one.request.request_id: one.verdict for one in settled if one.verdict},
    )
    return replace(seen, marks={**seen.marks, **_lasting_marks(calls, seen)})


def _lasting_marks(calls: Calls, seen: Holdings) -> dict[str, str]:
    """Marks on groups and fleets and in the tokens of deletions, of the stacks to which they make a difference."""
    doubtful = {one.request_id for one in orphans(seen, 0) if one.reason in ("never-settled", "failed")}
    found: dict[str, str] = {}
    for request_id, stack in our_stacks(seen):
        if request_id in doubtful:
            mark = queries.lasting_mark(calls, queries.with_resources(calls, stack))
            found |= {request_id: mark} if mark else {}
    return found


def _collected(app: App, calls: Calls, memory: Memory, orphan: Orphan, grace: float) -> Finding:
    seen = _holdings(app, calls, memory, orphan.request_id)
    if orphan.thing == "launcher":
        seen = replace(seen, launchers=_launchers(app, calls))
    again = next((one for one in orphans(seen, grace) if _same(one, orphan)), None)
    if again is None:
        return Finding(orphan, "kept", "it is gone, or no orphan any more")
    app.log.warning(f"collecting {again.thing} {again.name or again.resource_id}: {again.evidence}")
    if again.thing == "launch-template":
        delete_template(calls, again.resource_id)
        return Finding(again, "collected", "deleted")
    if again.thing == "launcher":
        (launcher,) = (one for one in seen.launchers if one.launcher_id == again.resource_id)
        commands.carry_out(calls, freeze(launcher.kind, again.request_id, (launcher.launcher_id,)))
        return Finding(again, "collected", "frozen")
    if again.thing == "machine":
        return _ended(calls, again, ())
    (stack,) = (one for one in seen.stacks if one.stack_id == again.resource_id)
    finding = _ended(calls, again, tuple(_freeze(calls, again, stack, seen)))
    if finding.outcome == "failed":
        return finding
    record = memory.requests.get(again.request_id)
    verdict = (record and record.verdict) or verdict_of(seen.mark_of(again.request_id))
    deletion = DeleteStack(stack.stack_id, delete_token(again.request_id, verdict))
    commands.carry_out(calls, (deletion,), app.settings.provider.service_role_arn)
    if record is not None:
        _remember(app, memory, record, again)
    message = "its deletion is asked for"
    return Finding(again, "collected", f"{finding.message}; {message}" if again.machines else message)


def _same(one: Orphan, other: Orphan) -> bool:
    return (one.thing, one.resource_id) == (other.thing, other.resource_id)


def _ended(calls: Calls, orphan: Orphan, before: tuple[Step, ...]) -> Finding:
    refused = commands.carry_out(calls, (*before, *terminate(orphan.machines)))
    if refused:
        return Finding(orphan, "failed", next(iter(refused.values())))
    return Finding(orphan, "collected", f"{len(orphan.machines)} terminated")


def _freeze(calls: Calls, orphan: Orphan, stack: StackSeen, seen: Holdings) -> Iterator[Step]:
    """What keeps the group or fleet of a stack from replacing the machines that are ended."""
    record = record_from_stack(stack, {})
    if record is None or not orphan.machines:
        return
    request = record.request
    observed = Observation(
        request.request_id, seen.at, seen.machines_of(request.request_id), looked=True, stack=stack
    )
    launchers = queries.launcher_ids(calls, request.kind, stack, (), observed)
    fleets = dict.fromkeys([*fleet_ids(request.kind, observed), *launchers.values()])
    yield from freeze(request.kind, request.request_id, fleets)


def _remember(app: App, memory: Memory, record: RequestRecord, orphan: Orphan) -> None:
    """A deletion that was asked for, seen to by chores from now on. A request without an answer gets its last."""
    now = int(app.now())
    new = replace(record, stack="deleting", chore_at=now + DELETION_LOOK)
    if new.verdict is None:
        message = f"collected by ohf gc: {orphan.evidence}"
        new = replace(new, verdict="complete_with_error", settled_at=now, message=message, machines=())
    note_requests(app, memory, (new,))
