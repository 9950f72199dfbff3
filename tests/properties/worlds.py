"""Worlds for properties: what a poll may see of a request, in any combination, likely or not."""

from __future__ import annotations

from hypothesis import strategies as st

from ohf_iac.cfn import STACK_PHASE
from ohf_iac.machine import CREATE_RESULT, Instance
from ohf_iac.observation import CapacitySeen, Observation, Shortfall, StackSeen
from ohf_iac.request import TAG_SETTLED, RequestRecord, return_tag
from ohf_iac.status.judge import Policy
from ohf_iac.template.kinds import KINDS
from tests import seen
from tests.seen import CREATED, DEADLINE, REQUEST_ID, RETURN_ID, STACK_ID

WEIGHTS = {"m5.large": 1, "m5.xlarge": 3}
moments = st.integers(-30, 10_000).map(lambda seconds: CREATED + seconds)
policies = st.builds(
    Policy, st.sampled_from(["complete", "complete_with_error"]), st.sampled_from([None, 180, 600])
)


@st.composite
def instances(
    draw: st.DrawFn, number: int, *, marks: bool, states: tuple[str, ...] = tuple(CREATE_RESULT)
) -> Instance:
    """A machine in any state, with or without a name, returned, or with the mark of a terminal answer."""
    tags = {}
    if draw(st.booleans()):
        tags["aws:ec2:fleet-id"] = "fleet-1"
        tags["aws:ec2spot:fleet-request-id"] = "sfr-1"
    if draw(st.integers(0, 4)) == 0:
        tags[return_tag(RETURN_ID)] = ""
    if marks and draw(st.integers(0, 2)) == 0:
        tags[TAG_SETTLED] = draw(st.sampled_from(["complete", "complete_with_error", "nonsense"]))
    return seen.machine(
        number,
        draw(st.sampled_from(states)),
        tags=tags,
        name=draw(st.sampled_from(["", "ip-10-0-0-1.ec2.internal"])),
        launch_time=CREATED + draw(st.integers(0, 4000)),
        instance_type=draw(st.sampled_from(sorted(WEIGHTS))),
        reason=draw(st.sampled_from(["", "Server.SpotInstanceTermination"])),
    )


def fleets_of(
    *, marks: bool, states: tuple[str, ...] = tuple(CREATE_RESULT)
) -> st.SearchStrategy[tuple[Instance, ...]]:
    """Up to six machines with ids of their own."""
    return st.integers(0, 6).flatmap(
        lambda count: st.tuples(*(instances(number, marks=marks, states=states) for number in range(count)))
    )


stacks = st.none() | st.builds(
    StackSeen,
    st.just(STACK_ID),
    st.just(f"ohf-{REQUEST_ID}"),
    st.sampled_from(sorted(STACK_PHASE)),
    reason=st.sampled_from(["", "The following resource(s) failed to create: [Capacity]."]),
    parameters=st.sampled_from([{}, {"RestCapacity": "0"}, {"RestCapacity": "2"}]),
)
capacities = st.builds(
    CapacitySeen,
    st.sampled_from(["fleet-1", "sfr-1"]),
    frozen=st.booleans(),
    busy=st.booleans(),
    gone=st.booleans(),
    shortfalls=st.sampled_from([(), (Shortfall("", "no room"),), (Shortfall("NoRoom", "no room"),)]),
)


@st.composite
def observations(draw: st.DrawFn, *, marks: bool = True) -> Observation:
    """A glance at machines, or a close look with stack and group or fleets."""
    machines, at = draw(fleets_of(marks=marks)), draw(moments)
    if draw(st.booleans()):
        return seen.glance(*machines, at=at)
    hidden = draw(st.sampled_from([(), (), ("i-hidden",)]))
    parts = draw(st.lists(capacities, max_size=2))
    return seen.look(*machines, at=at, stack=draw(stacks), capacities=parts, unseen_members=hidden)


@st.composite
def records(draw: st.DrawFn) -> RequestRecord:
    """A request of any kind and size, and what was remembered of it."""
    return seen.record(
        draw(st.sampled_from(KINDS)),
        draw(st.integers(1, 6)),
        price_type=draw(st.sampled_from(["ondemand", "spot", "heterogeneous"])),
        weights=draw(st.sampled_from([{}, WEIGHTS])),
        stack_id=draw(st.sampled_from(["", STACK_ID])),
        first_short_at=draw(st.sampled_from([0, CREATED + 60, DEADLINE, DEADLINE + 600])),
        cancelled_at=draw(st.sampled_from([0, 0, CREATED + 90])),
    )
