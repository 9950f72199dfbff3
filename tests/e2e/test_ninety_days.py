"""Ninety days of a request's life: what was told of it once is told for ever, with the store and without."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.request import stack_name
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, INSTANT, KINDS, SPOT_REQUEST, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import EXAMPLE, Provider, forget, live_machines, live_stacks
from tests.local_aws import LocalAws

HOUR, DAY = 3600, 86400
#: seconds after settling at which Host Factory, or an administrator, asks once more
LOOKS = (60, 900, 2 * HOUR, 26 * HOUR, 3 * DAY, 10 * DAY, 45 * DAY, 75 * DAY, 90 * DAY - HOUR)
FOREIGN = "their-template"


@pytest.fixture
def provider(local_aws: LocalAws, tmp_path: Path) -> Provider:
    """The example provider, with a template each for instant fleets and groups that starts a foreign template."""
    conf = tmp_path / "conf"
    conf.mkdir()
    for file in EXAMPLE.glob("*.json"):
        (conf / file.name).write_bytes(file.read_bytes())
    shutil.copytree(EXAMPLE / "scripts", conf / "scripts")
    return Provider(tmp_path, local_aws, conf=conf)


def with_foreign_template(provider: Provider, kind: Kind) -> str:
    """A host template of that kind over somebody else's launch template; its id."""
    made = provider.aws.client("ec2").create_launch_template(
        LaunchTemplateName=f"theirs-{kind}",
        LaunchTemplateData={"ImageId": "ami-0a1b2c3d4e5f60001", "InstanceType": "m5.large"},
    )
    catalogue = json.loads((EXAMPLE / "awsprov_templates.json").read_text())
    entry = {
        "templateId": FOREIGN,
        "maxNumber": 100,
        "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "2"], "nram": ["Numeric", "8192"]},
        "launchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"],
        "launchTemplateVersion": 1,
        "subnetId": "subnet-0a1b2c3d4e5f60001",
        "providerApi": "ASG" if kind == ASG else "EC2Fleet",
    }
    catalogue["templates"].append(entry)
    (provider.conf / "awsprov_templates.json").write_text(json.dumps(catalogue))
    return FOREIGN


def ids_of(entry: dict[str, Any]) -> set[str]:
    return {one["machineId"] for one in entry["machines"]}


def shown(provider: Provider, request_id: str) -> set[str]:
    """The machines that EC2 still shows as the request's, with the mark of its terminal answer."""
    filters = [
        {"Name": "tag:ohf:request-id", "Values": [request_id]},
        {"Name": "tag-key", "Values": ["ohf:settled"]},
    ]
    answer = provider.aws.client("ec2").describe_instances(Filters=filters)
    return {one["InstanceId"] for part in answer["Reservations"] for one in part["Instances"]}


def housekeeping(provider: Provider) -> None:
    """What else happens in a provider's day: another request comes and goes, and chores fall due."""
    entry = provider.settle(provider.request("instant-ondemand", 1))
    provider.settle(provider.give_back(entry["machines"]))
    provider.polls(240, step=80)


def fates(provider: Provider, machines: list[Mapping[str, Any]], number: int) -> str:
    """What becomes of the machines on the way: returned, taken by EC2, ended by hand. The id of a return."""
    if number == 1:
        return provider.give_back(machines[:1])
    if number == 3 and machines[1]["priceType"] == "spot":
        provider.aws.interrupt(ids=[machines[1]["machineId"]])
    elif number == 3:
        provider.aws.client("ec2").stop_instances(InstanceIds=[machines[1]["machineId"]])
    elif number == 4:
        provider.aws.client("ec2").terminate_instances(InstanceIds=[machines[2]["machineId"]])
    return ""


def kept() -> list[Any]:
    """Every kind with a database of 90 days; archives are the same for all of them."""
    rows = [pytest.param(kind, "90", id=f"{kind} kept for 90 days") for kind in KINDS]
    seldom = {kind: () if kind == ASG else pytest.mark.sweep for kind in KINDS}
    return rows + [pytest.param(kind, "1", id=f"{kind} archived", marks=seldom[kind]) for kind in KINDS]


@pytest.mark.parametrize(("kind", "days"), kept())
def test_an_answer_stands_for_ninety_days(provider: Provider, kind: Kind, days: str) -> None:
    aws = provider.aws
    aws.reset(profile="realistic")
    provider.extra["OHF_STORAGE_HISTORY_DAYS"] = days
    lives = provider.settle(provider.request(TEMPLATES[kind], 4))
    ends = provider.settle(provider.request(TEMPLATES[kind], 2))
    answers = [lives, ends, provider.settle(provider.give_back(ends["machines"]))]
    assert [one["status"] for one in answers] == ["complete"] * 3
    passed = 0
    for number, moment in enumerate(LOOKS):
        aws.advance(moment - passed)
        passed = moment
        if returned := fates(provider, lives["machines"], number):
            answers.append(provider.settle(returned))
        if number in (2, 4, 6, 8):
            housekeeping(provider)
        for entry in answers:
            assert provider.status(entry["requestId"]) == entry, f"after {moment} s"
    assert {one["InstanceId"] for one in live_machines(aws)} == {lives["machines"][3]["machineId"]}


def test_archives_were_really_made(provider: Provider) -> None:
    """The counter-proof of the test before: the database has forgotten, the archive tells."""
    provider.aws.reset(profile="realistic")
    provider.extra["OHF_STORAGE_HISTORY_DAYS"] = "1"
    entry = provider.settle(provider.request("asg-ondemand", 1))
    provider.settle(provider.give_back(entry["machines"]))
    provider.polls(240, step=80)
    provider.aws.advance(3 * DAY)
    housekeeping(provider)
    assert entry["requestId"] not in provider.database()["requests"]
    assert provider.status(entry["requestId"]) == entry


def variants() -> list[Any]:
    """Every kind filled; partly filled one whose stack fails then, one that is frozen, one that ends by itself."""
    rows = [pytest.param(kind, TEMPLATES[kind], "all", id=f"{kind} all") for kind in KINDS]
    for kind in KINDS:
        marks = () if kind in (ASG, FLEET_MAINTAIN, SPOT_REQUEST) else pytest.mark.sweep
        rows.append(pytest.param(kind, TEMPLATES[kind], "part", id=f"{kind} part", marks=marks))
    return rows + [pytest.param(kind, "", "all", id=f"{kind} of a foreign template") for kind in (INSTANT, ASG)]


@pytest.mark.parametrize(("kind", "template", "came"), variants())
def test_an_answer_stands_without_a_store_while_aws_tells(
    provider: Provider, kind: Kind, template: str, came: str
) -> None:
    """The store is lost before every look. Some machines live on, and one stack has lost all of its own."""
    aws = provider.aws
    aws.reset(profile="realistic", **({"capacity": {"*": 3}} if came == "part" else {}))
    template = template or with_foreign_template(provider, kind)
    request_id = provider.request(template, 4)
    entry = provider.settle(request_id, step=60)
    assert (entry["status"], len(entry["machines"])) == ("complete", 3 if came == "part" else 4)
    passed = 0
    for number, moment in enumerate(LOOKS):
        aws.advance(moment - passed)
        passed = moment
        forget(provider)
        fates(provider, entry["machines"], number)
        forget(provider)
        again = provider.status(request_id)
        assert again["status"] == "complete", f"after {moment} s: {again}"
        assert shown(provider, request_id) <= ids_of(again) <= ids_of(entry), f"after {moment} s"
        if number == 5:  # nobody looks until EC2 has forgotten them: the stack alone is left
            aws.client("ec2").terminate_instances(InstanceIds=sorted(shown(provider, request_id)))


@pytest.mark.parametrize("kind", [INSTANT, ASG])
def test_a_deleted_stacks_events_tell_the_verdict_for_ninety_days(provider: Provider, kind: Kind) -> None:
    aws = provider.aws
    aws.reset(profile="realistic")
    request_id = provider.request(TEMPLATES[kind], 2)
    entry = provider.settle(request_id)
    provider.settle(provider.give_back(entry["machines"]))
    provider.polls(600, step=100)
    assert stack_name(request_id) not in live_stacks(aws)
    for days in (1, 30, 58):
        aws.advance(days * DAY)
        forget(provider)
        assert provider.status(request_id)["status"] == "complete"


@pytest.mark.parametrize("kind", [INSTANT, ASG, SPOT_REQUEST])
def test_an_answer_stands_though_every_machine_was_returned_before_it(provider: Provider, kind: Kind) -> None:
    """No machine is left to bear the mark: what outlives them does. Chores, which would tidy up, are not had."""
    aws = provider.aws
    aws.reset(profile="realistic")
    provider.extra["OHF_LIMITS_CHORE_CALLS"] = "0"
    request_id = provider.request(TEMPLATES[kind], 2)
    aws.advance(60)
    hosts = [{"name": one["PrivateDnsName"], "machineId": one["InstanceId"]} for one in live_machines(aws)]
    assert len(hosts) == 2
    provider.call("requestReturnMachines", {"machines": hosts})
    assert provider.settle(request_id)["status"] == "complete"
    aws.advance(2 * DAY)
    assert stack_name(request_id) in live_stacks(aws)
    forget(provider)
    assert provider.status(request_id)["status"] == "complete"
