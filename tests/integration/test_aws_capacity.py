"""Groups and fleets through the gateway: seen, frozen, short, expired, gone: every kind (over HTTP)."""

from __future__ import annotations

import pytest

from ohf_iac.aws import cloudformation, ec2
from ohf_iac.aws.calls import Calls
from ohf_iac.aws.capacity import capacity_seen
from ohf_iac.aws.fleets import freeze_fleet, freeze_spot_fleet
from ohf_iac.aws.groups import group_seen, leaving, suspend_group
from ohf_iac.commands import carry_out
from ohf_iac.errors import ProviderError
from ohf_iac.observation import CapacitySeen, fleet_ids
from ohf_iac.plan import freeze
from ohf_iac.template.kinds import (
    ASG,
    FLEET_MAINTAIN,
    FLEET_REQUEST,
    INSTANT,
    KINDS,
    REPLACING,
    SPOT_MAINTAIN,
    SPOT_REQUEST,
    Kind,
)
from tests.integration.gateway import Made, counted, make
from tests.local_aws import LocalAws

EXPIRING = (FLEET_REQUEST, SPOT_REQUEST)
DAY = 86_400


def only(made: Made) -> CapacitySeen:
    """The one group or fleet of a request."""
    (capacity,) = made.seen().capacities
    return capacity


def frozen(made: Made) -> Made:
    """Carry out the freeze of its kind."""
    kind = made.request.kind
    carry_out(made.calls, freeze(kind, made.request.request_id, fleet_ids(kind, made.seen())))
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_one_is_seen_with_its_members(local_aws: LocalAws, calls: Calls, kind: Kind) -> None:
    made = make(local_aws, calls, kind).settle_down(120)
    capacity = only(made)
    assert sorted(capacity.members) == sorted(one.instance_id for one in made.seen().instances)
    assert len(capacity.members) == capacity.target == 3
    assert (capacity.busy, capacity.gone, capacity.shortfalls) == (False, False, ())
    assert capacity.frozen == (kind == INSTANT), "an instant fleet never launches again"


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_one_says_why(local_aws: LocalAws, calls: Calls, kind: Kind) -> None:
    local_aws.scenario(capacity={"*": 2})
    made = make(local_aws, calls, kind).settle_down(240)
    capacity = only(made)
    assert len(capacity.members) == 2
    assert capacity.shortfalls
    assert all(one.text or one.code for one in capacity.shortfalls)
    assert len(set(capacity.shortfalls)) == len(capacity.shortfalls)
    if kind in (ASG, INSTANT):
        assert capacity.shortfalls[0].code == "InsufficientInstanceCapacity"


@pytest.mark.parametrize("kind", sorted(REPLACING))
def test_a_frozen_one_keeps_its_machines_and_replaces_none(local_aws: LocalAws, calls: Calls, kind: Kind) -> None:
    made = frozen(make(local_aws, calls, kind).settle_down(120))
    frozen(made)  # may be repeated
    made.settle_down()
    capacity = only(made)
    assert capacity.frozen
    assert not capacity.busy
    assert len([one for one in made.seen().instances if one.state == "running"]) == 3
    ec2.terminate(calls, capacity.members[:1])
    local_aws.advance(DAY)
    assert len([one for one in made.seen().instances if one.live]) == 2


@pytest.mark.parametrize("kind", sorted(REPLACING))
def test_a_frozen_one_tells_since_when(local_aws: LocalAws, calls: Calls, kind: Kind) -> None:
    made = make(local_aws, calls, kind).settle_down(120)
    assert only(made).frozen_since == 0
    before = local_aws.now()
    frozen(made).settle_down(600)
    assert before - 1 <= only(made).frozen_since <= local_aws.now() - 590


@pytest.mark.parametrize("kind", sorted(REPLACING))
def test_without_the_freeze_a_lost_machine_is_replaced(local_aws: LocalAws, calls: Calls, kind: Kind) -> None:
    """The test above can fail."""
    made = make(local_aws, calls, kind).settle_down(120)
    ec2.terminate(calls, only(made).members[:1])
    made.settle_down(600)
    assert len([one for one in made.seen().instances if one.live]) == 3


@pytest.mark.parametrize("kind", EXPIRING)
@pytest.mark.parametrize("state", ["deleted", "active-for-minutes"])
def test_a_request_fleet_is_frozen_by_its_end(local_aws: LocalAws, calls: Calls, kind: Kind, state: str) -> None:
    local_aws.scenario(capacity={"*": 2}, uncertain={"expiredState": state})
    made = make(local_aws, calls, kind).settle_down(120)
    assert not only(made).frozen
    local_aws.advance(made.request.deadline - local_aws.now() + 600)
    assert only(made).frozen, "at the latest ten minutes after its ValidUntil, whatever state it shows"
    assert len([one for one in made.seen().instances if one.state == "running"]) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_is_gone_is_frozen_and_gone(local_aws: LocalAws, calls: Calls, kind: Kind) -> None:
    made = make(local_aws, calls, kind).settle_down(120)
    capacity_id = only(made).capacity_id
    local_aws.scenario(forget={"deletedFleets": 600})
    cloudformation.delete_stack(calls, made.record.stack_id, "token")
    made.settle_down(300)
    local_aws.advance(3600)
    seen = capacity_seen(calls, kind, capacity_id, local_aws.now())
    assert (seen.frozen, seen.gone, seen.members) == (True, True, ())


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_one_is_gone_and_its_freeze_no_error(local_aws: LocalAws, calls: Calls, kind: Kind) -> None:
    spot = kind in (SPOT_REQUEST, SPOT_MAINTAIN)
    nobody = "sfr-00000000-0000-0000-0000-000000000000" if spot else "fleet-00000000-0000-0000-0000-000000000000"
    seen = capacity_seen(calls, kind, "ohf-none" if kind == ASG else nobody, local_aws.now())
    assert (seen.frozen, seen.gone) == (True, True)
    carry_out(calls, freeze(kind, "req-none", [nobody]))


@pytest.mark.parametrize("kind", [FLEET_MAINTAIN, SPOT_MAINTAIN])
def test_a_fleet_that_has_ended_is_frozen_already(local_aws: LocalAws, calls: Calls, kind: Kind) -> None:
    made = make(local_aws, calls, kind).settle_down(120)
    capacity_id = only(made).capacity_id
    cloudformation.delete_stack(calls, made.record.stack_id, "token")
    made.settle_down(120)
    freeze_step = freeze_spot_fleet if kind == SPOT_MAINTAIN else freeze_fleet
    freeze_step(calls, capacity_id)
    assert capacity_seen(calls, kind, capacity_id, local_aws.now()).frozen


def test_a_freeze_that_aws_refuses_for_another_reason_is_told(local_aws: LocalAws, calls: Calls) -> None:
    made = make(local_aws, calls, FLEET_MAINTAIN).settle_down(120)
    denied = {"action": "ModifyFleet", "kind": "error", "status": 403, "code": "UnauthorizedOperation"}
    local_aws.scenario(faults=[denied])
    with pytest.raises(ProviderError, match="freeze fleet") as refusal:
        freeze_fleet(calls, only(made).capacity_id)
    assert "ohf iam-policy" in refusal.value.hint


def test_a_group_is_busy_while_a_machine_is_launched(local_aws: LocalAws, calls: Calls) -> None:
    made = make(local_aws, calls, ASG)
    for _ in range(7):
        local_aws.advance(1)
    assert group_seen(calls, made.name, local_aws.now()).busy
    suspend_group(calls, made.name)
    made.settle_down()
    assert not group_seen(calls, made.name, local_aws.now()).busy


def test_a_group_that_only_partly_stands_still_is_not_frozen(local_aws: LocalAws, calls: Calls) -> None:
    made = make(local_aws, calls, ASG).settle_down()
    client = local_aws.client("autoscaling")
    client.suspend_processes(AutoScalingGroupName=made.name, ScalingProcesses=["Launch", "AZRebalance"])
    assert not only(made).frozen
    client.suspend_processes(AutoScalingGroupName=made.name, ScalingProcesses=["ReplaceUnhealthy"])
    assert only(made).frozen


def test_members_that_a_group_takes_away_are_told(local_aws: LocalAws, calls: Calls) -> None:
    made = make(local_aws, calls, ASG).settle_down()
    members = only(made).members
    assert leaving(calls, (*members, *(f"i-{number:017x}" for number in range(100)))) == ()
    local_aws.client("autoscaling").set_instance_health(InstanceId=members[0], HealthStatus="Unhealthy")
    assert leaving(calls, members) == (members[0],)


def test_members_that_the_tag_filter_does_not_show_yet_are_added(local_aws: LocalAws, calls: Calls) -> None:
    local_aws.scenario(lag={"tagFilter": 3600})
    made = make(local_aws, calls, INSTANT).settle_down()
    with counted(local_aws) as actions:
        seen = made.seen()
    assert len(seen.instances) == 3
    assert seen.unseen_members == ()
    assert actions.count("DescribeInstances") == 2


def test_members_that_no_describe_shows_yet_are_unseen(local_aws: LocalAws, calls: Calls) -> None:
    local_aws.scenario(lag={"newInstance": 3600})
    made = make(local_aws, calls, INSTANT).settle_down()
    seen = made.seen()
    assert (len(seen.instances), len(seen.unseen_members)) == (0, 3)
