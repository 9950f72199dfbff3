"""Orphans: what AWS holds of this owner that nobody will ask for any more, told by evidence in AWS alone.

Pure. Nothing is an orphan because of who polled or what a file says: a request is over once its deadline and a
grace have passed (design §6), and then

    no mark `ohf:settled`             -> Host Factory never heard an end of it: stack and machines are nobody's
    marked, and no machine lives      -> nobody deleted the stack
    creation or deletion failed       -> the same, without a live machine
    change set not executed           -> a rehearsal or a plan that nobody saw to the end
    marked, and a machine came later  -> that machine is nobody's, the others are Host Factory's
    a return asked for its end        -> a machine that still lives is nobody's
    no stack, no mark                 -> machines and launch templates that survived a deletion
    no stack, and it still launches   -> a group or maintain fleet, marked or not: whatever it launches is nobody's

What lacks the owner's tag is never listed, nor is a machine that a terminal answer may have told of: memory, where
there is any, can only protect more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from ohf_iac.machine import machines_in_words
from ohf_iac.observation import Observation
from ohf_iac.request import (
    RETURN_TAG_PREFIX,
    TAG_OWNER,
    TAG_REQUEST,
    TAG_SETTLED,
    id_kind,
    is_ours,
    minted_at,
    request_id_of,
    stack_name,
)
from ohf_iac.status.judge import REST_SECONDS, Policy, judge
from ohf_iac.status.recover import deadline_by_aws, record_from_machines, record_from_stack
from ohf_iac.status.tally import is_returned, settled_mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_iac.machine import Instance
    from ohf_iac.observation import LauncherSeen, LaunchTemplateSeen, StackSeen

Thing = Literal["stack", "machine", "launch-template", "launcher"]
Reason = Literal[
    "never-settled", "failed", "unexecuted", "empty", "late", "returned", "survivor", "left-over", "launching"
]

#: seconds that pass after a deadline, a launch or a return before something may be an orphan (design §6)
GRACE: Final = 7200
#: the shortest grace that may be asked for: an answer takes two looks, and AWS shows new things late
SHORTEST_GRACE: Final = 600


@dataclass(frozen=True, slots=True)
class Orphan:
    """Something that nobody will ask for; `since` is the epoch second from which that counts.

    `machines` are the live instances that go with a stack, or the one machine meant.
    """

    thing: Thing
    reason: Reason
    resource_id: str
    name: str
    request_id: str
    since: int
    evidence: str
    machines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holdings:
    """What AWS shows of one owner in one account and region; `at` in epoch seconds.

    `stack_names` are those of all stacks that exist there, whosever they are. `marks` are settle marks known from
    elsewhere than machines and launch templates, by request. `told` are machines that terminal answers named, and
    `answered` when such an answer was given, by request, both as far as memory knows.
    """

    at: float
    owner: str
    stacks: tuple[StackSeen, ...] = ()
    instances: tuple[Instance, ...] = ()
    templates: tuple[LaunchTemplateSeen, ...] = ()
    stack_names: frozenset[str] = frozenset()
    marks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    told: frozenset[str] = frozenset()
    answered: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    launchers: tuple[LauncherSeen, ...] = ()

    def machines_of(self, request_id: str) -> tuple[Instance, ...]:
        """All instances of a request, dead ones too."""
        return tuple(one for one in self._ours() if one.tags.get(TAG_REQUEST, "") == request_id)

    def mark_of(self, request_id: str) -> str:
        """The settle mark of a request, on whatever bears it; "" without one."""
        name = stack_name(request_id)
        lasting = (one.tags.get(TAG_SETTLED, "") for one in self.templates if one.name == name)
        return (
            settled_mark(self.machines_of(request_id))
            or next(filter(None, lasting), "")
            or self.marks.get(request_id, "")
        )

    def _ours(self) -> Iterator[Instance]:
        return (one for one in self.instances if one.tags.get(TAG_OWNER) == self.owner)


def orphans(seen: Holdings, grace: float = GRACE) -> tuple[Orphan, ...]:
    """The orphans among the holdings, oldest first; `grace` in seconds."""
    found = [
        *_stacks(seen),
        *_machines_in_stacks(seen),
        *_without_stack(seen),
        *_templates(seen),
        *_launchers(seen),
    ]
    due = (one for one in found if one.since + grace <= seen.at)
    return tuple(sorted(due, key=lambda one: (one.since, one.thing, one.resource_id)))


def our_stacks(seen: Holdings) -> Iterator[tuple[str, StackSeen]]:
    """Request ids and their stacks, those of this owner that bear the name made from the request's id.

    A rehearsal's stack counts until its change set is executed, which makes it somebody else's affair.
    """
    for stack in seen.stacks:
        rehearsal = is_ours(stack.name) and stack.phase == "review"
        request_id = stack.name.removeprefix("ohf-") if rehearsal else request_id_of(stack.name)
        if request_id and stack.tags.get(TAG_OWNER) == seen.owner and stack.phase not in ("deleting", "deleted"):
            yield request_id, stack


def _stacks(seen: Holdings) -> Iterator[Orphan]:
    for request_id, stack in our_stacks(seen):
        if stack.phase == "review":
            yield Orphan(
                "stack",
                "unexecuted",
                stack.stack_id,
                stack.name,
                request_id,
                _over_at(stack) or stack.created_at,
                "its change set was never executed: it has no resources",
            )
            continue
        over = _over_at(stack)
        live = tuple(one.instance_id for one in seen.machines_of(request_id) if one.live)
        mark = seen.mark_of(request_id)
        if over is None or (live and mark):
            continue
        reason, evidence = _why(stack, mark, live)
        yield Orphan("stack", reason, stack.stack_id, stack.name, request_id, over, evidence, live)


def _why(stack: StackSeen, mark: str, live: tuple[str, ...]) -> tuple[Reason, str]:
    if live or not (mark or stack.phase in ("failed", "delete_failed")):
        lives = (
            f"{machines_in_words(len(live))} live{'s' if len(live) == 1 else ''}" if live else "no machine lives"
        )
        return "never-settled", f"past its deadline without ohf:settled; {lives}, the stack is {stack.status}"
    if stack.phase in ("failed", "delete_failed"):
        return "failed", f"{stack.status}{f': {stack.reason}' if stack.reason else ''}; no machine lives"
    return "empty", f"settled {mark}, and no machine lives"


def _over_at(stack: StackSeen) -> int | None:
    """The epoch second at which a request's time is up; None for a stack whose tags somebody took away."""
    record = record_from_stack(stack, {})
    if record is None or stack_name(record.request.request_id) != stack.name:
        return None
    rest = stack.parameters.get("RestCapacity", "0") != "0"
    return deadline_by_aws(record.request, stack) + (REST_SECONDS if rest else 0)


def _machines_in_stacks(seen: Holdings) -> Iterator[Orphan]:
    """Live machines of settled requests that are not Host Factory's: late ones, and those that a return named."""
    for request_id, stack in our_stacks(seen):
        mark = seen.mark_of(request_id)
        if mark and stack.phase != "review":
            yield from _nobodys(seen, request_id, mark)


def _without_stack(seen: Holdings) -> Iterator[Orphan]:
    """Live machines whose request has no stack; of a settled one only those that are not Host Factory's."""
    ours = (one for one in seen.instances if one.tags.get(TAG_OWNER) == seen.owner)
    for request_id in dict.fromkeys(one.tags.get(TAG_REQUEST, "") for one in ours):
        if request_id and stack_name(request_id) in seen.stack_names:
            continue
        mark = seen.mark_of(request_id) if request_id else ""
        if mark:
            yield from _nobodys(seen, request_id, mark)
            continue
        for one in seen.machines_of(request_id):
            if one.live and one.instance_id not in seen.told:
                whose = (
                    f"stack {stack_name(request_id)} does not exist" if request_id else "it belongs to no request"
                )
                yield _machine(
                    one, request_id, "survivor", one.launch_time, f"{whose}, and it bears no ohf:settled"
                )


def _nobodys(seen: Holdings, request_id: str, mark: str) -> Iterator[Orphan]:
    machines = seen.machines_of(request_id)
    record = record_from_machines(request_id, seen.owner, machines)
    late = judge(record, Observation(request_id, seen.at, machines, settled=mark), Policy()).doomed
    answered = seen.answered.get(request_id, 0)
    for one in machines:
        came_later = answered and one.launch_time > answered and TAG_SETTLED not in one.tags
        if one.live and is_returned(one):
            since = max(one.launch_time, _last_return(one))
            yield _machine(one, request_id, "returned", since, f"a return asked for its end, and it is {one.state}")
        elif one.live and (one.instance_id in late or came_later) and one.instance_id not in seen.told:
            why = f"launched after {request_id} had settled {mark}"
            yield _machine(one, request_id, "late", one.launch_time, why)


def _last_return(instance: Instance) -> int:
    ids = (key.removeprefix(RETURN_TAG_PREFIX) for key in instance.tags if key.startswith(RETURN_TAG_PREFIX))
    return max((minted_at(one) or 0 for one in ids), default=0)


def _machine(one: Instance, request_id: str, reason: Reason, since: int, evidence: str) -> Orphan:
    return Orphan("machine", reason, one.instance_id, one.name, request_id, since, evidence, (one.instance_id,))


def _templates(seen: Holdings) -> Iterator[Orphan]:
    """Launch templates of ours whose stack is gone; one whose machines live may bear the mark of their answer."""
    for one in seen.templates:
        request_id = request_id_of(one.name)
        if request_id is None or id_kind(request_id) != "req" or one.tags.get(TAG_OWNER) != seen.owner:
            continue
        if one.name in seen.stack_names or any(machine.live for machine in seen.machines_of(request_id)):
            continue
        yield Orphan(
            "launch-template",
            "left-over",
            one.template_id,
            one.name,
            request_id,
            one.created_at,
            f"stack {one.name} does not exist, and no machine of it lives",
        )


def _launchers(seen: Holdings) -> Iterator[Orphan]:
    """Groups and maintain fleets that launch though their stack is gone."""
    for one in seen.launchers:
        request_id = one.tags.get(TAG_REQUEST, "")
        name = stack_name(request_id)
        if id_kind(request_id) != "req" or one.tags.get(TAG_OWNER) != seen.owner or name in seen.stack_names:
            continue
        why = f"stack {name} does not exist, and this {one.kind} goes on launching"
        yield Orphan("launcher", "launching", one.launcher_id, name, request_id, one.created_at, why)
