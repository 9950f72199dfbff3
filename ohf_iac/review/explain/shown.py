"""What AWS shows of one request: stack, body, events, group or fleet, machines. Reads alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ohf_iac import queries
from ohf_iac.app import calls_of
from ohf_iac.aws import cloudformation, ec2
from ohf_iac.aws.sent_bodies import sent_body
from ohf_iac.aws.translate import UNREACHED
from ohf_iac.errors import ConfigurationError, ProviderError, ResourceNotFoundError
from ohf_iac.observation import Observation
from ohf_iac.request import TAG_OWNER, stack_name
from ohf_iac.review.deployed_stacks import deleted_stack
from ohf_iac.review.explain.link import Gap
from ohf_iac.review.proving import is_of
from ohf_iac.status.recover import record_from_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.cfn import StackEvent
    from ohf_iac.machine import Instance
    from ohf_iac.observation import CapacitySeen, StackSeen
    from ohf_iac.request import RequestRecord

Read = TypeVar("Read")
Empty = TypeVar("Empty")


@dataclass(slots=True)
class Asking:
    """AWS, asked one thing after the other: once it was not reached, it is not asked again.

    `error` is the first failure: what to tell where nothing else is known.
    """

    app: App
    calls: Calls | None = None
    unreached: str = ""
    error: ProviderError | ConfigurationError | None = None

    def read(self, read: Callable[[Calls], Read], otherwise: Empty) -> tuple[Read | Empty, str]:
        """What a read gives, and why it gives nothing ("" when it does)."""
        if self.unreached:
            return otherwise, self.unreached
        try:
            self.calls = self.calls or calls_of(self.app)
            return read(self.calls), ""
        except (ProviderError, ConfigurationError) as error:
            self.error = self.error or error
            if error.code == UNREACHED or isinstance(error, ConfigurationError):
                self.unreached = "AWS was not reached" if error.code == UNREACHED else "AWS cannot be asked"
            return otherwise, self.unreached or error.message

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Why AWS is not asked any more, if it is not."""
        return (Gap("AWS", self.error.message),) if self.unreached and self.error else ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What AWS showed of a request; `gaps` tells what could not be read.

    `stack` is None without a gap where CloudFormation knows none, neither live nor deleted. `instances` are those
    found by tag and by id.
    """

    stack: StackSeen | None = None
    body: str = ""
    events: tuple[StackEvent, ...] = ()
    capacities: tuple[CapacitySeen, ...] = ()
    instances: tuple[Instance, ...] = ()
    gaps: dict[str, str] = field(default_factory=dict)

    def gap(self, name: str) -> tuple[Gap, ...]:
        """The gap of this name, if there is one."""
        return (Gap(name, self.gaps[name]),) if name in self.gaps else ()


def shown_of(
    asking: Asking, request_id: str, record: RequestRecord | None, machine_ids: Iterable[str], stack_id: str = ""
) -> Shown:
    """What AWS shows of a request; `machine_ids` are its machines as far as this host knows them."""
    gaps: dict[str, str] = {}

    def note(name: str, read: Callable[[Calls], Read], otherwise: Empty) -> Read | Empty:
        found, why = asking.read(read, otherwise)
        if why:
            gaps[name] = why
        return found

    owner = asking.app.owner
    named = stack_id or (record.stack_id if record else "")
    stack = note("stack", lambda calls: _stack(calls, owner, request_id, named), None)
    body = ""
    events: tuple[StackEvent, ...] = ()
    if stack is not None:
        identity = stack.stack_id
        body = note("body", lambda calls: sent_body(calls, identity), "")
        events = note("stack's events", lambda calls: cloudformation.stack_events(calls, identity), ())
    seen = note("machines", lambda calls: _machines(calls, owner, request_id, machine_ids), ())
    known = record or (record_from_stack(stack, {}) if stack is not None else None)
    capacities: tuple[CapacitySeen, ...] = ()
    if stack is not None and known is not None and stack.phase not in ("deleted", "review"):
        whole = stack
        look = Observation(request_id, asking.app.now(), seen)
        found = note("group or fleet", lambda calls: queries.look(calls, known, look, {whole.name: whole}), look)
        capacities, seen = found.capacities, found.instances
    return Shown(stack, body, tuple(sorted(events, key=lambda one: one.at)), capacities, seen, gaps)


def _stack(calls: Calls, owner: str, request_id: str, named: str) -> StackSeen | None:
    """The stack by its id, else by its name, else among the deleted ones of that name; None where there is none.

    ResourceNotFoundError where it is another owner's.
    """
    name = stack_name(request_id)
    for one in dict.fromkeys((named or name, name)):
        seen = cloudformation.describe_stack(calls, one)
        if seen is not None and seen.phase == "review":
            seen = queries.in_review(calls, owner, seen)
        if seen is not None and not is_of(seen, owner):
            theirs = seen.tags.get(TAG_OWNER, "") or seen.parameters.get("Owner", "")
            told = f"explain {request_id}: stack {seen.name} is of {theirs}, not of {owner}"
            raise ResourceNotFoundError(told, hint="ohf config tells provider.owner")
        if seen is not None:
            return seen
    return deleted_stack(calls, owner, name)


def _machines(calls: Calls, owner: str, request_id: str, known: Iterable[str]) -> tuple[Instance, ...]:
    tagged = ec2.of_requests(calls, owner, [request_id])
    shown = {one.instance_id for one in tagged}
    return tagged + ec2.by_id(calls, (one for one in known if one not in shown))
