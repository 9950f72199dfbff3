"""What a request's observation means: wait, look closer, freeze, buy the rest, or settle with a verdict.

Pure. `judge` is asked twice in a poll: first with the machines alone (one DescribeInstances serves all requests);
where those are too few it wishes a *look*, and is asked again with stack, events and group or fleet. The rules are
design §2.4 and §2.5:

    enough machines run        -> settle `complete`, whatever the stack says
    too few, time is left      -> wait
    too few, time is over      -> freeze, wait, and only a second observation (>= 15 s later) that sees the freeze,
                                  nothing pending and both lists of machines agreeing settles the shortage
    frozen by a return         -> time is over: nothing more will come
    an instant fleet           -> its own list is final: one look is enough when both lists agree
    marked `ohf:settled`       -> terminal, whatever its count now is
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from ohf_iac.cfn import BUSY
from ohf_iac.machine import by_launch, death_message, reported
from ohf_iac.observation import fleet_ids
from ohf_iac.request import TAG_SETTLED
from ohf_iac.status.recover import CLOCKS_APART, STACK_MEMORY, STACK_PATIENCE, deadline_by_aws
from ohf_iac.status.shortage import STACK_ENDED, why_short
from ohf_iac.status.stillness import shown_since
from ohf_iac.status.tally import is_returned, settled_mark, short_verdict, tally, verdict_of
from ohf_iac.template.kinds import FLEET_MAINTAIN, INSTANT, REPLACING, SPOT_MAINTAIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.machine import Instance, Machine
    from ohf_iac.observation import Observation
    from ohf_iac.request import Request, RequestRecord, Verdict
    from ohf_iac.status.tally import Tally

Wish = Literal["wait", "look", "freeze", "terminate", "buy-rest", "settle"]

#: seconds between the two observations of a shortage
SECOND_LOOK: Final = 15
#: seconds after which an id that EC2 does not show is taken for gone (eventual consistency before that)
ABSENCE_PATIENCE: Final = 300
#: seconds between a fleet's ValidUntil and the request's deadline
EXPIRY_MARGIN: Final = 60
#: seconds that the on-demand rest of a heterogeneous request gets
REST_SECONDS: Final = 600
#: seconds beyond the deadline for which machines in a stack that is being deleted are waited for
DELETION_PATIENCE: Final = 3600


@dataclass(frozen=True, slots=True)
class Policy:
    """What the administrator decides: the verdict on a partial fulfilment, the pending time-out in seconds."""

    partial_status: Verdict = "complete"
    pending_timeout: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to do about a request and what to say meanwhile.

    `tag` lists instances to be marked settled, `doomed` those to be terminated (overdue, or late: appeared after
    the terminal answer), `rest` the units to buy on demand.
    """

    wish: Wish
    machines: tuple[Machine, ...] = ()
    verdict: Verdict | None = None
    message: str = ""
    first_short_at: int = 0
    tag: tuple[str, ...] = ()
    doomed: tuple[str, ...] = ()
    rest: int = 0


@dataclass(frozen=True, slots=True)
class _Case:
    """One request under judgement."""

    record: RequestRecord
    seen: Observation
    policy: Policy
    tally: Tally

    @property
    def request(self) -> Request:
        return self.record.request

    @property
    def faded(self) -> tuple[Machine, ...]:
        """Machines known to have failed that EC2 no longer shows, or no longer with their tags."""
        shown = {one.instance_id for one in self.seen.instances}
        return tuple(one for one in self.record.machines if one.result == "fail" and one.machine_id not in shown)

    @property
    def short_since(self) -> int:
        """When the shortage was first looked at; where nobody remembers a moment that has come, AWS tells."""
        first = self.record.first_short_at
        return first if 0 < first <= self.seen.at else shown_since(self.seen)


def judge(record: RequestRecord, seen: Observation, policy: Policy) -> Judgement:
    """What `seen` means for an unsettled request."""
    if mark := settled_mark(seen.instances) or seen.settled:
        return _already_settled(seen, verdict_of(mark))
    case = _Case(record, seen, policy, tally(record.request, seen.instances, seen.at, record.machines))
    if case.tally.delivered >= record.request.units:
        return _full(case)
    enough_coming = case.tally.expected >= record.request.units
    if enough_coming and seen.at < deadline(case) and not _overdue(case) and not record.cancelled_at:
        return _wait(case)
    if not seen.looked:
        return replace(_wait(case), wish="look")
    return _short(case)


def deadline(case: _Case) -> int:
    """Epoch second after which a shortage is final; the rest of a heterogeneous request moves it."""
    return deadline_by_aws(case.request, case.seen.stack) + (REST_SECONDS if _rest_bought(case) else 0)


def _wait(case: _Case, reason: str = "", *, short_since: int = 0) -> Judgement:
    message = _count(case, reason) if reason else ""
    return Judgement("wait", _all_machines(case), message=message, first_short_at=short_since)


def _full(case: _Case) -> Judgement:
    """Enough machines run. Surplus ones that still start are waited for behind a freeze: none is unknown.

    A maintain fleet that nothing names yet cannot be frozen, and would replace what is returned later.
    """
    machines = case.tally.machines(with_failed=False)
    overdue, unnamed = _overdue(case), _unnamed_fleet(case)
    if (overdue or unnamed) and not case.seen.looked:
        return Judgement("look", machines)
    if overdue and _frozen(case):
        return Judgement("terminate", machines, doomed=overdue)
    if case.tally.executing:
        return Judgement("freeze", machines)
    if unnamed:
        return Judgement("wait", machines, message="nothing tells the fleet's id yet")
    return Judgement("settle", machines, "complete", tag=_to_mark(case))


def _short(case: _Case) -> Judgement:
    stack = case.seen.stack
    if stack is None and (_young(case) or not case.tally.live):
        return _no_stack(case)
    reason = _reason(case)
    ended = stack is None or stack.phase in STACK_ENDED
    if _may_buy_rest(case):
        return _buy_rest(case)
    if not (ended or _over(case) or _instant_final(case)):
        return _wait(case, reason)
    if not _frozen(case):
        return replace(_wait(case, reason, short_since=case.short_since), wish="freeze")
    if doomed := _overdue(case):
        return replace(_wait(case, reason, short_since=case.short_since), wish="terminate", doomed=doomed)
    if not _quiet(case):
        return _wait(case, reason, short_since=case.short_since)
    if not _instant_final(case) and case.seen.at - case.short_since < SECOND_LOOK:
        return _wait(case, reason, short_since=case.short_since)
    return _shortage(case, reason)


def _shortage(case: _Case, reason: str) -> Judgement:
    return Judgement(
        "settle",
        _all_machines(case),
        short_verdict(case.tally, case.policy.partial_status, faded=bool(case.faded)),
        _count(case, reason or "AWS gave no reason"),
        first_short_at=case.short_since,
        tag=_to_mark(case),
    )


def _no_stack(case: _Case) -> Judgement:
    """No stack and no live machine: never created, or gone. CloudFormation shows a stack by its id for ninety days
    beyond its deletion; one that we know the id of, and of which nothing at all is to be seen, is looked for in the
    wrong place.
    """
    if _young(case):
        return _wait(case)
    age = case.seen.at - case.request.created_at
    if case.record.stack_id and not case.seen.instances and age < STACK_MEMORY:
        return _wait(case, f"CloudFormation does not know {case.record.stack_id}: other region or account?")
    return Judgement(
        "settle",
        case.tally.machines(with_failed=True),
        "complete_with_error",
        f"stack of {case.request.request_id} does not exist: it was never created, or AWS has forgotten it",
    )


def _already_settled(seen: Observation, verdict: Verdict) -> Judgement:
    """Finish what another poll began: unmarked members get the mark, machines that came later are doomed.

    Marks are put on the newest machines first. So a running unmarked instance launched no later than the newest
    marked one belongs to a batch of marks that did not get through; one launched later, or still pending, appeared
    after the terminal answer. Where only the launch template bears the mark, every running machine is a member.
    """
    marked = [one for one in by_launch(seen.instances) if TAG_SETTLED in one.tags]
    newest = marked[-1].launch_time if marked else int(seen.at)
    others = [one for one in by_launch(seen.instances) if TAG_SETTLED not in one.tags and not is_returned(one)]
    late = [one for one in others if one.launch_time > newest or one.state == "pending"]
    early = [one for one in others if one.launch_time <= newest and one.state != "pending"]
    missed = [one for one in early if one.state == "running"]
    machines = [reported(one, "succeed") for one in by_launch(marked + missed)]
    if verdict == "complete_with_error":
        machines += [reported(one, "fail", death_message(one)) for one in early if one.state != "running"]
    doomed = _ids(one for one in late if one.live)
    return Judgement("settle", tuple(machines), verdict, tag=_ids(missed), doomed=doomed)


def _over(case: _Case) -> bool:
    """Whether time is up: deadline, cancellation, a machine pending for too long, or a freeze by a return."""
    if case.seen.at >= deadline(case) or case.record.cancelled_at or _overdue(case):
        return True
    return case.request.kind in REPLACING and bool(case.seen.capacities) and _closed(case)


def _overdue(case: _Case) -> tuple[str, ...]:
    limit = case.policy.pending_timeout
    if limit is None:
        return ()
    return tuple(
        one.instance_id
        for one in case.tally.executing
        if one.state == "pending" and case.seen.at - one.launch_time > limit
    )


def _frozen(case: _Case) -> bool:
    """Whether nothing can launch any more. Without a capacity resource that is so once the stack has ended."""
    stack = case.seen.stack
    if stack is None or stack.phase in ("deleting", "deleted"):
        return True
    if not case.seen.capacities:
        return stack.phase in ("failed", "delete_failed") and not case.tally.live
    return all(one.frozen for one in case.seen.capacities)


def _quiet(case: _Case) -> bool:
    """Whether nothing is pending and the group's or fleet's own list agrees with the tags.

    Machines that run in a stack under deletion are about to go: their end is waited for, within reason.
    """
    if case.tally.executing or any(one.busy for one in case.seen.capacities):
        return False
    stack = case.seen.stack
    if (
        stack
        and stack.phase == "deleting"
        and case.tally.good
        and case.seen.at < deadline(case) + DELETION_PATIENCE
    ):
        return False
    if stack and stack.status in BUSY and _rest_bought(case):
        return False
    return not (case.seen.unseen_members and case.seen.at - case.short_since < ABSENCE_PATIENCE)


def _instant_final(case: _Case) -> bool:
    """An instant fleet whose own list was read and agrees with the tags: nothing more will come."""
    stack = case.seen.stack
    return (
        case.request.kind == INSTANT
        and bool(case.seen.capacities)
        and _closed(case)
        and not case.seen.unseen_members
        and stack is not None
        and stack.phase in ("ready", "failed")
    )


def _closed(case: _Case) -> bool:
    """Whether every group or fleet was really seen, and seen to launch no more; one unknown to AWS may be young."""
    return all(one.frozen and not one.gone for one in case.seen.capacities)


def _unnamed_fleet(case: _Case) -> bool:
    """Whether this is a maintain fleet whose id neither its machines' tags nor a look has told."""
    if case.request.kind not in (FLEET_MAINTAIN, SPOT_MAINTAIN) or fleet_ids(case.request.kind, case.seen):
        return False
    return not (case.seen.looked and _frozen(case))


def _young(case: _Case) -> bool:
    return -CLOCKS_APART <= case.seen.at - case.request.created_at < STACK_PATIENCE


def _rest_bought(case: _Case) -> bool:
    stack = case.seen.stack
    return stack is not None and stack.parameters.get("RestCapacity", "0") != "0"


def _may_buy_rest(case: _Case) -> bool:
    """A heterogeneous request whose spot fleet ended short, with nothing pending, gets its rest on demand, once."""
    stack = case.seen.stack
    if case.request.price_type != "heterogeneous" or stack is None or _rest_bought(case) or stack.turned_back:
        return False
    in_time = -EXPIRY_MARGIN <= case.seen.at - case.request.deadline < REST_SECONDS
    usable = stack.phase not in STACK_ENDED and stack.status not in BUSY and not case.record.cancelled_at
    return in_time and usable and bool(case.seen.capacities) and _frozen(case) and _quiet(case)


def _buy_rest(case: _Case) -> Judgement:
    missing = case.request.units - case.tally.delivered
    waiting = _wait(case, f"spot capacity ended; {missing} bought on demand")
    return replace(waiting, wish="buy-rest", rest=missing)


def _reason(case: _Case) -> str:
    """Why machines are missing: in AWS's words where it gave any."""
    failures = [why for _, why in case.tally.failed] + [one.message for one in case.faded]
    failure = failures[0] if failures else ""
    if told := why_short(case.request, case.seen, failure):
        return told
    if case.record.cancelled_at:
        return "cancelled"
    if case.seen.at >= deadline(case):
        return "deadline passed"
    return "nothing is launched any more" if _over(case) else ""


def _count(case: _Case, reason: str) -> str:
    what = "units" if case.request.weights else "machines"
    return f"{case.tally.delivered} of {case.request.units} {what}: {reason}"


def _all_machines(case: _Case) -> tuple[Machine, ...]:
    return case.tally.machines(with_failed=True) + case.faded


def _to_mark(case: _Case) -> tuple[str, ...]:
    """The usable machines, newest first: where only some batches of marks get through, the oldest are left."""
    return _ids(case.tally.good[::-1])


def _ids(instances: Iterable[Instance]) -> tuple[str, ...]:
    return tuple(one.instance_id for one in instances)
