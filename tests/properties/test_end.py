"""Every request ends: time goes on in a world that stands still, the steps are carried out, a verdict comes.

The worlds hold every phase of a stack and any machines of which none is pending. What our own steps do to them is
played: a freeze is seen at the next poll, a fleet of type request ends by its ValidUntil, a deleted stack is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohf_iac.cfn import STACK_PHASE
from ohf_iac.machine import Instance
from ohf_iac.observation import CapacitySeen, Observation, StackSeen
from ohf_iac.plan import BuyRest, DeleteStack, Step, TagInstances, steps_for
from ohf_iac.request import RequestRecord
from ohf_iac.status.answer import next_record
from ohf_iac.status.judge import EXPIRY_MARGIN, Policy, judge
from ohf_iac.template.kinds import ASG, FLEET_REQUEST, KINDS, REPLACING, SPOT_REQUEST, Kind
from tests import seen
from tests.properties.worlds import fleets_of, policies
from tests.seen import CREATED, DEADLINE, capacity

POLL = 60
LAST = DEADLINE + 7200
STILL = ("running", "stopping", "stopped", "shutting-down", "terminated")
UNTIL = DEADLINE - EXPIRY_MARGIN


@dataclass(frozen=True)
class World:
    """What stands still, but for our own steps and for time."""

    machines: tuple[Instance, ...]
    stack: StackSeen | None
    fleet: CapacitySeen | None

    def at(self, now: int, *, close: bool) -> Observation:
        """What a poll sees: a glance, or a close look."""
        if not close:
            return seen.glance(*self.machines, at=now)
        known = [self.fleet] if self.fleet is not None and self.stack is not None else []
        return seen.look(*self.machines, at=now, stack=self.stack, capacities=known)

    def after(self, steps: tuple[Step, ...], now: int, kind: Kind) -> World:
        """The world once steps are carried out and a minute has passed."""
        world = self
        for step in steps:
            if isinstance(step, DeleteStack) and world.stack is not None:
                world = replace(world, stack=replace(world.stack, status="DELETE_COMPLETE"))
            elif isinstance(step, BuyRest) and world.stack is not None:
                world = replace(world, stack=replace(world.stack, parameters={"RestCapacity": str(step.units)}))
            elif not isinstance(step, TagInstances) and world.fleet is not None and kind in REPLACING:
                world = replace(world, fleet=replace(world.fleet, frozen=True))
        if kind in (FLEET_REQUEST, SPOT_REQUEST) and world.fleet is not None and now >= UNTIL:
            world = replace(world, fleet=replace(world.fleet, frozen=True))
        return world


def settled_at(record: RequestRecord, world: World, policy: Policy) -> int:
    """The poll that settles; LAST + 1 if none does."""
    kind = record.request.kind
    for now in range(CREATED + POLL, LAST + 1, POLL):
        observation = world.at(now, close=False)
        judgement = judge(record, observation, policy)
        if judgement.wish == "look":
            observation = world.at(now, close=True)
            judgement = judge(record, observation, policy)
            assert judgement.wish != "look"
        record = next_record(record, judgement, now, now)
        if record.settled:
            return now
        world = world.after(steps_for(record, observation, judgement), now, kind)
    return LAST + 1


@st.composite
def fleets(draw: st.DrawFn, kind: Kind, *, needed: bool) -> CapacitySeen | None:
    """The group or fleet. One that bore machines is there, or is known to be gone."""
    if not needed and draw(st.booleans()):
        return None
    gone = draw(st.integers(0, 4)) == 0
    return capacity(kind, gone=gone, frozen=gone or kind == "EC2Fleet-instant")


@pytest.mark.parametrize("kind", KINDS)
@given(st.data(), policies)
def test_every_request_settles_within_two_hours_of_its_deadline(
    kind: Kind, data: st.DataObject, policy: Policy
) -> None:
    machines = data.draw(fleets_of(marks=False, states=STILL))
    status = data.draw(st.sampled_from([None, *sorted(STACK_PHASE)]))
    bore = bool(machines)
    world = World(
        machines,
        None if status is None else seen.stack(status),
        data.draw(fleets(kind, needed=bore)),
    )
    heterogeneous = data.draw(st.booleans()) and kind not in (ASG, "EC2Fleet-instant")
    record = seen.record(
        kind,
        data.draw(st.integers(1, 6)),
        price_type="heterogeneous" if heterogeneous else "spot",
        stack_id="",
        stack="intended",
        cancelled_at=data.draw(st.sampled_from([0, 0, CREATED + 90])),
    )
    assert settled_at(record, world, policy) <= LAST


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", sorted(STACK_PHASE))
def test_two_of_three_settle_whatever_the_stack_says(kind: Kind, status: str) -> None:
    machines = seen.running(1, 2, tags=seen.fleet_tags(kind))
    world = World(machines, seen.stack(status), capacity(kind, machines, frozen=kind == "EC2Fleet-instant"))
    assert settled_at(seen.record(kind), world, Policy()) <= LAST


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", sorted(STACK_PHASE))
def test_none_of_three_settle_whatever_the_stack_says(kind: Kind, status: str) -> None:
    frozen = kind == "EC2Fleet-instant"
    for fleet in (None, capacity(kind, frozen=frozen)):
        assert settled_at(seen.record(kind), World((), seen.stack(status), fleet), Policy()) <= LAST


def test_nothing_settles_a_request_whose_stack_and_machines_are_all_hidden() -> None:
    """A known stack that is not to be seen: the wrong account or region, and no time heals that."""
    assert settled_at(seen.record(), World((), None, None), Policy()) > LAST
