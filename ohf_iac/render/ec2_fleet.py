"""EC2 Fleet: instant, request, maintain, and the on-demand rest of a heterogeneous request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from troposphere import Ref, ec2

from ohf_iac import stack
from ohf_iac.render import words
from ohf_iac.render.launch_template import placement_of, subnet_in_interfaces
from ohf_iac.template.kinds import FLEET_MAINTAIN, INSTANT

if TYPE_CHECKING:
    from ohf_iac.stack import Pool, StackSpec

_WHY = {
    "instant": "Launches the machines at once and never again.",
    "request": "Launches the machines as capacity comes, until ValidUntil; replaces none.",
    "maintain": "Launches the machines and replaces lost ones, until the request is settled or ValidUntil passes.",
}
_WHY_REST = "Buys on demand what spot capacity did not deliver by ValidUntil."


def ec2_fleet(spec: StackSpec) -> ec2.EC2Fleet:
    """The capacity of a template of kind EC2 Fleet."""
    template = spec.template
    fleet_type = template.kind.removeprefix("EC2Fleet-")
    fleet: dict[str, Any] = {
        "Type": fleet_type,
        "LaunchTemplateConfigs": _configs(spec, spec.pools),
        "TargetCapacitySpecification": _target(spec),
        "TagSpecifications": _tag_specifications(spec),
        "TerminateInstancesWithExpiration": False,
        "ReplaceUnhealthyInstances": False,
    }
    if spec.purchase != "ondemand" or template.spot_strategy:
        fleet["SpotOptions"] = _spot_options(spec)
    if template.on_demand_strategy:
        fleet["OnDemandOptions"] = ec2.OnDemandOptionsRequest(AllocationStrategy=template.on_demand_strategy)
    if template.kind == FLEET_MAINTAIN:
        fleet["ExcessCapacityTerminationPolicy"] = "no-termination"
    if template.kind != INSTANT:
        fleet["ValidUntil"] = Ref(stack.VALID_UNTIL)
    if template.context:
        fleet["Context"] = template.context
    return ec2.EC2Fleet(words.CAPACITY, Metadata=words.why(_WHY[fleet_type]), **fleet)


def on_demand_rest(spec: StackSpec) -> ec2.EC2Fleet:
    """The instant fleet that an update of the stack wakes by setting RestCapacity above 0."""
    strategy = spec.template.on_demand_strategy or "lowest-price"
    return ec2.EC2Fleet(
        words.ON_DEMAND_REST,
        Condition=words.REST_WANTED,
        Metadata=words.why(_WHY_REST),
        Type="instant",
        LaunchTemplateConfigs=_configs(spec, spec.rest_pools),
        TargetCapacitySpecification=ec2.TargetCapacitySpecificationRequest(
            DefaultTargetCapacityType="on-demand", TotalTargetCapacity=Ref(stack.REST)
        ),
        OnDemandOptions=ec2.OnDemandOptionsRequest(AllocationStrategy=strategy),
        TagSpecifications=[ec2.TagSpecifications(ResourceType="fleet", Tags=words.resource_tags(spec))],
        TerminateInstancesWithExpiration=False,
        ReplaceUnhealthyInstances=False,
    )


def _target(spec: StackSpec) -> ec2.TargetCapacitySpecificationRequest:
    target: dict[str, Any] = {
        "TotalTargetCapacity": Ref(stack.TARGET),
        "DefaultTargetCapacityType": "on-demand" if spec.purchase == "ondemand" else "spot",
    }
    if spec.purchase == "both":
        target["OnDemandTargetCapacity"] = Ref(stack.ON_DEMAND)
    return ec2.TargetCapacitySpecificationRequest(**target)


def _spot_options(spec: StackSpec) -> ec2.SpotOptionsRequest:
    template = spec.template
    options: dict[str, Any] = {
        "AllocationStrategy": template.spot_strategy,
        "InstanceInterruptionBehavior": "terminate",
    }
    if template.pools_count:
        options["InstancePoolsToUseCount"] = template.pools_count
    return ec2.SpotOptionsRequest(**options)


def _tag_specifications(spec: StackSpec) -> list[ec2.TagSpecifications]:
    """The fleet's own tags; machines of a foreign launch template are tagged here, which only `instant` can."""
    specifications = [ec2.TagSpecifications(ResourceType="fleet", Tags=words.resource_tags(spec))]
    if not spec.owns_launch_template:
        specifications += [
            ec2.TagSpecifications(ResourceType=kind, Tags=words.machine_tags(spec))
            for kind in ("instance", "volume", "network-interface")
        ]
    return specifications


def _configs(spec: StackSpec, pools: tuple[Pool, ...]) -> list[ec2.FleetLaunchTemplateConfigRequest]:
    overrides = [_override(spec, pool) for pool in pools]
    config: dict[str, Any] = {
        "LaunchTemplateSpecification": ec2.FleetLaunchTemplateSpecificationRequest(
            **words.launch_template_specification(spec)
        )
    }
    if any(overrides):
        config["Overrides"] = [ec2.FleetLaunchTemplateOverridesRequest(**override) for override in overrides]
    return [ec2.FleetLaunchTemplateConfigRequest(**config)]


def _override(spec: StackSpec, pool: Pool) -> dict[str, Any]:
    template = spec.template
    override: dict[str, Any] = {}
    if pool.instance_type:
        override["InstanceType"] = pool.instance_type
    if template.requirements:
        override["InstanceRequirements"] = template.requirements
    if pool.subnet and not subnet_in_interfaces(spec):
        override["SubnetId"] = pool.subnet
    if pool.weight:
        override["WeightedCapacity"] = pool.weight
    if pool.priority is not None:
        override["Priority"] = pool.priority
    if template.spot_price:
        override["MaxPrice"] = template.spot_price
    if not spec.owns_launch_template and (placement := placement_of(template)):
        override["Placement"] = ec2.Placement(**placement)
    return override
