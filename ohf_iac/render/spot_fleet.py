"""Spot Fleet: request and maintain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from troposphere import Ref, Sub, ec2

from ohf_iac import stack
from ohf_iac.render import words
from ohf_iac.render.override import pool_override
from ohf_iac.template.kinds import SPOT_MAINTAIN

if TYPE_CHECKING:
    from ohf_iac.stack import StackSpec

_WHY = {
    "request": "Launches the machines as capacity comes, until ValidUntil; replaces none.",
    "maintain": "Launches the machines and replaces lost ones, until the request is settled or ValidUntil passes.",
}
#: The role that the console makes for Spot Fleets; it holds AWS's policy AmazonEC2SpotFleetTaggingRole.
_USUAL_ROLE = "aws-ec2-spot-fleet-tagging-role"


def spot_fleet(spec: StackSpec) -> ec2.SpotFleet:
    """The capacity of a template of kind Spot Fleet."""
    return ec2.SpotFleet(
        words.CAPACITY,
        Metadata=words.why(_WHY[_type(spec)]),
        SpotFleetRequestConfigData=ec2.SpotFleetRequestConfigData(**_data(spec)),
    )


def _type(spec: StackSpec) -> str:
    return spec.template.kind.removeprefix("SpotFleet-")


def _data(spec: StackSpec) -> dict[str, Any]:
    template = spec.template
    data: dict[str, Any] = {
        "Type": _type(spec),
        "IamFleetRole": _role(template.fleet_role),
        "LaunchTemplateConfigs": [_config(spec)],
        "TargetCapacity": Ref(stack.TARGET),
        "ValidUntil": Ref(stack.VALID_UNTIL),
        "InstanceInterruptionBehavior": "terminate",
        "TerminateInstancesWithExpiration": False,
        "ReplaceUnhealthyInstances": False,
        "TagSpecifications": [
            ec2.SpotFleetTagSpecification(ResourceType="spot-fleet-request", Tags=words.resource_tags(spec))
        ],
    }
    if spec.purchase != "spot":
        data["OnDemandTargetCapacity"] = Ref(stack.TARGET if spec.purchase == "ondemand" else stack.ON_DEMAND)
    if template.spot_strategy:
        data["AllocationStrategy"] = camel(template.spot_strategy)
    if template.on_demand_strategy:
        data["OnDemandAllocationStrategy"] = camel(template.on_demand_strategy)
    if template.pools_count:
        data["InstancePoolsToUseCount"] = template.pools_count
    if template.spot_price:
        data["SpotPrice"] = template.spot_price
    if template.context:
        data["Context"] = template.context
    if template.kind == SPOT_MAINTAIN:
        data["ExcessCapacityTerminationPolicy"] = "noTermination"
    return data


def camel(strategy: str) -> str:
    """AWS's kebab-case in the camelCase that Spot Fleet alone uses."""
    first, *others = strategy.split("-")
    return first + "".join(word.capitalize() for word in others)


def _role(role: str) -> Any:
    if role.startswith("arn:"):
        return role
    return Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{role or _USUAL_ROLE}")


def _config(spec: StackSpec) -> ec2.LaunchTemplateConfigs:
    config: dict[str, Any] = {
        "LaunchTemplateSpecification": ec2.FleetLaunchTemplateSpecification(
            **words.launch_template_specification(spec)
        )
    }
    overrides = [pool_override(spec, pool) for pool in spec.pools]
    if any(overrides):
        config["Overrides"] = [ec2.LaunchTemplateOverrides(**override) for override in overrides]
    return ec2.LaunchTemplateConfigs(**config)
