"""AWS::AutoScaling::AutoScalingGroup: a resource that is complete when its machines are in service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ohf_iac.local.dynamic_references import resolved
from ohf_iac.local.group_changes import delete_group
from ohf_iac.local.group_orders import change_group, order_group
from ohf_iac.local.group_record import Group
from ohf_iac.local.groups import balance
from ohf_iac.local.refusals import Refused
from ohf_iac.local.resource_properties import group_properties, handler_message, handler_refusal
from ohf_iac.local.resources import Progress, StackContext

if TYPE_CHECKING:
    from ohf_iac.local.world import Region, World

CREATE_LIMIT, DELETE_LIMIT = 360 * 60.0, 240 * 60.0  # the handler's time limits in the registry schema
Properties = Mapping[str, Any]


class AutoScalingGroup:
    """The group belongs to the stack: it gets the stack's tags, and its machines with it."""

    def create(self, world: World, context: StackContext, properties: Properties) -> str:
        region = _region(world, context)
        default = f"{context.stack_name}-{context.logical_id}-{region.ids.new('x')[2:14].upper()}"
        request = group_properties(resolved(region, properties), default)
        own = {tag["Key"] for tag in request.get("Tags") or ()}
        inherited = [
            {"Key": key, "Value": value, "PropagateAtLaunch": True}
            for key, value in context.tags.items()
            if key not in own
        ]
        request["Tags"] = [*(request.get("Tags") or ()), *inherited]
        try:
            return order_group(region, request, _system_tags(world, context)).name
        except Refused as refused:
            raise handler_refusal(world, context, "AutoScaling", refused) from refused

    def progress(self, world: World, context: StackContext, physical_id: str) -> Progress:
        """Complete when the desired capacity is in service; a maximum spot price waives that (AWS's reference).

        What a shortage does to the stack is uncertain: a switch.
        """
        region = _region(world, context)
        group = region.groups.get(physical_id)
        if group is None:
            return Progress(failed=handler_message(world, context, "Group did not stabilize.", "NotStabilized"))
        if group.in_service() >= group.desired or group.mix.spot_price:
            return Progress(done=True)
        said = _trouble(region, group)
        choice = world.scenario.uncertain.group_short
        waiting = any(member.state == "Pending" for member in group.members.values()) or group.in_flight > 0
        if said and choice == "complete" and not waiting:
            return Progress(done=True)
        if (said and choice == "fail") or region.now() - group.created > CREATE_LIMIT:
            message = f"Group did not stabilize. Last scaling activity: {said or 'none'}"
            return Progress(failed=handler_message(world, context, message, "NotStabilized"))
        return Progress()

    def attribute(self, world: World, context: StackContext, physical_id: str, name: str) -> str:
        return {"AutoScalingGroupARN": _region(world, context).groups[physical_id].arn}[name]

    def update(
        self, world: World, context: StackContext, physical_id: str, old: Properties, new: Properties
    ) -> str:
        if old.get("AutoScalingGroupName") != new.get("AutoScalingGroupName"):
            return self.create(world, context, new)
        region = _region(world, context)
        request = group_properties(resolved(region, new), physical_id)
        try:
            change_group(region, region.groups[physical_id], request)
        except Refused as refused:
            raise handler_refusal(world, context, "AutoScaling", refused) from refused
        return physical_id

    def delete(self, world: World, context: StackContext, physical_id: str) -> None:
        """As the handler does it: all sizes 0 first; the group goes when its machines are gone."""
        region = _region(world, context)
        group = region.groups.get(physical_id)
        if group is None:
            return
        group.minimum = group.maximum = group.desired = 0.0
        group.halted_at = region.now()
        group.shrunk_at = region.now()
        balance(region, group)

    def deleted(self, world: World, context: StackContext, physical_id: str) -> Progress:
        """Protected members or a suspended Terminate process hold it up until the handler's time is over."""
        region = _region(world, context)
        group = region.groups.get(physical_id)
        if group is None:
            return Progress(done=True)
        if not group.members and group.in_flight <= 0:
            delete_group(region, group, force=False)
            return Progress(done=True)
        balance(region, group)
        if region.now() - (group.shrunk_at or 0.0) > DELETE_LIMIT:
            return Progress(failed=handler_message(world, context, "Exceeded attempts to wait", "NotStabilized"))
        return Progress()


def _region(world: World, context: StackContext) -> Region:
    return world.region(context.account, context.region)


def _system_tags(world: World, context: StackContext) -> dict[str, str]:
    """Whether CloudFormation's own tags reach a group's machines is uncertain: a switch."""
    if not world.scenario.uncertain.group_system_tags:
        return {}
    return {
        "aws:cloudformation:stack-name": context.stack_name,
        "aws:cloudformation:stack-id": context.stack_id,
        "aws:cloudformation:logical-id": context.logical_id,
    }


def _trouble(region: Region, group: Group) -> str:
    """What the last ended activity said, if it went wrong."""
    for activity in reversed(region.activities):
        if activity.group == group.name and activity.ended is not None:
            return activity.message if activity.status in ("Failed", "Cancelled") else ""
    return ""
