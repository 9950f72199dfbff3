"""Situations of rows: machines that were given back."""

from __future__ import annotations

from tests.contract.stage import Stage
from tests.contract.worlds.requested import SLOW, scattered, starting, strangers, waiting
from tests.contract.worlds.short import change, slow_end


def returned(stage: Stage, seconds: float = 5, template: str = "grid", *, protect: bool = False) -> None:
    """A complete request of two; the first machine was given back that long ago, and takes two minutes to end."""
    stage.aws.reset(times={"shutdown": 120})
    entry = stage.complete(template, 2)
    first = entry["machines"][0]
    if protect:
        stage.aws.client("ec2").modify_instance_attribute(
            InstanceId=first["machineId"], DisableApiTermination={"Value": True}
        )
    stage.give_back([first])
    stage.aws.advance(seconds)


def returned_for_good(stage: Stage) -> None:
    """A complete request of two; the first machine was given back and is gone."""
    entry = stage.complete("grid", 2)
    stage.provider.settle(stage.give_back(entry["machines"][:1]))


def returned_unheard(stage: Stage, state: str) -> None:
    """The first of two machines was given back in this state, and EC2 takes no termination for the time being."""
    refusal = {"service": "ec2", "action": "TerminateInstances", "kind": "throttle"}
    pending = {"times": SLOW if state == "pending" else slow_end(state)}
    stage.aws.reset(**pending)
    request_id = stage.request("grid", 2)
    stage.aws.advance(60)
    entry = stage.provider.status(request_id)
    stage.remember(entry["machines"])
    if state in ("stopping", "stopped"):
        change(stage, entry["machines"][0]["machineId"], state)
    stage.aws.scenario(**pending, faults=[refusal])
    stage.provider.extra["OHF_PROVIDER_RETRY_ATTEMPTS"] = "0"
    stage.give_back(entry["machines"][:1])


def returned_vanished(stage: Stage) -> None:
    """A machine was given back, ended, and EC2 has forgotten it before anybody asked."""
    stage.aws.reset(forget={"terminatedTags": 60, "terminatedInstances": 120})
    entry = stage.complete("grid", 2)
    stage.give_back(entry["machines"][:1])
    stage.aws.advance(600)


def returned_while_running(stage: Stage, template: str) -> None:
    """A request that waits for a third machine, of which one of two was given back."""
    waiting(stage, template)
    stage.provider.status(stage.first_request)
    entry = stage.provider.status(stage.first_request)
    stage.give_back(entry["machines"][:1])
    stage.aws.advance(30)


def returned_while_starting(stage: Stage) -> None:
    """Both machines of a request were given back before they ran."""
    starting(stage)
    stage.provider.status(stage.first_request)
    entry = stage.provider.status(stage.first_request)
    stage.give_back(entry["machines"])
    stage.aws.advance(60)


def returned_unknown(stage: Stage) -> None:
    """A machine that nobody knows was given back a while ago."""
    stage.give_back([{"name": "ip-10-9-9-9.ec2.internal", "machineId": "i-0dead0dead0dead00"}])
    stage.aws.advance(400)


def returned_stranger(stage: Stage) -> None:
    """A machine of another installation was given back."""
    strangers(stage)
    stage.remember_all()
    stranger = stage.names.filled_in("<machine-3>")
    stage.give_back([{"name": stage.names.filled_in("<name-3>"), "machineId": stranger}])
    stage.aws.advance(60)


def returned_across(stage: Stage) -> None:
    """One machine of each of three requests was given back."""
    scattered(stage)
    given = [
        {"name": stage.names.filled_in(f"<name-{n}>"), "machineId": stage.names.filled_in(f"<machine-{n}>")}
        for n in (1, 3, 5)
    ]
    stage.give_back(given)
    stage.aws.advance(60)


def returned_in_part(stage: Stage) -> None:
    """Two machines were given back; the first had been ended outside a while before."""
    entry = stage.complete("grid", 2)
    change(stage, entry["machines"][0]["machineId"], "terminated")
    stage.aws.scenario(times=slow_end("shutting-down"))
    stage.give_back(entry["machines"])
    stage.aws.advance(5)
