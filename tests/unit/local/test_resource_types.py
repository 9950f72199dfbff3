"""The resource types as a stack drives them: created, waited for, changed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ohf_iac.local.clock import Timeline
from ohf_iac.local.machines import Machine, terminate
from ohf_iac.local.resource_types import RESOURCE_TYPES
from ohf_iac.local.resources import Progress, ResourceRefused, ResourceType, StackContext
from ohf_iac.local.scenario import parse
from ohf_iac.local.seeds import IMAGE, subnet_id
from ohf_iac.local.world import Region, World

TEMPLATE, FLEET = "AWS::EC2::LaunchTemplate", "AWS::EC2::EC2Fleet"
SPOT_FLEET, GROUP = "AWS::EC2::SpotFleet", "AWS::AutoScaling::AutoScalingGroup"
CAPACITY = (FLEET, SPOT_FLEET, GROUP)


def still() -> float:
    return 1_700_000_000.0


@dataclass
class Bench:
    """A world of its own and a stack in it."""

    world: World
    context: StackContext

    @property
    def region(self) -> Region:
        return self.world.region(self.context.account, self.context.region)

    def advance(self, seconds: float) -> None:
        self.world.timeline.advance(seconds)

    def obey(self, **scenario: Any) -> None:
        self.world.scenario = parse(scenario)

    def create(self, type_name: str, properties: Mapping[str, Any]) -> str:
        physical_id = RESOURCE_TYPES[type_name].create(self.world, self.context, properties)
        self.world.timeline.drain()
        return physical_id

    def progress(self, type_name: str, physical_id: str) -> Progress:
        return RESOURCE_TYPES[type_name].progress(self.world, self.context, physical_id)

    def delete(self, type_name: str, physical_id: str) -> None:
        RESOURCE_TYPES[type_name].delete(self.world, self.context, physical_id)

    def deleted(self, type_name: str, physical_id: str) -> Progress:
        return RESOURCE_TYPES[type_name].deleted(self.world, self.context, physical_id)

    def alive(self) -> list[Machine]:
        return [machine for machine in self.region.machines.values() if machine.alive]


@pytest.fixture
def bench() -> Bench:
    world = World(Timeline(wall=still), parse({}))
    world.reset(parse({}))
    stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/ohf-1/1"
    return Bench(world, StackContext("123456789012", "us-east-1", stack, "ohf-1", "Capacity", {"ohf:owner": "me"}))


def template(bench: Bench, **data: Any) -> dict[str, str]:
    properties = {
        "LaunchTemplateName": f"grid-{len(bench.region.ec2.launch_templates)}",
        "LaunchTemplateData": {"ImageId": IMAGE, "InstanceType": "m5.large", "EbsOptimized": "true", **data},
    }
    physical_id = bench.create(TEMPLATE, properties)
    version = RESOURCE_TYPES[TEMPLATE].attribute(bench.world, bench.context, physical_id, "LatestVersionNumber")
    return {"LaunchTemplateId": physical_id, "Version": version}


def properties_of(bench: Bench, type_name: str, units: int = 3, **more: Any) -> dict[str, Any]:
    """Numbers as strings, as parameters bring them."""
    launch = {"LaunchTemplateSpecification": template(bench), "Overrides": [{"SubnetId": subnet_id(1)}]}
    if type_name == FLEET:
        targets = {"TotalTargetCapacity": str(units), "DefaultTargetCapacityType": "spot"}
        return {
            "LaunchTemplateConfigs": [launch],
            "TargetCapacitySpecification": targets,
            "Type": "request",
            **more,
        }
    if type_name == SPOT_FLEET:
        role = "arn:aws:iam::123456789012:role/fleet"
        config = {"IamFleetRole": role, "LaunchTemplateConfigs": [launch], "TargetCapacity": str(units), **more}
        return {"SpotFleetRequestConfigData": {"Type": "request", **config}}
    sizes = {"MinSize": "0", "MaxSize": str(units), "DesiredCapacity": str(units)}
    return {
        **sizes,
        "VPCZoneIdentifier": [subnet_id(1)],
        "LaunchTemplate": launch["LaunchTemplateSpecification"],
        **more,
    }


def settle(bench: Bench) -> None:
    """Long enough for machines to come into service."""
    bench.advance(20)


@pytest.mark.parametrize("type_name", CAPACITY)
def test_a_resource_comes_and_goes_with_its_machines(bench: Bench, type_name: str) -> None:
    physical_id = bench.create(type_name, properties_of(bench, type_name))
    settle(bench)
    assert bench.progress(type_name, physical_id) == Progress(done=True)
    assert len(bench.alive()) == 3
    bench.delete(type_name, physical_id)
    assert not bench.deleted(type_name, physical_id).done
    assert bench.alive() == []
    bench.advance(21)
    assert bench.deleted(type_name, physical_id) == Progress(done=True)
    bench.delete(type_name, physical_id)
    assert bench.deleted(type_name, physical_id).done


@pytest.mark.parametrize("kind", ["instant", "request", "maintain"])
def test_each_kind_of_fleet_is_deleted_with_its_machines(bench: Bench, kind: str) -> None:
    physical_id = bench.create(FLEET, properties_of(bench, FLEET, Type=kind))
    assert len(bench.alive()) == 3
    bench.delete(FLEET, physical_id)
    bench.advance(21)
    assert (bench.alive(), bench.deleted(FLEET, physical_id).done) == ([], True)


@pytest.mark.parametrize(("capacity", "switch"), [(0, "instantEmpty"), (2, "instantPartial")])
def test_a_short_instant_fleet_completes_or_fails(bench: Bench, capacity: int, switch: str) -> None:
    other = {"instantEmpty": "fail", "instantPartial": "fail", switch: "complete"}
    for uncertain, failed in ((other, False), ({switch: "fail"}, True)):
        bench.obey(capacity={"m5.large": capacity}, uncertain=uncertain)
        physical_id = bench.create(FLEET, properties_of(bench, FLEET, Type="instant"))
        progress = bench.progress(FLEET, physical_id)
        assert (progress.done, bool(progress.failed)) == (not failed, failed)
        bench.delete(FLEET, physical_id)
        bench.advance(21)
    assert "There is no Spot capacity available" in progress.failed
    assert "HandlerErrorCode: GeneralServiceException" in progress.failed


@pytest.mark.parametrize("type_name", [FLEET, SPOT_FLEET])
def test_a_fleet_is_waited_for_active_or_fulfilled(bench: Bench, type_name: str) -> None:
    for reading, done in (("active", True), ("fulfilled", False)):
        bench.obey(capacity={"m5.large": 2}, uncertain={"fleetStack": reading})
        physical_id = bench.create(type_name, properties_of(bench, type_name))
        assert bench.progress(type_name, physical_id) == Progress(done=done)
        bench.delete(type_name, physical_id)
        bench.advance(21)
    assert "NotStabilized" in bench.progress(type_name, physical_id).failed


@pytest.mark.parametrize(
    ("reading", "done", "failed"), [("progress", False, False), ("complete", True, False), ("fail", False, True)]
)
def test_a_short_group_holds_completes_or_fails(bench: Bench, reading: str, done: bool, failed: bool) -> None:
    bench.obey(capacity={"m5.large": 2}, uncertain={"groupShort": reading})
    physical_id = bench.create(GROUP, properties_of(bench, GROUP))
    settle(bench)
    progress = bench.progress(GROUP, physical_id)
    assert (progress.done, bool(progress.failed)) == (done, failed)
    bench.obey(uncertain={"groupShort": reading})
    bench.advance(300)
    assert bench.progress(GROUP, physical_id) == Progress(done=True)


def test_a_group_that_never_gets_there_fails_after_six_hours(bench: Bench) -> None:
    bench.obey(capacity={"m5.large": 2})
    physical_id = bench.create(GROUP, properties_of(bench, GROUP))
    bench.advance(359 * 60)
    assert bench.progress(GROUP, physical_id) == Progress()
    bench.advance(120)
    assert (
        "Group did not stabilize. Last scaling activity: We currently" in bench.progress(GROUP, physical_id).failed
    )


@pytest.mark.parametrize(("reading", "left"), [("terminate", 0), ("leave", 3), ("fail", 3)])
@pytest.mark.parametrize("type_name", [FLEET, SPOT_FLEET])
def test_an_expired_fleet_is_deleted_three_ways(bench: Bench, type_name: str, reading: str, left: int) -> None:
    until = "2023-11-14T22:23:20Z"  # ten minutes from now
    properties = properties_of(bench, type_name, ValidUntil=until, TerminateInstancesWithExpiration="false")
    physical_id = bench.create(type_name, properties)
    bench.advance(601)
    bench.obey(uncertain={"expiredDelete": reading})
    if reading == "fail":
        with pytest.raises(ResourceRefused, match="is not in a deletable state"):
            bench.delete(type_name, physical_id)
    else:
        bench.delete(type_name, physical_id)
        bench.advance(21)
        assert bench.deleted(type_name, physical_id).done
    assert len(bench.alive()) == left


@pytest.mark.parametrize(("reading", "left"), [("terminate", 0), ("leave", 3)])
def test_a_spot_fleet_may_leave_its_machines(bench: Bench, reading: str, left: int) -> None:
    bench.obey(uncertain={"spotFleetDelete": reading})
    physical_id = bench.create(SPOT_FLEET, properties_of(bench, SPOT_FLEET))
    bench.delete(SPOT_FLEET, physical_id)
    bench.advance(21)
    assert bench.deleted(SPOT_FLEET, physical_id).done
    assert len(bench.alive()) == left


@pytest.mark.parametrize(("reading", "system"), [(True, True), (False, False)])
def test_a_groups_machines_bear_the_stacks_tags(bench: Bench, reading: bool, system: bool) -> None:
    bench.obey(uncertain={"groupSystemTags": reading})
    own = [{"Key": "ohf:owner", "Value": "group", "PropagateAtLaunch": "true"}]
    bench.create(GROUP, properties_of(bench, GROUP, 1, Tags=own, AutoScalingGroupName="grid"))
    [machine] = bench.alive()
    assert machine.tags["ohf:owner"] == "group"
    assert (machine.tags.get("aws:cloudformation:stack-name") == "ohf-1") is system


def test_a_frozen_group_is_deleted_and_a_blocked_one_hangs(bench: Bench) -> None:
    frozen = bench.create(GROUP, properties_of(bench, GROUP, AutoScalingGroupName="frozen"))
    settle(bench)
    bench.region.groups[frozen].suspended = dict.fromkeys(("Launch", "AZRebalance", "ReplaceUnhealthy"), "")
    terminate(bench.region, bench.alive()[0])
    bench.advance(300)
    bench.delete(GROUP, frozen)
    bench.advance(21)
    assert bench.deleted(GROUP, frozen).done
    blocked = bench.create(GROUP, properties_of(bench, GROUP, AutoScalingGroupName="blocked"))
    settle(bench)
    bench.region.groups[blocked].suspended = {"Terminate": ""}
    bench.delete(GROUP, blocked)
    bench.advance(239 * 60)
    assert bench.deleted(GROUP, blocked) == Progress()
    bench.advance(120)
    assert "NotStabilized" in bench.deleted(GROUP, blocked).failed
    assert len(bench.alive()) == 3


def test_a_group_waits_for_launches_in_flight_before_it_goes(bench: Bench) -> None:
    bench.obey(times={"launch": 3}, lag={"inFlight": 10})
    physical_id = bench.create(GROUP, properties_of(bench, GROUP))
    bench.delete(GROUP, physical_id)
    assert not bench.deleted(GROUP, physical_id).done
    bench.advance(4)
    assert not bench.deleted(GROUP, physical_id).done
    bench.advance(30)
    assert bench.deleted(GROUP, physical_id).done
    assert bench.alive() == []


def test_updates_in_place_and_by_replacement(bench: Bench) -> None:
    def update(type_name: str, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> str:
        kind: ResourceType = RESOURCE_TYPES[type_name]
        return kind.update(bench.world, bench.context, physical_id, old, new)

    old = properties_of(bench, FLEET, Type="maintain")
    fleet_id = bench.create(FLEET, old)
    targets = {"TotalTargetCapacity": "5", "DefaultTargetCapacityType": "spot"}
    assert update(FLEET, fleet_id, old, {**old, "TargetCapacitySpecification": targets}) == fleet_id
    assert update(FLEET, fleet_id, old, {**old, "Type": "instant"}) != fleet_id
    old = properties_of(bench, GROUP, 1, AutoScalingGroupName="grid")
    name = bench.create(GROUP, old)
    assert update(GROUP, name, old, {**old, "MaxSize": "2", "DesiredCapacity": "2"}) == name
    assert bench.region.groups[name].desired == 2
    old = {"LaunchTemplateName": "t", "LaunchTemplateData": {"ImageId": IMAGE}}
    template_id = bench.create(TEMPLATE, old)
    assert update(TEMPLATE, template_id, old, {**old, "VersionDescription": "next"}) == template_id
    latest = RESOURCE_TYPES[TEMPLATE].attribute(bench.world, bench.context, template_id, "LatestVersionNumber")
    assert latest == "2"


@pytest.mark.parametrize(
    ("type_name", "change", "said"),
    [
        (TEMPLATE, {"LaunchTemplateData": None}, "#/LaunchTemplateData: expected type: JSONObject"),
        (TEMPLATE, {"LaunchTemplateData": {"Image": "x"}}, "extraneous key [Image] is not permitted"),
        (TEMPLATE, {"LaunchTemplateName": "taken"}, "HandlerErrorCode: AlreadyExists"),
        (FLEET, {"Nonsense": "1"}, "extraneous key [Nonsense] is not permitted"),
        (FLEET, {"DryRun": "true"}, "extraneous key [DryRun] is not permitted"),
        (FLEET, {"Type": "forever"}, "forever is not a valid enum value"),
        (FLEET, {"LaunchTemplateConfigs": []}, "(Service: Ec2, Status Code: 400"),
        (GROUP, {"MaxSize": "-1"}, "HandlerErrorCode: InvalidRequest"),
        (GROUP, {"Tags": [{"Key": "a", "Value": "b"}]}, "required key [PropagateAtLaunch] not found"),
        (GROUP, {"LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "$Latest"}}, "$Latest is not supported"),
        (
            GROUP,
            {"VPCZoneIdentifier": ["subnet-1"]},
            "The subnet ID 'subnet-1' does not exist (Service: AutoScaling",
        ),
    ],
)
def test_wrong_properties_are_refused(bench: Bench, type_name: str, change: dict[str, Any], said: str) -> None:
    bench.create(TEMPLATE, {"LaunchTemplateName": "taken", "LaunchTemplateData": {"ImageId": IMAGE}})
    good = {"LaunchTemplateData": {"ImageId": IMAGE}} if type_name == TEMPLATE else properties_of(bench, type_name)
    with pytest.raises(ResourceRefused) as caught:
        bench.create(type_name, {**good, **change})
    assert said in caught.value.reason
    assert bench.alive() == []


@pytest.mark.parametrize(("type_name", "missing"), [(FLEET, "LaunchTemplateConfigs"), (GROUP, "MinSize")])
def test_required_properties_are_required(bench: Bench, type_name: str, missing: str) -> None:
    properties = properties_of(bench, type_name)
    del properties[missing]
    with pytest.raises(ResourceRefused) as caught:
        bench.create(type_name, properties)
    assert f"required key [{missing}] not found" in caught.value.reason


def test_a_spot_fleet_needs_its_role(bench: Bench) -> None:
    properties = properties_of(bench, SPOT_FLEET)
    del properties["SpotFleetRequestConfigData"]["IamFleetRole"]
    with pytest.raises(ResourceRefused) as caught:
        bench.create(SPOT_FLEET, properties)
    assert "#/SpotFleetRequestConfigData: required key [IamFleetRole] not found" in caught.value.reason


def test_attributes_by_their_names(bench: Bench) -> None:
    found = {
        FLEET: "FleetId",
        SPOT_FLEET: "Id",
    }
    for type_name, name in found.items():
        physical_id = bench.create(type_name, properties_of(bench, type_name))
        assert RESOURCE_TYPES[type_name].attribute(bench.world, bench.context, physical_id, name) == physical_id
        with pytest.raises(KeyError):
            RESOURCE_TYPES[type_name].attribute(bench.world, bench.context, physical_id, "Nonsense")
