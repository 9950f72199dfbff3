"""Words that all resources of a body share: parameters, logical ids, tags, and the reason why each is there."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from troposphere import GetAtt, Parameter, Ref, Sub

from ohf_iac import request as names
from ohf_iac import stack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.stack import StackSpec

LAUNCH_TEMPLATE: Final = "LaunchTemplate"
CAPACITY: Final = "Capacity"
ON_DEMAND_REST: Final = "OnDemandRest"
REST_WANTED: Final = "RestWanted"

#: The name that stack, launch template and group bear.
NAME: Final = f"ohf-${{{stack.REQUEST_ID}}}"

_TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def parameter(name: str, most: int) -> Parameter:
    """A parameter of the body; `most` units are the envelope that a review approves."""
    return Parameter(name, **_PARAMETERS[name], **({"MaxValue": most} if name in _COUNTS else {}))


_COUNTS = frozenset({stack.TARGET, stack.ON_DEMAND, stack.REST})
_PARAMETERS: Mapping[str, Mapping[str, object]] = {
    stack.REQUEST_ID: {
        "Type": "String",
        "AllowedPattern": "req-[0-9a-f]{8}-[0-9a-f]{16}",
        "Description": "The request that this stack is",
    },
    stack.TEMPLATE_ID: {
        "Type": "String",
        "AllowedPattern": "[A-Za-z0-9_-]{1,64}",
        "Description": "The host template that was asked for",
    },
    stack.OWNER: {
        "Type": "String",
        "AllowedPattern": "[A-Za-z0-9_.:@+=-]{1,64}",
        "Description": "The installation that owns the machines",
    },
    stack.RC_ACCOUNT: {
        "Type": "String",
        "Default": "default",
        "AllowedPattern": "[A-Za-z0-9_.:@+=-]{0,64}",
        "Description": "The account that LSF charges",
    },
    stack.TARGET: {"Type": "Number", "MinValue": 1, "Description": "Units asked for"},
    stack.ON_DEMAND: {"Type": "Number", "MinValue": 0, "Description": "Units of them that are bought on demand"},
    stack.REST: {
        "Type": "Number",
        "Default": 0,
        "MinValue": 0,
        "Description": "Units that spot capacity did not deliver, bought on demand after ValidUntil",
    },
    stack.VALID_UNTIL: {
        "Type": "String",
        "AllowedPattern": _TIMESTAMP,
        "Description": "When the fleet stops launching, UTC",
    },
}


def own_name() -> Sub:
    """The request's name, `ohf-<request id>`."""
    return Sub(NAME)


def identity_tags() -> dict[str, Any]:
    """What every resource is found by."""
    return {
        names.TAG_REQUEST: Ref(stack.REQUEST_ID),
        names.TAG_TEMPLATE: Ref(stack.TEMPLATE_ID),
        names.TAG_OWNER: Ref(stack.OWNER),
    }


def machine_tags(spec: StackSpec, more: Mapping[str, str] = MappingProxyType({})) -> list[dict[str, Any]]:
    """The tags of an instance, its volumes and its interfaces; `more` come from a fleet file."""
    return tag_list({**more, **spec.template.tags, **identity_tags(), "RC_ACCOUNT": Ref(stack.RC_ACCOUNT)})


def resource_tags(spec: StackSpec, more: Mapping[str, str] = MappingProxyType({})) -> list[dict[str, Any]]:
    """The tags of a launch template, a fleet or a group itself; `more` come from a fleet file."""
    return tag_list({**spec.shared_tags, **more, **identity_tags()})


def tag_list(tags: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Tags as CloudFormation lists them, by key."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def launch_template_specification(spec: StackSpec) -> dict[str, Any]:
    """The launch template of the stack, or the foreign one, in a version that cannot change."""
    if spec.owns_launch_template:
        version = GetAtt(LAUNCH_TEMPLATE, "LatestVersionNumber")
        return {"LaunchTemplateId": Ref(LAUNCH_TEMPLATE), "Version": version}
    template = spec.template
    return {"LaunchTemplateId": template.launch_template_id, "Version": template.launch_template_version}


def why(reason: str) -> dict[str, Any]:
    """A resource's `Metadata` for reviewers."""
    return {"ohf": {"why": reason}}
