"""EC2 Fleet: instant, request, maintain, and the on-demand rest of a heterogeneous request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from troposphere import Ref, ec2

from ohf_iac import stack
from ohf_iac.render import words
from ohf_iac.render.launch_template import placement_of
from ohf_iac.render.override import pool_override
from ohf_iac.template.kinds import FLEET_MAINTAIN, INSTANT

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    if options := _spot_options(spec):
        fleet["SpotOptions"] = ec2.SpotOptionsRequest(**options)
    if options := _on_demand_options(spec):
        fleet["OnDemandOptions"] = ec2.OnDemandOptionsRequest(**options)
    if template.kind == FLEET_MAINTAIN:
        fleet["ExcessCapacityTerminationPolicy"] = "no-termination"
    if template.kind != INSTANT:
        fleet["ValidUntil"] = Ref(stack.VALID_UNTIL)
    if template.context:
        fleet["Context"] = template.context
    return ec2.EC2Fleet(words.CAPACITY, Metadata=words.why(_WHY[fleet_type]), **fleet)


def on_demand_rest(spec: StackSpec) -> ec2.EC2Fleet:
    """The instant fleet that an update of the stack wakes by setting RestCapacity above 0."""
    options = {"AllocationStrategy": "lowest-price", **_on_demand_options(spec)}
    return ec2.EC2Fleet(
        words.ON_DEMAND_REST,
        Condition=words.REST_WANTED,
        Metadata=words.why(_WHY_REST),
        Type="instant",
        LaunchTemplateConfigs=_configs(spec, spec.rest_pools),
        TargetCapacitySpecification=ec2.TargetCapacitySpecificationRequest(
            DefaultTargetCapacityType="on-demand", TotalTargetCapacity=Ref(stack.REST)
        ),
        OnDemandOptions=ec2.OnDemandOptionsRequest(**options),
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


def _spot_options(spec: StackSpec) -> dict[str, Any]:
    template = spec.template
    if template.fleet_config and template.fleet_config.spot_options:
        return {"InstanceInterruptionBehavior": "terminate", **template.fleet_config.spot_options}
    if not template.spot_strategy:
        return {}
    options: dict[str, Any] = {
        "AllocationStrategy": template.spot_strategy,
        "InstanceInterruptionBehavior": "terminate",
    }
    if template.pools_count:
        options["InstancePoolsToUseCount"] = template.pools_count
    return options


def _on_demand_options(spec: StackSpec) -> dict[str, Any]:
    template = spec.template
    if template.fleet_config and template.fleet_config.on_demand_options:
        options = dict(template.fleet_config.on_demand_options)
        if reservations := options.get("CapacityReservationOptions"):
            options["CapacityReservationOptions"] = ec2.CapacityReservationOptionsRequest(**reservations)
        return options
    return {"AllocationStrategy": template.on_demand_strategy} if template.on_demand_strategy else {}


def _tag_specifications(spec: StackSpec) -> list[ec2.TagSpecifications]:
    """The fleet's own tags; machines of a foreign launch template are tagged here, which only `instant` can."""
    of_file = spec.template.fleet_config.tags if spec.template.fleet_config else {}
    tags = {"fleet": words.resource_tags(spec, of_file.get("fleet", {}))}
    for kind in ("instance", "volume", "network-interface"):
        if not spec.owns_launch_template or kind in of_file:
            tags[kind] = words.machine_tags(spec, of_file.get(kind, {}))
    return [ec2.TagSpecifications(ResourceType=kind, Tags=pairs) for kind, pairs in tags.items()]


def _configs(spec: StackSpec, pools: tuple[Pool, ...]) -> list[ec2.FleetLaunchTemplateConfigRequest]:
    """The launch templates with their pools: those of the fleet file where it names them, else the entry's."""
    ours = [override for pool in pools if (override := _override(spec, pool))]
    if spec.template.fleet_config is None:
        return [_config(words.launch_template_specification(spec), ours)]
    return [
        _config(one["specification"] or words.launch_template_specification(spec), one["overrides"] or ours)
        for one in spec.template.fleet_config.configs
    ]


def _config(
    specification: Mapping[str, Any], overrides: list[dict[str, Any]]
) -> ec2.FleetLaunchTemplateConfigRequest:
    config: dict[str, Any] = {
        "LaunchTemplateSpecification": ec2.FleetLaunchTemplateSpecificationRequest(**specification)
    }
    if overrides:
        config["Overrides"] = [ec2.FleetLaunchTemplateOverridesRequest(**_placed(one)) for one in overrides]
    return ec2.FleetLaunchTemplateConfigRequest(**config)


def _placed(override: dict[str, Any]) -> dict[str, Any]:
    if "Placement" not in override:
        return override
    return {**override, "Placement": ec2.Placement(**override["Placement"])}


def _override(spec: StackSpec, pool: Pool) -> dict[str, Any]:
    override = pool_override(spec, pool)
    if pool.max_price:
        override["MaxPrice"] = pool.max_price
    if not spec.owns_launch_template and (placement := placement_of(spec.template)):
        override["Placement"] = placement
    return override
