"""A host template -> the body of its stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from troposphere import Equals, Not, Output, Ref, Template

from ohf_iac import stack
from ohf_iac.errors import ValidationError
from ohf_iac.render import words
from ohf_iac.render.asg import auto_scaling_group
from ohf_iac.render.canonical import canonical, digest
from ohf_iac.render.ec2_fleet import ec2_fleet, on_demand_rest
from ohf_iac.render.launch_template import launch_template
from ohf_iac.render.spot_fleet import spot_fleet
from ohf_iac.stack import RenderedStack, StackSpec, spec_for
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, FLEET_REQUEST, INSTANT, SPOT_MAINTAIN, SPOT_REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from troposphere import AWSObject

    from ohf_iac.template.defaults import TemplateDefaults
    from ohf_iac.template.host_template import HostTemplate
    from ohf_iac.template.kinds import Kind

#: Raised, with an entry in CHANGELOG.md, whenever the same input gives another body.
RENDERER_ABI = 1

_CAPACITY: Mapping[Kind, Callable[[StackSpec], AWSObject]] = {
    ASG: auto_scaling_group,
    INSTANT: ec2_fleet,
    FLEET_REQUEST: ec2_fleet,
    FLEET_MAINTAIN: ec2_fleet,
    SPOT_REQUEST: spot_fleet,
    SPOT_MAINTAIN: spot_fleet,
}


def render(template: HostTemplate, defaults: TemplateDefaults, files: Mapping[str, bytes]) -> RenderedStack:
    """The body that every request of `template` sends, and its digest; the same input gives the same bytes.

    `files` holds the script that the template names. Raises ValidationError when a property is one that
    CloudFormation would not take.
    """
    spec = spec_for(template, defaults, files)
    try:
        document = _template(spec).to_dict()
    except (TypeError, ValueError, AttributeError) as error:  # all that troposphere raises for a wrong property
        raise ValidationError(f"render template {template.template_id}: {error}") from error
    body = canonical(document)
    return RenderedStack(template.template_id, template.kind, body, digest(body))


def _template(spec: StackSpec) -> Template:
    body = Template(Description=_description(spec))
    body.set_version()
    for name in spec.parameters:
        body.add_parameter(words.parameter(name, spec.template.max_per_request))
    if spec.owns_launch_template:
        body.add_resource(launch_template(spec))
        body.add_output(_output("LaunchTemplateId", words.LAUNCH_TEMPLATE, "The launch template"))
    body.add_resource(_CAPACITY[spec.template.kind](spec))
    body.add_output(_output("CapacityId", words.CAPACITY, "The group or fleet"))
    if stack.REST in spec.parameters:
        body.add_condition(words.REST_WANTED, Not(Equals(Ref(stack.REST), "0")))
        body.add_resource(on_demand_rest(spec))
        rest = _output("RestId", words.ON_DEMAND_REST, "The fleet of the on-demand rest")
        rest.Condition = words.REST_WANTED
        body.add_output(rest)
    return body


def _description(spec: StackSpec) -> str:
    template = spec.template
    return f"Host Factory request for machines of template {template.template_id} ({template.kind})"


def _output(name: str, resource: str, description: str) -> Output:
    return Output(name, Description=description, Value=Ref(resource))
