"""The whole life of requests through the scripts, judged by EC2's and CloudFormation's own describes."""

from __future__ import annotations

from typing import Any

import pytest

from ohf_iac.local.scenario import SWITCHES
from ohf_iac.request import stack_name
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, KINDS, SPOT_MAINTAIN, Kind
from tests.e2e.matrix import CELLS, RUNS, TEMPLATES, Cell, run_of
from tests.e2e.provider import Provider, live_machines, live_stacks
from tests.local_aws import switched

DAY = 86400


def everything_gone(provider: Provider, request_id: str) -> None:
    """Neither stack nor launch template, group, fleet or machine of the request is left."""
    aws = provider.aws
    assert stack_name(request_id) not in live_stacks(aws)
    assert live_machines(aws) == []
    ec2, groups = aws.client("ec2"), aws.client("autoscaling")
    names = [one["LaunchTemplateName"] for one in ec2.describe_launch_templates()["LaunchTemplates"]]
    assert stack_name(request_id) not in names
    assert groups.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    states = {one["FleetState"] for one in ec2.describe_fleets()["Fleets"]}
    assert states <= {"deleted", "deleted_running", "deleted_terminating"}
    requests = ec2.describe_spot_fleet_requests()["SpotFleetRequestConfigs"]
    assert {one["SpotFleetRequestState"] for one in requests} <= {
        "cancelled",
        "cancelled_running",
        "cancelled_terminating",
    }


def check_machines(provider: Provider, machines: list[dict[str, Any]], count: int) -> None:
    """The machines of a complete answer are the running instances, under EC2's names."""
    running = {one["InstanceId"]: one for one in live_machines(provider.aws)}
    assert len(machines) == count
    assert {one["machineId"] for one in machines} == set(running)
    for one in machines:
        assert one["result"] == "succeed"
        assert one["status"] == "running"
        assert one["name"] == running[one["machineId"]]["PrivateDnsName"]
        assert type(one["launchtime"]) is int


def live(provider: Provider, template: str, looks: tuple[int, ...] = (60, 60, 60, DAY)) -> None:
    """A request of 3: running, complete, one returned for good, the rest returned, everything gone.

    `looks` are the seconds after which it is looked for a replacement, before any chore could end one.
    """
    request_id = provider.request(template, 3)
    assert provider.status(request_id)["status"] == "running"
    entry = provider.settle(request_id)
    assert entry["status"] == "complete", entry
    check_machines(provider, entry["machines"], 3)
    assert provider.status(request_id) == entry

    first, *rest = entry["machines"]
    returned = provider.give_back([first])
    gone = provider.settle(returned, step=15)
    assert gone["status"] == "complete"
    assert [(one["machineId"], one["result"], one["status"]) for one in gone["machines"]] == [
        (first["machineId"], "succeed", "terminated")
    ]
    left = [one for one in entry["machines"] if one != first]
    for seconds in looks:
        provider.polls(60, step=60)
        provider.aws.advance(seconds)
        check_machines(provider, left, 2)
    provider.polls(60, step=60)
    check_machines(provider, left, 2)

    last = provider.settle(provider.give_back(rest), step=15)
    assert last["status"] == "complete"
    assert {one["result"] for one in last["machines"]} == {"succeed"}
    provider.polls(360, step=90)
    everything_gone(provider, request_id)
    assert provider.status(request_id) == entry


@pytest.mark.parametrize("kind", TEMPLATES)
def test_the_life_of_a_request_of_each_kind_through_the_scripts(provider: Provider, kind: Kind) -> None:
    provider.aws.reset(profile="realistic")
    live(provider, TEMPLATES[kind])


@pytest.mark.parametrize("cell", RUNS, ids=lambda cell: cell.name)
def test_a_request_lives_and_ends_under_every_switch(quick: Provider, cell: Cell) -> None:
    quick.aws.reset(profile="realistic", **switched(cell.switch, cell.value))
    live(quick, TEMPLATES[cell.kind], (150, DAY))


def test_the_matrix_has_a_cell_for_every_kind_under_every_value() -> None:
    assert set(TEMPLATES) == set(KINDS)
    wanted = {(kind, switch, value) for switch, values in SWITCHES.items() for value in values for kind in KINDS}
    assert {(cell.kind, cell.switch, cell.value) for cell in CELLS} == wanted
    assert {run_of(cell) for cell in CELLS} == set(RUNS)


@pytest.mark.parametrize("kind", [ASG, FLEET_MAINTAIN, SPOT_MAINTAIN])
def test_without_the_freeze_a_returned_machine_would_be_replaced(quick: Provider, kind: Kind) -> None:
    """The counter-proof of the life: thawed by hand, the group or fleet launches a machine nobody knows of."""
    request_id = quick.request(TEMPLATES[kind], 3)
    entry = quick.settle(request_id)
    thaw(quick, kind, request_id)
    quick.settle(quick.give_back(entry["machines"][:1]), step=15)
    quick.aws.advance(3600)
    known = {one["machineId"] for one in entry["machines"]}
    assert {one["InstanceId"] for one in live_machines(quick.aws)} - known


def thaw(provider: Provider, kind: Kind, request_id: str) -> None:
    """Take the freeze back: what a group or fleet is like when nobody froze it."""
    ec2, groups = provider.aws.client("ec2"), provider.aws.client("autoscaling")
    if kind == ASG:
        groups.resume_processes(AutoScalingGroupName=stack_name(request_id))
    elif kind == FLEET_MAINTAIN:
        (fleet,) = ec2.describe_fleets()["Fleets"]
        ec2.modify_fleet(FleetId=fleet["FleetId"], TargetCapacitySpecification={"TotalTargetCapacity": 3})
    else:
        (fleet,) = ec2.describe_spot_fleet_requests()["SpotFleetRequestConfigs"]
        ec2.modify_spot_fleet_request(SpotFleetRequestId=fleet["SpotFleetRequestId"], TargetCapacity=3)
