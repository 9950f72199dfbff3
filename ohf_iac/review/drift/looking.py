"""The resources of a stack as they stand: what CloudFormation found, and our own look where it does not see."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.aws import cloudformation
from ohf_iac.aws.resource_properties import READ, template_tags, template_versions
from ohf_iac.aws.sent_bodies import sent_body
from ohf_iac.drift import Standing
from ohf_iac.review.drift.beside import beside
from ohf_iac.review.drift.filled import MADE_VERSION, Scope, filled
from ohf_iac.review.drift.judging import judged
from ohf_iac.review.drift.values import ResourceDrift

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ohf_iac.aws.calls import Calls
    from ohf_iac.aws.resource_properties import TemplateVersion
    from ohf_iac.observation import StackSeen
    from ohf_iac.review.drift.values import By

TEMPLATE: Final = "AWS::EC2::LaunchTemplate"
#: what the resource itself is called among its tag specifications; the others are given to machines at their
#: launch, and no service tells of them later
_ITSELF: Final[Mapping[str, str]] = {
    TEMPLATE: "launch-template",
    "AWS::EC2::EC2Fleet": "fleet",
    "AWS::EC2::SpotFleet": "spot-fleet-request",
}
_CONFIG: Final = "SpotFleetRequestConfigData"


def resources_of(
    calls: Calls, stack: StackSeen, told: Iterable[Standing], body: str = ""
) -> Iterator[ResourceDrift]:
    """Every resource that the stack's body names, judged; `told` is what CloudFormation's detection found.

    `body` spares a call where it was read before. ProviderError when AWS cannot be asked.
    """
    found = {one.logical_id: one for one in told}
    resources = json.loads(body or sent_body(calls, stack.stack_id)).get("Resources", {})
    physical = {name: one.physical_id for name, one in found.items()}
    if resources.keys() - physical.keys():
        physical |= cloudformation.stack_resources(calls, stack.stack_id)
    scope = Scope(stack.parameters, physical, stack.stack_id, stack.name)
    now = calls.moment()
    for name, resource in sorted(resources.items()):
        if name not in physical:
            if "Condition" not in resource:
                yield ResourceDrift(name, "", resource["Type"], "not checked", "nobody", why="it was not made")
            continue
        properties = filled(resource.get("Properties", {}), scope)
        standing, by = _looked_at(calls, name, physical[name], resource["Type"], properties, found.get(name))
        yield judged(standing, by, stack, now)


def _looked_at(
    calls: Calls, name: str, physical_id: str, kind: str, properties: dict[str, Any], told: Standing | None
) -> tuple[Standing, By]:
    """One resource: by CloudFormation's word where it has one, by our own look at what it does not compare."""
    checked = told is not None and told.found != "unknown"
    if told is not None and told.found == "deleted":
        return told, "cloudformation"
    if kind == TEMPLATE:
        own = _template(calls, name, physical_id, properties)
    elif kind in _ITSELF and checked:
        own = _read(calls, name, physical_id, kind, _tags_alone(kind, properties))
    elif checked and told is not None:
        return told, "cloudformation"
    elif kind in READ:
        own = _read(calls, name, physical_id, kind, _over(properties, _tags_alone(kind, properties)))
    else:
        reason = told.reason if told is not None else ""
        return Standing(name, physical_id, kind, "unknown", reason=reason), "nobody"
    return (_merged(told, own), "both") if checked and told is not None else (own, "ohf")


def _merged(told: Standing, own: Standing) -> Standing:
    """Both looks at a resource; ours counts where both saw something."""
    if own.found == "deleted":
        return own
    expected, actual = _over(told.expected, own.expected), _over(told.actual, own.actual)
    explained = told.expected != told.actual  # by what both sides hold from here on
    found = "in sync" if explained else told.found
    return replace(told, found=found, expected=expected, actual=actual, reason=own.reason or told.reason)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    if _CONFIG in below and _CONFIG in above:
        merged[_CONFIG] = {**below[_CONFIG], **above[_CONFIG]}
    return merged


def _read(calls: Calls, name: str, physical_id: str, kind: str, properties: dict[str, Any]) -> Standing:
    """A group or fleet as its service shows it."""
    shown = READ[kind](calls, physical_id)
    if shown is None:
        return Standing(name, physical_id, kind, "deleted")
    return Standing(name, physical_id, kind, "in sync", properties, beside(properties, shown))


def _tags_alone(kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Of a resource's properties the tags that it bears itself, where its type has them among others.

    CloudFormation does not read them back of Spot Fleets and launch templates; whether it does of EC2 Fleets, its
    documents do not say: DescribeFleets shows tags, and no specifications.
    """
    if kind not in _ITSELF:
        return {}
    inside = properties.get(_CONFIG, properties)
    own = [one for one in inside.get("TagSpecifications", []) if one.get("ResourceType") == _ITSELF[kind]]
    tags = {"TagSpecifications": own}
    return {_CONFIG: tags} if _CONFIG in properties else tags


def _template(calls: Calls, name: str, physical_id: str, properties: dict[str, Any]) -> Standing:
    """A launch template: its tags, and whether a version stands beside the one that the stack made.

    Versions never change, and CloudFormation does not read their data back; so what tampers with one makes another.
    """
    versions = template_versions(calls, physical_id)
    tags = template_tags(calls, physical_id)
    if not versions or tags is None:
        return Standing(name, physical_id, TEMPLATE, "deleted")
    wanted = _tags_alone(TEMPLATE, properties)["TagSpecifications"]
    expected, actual, reason = _versions(versions)
    return Standing(
        name,
        physical_id,
        TEMPLATE,
        "in sync",
        {**expected, "TagSpecifications": wanted},
        {**actual, "TagSpecifications": beside(wanted, tags) or []},
        reason,
    )


def _versions(versions: tuple[TemplateVersion, ...]) -> tuple[dict[str, Any], dict[str, Any], str]:
    """What is expected of a launch template's versions, how they are, and what cannot be told."""
    made = next((one for one in versions if str(one.number) == MADE_VERSION), None)
    latest, default = versions[-1], next((one for one in versions if one.default), versions[-1])
    other = next((one for one in (default, latest) if one is not made), latest)
    numbers = {"DefaultVersionNumber": str(default.number), "LatestVersionNumber": str(latest.number)}
    expected: dict[str, Any] = dict.fromkeys(numbers, MADE_VERSION)
    if made is None:
        return expected, dict(numbers), f"version {MADE_VERSION}, which the stack made, is gone"
    return (
        {**expected, "LaunchTemplateData": dict(made.data)},
        {**numbers, "LaunchTemplateData": dict(other.data)},
        "",
    )
