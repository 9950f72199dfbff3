"""A pool of capacity as an override of the launch template: what EC2 Fleet and Spot Fleet say in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from troposphere import ec2

from ohf_iac.render.launch_template import subnet_in_interfaces

if TYPE_CHECKING:
    from ohf_iac.stack import Pool, StackSpec


def pool_override(spec: StackSpec, pool: Pool) -> dict[str, Any]:
    """Type or attributes, subnet, weight and priority of a pool; {} where the launch template says it all."""
    template = spec.template
    override: dict[str, Any] = {}
    if pool.instance_type:
        override["InstanceType"] = pool.instance_type
    elif template.requirements:
        override["InstanceRequirements"] = ec2.InstanceRequirementsRequest.from_dict(None, template.requirements)
    if pool.subnet and not subnet_in_interfaces(spec):
        override["SubnetId"] = pool.subnet
    if pool.weight:
        override["WeightedCapacity"] = pool.weight
    if pool.priority is not None:
        override["Priority"] = pool.priority
    return override
