"""Unsettled requests, polled: observed, judged, acted on, remembered.

Two rounds. Machines first, one describe for all; then a look at stack and fleet for those that need one. A failure
of AWS on the way leaves a request `running` with the machines last known, whatever was already done for it: every
step may be repeated by the next poll.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ohf_iac import commands, queries
from ohf_iac.errors import OhfError
from ohf_iac.operations.remembering import note_requests
from ohf_iac.plan import steps_for
from ohf_iac.request import TAG_TEMPLATE, minted_at, stack_name
from ohf_iac.status.answer import RequestStatus, next_record, remembered, status_of
from ohf_iac.status.judge import judge
from ohf_iac.status.recover import PLAN_LIFE, STACK_MEMORY, maybe_unseen, record_from_machines, record_from_stack
from ohf_iac.status.tally import settled_mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.observation import Observation, StackSeen
    from ohf_iac.request import RequestRecord
    from ohf_iac.status.judge import Judgement, Policy
    from ohf_iac.store.memory import Memory

#: more short requests than this are looked at in one walk over all stacks (design §9)
WALK_ABOVE: Final = 20
#: seconds between two looks side by side: CloudFormation takes about five DescribeStacks a second
LOOK_PACE: Final = 0.25
#: looks that may go without a pause
LOOK_BURST: Final = 4
#: seconds after settling at which machines that came late are looked for
LATE_LOOK: Final = 120


class Poll:
    """One poll over several requests: what was known before, the templates' policies, and what came out."""

    def __init__(self, app: App, calls: Calls, memory: Memory, policies: Mapping[str, Policy]) -> None:
        self.app = app
        self.calls = calls
        self.memory = memory
        self.policies = policies
        self.changed: list[RequestRecord] = []
        self._looks = 0
        self._deleted: Mapping[str, tuple[str, ...]] | None = None

    def answers(self, ids: Iterable[str], weights: Mapping[str, Mapping[str, int]]) -> dict[str, RequestStatus]:
        """One answer per id; whatever AWS says or fails to say, none is missing."""
        wanted = tuple(ids)
        try:
            seen = queries.machines_of(self.calls, self.app.owner, wanted)
        except OhfError as error:
            self.app.log.warning(f"poll not possible: {error.message}", requests=len(wanted))
            return {one: self._blind(one, error) for one in wanted}
        stacks = self._walked(seen)
        found = {one: self._isolated(one, seen, weights, stacks) for one in wanted}
        kept = note_requests(self.app, self.memory, self.changed)
        return found | {one.request.request_id: remembered(one) for one in kept if one.settled}

    def act(
        self,
        record: RequestRecord,
        seen: Observation,
        stacks: Mapping[str, StackSeen] | None = None,
        *,
        told: bool = True,
    ) -> Judgement:
        """Judge a request, look closer where that is wished, carry the wish out, note the new record.

        `told` is False where nobody hears the answer: an end without machines then leaves no mark, because the
        stack goes, and the token of its deletion tells.
        """
        judgement = judge(record, seen, self._policy(record))
        if judgement.wish == "look":
            seen, judgement = self._looked(record, seen, stacks)
        unmarked = judgement.wish == "settle" and not seen.instances
        if unmarked and told and seen.stack is not None and seen.stack.stays:
            seen = replace(seen, stack=queries.with_resources(self.calls, seen.stack))  # it bears the mark alone
        steps = steps_for(record, seen, judgement) if told or not unmarked else ()
        commands.carry_out(self.calls, steps, self.app.settings.provider.service_role_arn)
        self.changed.append(self._next(record, seen, judgement))
        return judgement

    def _looked(
        self, record: RequestRecord, seen: Observation, stacks: Mapping[str, StackSeen] | None
    ) -> tuple[Observation, Judgement]:
        """A closer look. At the first of two looks at a shortage another host may have had both already."""
        self._pace()
        seen = queries.look(self.calls, record, seen, stacks)
        judgement = judge(record, seen, self._policy(record))
        if judgement.first_short_at and not record.first_short_at and not seen.settled:
            seen = queries.told_elsewhere(self.calls, self.app.owner, seen)
            judgement = judge(record, seen, self._policy(record))
        return seen, judgement

    def _walked(self, seen: Mapping[str, Observation]) -> Mapping[str, StackSeen] | None:
        """All our stacks in one walk, where one describe for each request that needs a look would be throttled.

        None where there was no walk.
        """
        records = [record for one in seen if (record := self.memory.requests.get(one)) is not None]
        short = sum(
            judge(one, seen[one.request.request_id], self._policy(one)).wish == "look" for one in records
        ) + (len(seen) - len(records))
        if short <= WALK_ABOVE:
            return None
        try:
            return queries.stacks_of_owner(self.calls, self.app.owner)
        except OhfError as error:
            self.app.log.warning(f"walk over stacks not possible: {error.message}")
            return None

    def _policy(self, record: RequestRecord) -> Policy:
        return self.policies.get(record.request.template_id, self.policies[""])

    def _isolated(
        self,
        request_id: str,
        seen: Mapping[str, Observation],
        weights: Mapping[str, Mapping[str, int]],
        stacks: Mapping[str, StackSeen] | None,
    ) -> RequestStatus:
        record = self.memory.requests.get(request_id)
        try:
            if record is None:
                return self._unknown(request_id, seen, weights, stacks)
            return status_of(record, self.act(record, seen[request_id], stacks))
        except OhfError as error:
            self.app.log.warning(f"poll of {request_id}: {error.message}", request_id=request_id)
            return self._blind(request_id, error)

    def _unknown(
        self,
        request_id: str,
        all_seen: Mapping[str, Observation],
        weights: Mapping[str, Mapping[str, int]],
        stacks: Mapping[str, StackSeen] | None,
    ) -> RequestStatus:
        """An id that memory does not hold: AWS is the record (design §5)."""
        seen = all_seen[request_id]
        if settled_mark(seen.instances):
            record = record_from_machines(request_id, self.app.owner, seen.instances)
            return status_of(record, self.act(record, seen))
        stack = self._stack(stack_name(request_id), stacks)
        if stack is not None and stack.phase == "review":
            return self._unexecuted(request_id, stack)
        if stack is not None:
            stack = queries.with_resources(self.calls, stack)
            template = stack.tags.get(TAG_TEMPLATE, "")
            found = record_from_stack(stack, weights.get(template, {}))
            if found is not None:
                seen = queries.with_mark(self.calls, self.app.owner, seen, stack)
                return status_of(found, self.act(found, seen, {stack.name: stack}))
        if maybe_unseen(request_id, self.calls.moment(), self.app.now()):
            return self._young(request_id, all_seen)
        if any(one.live for one in seen.instances):
            record = record_from_machines(request_id, self.app.owner, seen.instances)
            return status_of(record, self.act(record, seen))
        if self.calls.moment() - (minted_at(request_id) or 0) > STACK_MEMORY:
            return RequestStatus(request_id, "complete", f"{request_id} is older than AWS's memory of it")
        return self._from_deleted(request_id, all_seen)

    def _unexecuted(self, request_id: str, stack: StackSeen) -> RequestStatus:
        """A plan that was not applied: open as long as it might be, and then no request that there ever was."""
        whole = queries.in_review(self.calls, self.app.owner, stack)
        record = record_from_stack(whole, {})
        until = record.request.deadline if record else 0 if whole.tags else (minted_at(request_id) or 0) + PLAN_LIFE
        now = self.calls.moment()
        if now < until or maybe_unseen(request_id, now, self.app.now()):
            return RequestStatus(request_id, "running", f"the change set of {stack.name} was not executed yet")
        return RequestStatus(request_id, "complete_with_error", f"{request_id} was planned and never applied")

    def _stack(self, name: str, stacks: Mapping[str, StackSeen] | None) -> StackSeen | None:
        if stacks is not None:
            return stacks.get(name)
        self._pace()
        return queries.stack_of(self.calls, self.app.owner, name)

    def _young(self, request_id: str, asked: Iterable[str]) -> RequestStatus:
        """What AWS may not show yet, unless it is over and its stack deleted already."""
        return self._of_deleted(request_id, asked) or RequestStatus(request_id, "running")

    def _from_deleted(self, request_id: str, asked: Iterable[str]) -> RequestStatus:
        return self._of_deleted(request_id, asked) or RequestStatus(
            request_id, "complete_with_error", f"{request_id} is not known to this provider"
        )

    def _of_deleted(self, request_id: str, asked: Iterable[str]) -> RequestStatus | None:
        """The verdict in the events of a deleted stack; one listing of these serves all ids of a poll."""
        if self._deleted is None:
            names = {stack_name(one) for one in asked}
            self._deleted = queries.deleted_stacks(self.calls, names.__contains__)
        found = self._deleted.get(stack_name(request_id), ())
        record = queries.record_of_deleted(self.calls, self.app.owner, found, int(self.app.now()))
        if record is None:
            return None
        self.changed.append(record)
        return remembered(record)

    def _blind(self, request_id: str, error: OhfError) -> RequestStatus:
        """AWS could not be asked: running, with what was last known."""
        record = self.memory.requests.get(request_id)
        known = remembered(record) if record else RequestStatus(request_id, "running")
        return replace(known, message=error.message)

    def _next(self, record: RequestRecord, seen: Observation, judgement: Judgement) -> RequestRecord:
        new = next_record(record, judgement, self.app.now(), seen.at)
        if seen.stack is not None:
            new = replace(new, stack_id=seen.stack.stack_id)
            if record.stack in ("intended", "abandoned"):
                new = replace(new, stack="created")
        elif seen.looked and judgement.wish == "settle" and not seen.instances:
            new = replace(new, stack="abandoned" if record.stack == "intended" else "gone")
        if not new.settled:
            return new
        due = int(self.app.now()) + (LATE_LOOK if any(one.live for one in seen.instances) else 0)
        return replace(new, chore_at=due if new.stack in ("created", "intended") else 0)

    def _pace(self) -> None:
        self._looks += 1
        if self._looks > LOOK_BURST:
            self.app.sleep(min(LOOK_PACE, self.app.deadline.left))
