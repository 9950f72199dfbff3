"""Every status that AWS knows has a meaning here: our tables against the enums of the installed botocore.

A new value in an enum fails with its name. Then the table gets a row, and `judge` is thought through for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import botocore.session
import pytest

from ohf_iac.aws.fleets import FLEET_ENDED
from ohf_iac.aws.groups import FROZEN_PROCESSES, _launching
from ohf_iac.cfn import BUSY, STACK_PHASE
from ohf_iac.drift import DETECTABLE, FOUND, STAGES
from ohf_iac.machine import CREATE_RESULT, LIVE_STATES, RETURN_RESULT

#: What DescribeScalingActivities shows of an activity that has ended; all else is under way.
ACTIVITY_ENDED = {"Successful", "Failed", "Cancelled"}
ACTIVITY_UNDER_WAY = {
    "PendingSpotBidPlacement",
    "WaitingForSpotInstanceRequestId",
    "WaitingForSpotInstanceId",
    "WaitingForInstanceId",
    "PreInService",
    "InProgress",
    "WaitingForELBConnectionDraining",
    "MidLifecycleAction",
    "WaitingForInstanceWarmup",
    "WaitingForConnectionDraining",
    "WaitingForInPlaceUpdateToStart",
    "WaitingForInPlaceUpdateToFinalize",
    "InPlaceUpdateInProgress",
}


@cache
def shape_of(service: str, shape: str) -> Any:
    """A shape of botocore's model of a service."""
    return botocore.session.Session().get_service_model(service).shape_for(shape)


@cache
def enum(service: str, shape: str) -> frozenset[str]:
    """The values of an enum in botocore's model of a service."""
    values = shape_of(service, shape).enum
    assert values, f"{service} has no enum {shape}"
    return frozenset(values)


def unmapped(table: Iterable[str], service: str, *shapes: str) -> str:
    """What the enums know and the table does not, as a sentence; "" when the table is total."""
    missing = frozenset().union(*(enum(service, shape) for shape in shapes)) - frozenset(table)
    return f"{service} has new {' and '.join(shapes)} values: {sorted(missing)}" if missing else ""


@pytest.mark.parametrize(
    ("table", "service", "shapes"),
    [
        pytest.param(CREATE_RESULT, "ec2", ["InstanceStateName"], id="results of creation"),
        pytest.param(RETURN_RESULT, "ec2", ["InstanceStateName"], id="results of returns"),
        pytest.param(STACK_PHASE, "cloudformation", ["StackStatus"], id="phases of stacks"),
        pytest.param(FLEET_ENDED, "ec2", ["FleetStateCode", "BatchState"], id="ends of fleets"),
        pytest.param(STAGES, "cloudformation", ["StackDriftDetectionStatus"], id="detections of drift"),
        pytest.param(FOUND, "cloudformation", ["StackResourceDriftStatus"], id="drift of resources"),
        pytest.param(
            ACTIVITY_ENDED | ACTIVITY_UNDER_WAY,
            "autoscaling",
            ["ScalingActivityStatusCode"],
            id="scaling activities",
        ),
    ],
)
def test_the_table_is_total(table: Iterable[str], service: str, shapes: list[str]) -> None:
    assert not unmapped(table, service, *shapes)


@pytest.mark.parametrize(
    ("table", "service", "shapes"),
    [
        (CREATE_RESULT, "ec2", ["InstanceStateName"]),
        (RETURN_RESULT, "ec2", ["InstanceStateName"]),
        (STACK_PHASE, "cloudformation", ["StackStatus"]),
        (FLEET_ENDED, "ec2", ["FleetStateCode", "BatchState"]),
        (STAGES, "cloudformation", ["StackDriftDetectionStatus"]),
        (FOUND, "cloudformation", ["StackResourceDriftStatus"]),
        (DETECTABLE, "cloudformation", ["StackStatus"]),
    ],
)
def test_the_table_holds_no_status_that_aws_does_not_know(
    table: Iterable[str], service: str, shapes: list[str]
) -> None:
    assert frozenset(table) <= frozenset().union(*(enum(service, shape) for shape in shapes))


def test_a_new_status_is_named() -> None:
    older = set(CREATE_RESULT) - {"stopping"}
    assert unmapped(older, "ec2", "InstanceStateName") == "ec2 has new InstanceStateName values: ['stopping']"


def test_live_states_are_those_that_somebody_pays_for() -> None:
    assert enum("ec2", "InstanceStateName") - LIVE_STATES == {"shutting-down", "terminated"}


def test_only_a_terminated_machine_is_returned() -> None:
    assert [state for state, result in RETURN_RESULT.items() if result == "succeed"] == ["terminated"]
    assert "fail" not in RETURN_RESULT.values()


def test_only_a_running_machine_is_created() -> None:
    assert [state for state, result in CREATE_RESULT.items() if result == "succeed"] == ["running"]
    assert [state for state, result in CREATE_RESULT.items() if result == "executing"] == ["pending"]


def test_a_busy_stack_is_one_whose_status_says_in_progress() -> None:
    assert frozenset(one for one in enum("cloudformation", "StackStatus") if "IN_PROGRESS" in one) == BUSY


@pytest.mark.parametrize("status", sorted(ACTIVITY_ENDED | ACTIVITY_UNDER_WAY))
def test_a_launch_is_under_way_until_its_activity_has_ended(status: str) -> None:
    activity = {"StatusCode": status, "Description": "Launching a new EC2 instance: i-0123"}
    assert _launching(activity) == (status in ACTIVITY_UNDER_WAY)


def test_what_a_frozen_group_must_not_do_is_known_to_aws() -> None:
    """SuspendProcesses takes any text in the model; the names are those of its documentation."""
    shape = shape_of("autoscaling", "ScalingProcessQuery")
    documentation = str(shape.members["ScalingProcesses"].documentation)
    assert all(name in documentation for name in FROZEN_PROCESSES)
    assert "Terminate" not in FROZEN_PROCESSES
