"""Small lives, each of which needs some permissions: what has to come out of them is asserted.

None of them waits long when something is denied.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ohf_iac.request import stack_name
from tests.e2e.matrix import TEMPLATES
from tests.e2e.permitted import BUCKET, ROLE, Installation, client_of, said
from tests.e2e.provider import Provider, forget, live_machines, live_stacks

SHORT: Final = {"profile": "realistic", "capacity": {"*": 2}}
FAST: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens, and in which world."""

    run: Callable[[Installation], None]
    world: Mapping[str, Any] = field(default_factory=lambda: FAST)


def settled(provider: Provider, request_id: str, patience: float = 600) -> dict[str, Any]:
    return provider.settle(request_id, step=60, patience=patience)


def life(template: str, count: int = 2) -> Scenario:
    """Asked for, complete, one machine returned, all returned, gone."""

    def run(installation: Installation) -> None:
        provider = installation.provider
        request_id = provider.request(template, count)
        entry = settled(provider, request_id)
        assert (entry["status"], len(live_machines(provider.aws))) == ("complete", count), entry
        assert settled(provider, provider.give_back(entry["machines"][:1]))["status"] == "complete"
        assert len(live_machines(provider.aws)) == count - 1
        assert settled(provider, provider.give_back(entry["machines"][1:]))["status"] == "complete"
        gone(provider, request_id)

    return Scenario(run)


def gone(provider: Provider, request_id: str) -> None:
    provider.polls(300, step=100)
    assert live_machines(provider.aws) == []
    assert stack_name(request_id) not in live_stacks(provider.aws)
    named = provider.aws.client("ec2").describe_launch_templates()["LaunchTemplates"]
    assert stack_name(request_id) not in [one["LaunchTemplateName"] for one in named]


def started(template: str, count: int = 1) -> Scenario:
    """Asked for and complete; nothing is returned."""

    def run(installation: Installation) -> None:
        provider = installation.provider
        entry = settled(provider, provider.request(template, count))
        assert (entry["status"], len(live_machines(provider.aws))) == ("complete", count), entry

    return Scenario(run)


def shortage(template: str) -> Scenario:
    """Two of three, and the reason."""

    def run(installation: Installation) -> None:
        provider = installation.provider
        entry = provider.settle(provider.request(template, 3), step=450, patience=3600)
        assert (entry["status"], len(live_machines(provider.aws))) == ("complete", 2), entry
        assert "2 of 3" in entry["message"]
        assert "capacity" in entry["message"].lower()

    return Scenario(run, SHORT)


def _reclaims(installation: Installation) -> None:
    """A spot machine taken, one retired, one of a group on its way out: Host Factory hears of all three."""
    provider, aws = installation.provider, installation.provider.aws
    spot = settled(provider, provider.request("instant-spot", 2))["machines"]
    (grouped,) = settled(provider, provider.request("asg-ondemand", 1))["machines"]
    aws.interrupt(ids=[spot[0]["machineId"]])
    aws.control("POST", "retire", {"ids": [spot[1]["machineId"]], "in": 600})
    health = {"InstanceId": grouped["machineId"], "HealthStatus": "Unhealthy"}
    aws.client("autoscaling").suspend_processes(
        AutoScalingGroupName=group_of(provider), ScalingProcesses=["ReplaceUnhealthy"]
    )
    aws.client("autoscaling").set_instance_health(**health)
    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in (*spot, grouped)]
    answer = provider.call("getReturnRequests", {"machines": hosts})
    assert {one["machineId"] for one in answer["requests"]} == {one["machineId"] for one in hosts}, answer


def group_of(provider: Provider) -> str:
    (group,) = provider.aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return str(group["AutoScalingGroupName"])


def _rest(installation: Installation) -> None:
    provider = installation.provider
    request_id = provider.request("heterogeneous-spot", 3)
    entry = provider.settle(request_id, step=120, patience=2 * 3600)
    assert sorted(one["priceType"] for one in entry["machines"]) == ["ondemand", "spot", "spot"], entry
    assert settled(provider, provider.give_back(entry["machines"]))["status"] == "complete"
    gone(provider, request_id)


def _failed(installation: Installation) -> None:
    """A creation that fails tells why, and nothing is left of it."""
    provider = installation.provider
    request_id = provider.request("instant-ondemand", 1)
    entry = settled(provider, request_id)
    assert entry["status"] == "complete_with_error", entry
    assert "no such thing" in entry["message"]
    gone(provider, request_id)


def _forgotten(installation: Installation) -> None:
    """The answer stands when memory, machines and stack are gone."""
    provider = installation.provider
    request_id = provider.request("instant-ondemand", 1)
    entry = settled(provider, request_id)
    settled(provider, provider.give_back(entry["machines"]))
    gone(provider, request_id)
    forget(provider)
    provider.aws.advance(7200)
    assert provider.status(request_id)["status"] == "complete"


def _outlived(template: str) -> Scenario:
    """Machines ended outside and forgotten by EC2, memory lost: the mark on what outlives them tells the answer."""

    def run(installation: Installation) -> None:
        provider, aws = installation.provider, installation.provider.aws
        request_id = provider.request(template, 2)
        entry = settled(provider, request_id)
        aws.client("ec2").terminate_instances(InstanceIds=[one["machineId"] for one in entry["machines"]])
        aws.advance(7200)
        forget(provider)
        assert provider.status(request_id)["status"] == "complete"

    return Scenario(run, {"profile": "realistic"})


def _resources(installation: Installation) -> None:
    """A fleet that is still being made is frozen by a cancellation when memory is lost."""
    provider, aws = installation.provider, installation.provider.aws
    request_id = provider.request("maintain-spot", 3)
    aws.advance(20)
    forget(provider)
    said(provider, "cancel", request_id, "--yes", "--every", "0.1", "--timeout", "2", code=0)
    assert aws.state()["regions"][0]["fleets"][0]["target"] == 0


def _deleted_by_hand(installation: Installation) -> None:
    """Somebody with the host's credentials deletes the stack while its machines live: the handler ends them."""
    provider = installation.provider
    request_id = provider.request("instant-ondemand", 2)
    settled(provider, request_id)
    (stack,) = provider.aws.client("cloudformation").describe_stacks()["Stacks"]
    role = {"RoleARN": ROLE} if installation.role else {}
    client_of(provider.aws, "cloudformation").delete_stack(StackName=stack["StackId"], **role)
    provider.aws.advance(300)
    assert live_machines(provider.aws) == []
    assert live_stacks(provider.aws) == []


def _forgotten_fleet(template: str) -> Scenario:
    """A fleet that EC2 has forgotten, tags and all, is no reason why its stack cannot be deleted."""

    def run(installation: Installation) -> None:
        provider, aws = installation.provider, installation.provider.aws
        request_id = provider.request(template, 1)
        entry = settled(provider, request_id)
        aws.client("ec2").terminate_instances(InstanceIds=[one["machineId"] for one in entry["machines"]])
        aws.advance(4 * 86400)
        said(provider, "delete", request_id, "--yes", "--every", "0.1", "--timeout", "20")
        assert live_stacks(aws) == []

    return Scenario(run, {"profile": "realistic", "clock": {"perCall": 20}})


def _doctor(installation: Installation) -> None:
    checks = json.loads(said(installation.provider, "doctor", "--output", "json"))["checks"]
    assert [one for one in checks if one["severity"] == "fail"] == []


def _orphans(installation: Installation) -> None:
    """A stack that nobody was told of, and a launch template without one."""
    provider, aws = installation.provider, installation.provider.aws
    settled(provider, provider.request("instant-ondemand", 1))
    provider.request("maintain-spot", 1)
    forget(provider)
    owned = [{"Key": "ohf:owner", "Value": "ohf"}]
    aws.client("ec2").create_launch_template(
        LaunchTemplateName="ohf-req-00000001-0000000000000001",
        LaunchTemplateData={"ImageId": "ami-0a1b2c3d4e5f60001"},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": owned}],
    )
    aws.advance(4 * 3600)
    found = json.loads(said(provider, "gc", "--apply", "--output", "json"))["orphans"]
    assert [(one["reason"], one["outcome"]) for one in found] == [
        ("left-over", "collected"),
        ("never-settled", "collected"),
    ]
    assert len(live_machines(aws)) == 1


def _imported(installation: Installation) -> None:
    document = json.loads(
        said(installation.provider, "templates", "import", "theirs", "--version", "1", "--output", "json")
    )
    assert document["entry"]["imageId"] == "ami-0a1b2c3d4e5f60001"


def _rehearsed(installation: Installation) -> None:
    said(installation.provider, "rehearse", "instant-ondemand", "asg-ondemand")
    assert live_stacks(installation.provider.aws) == []


def _left(installation: Installation) -> None:
    """A rehearsal's stack that was left behind is known by its change set's tags."""
    provider, aws = installation.provider, installation.provider.aws
    aws.scenario(
        faults=[{"action": "DeleteStack", "kind": "error", "status": 400, "code": "Throttling", "times": 9}]
    )
    said(provider, "rehearse", "instant-ondemand", code=1)
    aws.scenario()
    aws.advance(3 * 3600)
    assert len(json.loads(said(provider, "gc", "--apply", "--output", "json"))["orphans"]) == 1
    assert live_stacks(aws) == []


def _planned(installation: Installation) -> None:
    """One plan is applied, one is removed."""
    provider, folder = installation.provider, installation.provider.folder
    for name in ("a", "b"):
        (folder / name).unlink(missing_ok=True)
        said(provider, "plan", "instant-ondemand", "--count", "1", "--out", str(folder / name))
    said(provider, "apply", str(folder / "a"))
    said(provider, "plan", "rm", str(folder / "b"))
    assert len(live_stacks(provider.aws)) == 1


def _versions(installation: Installation) -> None:
    """Where the bucket keeps versions, CloudFormation reads the one that was put."""
    kept = {"Status": "Enabled"}
    installation.provider.aws.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=kept)
    started("long").run(installation)


def _drifted(installation: Installation) -> None:
    """What CloudFormation finds, and what it does not read."""
    provider = installation.provider
    settled(provider, provider.request("instant-ondemand", 1))
    (one,) = json.loads(said(provider, "drift", "--every", "0.1", "--output", "json"))["stacks"]
    assert one["verdict"] == "in sync"
    assert {each["by"] for each in one["resources"]} == {"both"}


def _attested(installation: Installation) -> None:
    """Evidence and statements of a request, live and deleted, where memory is lost."""
    provider, folder = installation.provider, installation.provider.folder
    entry = settled(provider, provider.request("instant-ondemand", 1))
    for name in ("live", "deleted"):
        shutil.rmtree(folder / name, ignore_errors=True)
        said(provider, "evidence", entry["requestId"], "--to", str(folder / name))
        said(provider, "attest", entry["requestId"])
        if name == "live":
            settled(provider, provider.give_back(entry["machines"]))
            gone(provider, entry["requestId"])
            forget(provider)


SCENARIOS: Final[Mapping[str, Scenario]] = {
    **{f"life of {kind}": life(template) for kind, template in TEMPLATES.items()},
    **{f"shortage of {kind}": shortage(template) for kind, template in TEMPLATES.items()},
    "start of a group": started("asg-ondemand"),
    "start of an instant spot fleet": started("instant-spot"),
    "start of a request fleet": started("request-spot"),
    "start of a Spot Fleet": started("spotfleet-request"),
    "reclaims": Scenario(_reclaims, {"uncertain": {"groupSystemTags": True}}),
    "on-demand rest": Scenario(_rest, {"profile": "realistic", "quota": {"spot": 2}}),
    "mixed group": started("asg-mixed", 2),
    "weights": started("weighted-spot"),
    "failed creation": Scenario(_failed, {"stacks": {"failCreate": {"Capacity": "no such thing"}}}),
    "memory lost, all gone": Scenario(_forgotten, {"profile": "realistic"}),
    "memory lost, machines gone": _outlived("instant-ondemand"),
    "memory lost, machines of a foreign group gone": _outlived("foreign-group"),
    "memory lost, machines of a foreign fleet gone": _outlived("foreign-instant"),
    "memory lost, cancelled": Scenario(_resources, {"profile": "realistic", "clock": {"perCall": 1}}),
    "foreign group": life("foreign-group"),
    "foreign fleet": life("foreign-instant"),
    "long body": life("long"),
    "long body in versions": Scenario(_versions),
    "own key": started("encrypted"),
    "reserved": started("reserved"),
    "attributes": started("by-attributes"),
    "stack deleted by hand": Scenario(_deleted_by_hand),
    "fleet forgotten": _forgotten_fleet("request-spot"),
    "Spot Fleet forgotten": _forgotten_fleet("spotfleet-request"),
    "doctor": Scenario(_doctor),
    "orphans": Scenario(_orphans),
    "import": Scenario(_imported),
    "rehearsal": Scenario(_rehearsed),
    "rehearsal left behind": Scenario(_left),
    "plans": Scenario(_planned),
    "drift": Scenario(_drifted),
    "evidence": Scenario(_attested),
}
