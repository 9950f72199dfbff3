"""Two hosts that share nothing but AWS: what one has told of a request, the other tells at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, INSTANT, KINDS, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import Provider, forget, live_stacks
from tests.local_aws import LocalAws


def two(aws: LocalAws, folder: Path, **extra: str) -> tuple[Provider, Provider]:
    return Provider(folder / "one", aws, extra=extra), Provider(folder / "other", aws, extra=extra)


@pytest.mark.parametrize("chores", ["0", "5"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("knows", [True, False])
def test_a_shortage_of_all_machines(
    local_aws: LocalAws, tmp_path: Path, kind: Kind, knows: bool, chores: str
) -> None:
    """The other host knows the request as open, or not at all; the stack is still there, or deleted."""
    local_aws.reset(profile="realistic", capacity={"*": 0})
    one, other = two(local_aws, tmp_path, OHF_LIMITS_CHORE_CALLS=chores)
    request_id = one.request(TEMPLATES[kind], 2)
    if knows:
        local_aws.advance(10)
        other.status(request_id)
    told = one.settle(request_id, step=60)
    local_aws.advance(20)
    assert other.status(request_id)["status"] == told["status"] == "complete_with_error"
    assert bool(live_stacks(local_aws)) == (chores == "0")
    forget(one)
    assert one.status(request_id)["status"] == "complete_with_error"


@pytest.mark.parametrize("kind", [INSTANT, ASG, FLEET_MAINTAIN])
@pytest.mark.parametrize("knows", [True, False])
def test_machines_given_back_and_the_stack_deleted(
    local_aws: LocalAws, tmp_path: Path, kind: Kind, knows: bool
) -> None:
    local_aws.reset(profile="realistic")
    one, other = two(local_aws, tmp_path)
    request_id = one.request(TEMPLATES[kind], 2)
    if knows:
        assert other.status(request_id)["status"] == "running"
    one.settle(one.give_back(one.settle(request_id)["machines"]))
    one.polls(180, step=60)
    assert live_stacks(local_aws) == []
    local_aws.advance(5000)
    assert other.status(request_id)["status"] == "complete"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chores", ["0", "5"])
def test_the_chores_of_a_host_that_heard_nothing_change_no_verdict(
    local_aws: LocalAws, tmp_path: Path, kind: Kind, chores: str
) -> None:
    """It knows the request as open; all machines are gone, and the stack is, or stands: nobody has deleted it."""
    local_aws.reset(profile="realistic")
    one = Provider(tmp_path / "one", local_aws, extra={"OHF_LIMITS_CHORE_CALLS": chores})
    other = Provider(tmp_path / "other", local_aws)
    request_id = one.request(TEMPLATES[kind], 2)
    local_aws.advance(10)
    assert other.status(request_id)["status"] == "running"
    assert request_id in other.database()["requests"]
    machines = one.settle(request_id)["machines"]
    ids = [machine["machineId"] for machine in machines]
    if chores == "0":
        local_aws.client("ec2").terminate_instances(InstanceIds=ids)
    else:
        one.settle(one.give_back(machines))
        one.polls(180, step=60)
    assert bool(live_stacks(local_aws)) == (chores == "0")
    local_aws.advance(6 * 3600)
    for _ in range(12):
        other.call("getReturnRequests", {"machines": []})
        local_aws.advance(600)
    assert live_stacks(local_aws) == []
    assert other.status(request_id)["status"] == "complete"
    forget(other)
    assert other.status(request_id)["status"] == "complete"


@pytest.mark.parametrize("kind", [INSTANT, ASG])
def test_a_return_that_is_first_asked_for_when_ec2_has_forgotten_its_machines(
    local_aws: LocalAws, tmp_path: Path, kind: Kind
) -> None:
    """The other host knows the machines by their tags alone: nothing but deleted stacks tells of them."""
    local_aws.reset(profile="realistic")
    one, other = two(local_aws, tmp_path)
    machines = one.settle(one.request(TEMPLATES[kind], 2))["machines"]
    request_id = next(iter(one.database()["requests"]))
    assert other.status(request_id)["status"] == "complete"
    return_id = other.give_back(machines)
    local_aws.advance(600)
    one.polls(4 * 3600, step=600)
    assert live_stacks(local_aws) == []
    assert local_aws.client("ec2").describe_instances()["Reservations"] == []
    assert other.status(return_id)["status"] == "complete"
