"""Launch templates, kept by moto, turned into recipes for machines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ohf_iac.local import places
from ohf_iac.local.machines import Recipe
from ohf_iac.local.offers import offer
from ohf_iac.local.refusals import Refused

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

USER_DATA_BYTES = 16384
# Tag keys where tags are in the metadata (EC2 user guide, "Work with instance tags in instance metadata").
METADATA_TAG_KEY = re.compile(r"[0-9a-zA-Z\-_+=,.@:]{1,255}")
RESERVED_TAG_KEYS = (".", "..", "_index")


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a launch template; id and version are empty where a launch needs none."""

    id: str
    name: str
    version: str
    data: Mapping[str, Any]


def find_template(region: Region, spec: Mapping[str, Any]) -> Template:
    """The version that a LaunchTemplateSpecification names. Raises Refused (InvalidLaunchTemplate…)."""
    backend = region.ec2
    template_id, name = spec.get("LaunchTemplateId"), spec.get("LaunchTemplateName")
    if name and not template_id:
        template_id = backend.launch_template_name_to_ids.get(name)
        if template_id is None:
            raise Refused(
                "InvalidLaunchTemplateName.NotFoundException",
                f"The specified launch template, with template name {name}, does not exist.",
            )
    found = backend.launch_templates.get(template_id)
    if found is None:
        raise Refused(
            "InvalidLaunchTemplateId.NotFound",
            f"The specified launch template, with template ID {template_id}, does not exist.",
        )
    version = _version(found, str(spec.get("Version") or "$Default"))
    return Template(found.id, found.name, str(version.number), version.data)


def recipe(region: Region, template: Template, override: Mapping[str, Any], spot: bool) -> Recipe:
    """What a machine of this template with this override is made of, everything it names looked up.

    `override` is shaped as a fleet's override. Raises Refused in RunInstances' words when something named does not
    exist or does not go together.
    """
    overlaid = {key: override[key] for key in ("ImageId", "BlockDeviceMappings") if override.get(key)}
    data = {**template.data, **overlaid}
    image_id = data.get("ImageId")
    if not image_id:
        raise Refused("MissingParameter", "The request must contain the parameter ImageId")
    instance_type = override.get("InstanceType") or data.get("InstanceType") or "m1.small"
    image = places.find_image(region, image_id)
    _check_type(instance_type, image)
    subnet = _subnet(region, data, override)
    _check_named(region, data, override)
    _check_devices(data, image)
    _check_tags(data, spot)
    profile = data.get("IamInstanceProfile")
    arn = places.check_profile(region, profile) if profile else ""
    return Recipe(data, instance_type, image, subnet, spot, arn, template.id, template.version)


def architecture_of(region: Region, specification: Mapping[str, Any]) -> str:
    """The architecture of the image that a launch template names; "" when that cannot be told."""
    try:
        return places.find_image(
            region, find_template(region, specification).data.get("ImageId") or ""
        ).architecture
    except Refused:
        return ""


def tags_for(data: Mapping[str, Any], resource_type: str) -> dict[str, str]:
    """The tags that the template's TagSpecifications give to resources of that type."""
    return {
        tag["Key"]: tag.get("Value", "")
        for specification in data.get("TagSpecifications") or ()
        if specification.get("ResourceType") == resource_type
        for tag in specification.get("Tags") or ()
    }


def check_metadata_tags(keys: Iterable[str]) -> None:
    """Raises Refused for a key that cannot be shown in the instance metadata."""
    for key in keys:
        if not METADATA_TAG_KEY.fullmatch(key) or key in RESERVED_TAG_KEYS:
            raise Refused(
                "InvalidParameterValue",
                f"'{key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), "
                "and must not be a reserved name ('.', '..', '_index')",
            )


def metadata_tags_on(data: Mapping[str, Any]) -> bool:
    """Whether machines of this data show their tags in the instance metadata."""
    return (data.get("MetadataOptions") or {}).get("InstanceMetadataTags") == "enabled"


def truth(value: Any) -> bool:
    """A boolean that may have come as text."""
    return str(value).lower() == "true"


def _version(template: Any, wanted: str) -> Any:
    if wanted == "$Latest":
        return template.latest_version()
    if wanted == "$Default":
        return template.default_version()
    for version in template.versions:
        if str(version.number) == wanted:
            return version
    raise Refused(
        "InvalidLaunchTemplateId.VersionNotFound",
        f"Could not find the specified version {wanted} for the launch template with ID {template.id}.",
    )


def _check_type(instance_type: str, image: places.Image) -> None:
    known = offer(instance_type)
    if known is None and instance_type != "m1.small":
        raise Refused("InvalidParameterValue", f"Invalid value '{instance_type}' for InstanceType.")
    if known and image.architecture and known.architecture != image.architecture:
        raise Refused(
            "InvalidParameterValue",
            f"The architecture '{known.architecture}' of the specified instance type does not match the "
            f"architecture '{image.architecture}' of the specified AMI. Specify an instance type and an AMI that "
            "have matching architectures, and try again.",
        )


def _subnet(region: Region, data: Mapping[str, Any], override: Mapping[str, Any]) -> places.Subnet:
    interfaces = data.get("NetworkInterfaces") or [{}]
    named = override.get("SubnetId") or interfaces[0].get("SubnetId") or data.get("SubnetId")
    if named:
        return places.find_subnet(region, named)
    placement = {**(data.get("Placement") or {}), **(override.get("Placement") or {})}
    return places.default_subnet(
        region, override.get("AvailabilityZone") or placement.get("AvailabilityZone") or ""
    )


def _check_named(region: Region, data: Mapping[str, Any], override: Mapping[str, Any]) -> None:
    interfaces = data.get("NetworkInterfaces") or ()
    groups = list(data.get("SecurityGroupIds") or ())
    if interfaces and groups:
        raise Refused(
            "InvalidParameterCombination",
            "Network interfaces and an instance-level security groups may not be specified on the same request",
        )
    for group in [*groups, *(group for interface in interfaces for group in interface.get("Groups") or ())]:
        places.check_security_group(region, group)
    if data.get("KeyName"):
        places.check_key_pair(region, data["KeyName"])
    placement = {**(data.get("Placement") or {}), **(override.get("Placement") or {})}
    if placement.get("GroupName"):
        places.check_placement_group(region, placement["GroupName"])
    if len(str(data.get("UserData") or "")) * 3 // 4 > USER_DATA_BYTES + 2:
        raise Refused("InvalidParameterValue", f"User data is limited to {USER_DATA_BYTES} bytes")


def _check_devices(data: Mapping[str, Any], image: places.Image) -> None:
    """A volume that is not the image's root has nothing to get its size from."""
    for mapping in data.get("BlockDeviceMappings") or ():
        ebs = mapping.get("Ebs")
        if mapping.get("DeviceName") == image.root_device or mapping.get("NoDevice") is not None or ebs is None:
            continue
        if not ebs.get("VolumeSize") and not ebs.get("SnapshotId"):
            raise Refused("MissingParameter", "The request must contain the parameter size or snapshotId")


def _check_tags(data: Mapping[str, Any], spot: bool) -> None:
    if metadata_tags_on(data):
        check_metadata_tags(tags_for(data, "instance"))
    if not spot and tags_for(data, "spot-instances-request"):
        raise Refused(
            "InvalidParameterValue",
            "You cannot specify tags for Spot instances requests if there are no Spot instances requests being "
            "created by the request.",
        )
