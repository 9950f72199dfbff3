"""recover: memory rebuilt from AWS, which holds the record.

Sources: live stacks with their tags and machines, machines without a stack, the tags of returns on machines, and
deleted stacks, which AWS lists for ninety days. What is remembered stays: only what is new is written, merged with
what others wrote meanwhile, and a verdict once given is never replaced. Deleted stacks are read newest first, two
calls each, until the time is up; those that are not read are answered from AWS when somebody asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ohf_iac import queries
from ohf_iac.app import calls_of
from ohf_iac.errors import OhfError, ProviderError
from ohf_iac.observation import Observation
from ohf_iac.operations.ownership import check_requests
from ohf_iac.operations.policies import catalogue_if_readable, policies_for, weights_of
from ohf_iac.operations.polling import LOOK_BURST, LOOK_PACE
from ohf_iac.operations.remembering import keep_all
from ohf_iac.operations.status import read_memory
from ohf_iac.request import (
    RETURN_TAG_PREFIX,
    TAG_REQUEST,
    TAG_TEMPLATE,
    RequestRecord,
    ReturnedMachine,
    ReturnRecord,
    id_kind,
    minted_at,
    request_id_of,
    stack_name,
)
from ohf_iac.status.judge import Policy, judge
from ohf_iac.status.recover import record_from_machines, record_from_stack
from ohf_iac.status.returns import judge_return
from ohf_iac.status.tally import verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.machine import Instance
    from ohf_iac.orphans import Holdings
    from ohf_iac.store.memory import Memory

Source = Literal["stack", "machines", "deleted stack", "return tag"]


@dataclass(frozen=True, slots=True)
class Found:
    """A request or return found in AWS. `new`: neither memory nor an archive held it, or not its end."""

    record: RequestRecord | ReturnRecord
    source: Source
    new: bool

    @property
    def identifier(self) -> str:
        """The request's or the return's id."""
        return self.record.return_id if isinstance(self.record, ReturnRecord) else self.record.request.request_id


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found, oldest first. `unread` counts deleted stacks that nobody had the time, or the right, to read;
    `message` says why, "" where all were read. `damaged` is the file that was set aside, "" without one."""

    found: tuple[Found, ...]
    unread: int = 0
    message: str = ""
    damaged: str = ""


def recover(app: App, *, dry_run: bool = False) -> Recovery:
    """Rebuild memory from AWS; with `dry_run` only tell what there is.

    ProviderError when live stacks or machines cannot be read, StorageError when memory cannot be written: what was
    written before stays. ConfigurationError when memory holds live stacks of another owner.
    """
    calls = calls_of(app)
    memory = _known(app)
    check_requests(app, memory, (key for key, one in memory.requests.items() if one.stack == "created"))
    seen = queries.holdings_of(calls, app.owner)
    found = [*_live(app, calls, memory, seen), *_stackless(memory, seen), *_returns(memory, seen)]
    known = {one.identifier for one in found}
    deleted, unread, message = _deleted(app, calls, memory, known)
    everything = tuple(sorted((*found, *deleted), key=lambda one: (minted_at(one.identifier) or 0, one.identifier)))
    records = [one.record for one in everything if one.new]
    if records and not dry_run:
        requests = [one for one in records if not isinstance(one, ReturnRecord)]
        keep_all(app, requests, [one for one in records if isinstance(one, ReturnRecord)])
    return Recovery(everything, unread, message, memory.recovered_from)


def _known(app: App) -> Memory:
    """All that is remembered, archives too: what moved there need not be found again."""
    memory = read_memory(app)
    try:
        return replace(app.store.everything(), recovered_from=memory.recovered_from)
    except OhfError as error:
        app.log.warning(f"archives not readable: {error.message}", hint=error.hint)
        return memory


def _live(app: App, calls: Calls, memory: Memory, seen: Holdings) -> Iterator[Found]:
    """The requests that have a stack, settled by a mark or open."""
    catalogue = catalogue_if_readable(app)
    weights, policies = weights_of(catalogue), policies_for(app, catalogue)
    own = {one.name for one in seen.templates}
    for stack in seen.stacks:
        request_id = request_id_of(stack.name)
        if request_id is None or stack.phase == "review":
            continue
        whole = queries.with_resources(calls, stack)
        record = record_from_stack(whole, weights.get(stack.tags.get(TAG_TEMPLATE, ""), {}))
        if record is None or record.request.request_id != request_id:
            continue
        observed = _observed(seen, request_id)
        if not observed.settled and (stack.name not in own or stack.phase in ("deleting", "delete_failed")):
            observed = queries.with_mark(calls, app.owner, observed, whole)
        if observed.settled:
            record = replace(record, stack="deleting" if stack.phase == "deleting" else "created")
            record = _settled(record, observed)
        else:
            policy = policies.get(record.request.template_id, policies[""])
            record = replace(record, machines=judge(record, observed, policy).machines)
        yield Found(record, "stack", _is_new(memory, record))


def _observed(seen: Holdings, request_id: str) -> Observation:
    return Observation(request_id, seen.at, seen.machines_of(request_id), settled=seen.mark_of(request_id))


def _settled(record: RequestRecord, seen: Observation) -> RequestRecord:
    """A request whose end is marked: its machines as EC2 shows them, and a chore where one is due."""
    judgement = judge(record, seen, Policy())
    idle = any(one.live for one in seen.instances) and not judgement.doomed
    return replace(
        record,
        verdict=verdict_of(seen.settled),
        settled_at=int(seen.at),
        message="" if verdict_of(seen.settled) == "complete" else "recovered from AWS, which does not tell why",
        machines=judgement.machines,
        chore_at=0 if idle or record.stack == "gone" else int(seen.at),
    )


def _stackless(memory: Memory, seen: Holdings) -> Iterator[Found]:
    """Settled requests of which only machines are left. Without a mark nothing is said: a poll looks closer."""
    for request_id in dict.fromkeys(one.tags.get(TAG_REQUEST, "") for one in seen.instances):
        if id_kind(request_id) != "req" or stack_name(request_id) in seen.stack_names:
            continue
        observed = _observed(seen, request_id)
        if observed.settled:
            bare = record_from_machines(request_id, seen.owner, observed.instances)
            record = _settled(replace(bare, stack="gone"), observed)
            yield Found(record, "machines", _is_new(memory, record))


def _returns(memory: Memory, seen: Holdings) -> Iterator[Found]:
    """The returns whose tags machines still bear, judged by those machines."""
    named: dict[str, dict[str, Instance]] = {}
    for one in seen.instances:
        for key in one.tags:
            return_id = key.removeprefix(RETURN_TAG_PREFIX)
            if key.startswith(RETURN_TAG_PREFIX) and id_kind(return_id) == "ret":
                named.setdefault(return_id, {})[one.instance_id] = one
    for return_id, instances in named.items():
        machines = tuple(
            ReturnedMachine(one.instance_id, one.name, one.tags.get(TAG_REQUEST, ""), one.launch_time)
            for one in instances.values()
        )
        bare = ReturnRecord(return_id, minted_at(return_id) or 0, machines)
        told = judge_return(bare, instances, {}, seen.at)
        record = replace(
            bare,
            reported=told.machines,
            verdict=told.verdict,
            message=told.message,
            settled_at=int(seen.at) if told.verdict else 0,
        )
        known = memory.returns.get(return_id)
        yield Found(record, "return tag", known is None or (record.verdict is not None and known.verdict is None))


def _deleted(app: App, calls: Calls, memory: Memory, known: set[str]) -> tuple[list[Found], int, str]:
    """The requests whose stacks are deleted, how many were not read, and why not."""

    def wanted(name: str) -> bool:
        request_id = request_id_of(name) or ""
        record = memory.requests.get(request_id)
        return bool(request_id) and request_id not in known and not (record and record.settled)

    found: list[Found] = []
    names: list[tuple[str, tuple[str, ...]]] = []
    try:
        names = sorted(queries.deleted_stacks(calls, wanted).items(), reverse=True)
        for number, (name, stack_ids) in enumerate(names):
            if number >= LOOK_BURST:
                app.sleep(min(LOOK_PACE, app.deadline.left))
            record = queries.record_of_deleted(calls, app.owner, stack_ids, int(app.now()))
            found += [Found(record, "deleted stack", _is_new(memory, record))] if record else []
            known.add(name)
    except ProviderError as error:
        app.log.warning(f"deleted stacks not read: {error.message}", hint=error.hint)
        return found, sum(name not in known for name, _ in names), error.message
    return found, 0, ""


def _is_new(memory: Memory, record: RequestRecord) -> bool:
    known = memory.requests.get(record.request.request_id)
    return known is None or (record.settled and not known.settled)
