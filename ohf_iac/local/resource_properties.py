"""Properties of a resource held against its type, and what a handler says when a service refuses it.

The types' properties are the members of the API requests that their handlers make; where CloudFormation differs
from the API, it is said here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.model import StructureShape
from moto.core.exceptions import ServiceException

from ohf_iac.local.answers import service
from ohf_iac.local.resources import ResourceRefused, StackContext
from ohf_iac.local.values import Misfit, fitted_members

if TYPE_CHECKING:
    from ohf_iac.local.world import World

NOT_PROPERTIES = ("DryRun", "ClientToken")
GROUP_RENAMED = {"Cooldown": "DefaultCooldown"}
GROUP_UNUSED = ("MetricsCollection", "NotificationConfiguration", "NotificationConfigurations")
GROUP_LATEST = ("$Latest", "$Default")


def template_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of an AWS::EC2::LaunchTemplate as CreateLaunchTemplate takes them. Raises ResourceRefused."""
    return _fitted("ec2", "CreateLaunchTemplateRequest", properties, required=("LaunchTemplateData",))


def fleet_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of an AWS::EC2::EC2Fleet as CreateFleet takes them. Raises ResourceRefused."""
    required = ("LaunchTemplateConfigs", "TargetCapacitySpecification")
    return _fitted("ec2", "CreateFleetRequest", properties, required)


def spot_fleet_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The SpotFleetRequestConfigData of an AWS::EC2::SpotFleet. Raises ResourceRefused."""
    wrapped = {**properties}
    _check_keys(wrapped, ("SpotFleetRequestConfigData", "Tags"), ("SpotFleetRequestConfigData",))
    config = _fitted(
        "ec2",
        "SpotFleetRequestConfigData",
        wrapped["SpotFleetRequestConfigData"],
        ("IamFleetRole", "TargetCapacity"),
        "#/SpotFleetRequestConfigData",
    )
    for given in config.get("LaunchTemplateConfigs") or ():
        _check_version(given.get("LaunchTemplateSpecification") or {})
    return config


def group_properties(properties: Mapping[str, Any], default_name: str) -> dict[str, Any]:
    """The properties of an AWS::AutoScaling::AutoScalingGroup as CreateAutoScalingGroup takes them.

    CloudFormation has the subnets as a list, Cooldown for DefaultCooldown, and wants PropagateAtLaunch with each
    tag. Raises ResourceRefused.
    """
    request = {GROUP_RENAMED.get(key, key): value for key, value in properties.items() if key not in GROUP_UNUSED}
    request.setdefault("AutoScalingGroupName", default_name)
    subnets = request.get("VPCZoneIdentifier")
    if isinstance(subnets, list | tuple):
        request["VPCZoneIdentifier"] = ",".join(str(subnet) for subnet in subnets)
    for tag in request.get("Tags") or ():
        if isinstance(tag, Mapping):
            _check_keys(tag, ("Key", "Value", "PropagateAtLaunch"), ("Key", "Value", "PropagateAtLaunch"), "#/Tags")
    fitting = _fitted("autoscaling", "CreateAutoScalingGroupType", request, ("MinSize", "MaxSize"))
    mixed = (fitting.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    for specification in (fitting.get("LaunchTemplate"), mixed.get("LaunchTemplateSpecification")):
        if specification:
            _check_version(specification)
    return fitting


def handler_refusal(
    world: World, context: StackContext, service_name: str, refused: ServiceException
) -> ResourceRefused:
    """What the type's handler makes of a service's refusal (facts/aws-behaviour.md section 1.2)."""
    ids = world.region(context.account, context.region).ids
    code = _handler_code(refused.code)
    details = f"(Service: {service_name}, Status Code: 400, Request ID: {ids.uuid('request')})"
    return ResourceRefused(
        f'Resource handler returned message: "{refused.message} {details}" '
        f"(RequestToken: {ids.uuid('token')}, HandlerErrorCode: {code})"
    )


def handler_message(world: World, context: StackContext, message: str, code: str) -> str:
    """What the handler itself says."""
    token = world.region(context.account, context.region).ids.uuid("token")
    return f'Resource handler returned message: "{message}" (RequestToken: {token}, HandlerErrorCode: {code})'


def _fitted(
    service_name: str, shape_name: str, properties: Any, required: tuple[str, ...], where: str = "#"
) -> dict[str, Any]:
    shape = service(service_name).shape_for(shape_name)
    assert isinstance(shape, StructureShape)  # noqa: S101 - all four are structures
    if isinstance(properties, Mapping):
        allowed = tuple(key for key in shape.members if key not in NOT_PROPERTIES)
        _check_keys(properties, allowed, required, where)
    try:
        document: dict[str, Any] = fitted_members(shape, properties, where)
    except Misfit as misfit:
        raise ResourceRefused(_words(str(misfit))) from misfit
    return document


def _check_keys(
    given: Mapping[str, Any], allowed: tuple[str, ...], required: tuple[str, ...], where: str = "#"
) -> None:
    for key in given:
        if key not in allowed:
            raise ResourceRefused(_words(f"{where}: extraneous key [{key}] is not permitted"))
    for key in required:
        if key not in given:
            raise ResourceRefused(_words(f"{where}: required key [{key}] not found"))


def _check_version(specification: Mapping[str, Any]) -> None:
    """Groups and Spot Fleets take a version number only (AWS::AutoScaling::AutoScalingGroup reference)."""
    if not specification.get("Version"):
        raise ResourceRefused(_words("#: required key [Version] not found"))
    if specification["Version"] in GROUP_LATEST:
        raise ResourceRefused(_words(f"#/Version: {specification['Version']} is not supported, specify a number"))


def _words(problem: str) -> str:
    return f"Properties validation failed with message: {problem} (HandlerErrorCode: InvalidRequest)"


def _handler_code(code: str) -> str:
    if code.endswith(("AlreadyExists", "AlreadyExistsException")):
        return "AlreadyExists"
    if "NotFound" in code:
        return "NotFound"
    if code in ("UnauthorizedOperation", "AccessDenied"):
        return "AccessDenied"
    return "ServiceLimitExceeded" if "LimitExceeded" in code else "InvalidRequest"
