"""Too few machines: what Host Factory hears, what stays, and that nothing comes later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ohf_iac.local.scenario import SWITCHES
from ohf_iac.request import stack_name
from ohf_iac.template.kinds import (
    ASG,
    FLEET_MAINTAIN,
    FLEET_REQUEST,
    INSTANT,
    SPOT_MAINTAIN,
    SPOT_REQUEST,
    Kind,
)
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import EXAMPLE, Provider, live_machines, live_stacks

DAY = 86400
KINDS = list(TEMPLATES)


def with_partial_status(provider: Provider, folder: Path, verdict: str) -> Provider:
    """The example provider under another `partialStatus`."""
    conf = folder / "conf"
    conf.mkdir()
    for source in EXAMPLE.rglob("*"):
        target = conf / source.relative_to(EXAMPLE)
        target.mkdir() if source.is_dir() else target.write_bytes(source.read_bytes())
    settings = json.loads((conf / "ohf.json").read_text())
    settings["template"] = {**settings.get("template", {}), "partialStatus": verdict}
    (conf / "ohf.json").write_text(json.dumps(settings))
    provider.conf = conf
    return provider


@pytest.mark.parametrize("verdict", ["complete", "complete_with_error"])
@pytest.mark.parametrize("kind", KINDS)
def test_two_of_three_by_the_deadline(quick: Provider, tmp_path: Path, kind: Kind, verdict: str) -> None:
    provider = with_partial_status(quick, tmp_path, verdict)
    aws = provider.aws
    aws.reset(profile="realistic", capacity={"*": 2})
    request_id = provider.request(TEMPLATES[kind], 3)
    entry = provider.settle(request_id, step=120, patience=2 * 3600)
    assert entry["status"] == verdict, entry
    assert [one["result"] for one in entry["machines"]] == ["succeed", "succeed"]
    assert "2 of 3" in entry["message"]
    assert "capacity" in entry["message"].lower()
    before = {one["InstanceId"] for one in live_machines(aws)}
    assert {one["machineId"] for one in entry["machines"]} == before
    aws.scenario(profile="realistic")
    for seconds in (90, 90, 90, DAY):
        aws.advance(seconds)
        assert {one["InstanceId"] for one in live_machines(aws)} == before
        provider.polls(60, step=60)
    assert provider.status(request_id) == entry


@pytest.mark.parametrize("kind", KINDS)
def test_a_creation_that_fails_with_no_machine_alive(quick: Provider, kind: Kind) -> None:
    aws = quick.aws
    reason = (
        "Resource handler returned message: \"The image id '[ami-0bad]' does not exist (Service: Ec2, "
        'Status Code: 400, Request ID: 0)" (RequestToken: 1, HandlerErrorCode: InvalidRequest)'
    )
    aws.reset(profile="realistic", stacks={"failCreate": {"Capacity": reason}})
    request_id = quick.request(TEMPLATES[kind], 3)
    entry = quick.settle(request_id, patience=300)
    assert entry["status"] == "complete_with_error"
    assert (
        entry["message"] == "0 of 3 machines: Error Code: InvalidRequest: The image id '[ami-0bad]' does not exist"
    )
    assert "cancelled" not in entry["message"]
    assert "The following resource(s) failed" not in entry["message"]
    assert entry["machines"] == []
    quick.polls(300, step=60)
    assert stack_name(request_id) not in live_stacks(aws)
    assert live_machines(aws) == []


@pytest.mark.parametrize("verdict", ["complete", "complete_with_error"])
@pytest.mark.parametrize(("kind", "switch"), [(ASG, "groupShort"), (INSTANT, "instantPartial")])
def test_a_creation_that_fails_with_machines_alive_is_a_shortage(
    quick: Provider, tmp_path: Path, kind: Kind, switch: str, verdict: str
) -> None:
    provider = with_partial_status(quick, tmp_path, verdict)
    aws = provider.aws
    aws.reset(profile="realistic", capacity={"*": 2}, uncertain={switch: "fail"})
    request_id = provider.request(TEMPLATES[kind], 3)
    entry = provider.settle(request_id, patience=600)
    assert entry["status"] == verdict
    assert [one["result"] for one in entry["machines"]] == ["succeed", "succeed"]
    assert "capacity" in entry["message"].lower()
    (stack,) = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_FAILED"
    aws.scenario(profile="realistic")
    for seconds in (90, DAY):
        aws.advance(seconds)
        assert {one["InstanceId"] for one in live_machines(aws)} == {one["machineId"] for one in entry["machines"]}
        provider.polls(60, step=60)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_at_all_by_the_deadline(quick: Provider, kind: Kind) -> None:
    aws = quick.aws
    aws.reset(profile="realistic", capacity={"*": 0})
    request_id = quick.request(TEMPLATES[kind], 3)
    entry = quick.settle(request_id, step=120, patience=2 * 3600)
    assert entry["status"] == "complete_with_error"
    assert entry["machines"] == []
    assert "0 of 3" in entry["message"]
    assert "capacity" in entry["message"].lower()
    quick.polls(600, step=120)
    assert live_stacks(aws) == []
    aws.scenario(profile="realistic")
    aws.advance(DAY)
    assert live_machines(aws) == []


#: where AWS's behavior is uncertain in a shortage, by kind
UNCERTAIN = [
    *((ASG, "groupShort", value) for value in SWITCHES["uncertain.groupShort"]),
    *((INSTANT, "instantPartial", value) for value in SWITCHES["uncertain.instantPartial"]),
    *(
        (kind, switch, value)
        for kind in (FLEET_REQUEST, FLEET_MAINTAIN, SPOT_REQUEST, SPOT_MAINTAIN)
        for switch in ("fleetStack", "expiredState", "expiredDelete", "spotFleetDelete")
        for value in SWITCHES[f"uncertain.{switch}"]
    ),
]


@pytest.mark.parametrize(("kind", "switch", "value"), UNCERTAIN)
def test_a_shortage_ends_alike_whatever_aws_does(quick: Provider, kind: Kind, switch: str, value: str) -> None:
    aws = quick.aws
    aws.reset(profile="realistic", capacity={"*": 2}, uncertain={switch: value})
    request_id = quick.request(TEMPLATES[kind], 3)
    entry = quick.settle(request_id, step=120, patience=2 * 3600)
    assert entry["status"] == "complete"
    assert {one["machineId"] for one in entry["machines"]} == {one["InstanceId"] for one in live_machines(aws)}
    assert len(entry["machines"]) == 2
    returned = quick.settle(quick.give_back(entry["machines"]))
    assert returned["status"] == "complete"
    assert live_machines(aws) == []
    quick.polls(900, step=150)
    assert live_stacks(aws) == []


@pytest.mark.parametrize("value", SWITCHES["uncertain.instantEmpty"])
def test_an_instant_fleet_without_a_machine_ends_alike(quick: Provider, value: str) -> None:
    quick.aws.reset(profile="realistic", capacity={"*": 0}, uncertain={"instantEmpty": value})
    entry = quick.settle(quick.request("instant-ondemand", 3), patience=600)
    assert (entry["status"], entry["machines"]) == ("complete_with_error", [])
    assert "capacity" in entry["message"].lower()
    quick.polls(300, step=100)
    assert live_stacks(quick.aws) == []
