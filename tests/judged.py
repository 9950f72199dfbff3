"""Judging one request in tests: a situation, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from ohf_iac.observation import Observation
from ohf_iac.plan import DeleteStack, Step, SuspendGroup, TagInstances, steps_for
from ohf_iac.request import RequestRecord, Verdict
from ohf_iac.status.judge import Judgement, Policy, Wish, judge
from ohf_iac.template.kinds import ASG, Kind
from tests import seen
from tests.seen import REQUEST_ID, STACK_ID, capacity, running, stack

LENIENT = Policy()
STRICT = Policy("complete_with_error")
HASTY = Policy(pending_timeout=180)
SUSPEND = SuspendGroup(f"ohf-{REQUEST_ID}")
COLD = capacity(ASG, frozen=True)
FAILED = stack("CREATE_FAILED", reason="The following resource(s) failed to create: [Capacity].")
DELETE = DeleteStack(STACK_ID, f"{REQUEST_ID}-delete-complete-with-error")


@dataclass(frozen=True)
class Case:
    """A situation and what follows from it: the wish, the verdict, words of the message, the steps."""

    record: RequestRecord
    seen: Observation
    wish: Wish
    verdict: Verdict | None = None
    says: str = ""
    steps: tuple[Step, ...] = ()
    policy: Policy = LENIENT

    def check(self) -> None:
        """Judge it, and compare."""
        judgement = judge(self.record, self.seen, self.policy)
        assert (judgement.wish, judgement.verdict) == (self.wish, self.verdict), judgement.message
        assert self.says in judgement.message
        assert steps_for(self.record, self.seen, judgement) == self.steps


def marks(*numbers: int, verdict: Verdict = "complete") -> TagInstances:
    """The mark of a terminal answer, on the newest machine first."""
    ids = tuple(one.instance_id for one in running(*sorted(numbers, reverse=True)))
    return TagInstances(ids, "ohf:settled", verdict)


def decided(kind: Kind, observation: Observation, first_short_at: int = 0) -> tuple[Judgement, tuple[Step, ...]]:
    """The judgement of a request of this kind and its steps."""
    known = seen.record(kind, first_short_at=first_short_at)
    judgement = judge(known, observation, LENIENT)
    return judgement, steps_for(known, observation, judgement)
