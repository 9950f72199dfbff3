"""The resource types CloudFormation can make here, each over the very functions that serve the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.ec2.utils import convert_tag_spec, parse_user_data

from ohf_iac.local.dynamic_references import resolved
from ohf_iac.local.fleet_orders import order_fleet, order_spot_fleet
from ohf_iac.local.fleet_record import Fleet
from ohf_iac.local.fleet_wire import modify_fleet
from ohf_iac.local.fleets import end
from ohf_iac.local.group_resource import AutoScalingGroup
from ohf_iac.local.machines import terminate
from ohf_iac.local.refusals import Refused
from ohf_iac.local.resource_properties import (
    fleet_properties,
    handler_message,
    handler_refusal,
    spot_fleet_properties,
    template_properties,
)
from ohf_iac.local.resources import Progress, ResourceRefused, ResourceType, StackContext
from ohf_iac.local.spot_wire import modify_spot_fleet

if TYPE_CHECKING:
    from ohf_iac.local.world import Region, World

FLEET_CHANGEABLE = {"TargetCapacitySpecification", "ExcessCapacityTerminationPolicy", "Context"}
SPOT_CHANGEABLE = {"TargetCapacity", "ExcessCapacityTerminationPolicy", "OnDemandTargetCapacity"}
Properties = Mapping[str, Any]


def _region(world: World, context: StackContext) -> Region:
    return world.region(context.account, context.region)


def _resolved(world: World, context: StackContext, properties: Properties) -> dict[str, Any]:
    document: dict[str, Any] = resolved(_region(world, context), properties)
    return document


class LaunchTemplate:
    """AWS::EC2::LaunchTemplate, kept in moto's backend."""

    def create(self, world: World, context: StackContext, properties: Properties) -> str:
        given = template_properties(_resolved(world, context, properties))
        backend = _region(world, context).ec2
        name = (
            given.get("LaunchTemplateName") or f"{context.logical_id}_{_region(world, context).ids.new('lt')[3:15]}"
        )
        try:
            if name in backend.launch_template_name_to_ids:
                raise Refused(
                    "InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use."
                )
            made = backend.create_launch_template(
                name, given.get("VersionDescription"), _data(given), _tag_map(given.get("TagSpecifications"))
            )
        except ServiceException as refused:
            raise handler_refusal(world, context, "Ec2", refused) from refused
        return str(made.id)

    def progress(self, world: World, context: StackContext, physical_id: str) -> Progress:
        del world, context, physical_id
        return Progress(done=True)

    def attribute(self, world: World, context: StackContext, physical_id: str, name: str) -> str:
        template = _region(world, context).ec2.get_launch_template(physical_id)
        return {
            "LaunchTemplateId": str(template.id),
            "LatestVersionNumber": str(template.latest_version_number),
            "DefaultVersionNumber": str(template.default_version_number),
        }[name]

    def update(
        self, world: World, context: StackContext, physical_id: str, old: Properties, new: Properties
    ) -> str:
        if old.get("LaunchTemplateName") != new.get("LaunchTemplateName"):
            return self.create(world, context, new)
        given = template_properties(_resolved(world, context, new))
        template = _region(world, context).ec2.get_launch_template(physical_id)
        template.create_version(_data(given), given.get("VersionDescription"))
        return physical_id

    def delete(self, world: World, context: StackContext, physical_id: str) -> None:
        backend = _region(world, context).ec2
        if physical_id in backend.launch_templates:
            backend.delete_launch_template(None, physical_id)

    def deleted(self, world: World, context: StackContext, physical_id: str) -> Progress:
        return Progress(done=physical_id not in _region(world, context).ec2.launch_templates)


class Ec2Fleet:
    """AWS::EC2::EC2Fleet."""

    def create(self, world: World, context: StackContext, properties: Properties) -> str:
        given = fleet_properties(_resolved(world, context, properties))
        try:
            return order_fleet(_region(world, context), given).id
        except Refused as refused:
            raise handler_refusal(world, context, "Ec2", refused) from refused

    def progress(self, world: World, context: StackContext, physical_id: str) -> Progress:
        fleet = _region(world, context).fleets[physical_id]
        if fleet.kind == "instant":
            return _instant_progress(world, context, fleet)
        return _fleet_progress(world, context, fleet)

    def attribute(self, world: World, context: StackContext, physical_id: str, name: str) -> str:
        del world, context
        return {"FleetId": physical_id}[name]

    def update(
        self, world: World, context: StackContext, physical_id: str, old: Properties, new: Properties
    ) -> str:
        given = fleet_properties(_resolved(world, context, new))
        if _changed(old, new) - FLEET_CHANGEABLE:
            return self.create(world, context, new)
        try:
            region = _region(world, context)
            modify_fleet(region, region.fleets[physical_id], given)
        except Refused as refused:
            raise handler_refusal(world, context, "Ec2", refused) from refused
        return physical_id

    def delete(self, world: World, context: StackContext, physical_id: str) -> None:
        region = _region(world, context)
        fleet = region.fleets.get(physical_id)
        if fleet is not None:
            _delete_fleet(world, context, fleet, terminating=True)

    def deleted(self, world: World, context: StackContext, physical_id: str) -> Progress:
        return _fleet_deleted(_region(world, context).fleets.get(physical_id))


class SpotFleet:
    """AWS::EC2::SpotFleet."""

    def create(self, world: World, context: StackContext, properties: Properties) -> str:
        config = spot_fleet_properties(_resolved(world, context, properties))
        try:
            return order_spot_fleet(_region(world, context), config).id
        except Refused as refused:
            raise handler_refusal(world, context, "Ec2", refused) from refused

    def progress(self, world: World, context: StackContext, physical_id: str) -> Progress:
        return _fleet_progress(world, context, _region(world, context).spot_fleets[physical_id])

    def attribute(self, world: World, context: StackContext, physical_id: str, name: str) -> str:
        del world, context
        return {"Id": physical_id}[name]

    def update(
        self, world: World, context: StackContext, physical_id: str, old: Properties, new: Properties
    ) -> str:
        before, after = old["SpotFleetRequestConfigData"], new["SpotFleetRequestConfigData"]
        given = spot_fleet_properties(_resolved(world, context, new))
        if _changed(before, after) - SPOT_CHANGEABLE:
            return self.create(world, context, new)
        try:
            region = _region(world, context)
            modify_spot_fleet(region, region.spot_fleets[physical_id], given)
        except Refused as refused:
            raise handler_refusal(world, context, "Ec2", refused) from refused
        return physical_id

    def delete(self, world: World, context: StackContext, physical_id: str) -> None:
        fleet = _region(world, context).spot_fleets.get(physical_id)
        if fleet is not None:
            chosen = world.scenario.uncertain.spot_fleet_delete == "terminate"
            _delete_fleet(world, context, fleet, terminating=chosen or fleet.terminate_on_expiry)

    def deleted(self, world: World, context: StackContext, physical_id: str) -> Progress:
        return _fleet_deleted(_region(world, context).spot_fleets.get(physical_id))


def _instant_progress(world: World, context: StackContext, fleet: Fleet) -> Progress:
    """What an instant fleet that launched nothing, or too little, does to its stack is uncertain: a switch."""
    delivered = sum(member.machine.weight for member in fleet.members.values())
    if delivered >= fleet.targets.total:
        return Progress(done=True)
    uncertain = world.scenario.uncertain
    if (uncertain.instant_partial if delivered else uncertain.instant_empty) == "complete":
        return Progress(done=True)
    said = fleet.errors[0].message if fleet.errors else "The fleet did not reach its target capacity."
    return Progress(failed=handler_message(world, context, said, "GeneralServiceException"))


def _fleet_progress(world: World, context: StackContext, fleet: Fleet) -> Progress:
    """Whether a stack waits for an active or for a fulfilled fleet is uncertain: a switch."""
    if world.scenario.uncertain.fleet_stack == "active" or fleet.fulfilled() >= fleet.targets.total:
        return Progress(done=fleet.state != "submitted")
    if fleet.closed:
        return Progress(failed=handler_message(world, context, "Exceeded attempts to wait", "NotStabilized"))
    return Progress()


def _delete_fleet(world: World, context: StackContext, fleet: Fleet, terminating: bool) -> None:
    """What becomes of an expired fleet's machines is uncertain: a switch. Raises ResourceRefused."""
    region = _region(world, context)
    expired = fleet.kind != "instant" and fleet.closed and fleet.state != "ended"
    if not expired:
        end(region, fleet, terminating)
        return
    choice = world.scenario.uncertain.expired_delete
    if choice == "fail":
        message = f"The fleet '{fleet.id}' is not in a deletable state."
        raise ResourceRefused(handler_message(world, context, message, "InvalidRequest"))
    end(region, fleet, choice == "terminate")
    if choice == "terminate":
        for member in fleet.alive():
            terminate(region, member.machine)


def _fleet_deleted(fleet: Fleet | None) -> Progress:
    """A fleet that ends with its machines is gone when they are; one that leaves them is gone at once."""
    if fleet is None or fleet.state == "ended_running":
        return Progress(done=True)
    ending = any(member.machine.state == "shutting-down" for member in fleet.members.values())
    return Progress(done=fleet.state == "ended" and not ending)


def _changed(old: Properties, new: Properties) -> set[str]:
    return {key for key in {*old, *new} if old.get(key) != new.get(key)}


def _data(given: Mapping[str, Any]) -> dict[str, Any]:
    data = dict(given["LaunchTemplateData"])
    if "UserData" in data:
        data["UserData"] = parse_user_data(data["UserData"])
    return data


def _tag_map(specifications: Any) -> Any:
    convert: Callable[..., Any] = convert_tag_spec
    return convert(specifications or [], tag_key="Tags")


RESOURCE_TYPES: Mapping[str, ResourceType] = {
    "AWS::EC2::LaunchTemplate": LaunchTemplate(),
    "AWS::EC2::EC2Fleet": Ec2Fleet(),
    "AWS::EC2::SpotFleet": SpotFleet(),
    "AWS::AutoScaling::AutoScalingGroup": AutoScalingGroup(),
}
