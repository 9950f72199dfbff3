"""Situations of rows: machines that are taken from outside."""

from __future__ import annotations

from tests.contract.stage import Stage
from tests.contract.worlds.short import change


def interrupted(stage: Stage, template: str = "spot-now") -> None:
    """A complete request, and half a minute ago EC2 announced that it takes the first machine."""
    entry = stage.complete(template, 2)
    stage.aws.interrupt(ids=[entry["machines"][0]["machineId"]])
    stage.aws.advance(30)


def interrupted_early(stage: Stage) -> None:
    """A request that still waits for a machine, while EC2 announces that it takes one."""
    stage.aws.reset(capacity={"*": 2})
    stage.request("spot-request", 3)
    stage.aws.advance(60)
    first = stage.remember_all()[0]
    stage.aws.interrupt(ids=[first])
    stage.aws.advance(180)


def retired(stage: Stage) -> None:
    """A complete request; EC2 has announced the end of one machine in an hour."""
    entry = stage.complete("grid", 2)
    stage.aws.control("POST", "retire", {"ids": [entry["machines"][0]["machineId"]], "in": 3600})


def lost_outside(stage: Stage, state: str, *, forgotten: bool = False, template: str = "grid") -> None:
    """A complete request of two; one machine has been ended or stopped outside since."""
    if forgotten:
        stage.aws.reset(forget={"terminatedTags": 60, "terminatedInstances": 120})
    entry = stage.complete(template, 2)
    change(stage, entry["machines"][0]["machineId"], state)
    if forgotten:
        stage.aws.advance(600)


def all_lost(stage: Stage) -> None:
    """A complete request; all its machines were ended outside, and EC2 has forgotten them."""
    stage.aws.reset(forget={"terminatedTags": 60, "terminatedInstances": 120})
    entry = stage.complete("grid", 2)
    for one in entry["machines"]:
        change(stage, one["machineId"], "terminated")
    stage.aws.advance(600)


def protected(stage: Stage) -> None:
    """A complete request of two, the first of which may not be ended."""
    entry = stage.complete("grid", 2)
    stage.aws.client("ec2").modify_instance_attribute(
        InstanceId=entry["machines"][0]["machineId"], DisableApiTermination={"Value": True}
    )
