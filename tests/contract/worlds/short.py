"""Situations of rows: what was asked for and did not come, or not all of it."""

from __future__ import annotations

from typing import Any

from tests.contract.stage import Stage
from tests.contract.worlds.requested import SLOW, starting


def short(stage: Stage, template: str = "grid", have: int = 2, want: int = 3) -> None:
    """A request that capacity let have only a part of its machines, past every deadline."""
    stage.aws.reset(capacity={"*": have})
    request_id = stage.request(template, want)
    _poll_until_terminal(stage, request_id)
    stage.remember_all()


def strict_by_setting(stage: Stage) -> None:
    """A shortage under an administrator's own partialStatus."""
    stage.provider.extra["OHF_TEMPLATE_PARTIAL_STATUS"] = "complete_with_error"
    short(stage)


def none_launched(stage: Stage, template: str = "grid") -> None:
    """A request for which there is no capacity at all."""
    stage.aws.reset(capacity={"*": 0})
    _poll_until_terminal(stage, stage.request(template, 2))


def _poll_until_terminal(stage: Stage, request_id: str) -> None:
    """Poll until the answer is terminal."""
    for _ in range(60):
        if stage.provider.status(request_id)["status"] != "running":
            return
        stage.aws.advance(240)
    raise AssertionError(f"{request_id} never ends")


def died(stage: Stage, state: str, *, template: str = "grid", starts: float = 15) -> None:
    """Of two machines one has been ended or stopped outside before anybody asked."""
    stage.aws.reset(times={"pending": starts, **slow_end(state)})
    stage.request(template, 2)
    stage.aws.advance(starts + 15)
    first = stage.remember_all()[0]
    change(stage, first, state)


def slow_end(state: str) -> dict[str, float]:
    """Times under which a machine stays in a state that it is only passing through, however slow the test is."""
    return {"shutdown": 600} if state in ("stopping", "shutting-down") else {}


def change(stage: Stage, machine_id: str, state: str) -> None:
    """Bring a running machine into a state from outside."""
    ec2 = stage.aws.client("ec2")
    if state in ("stopping", "stopped"):
        ec2.stop_instances(InstanceIds=[machine_id])
    else:
        ec2.terminate_instances(InstanceIds=[machine_id])
    if state in ("stopped", "terminated"):
        stage.aws.advance(30)


def failed_launch(stage: Stage) -> None:
    """One of two machines ends while it is starting."""
    failure = {"count": 1, "code": "Client.VolumeLimitExceeded", "message": "Volume limit exceeded"}
    stage.aws.reset(launchFailures=[failure])
    stage.request("grid", 2)
    stage.aws.advance(60)
    stage.remember_all()


def failed_stack(stage: Stage) -> None:
    """A request whose stack could not be created."""
    stage.aws.reset(stacks={"failCreate": {"Capacity": "The image id '[ami-0bad]' does not exist"}})
    request_id = stage.request("grid", 2)
    for _ in range(2):
        stage.aws.advance(60)
        stage.provider.status(request_id)


def overdue(stage: Stage) -> None:
    """A machine is pending for longer than the administrator allows."""
    stage.provider.extra["OHF_PROVIDER_PENDING_TIMEOUT"] = "180"
    stage.aws.reset(times={"pending": 7200})
    request_id = stage.request("patient", 1)
    stage.aws.advance(30)
    stage.remember_all()
    for _ in range(8):
        stage.provider.status(request_id)
        stage.aws.advance(200)


def blind(stage: Stage) -> None:
    """A request with pending machines that were once told; now EC2 refuses all reads."""
    starting(stage)
    stage.provider.status(stage.first_request)
    stage.aws.scenario(times=SLOW, faults=[{"service": "*", "action": "*", "kind": "throttle"}])
    stage.dark = True
    stage.provider.extra["OHF_PROVIDER_RETRY_ATTEMPTS"] = "0"


def refusing(stage: Stage, **fault: Any) -> None:
    """AWS refuses one action in its own words."""
    stage.aws.reset(faults=[fault])
    stage.dark = fault["action"] == "*"
    stage.provider.extra["OHF_PROVIDER_RETRY_ATTEMPTS"] = "0"
