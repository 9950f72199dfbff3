"""What it takes to be permitted to launch: RunInstances on everything that a launch touches, tags, roles, keys.

RunInstances is checked once per resource (EC2 user guide, "Example policies: launch instances"); a group or fleet
checks it when it is created, because whoever creates one launches by it. Groups and fleets of type request and
maintain then launch by their service-linked roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ohf_iac.local.arns import ec2_arn, request_tags, resource_tags, role_arn, tags_of_id
from ohf_iac.local.iam_policy import Ask
from ohf_iac.local.templates import find_template

if TYPE_CHECKING:
    from ohf_iac.local.iam_policy import Values
    from ohf_iac.local.templates import Template
    from ohf_iac.local.world import Region

#: what EC2 needs of a customer's key to make an encrypted volume (EBS user guide, permissions for IAM users)
KEY_ACTIONS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
Launcher = Mapping[str, Any]


def tag_maps(specifications: Iterable[Any]) -> dict[str, dict[str, str]]:
    """TagSpecifications as tags by type of resource."""
    return {
        one.get("ResourceType", ""): {tag.get("Key", ""): tag.get("Value", "") for tag in one.get("Tags") or ()}
        for one in specifications
    }


def launch_asks(region: Region, launcher: Launcher, own_tags: Mapping[str, str] | None = None) -> Iterator[Ask]:
    """The permissions of a launch by these properties of a group or fleet; `own_tags` are those of its machines."""
    for specification, overrides in _launched_from(launcher):
        template = find_template(region, specification)
        yield from _resource_asks(region, template, own_tags or {})
        subnets = [str(one["SubnetId"]) for one in overrides if one.get("SubnetId")]
        zone_list = launcher.get("VPCZoneIdentifier") or ()
        for subnet in dict.fromkeys([*subnets, *zone_list]):
            yield Ask("ec2:RunInstances", ec2_arn(region, "subnet", subnet))
        if any(one.get("InstanceRequirements") for one in overrides):
            yield Ask("ec2:GetInstanceTypesFromInstanceRequirements")
        yield from _tag_asks(region, template)
        yield from _profile_asks(region, template)


def encryption_asks(region: Region, launcher: Launcher) -> Iterator[Ask]:
    """What is asked of the customers' keys that a launch encrypts volumes with."""
    for specification, _ in _launched_from(launcher):
        for mapping in find_template(region, specification).data.get("BlockDeviceMappings") or ():
            if key := (mapping.get("Ebs") or {}).get("KmsKeyId"):
                yield from _key_asks(region, str(key))


def _key_asks(region: Region, key: str) -> Iterator[Ask]:
    context: dict[str, Values] = {"kms:ViaService": (f"ec2.{region.name}.amazonaws.com",)}
    if "alias/" in key:
        context["kms:ResourceAliases"] = (key[key.index("alias/") :],)
    named = "00000000-0000-4000-8000-000000000000" if "alias/" in key else key
    arn = named if named.startswith("arn:") else f"arn:aws:kms:{region.name}:{region.account}:key/{named}"
    for action in KEY_ACTIONS:
        granted: dict[str, Values] = {"kms:GrantIsForAWSResource": ("true",)} if "Grant" in action else {}
        yield Ask(action, arn, {**context, **granted})


def linked_role_ask(region: Region, service: str, name: str) -> Iterator[Ask]:
    """CreateServiceLinkedRole, where the account has no such role yet; from then on it has."""
    if (region.account, service) not in region.world.linked_roles:
        arn = role_arn(region.account, f"aws-service-role/{service}/{name}")
        yield Ask("iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": (service,)})


def _launched_from(launcher: Launcher) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
    """The launch templates of a group or fleet, each with its overrides."""
    if launcher.get("LaunchTemplate"):
        yield launcher["LaunchTemplate"], []
    mixed = (launcher.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    if mixed:
        yield mixed.get("LaunchTemplateSpecification") or {}, list(mixed.get("Overrides") or ())
    for config in launcher.get("LaunchTemplateConfigs") or ():
        yield config.get("LaunchTemplateSpecification") or {}, list(config.get("Overrides") or ())


def _resource_asks(region: Region, template: Template, own_tags: Mapping[str, str]) -> Iterator[Ask]:
    data = template.data
    tags = {**tag_maps(data.get("TagSpecifications") or ()).get("instance", {}), **own_tags}
    arn = ec2_arn(region, "launch-template", template.id)
    context: dict[str, Values] = {**request_tags(tags), "ec2:LaunchTemplate": (arn,)}
    tokens = (data.get("MetadataOptions") or {}).get("HttpTokens")
    context |= {"ec2:MetadataHttpTokens": (str(tokens),)} if tokens else {}
    yield Ask("ec2:RunInstances", ec2_arn(region, "instance", "*"), context)
    yield Ask("ec2:RunInstances", arn, resource_tags(tags_of_id(region, template.id)))
    for kind, name in _named(data):
        yield Ask("ec2:RunInstances", ec2_arn(region, kind, name))


def _named(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What else a launch touches, by type and name."""
    yield "volume", "*"
    yield "network-interface", "*"
    if data.get("ImageId"):
        yield "image", str(data["ImageId"])
    if data.get("KeyName"):
        yield "key-pair", str(data["KeyName"])
    if group := (data.get("Placement") or {}).get("GroupName"):
        yield "placement-group", str(group)
    interfaces = data.get("NetworkInterfaces") or ()
    for one in [*interfaces, {"Groups": data.get("SecurityGroupIds") or ()}]:
        yield from (("security-group", str(name)) for name in one.get("Groups") or ())
        yield from (("subnet", str(one[key])) for key in ("SubnetId",) if one.get(key))
    if "spot-instances-request" in tag_maps(data.get("TagSpecifications") or ()):
        yield "spot-instances-request", "*"


def _tag_asks(region: Region, template: Template) -> Iterator[Ask]:
    for kind, tags in tag_maps(template.data.get("TagSpecifications") or ()).items():
        if tags:
            context = {**request_tags(tags), "ec2:CreateAction": ("RunInstances",)}
            yield Ask("ec2:CreateTags", ec2_arn(region, kind, "*"), context)


def _profile_asks(region: Region, template: Template) -> Iterator[Ask]:
    """PassRole for the role in the instance profile; here a profile holds the role of its own name."""
    profile = template.data.get("IamInstanceProfile") or {}
    name = str(profile.get("Name") or profile.get("Arn") or "").rpartition("/")[2]
    if name:
        yield Ask("iam:PassRole", role_arn(region.account, name), {"iam:PassedToService": ("ec2.amazonaws.com",)})
