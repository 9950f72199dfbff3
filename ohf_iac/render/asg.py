"""Auto Scaling group: one launch template, or a policy of several types and ways to buy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from troposphere import Ref, autoscaling

from ohf_iac import stack
from ohf_iac.render import words

if TYPE_CHECKING:
    from ohf_iac.stack import StackSpec

_WHY = (
    "Launches the machines and keeps their number until the request is settled; then launching is suspended. "
    "No scale-in protection and no rebalancing: Host Factory alone decides which machine goes."
)


def auto_scaling_group(spec: StackSpec) -> autoscaling.AutoScalingGroup:
    """The capacity of a template of kind ASG; MinSize 0, because returns must never meet a lower bound."""
    template = spec.template
    group: dict[str, Any] = {
        "AutoScalingGroupName": words.own_name(),
        "MinSize": "0",
        "MaxSize": Ref(stack.TARGET),
        "DesiredCapacity": Ref(stack.TARGET),
        "VPCZoneIdentifier": list(template.subnets),
        "CapacityRebalance": False,
        "NewInstancesProtectedFromScaleIn": False,
        "Tags": _tags(spec),
    }
    if _is_mixed(spec):
        group["MixedInstancesPolicy"] = _policy(spec)
    else:
        group["LaunchTemplate"] = _launch_template(spec)
    if template.placement_group and not spec.owns_launch_template:
        group["PlacementGroup"] = template.placement_group
    if template.context:
        group["Context"] = template.context
    return autoscaling.AutoScalingGroup(words.CAPACITY, Metadata=words.why(_WHY), **group)


def _is_mixed(spec: StackSpec) -> bool:
    template = spec.template
    strategies = template.spot_strategy or template.on_demand_strategy or template.spot_price
    several = len(template.instance_types) > 1 or template.weights or template.requirements
    of_foreign = template.instance_types and not spec.owns_launch_template
    return bool(spec.purchase != "ondemand" or strategies or several or of_foreign)


def _launch_template(spec: StackSpec) -> autoscaling.LaunchTemplateSpecification:
    return autoscaling.LaunchTemplateSpecification(**words.launch_template_specification(spec))


def _policy(spec: StackSpec) -> autoscaling.MixedInstancesPolicy:
    template = spec.template
    overrides: list[dict[str, Any]] = []
    for name in template.instance_types:
        override: dict[str, Any] = {"InstanceType": name}
        if template.weights:
            override["WeightedCapacity"] = str(template.weights.get(name, 1))
        overrides.append(override)
    if template.requirements:
        selection = autoscaling.InstanceRequirements.from_dict(None, template.requirements)
        overrides.append({"InstanceRequirements": selection})
    types: dict[str, Any] = {"LaunchTemplateSpecification": _launch_template(spec)}
    if overrides:
        types["Overrides"] = [autoscaling.LaunchTemplateOverrides(**override) for override in overrides]
    return autoscaling.MixedInstancesPolicy(
        InstancesDistribution=_distribution(spec), LaunchTemplate=autoscaling.LaunchTemplate(**types)
    )


def _distribution(spec: StackSpec) -> autoscaling.InstancesDistribution:
    """The on-demand share as a percentage where it is a whole one, else as a number of units per request."""
    template, percent = spec.template, stack.percent_on_demand(spec.template)
    distribution: dict[str, Any] = {
        "OnDemandBaseCapacity": 0 if percent is not None else Ref(stack.ON_DEMAND),
        "OnDemandPercentageAboveBaseCapacity": percent or 0,
    }
    if template.on_demand_strategy:
        distribution["OnDemandAllocationStrategy"] = template.on_demand_strategy
    if template.spot_strategy:
        distribution["SpotAllocationStrategy"] = template.spot_strategy
    if template.pools_count:
        distribution["SpotInstancePools"] = template.pools_count
    if template.spot_price:
        distribution["SpotMaxPrice"] = template.spot_price
    return autoscaling.InstancesDistribution(**distribution)


def _tags(spec: StackSpec) -> list[dict[str, Any]]:
    """The group's tags; they reach machines too, which is how those of a foreign launch template get theirs."""
    if spec.owns_launch_template:
        return [{**tag, "PropagateAtLaunch": True} for tag in words.resource_tags(spec)]
    return [{**tag, "PropagateAtLaunch": True} for tag in words.machine_tags(spec)]
