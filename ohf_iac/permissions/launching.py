"""What launching takes: RunInstances on everything that a launch touches, roles to pass, images, keys.

Whoever makes a group or fleet must be allowed to launch by it. EC2 holds RunInstances against each resource in turn
(EC2 user guide, example policies), so that types of resource that nobody names stay out of reach.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ohf_iac.permissions.needs import gathered
from ohf_iac.permissions.statement import Statement, equals, tagged, together
from ohf_iac.request import TAG_OWNER
from ohf_iac.template.kinds import INSTANT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ohf_iac.permissions.needs import Needs
    from ohf_iac.stack import StackSpec

_PARAMETER: Final = re.compile(r"\{\{resolve:ssm:([^:}]+)(?::\d+)?\}\}")
#: the role that a Spot Fleet's body names where the template names none
USUAL_FLEET_ROLE: Final = "aws-ec2-spot-fleet-tagging-role"
#: what EC2 asks of a customer's key to make an encrypted volume (EBS user guide, permissions for IAM users)
_KEY_USE: Final = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


def launching_statements(needs: Needs) -> Iterator[Statement]:
    """RunInstances, PassRole, parameters that hold images, and keys."""
    if not needs.specs:
        return
    yield from _machines(needs)
    yield Statement("LaunchWith", ("ec2:RunInstances",), tuple(needs.place.ec2(one) for one in _touched(needs)))
    yield from _roles(needs)
    if names := gathered(needs.specs, lambda one: _PARAMETER.findall(one.template.image_id)):
        arns = tuple(_parameter(needs, name) for name in names)
        yield Statement("ImagesInParameterStore", ("ssm:GetParameters",), arns)
    yield from _keys(needs)


def _machines(needs: Needs) -> Iterator[Statement]:
    """Our own launch templates start machines of ours alone; foreign ones are named, their machines cannot be."""
    instances, templates = (needs.place.ec2("instance/*"),), (needs.place.ec2("launch-template/*"),)
    if needs.own_templates:
        tokens = {one.template.http_tokens for one in needs.own_templates}
        posture = equals(ec2__MetadataHttpTokens="required") if tokens == {"required"} else {}
        wanted = together(tagged("aws:RequestTag", TAG_OWNER, needs.owner), posture)
        owned = tagged("ec2:ResourceTag", TAG_OWNER, needs.owner)
        yield Statement("LaunchMachines", ("ec2:RunInstances",), instances, wanted)
        yield Statement("LaunchFromOurTemplates", ("ec2:RunInstances",), templates, owned)
    if needs.foreign_templates:
        arns = tuple(needs.place.ec2(f"launch-template/{one}") for one in _foreign_ids(needs))
        by_them = {"ArnLike": {"ec2:LaunchTemplate": arns}}
        yield Statement("LaunchForeignMachines", ("ec2:RunInstances",), instances, by_them)
        yield Statement("LaunchFromForeignTemplates", ("ec2:RunInstances",), arns)


def _foreign_ids(needs: Needs) -> tuple[str, ...]:
    """Ids of launch templates that are not ours; `*` where one is given by name, which is in no ARN."""
    return gathered(needs.foreign_templates, _foreign_of)


def _foreign_of(spec: StackSpec) -> Iterator[str]:
    if spec.template.launch_template_id:
        yield spec.template.launch_template_id
    elif spec.template.fleet_config is not None:
        for one in spec.template.fleet_config.configs:
            yield one["specification"].get("LaunchTemplateId", "*")


def _touched(needs: Needs) -> Iterator[str]:
    """The other resources of a launch; any of a type where a foreign launch template or nobody names it."""
    yield from ("network-interface/*", "volume/*")
    for kind, said in _TOUCHED.items():
        names = gathered(needs.specs, said)
        yield from (f"{kind}/{name}" for name in (("*",) if "*" in names else names))
    if any(one.template.price_type == "spot" or not one.owns_launch_template for one in needs.specs):
        yield "spot-instances-request/*"


def _images(spec: StackSpec) -> Iterator[str]:
    known = spec.owns_launch_template and spec.template.image_id.startswith("ami-")
    yield spec.template.image_id if known else "*"


def _subnets(spec: StackSpec) -> Iterator[str]:
    """Subnets of the template, and of the overrides of its fleet file."""
    configs = spec.template.fleet_config.configs if spec.template.fleet_config else ()
    overrides = [one for config in configs for one in config["overrides"]]
    yield from (str(one.get("SubnetId", "*")) for one in overrides)
    yield from spec.template.subnets or (() if overrides else ("*",))


def _security_groups(spec: StackSpec) -> Iterator[str]:
    yield from spec.template.security_groups if spec.owns_launch_template else ()
    if not spec.owns_launch_template or not spec.template.security_groups:
        yield "*"


def _key_pairs(spec: StackSpec) -> Iterator[str]:
    yield spec.template.key_name if spec.owns_launch_template else "*"


def _placement_groups(spec: StackSpec) -> Iterator[str]:
    yield spec.template.placement_group if spec.owns_launch_template else "*"
    configs = spec.template.fleet_config.configs if spec.template.fleet_config else ()
    for one in (one for config in configs for one in config["overrides"]):
        yield str(one.get("Placement", {}).get("GroupName", ""))


_TOUCHED: Final[Mapping[str, Callable[[StackSpec], Iterator[str]]]] = {
    "image": _images,
    "subnet": _subnets,
    "security-group": _security_groups,
    "key-pair": _key_pairs,
    "placement-group": _placement_groups,
}


def _roles(needs: Needs) -> Iterator[Statement]:
    """Roles of machines and of Spot Fleets. IAM asks for the role in an instance profile, not for the profile."""
    profiles = gathered(needs.specs, lambda one: [one.template.instance_profile.rpartition("/")[2]])
    roles = [needs.place.role(needs.instance_roles.get(name, name)) for name in profiles]
    foreign = (needs.instance_roles.get(one) for one in _foreign_ids(needs))
    roles += [needs.place.role(name) for name in foreign if name]
    if roles:
        passed = equals(iam__PassedToService=needs.place.services("ec2"))
        yield Statement("PassMachinesRoles", ("iam:PassRole",), tuple(roles), passed)
    fleets = tuple(one for one in needs.specs if one.template.kind.startswith("SpotFleet"))
    if fleets:
        named = gathered(fleets, lambda one: [one.template.fleet_role or USUAL_FLEET_ROLE])
        passed = equals(iam__PassedToService="spotfleet.amazonaws.com")
        yield Statement("PassFleetRoles", ("iam:PassRole",), tuple(map(needs.place.role, named)), passed)


def _parameter(needs: Needs, name: str) -> str:
    """A parameter's ARN; AWS's public ones have no account in theirs."""
    account = "" if name.startswith("/aws/") else None
    return needs.place.arn("ssm", f"parameter/{name.strip('/')}", account=account)


def _keys(needs: Needs) -> Iterator[Statement]:
    """Customers' keys of volumes made with these permissions; service-linked roles need grants of their own."""
    making = tuple(one for one in needs.specs if one.template.kind == INSTANT or one.rest_pools)
    names = gathered(making, lambda one: [one.template.kms_key_id if one.template.encrypt_volumes else ""])
    aliases = tuple(name[name.index("alias/") :] for name in names if "alias/" in name)
    plain = tuple(_key(needs, name) for name in names if "alias/" not in name)
    region = needs.place.region
    domain = needs.place.services("x")[-1].removeprefix("x.")
    through = {"StringLike" if region == "*" else "StringEquals": {"kms:ViaService": (f"ec2.{region}.{domain}",)}}
    by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}}
    granted = {"Bool": {"kms:GrantIsForAWSResource": ("true",)}}
    for sid, arns, named in (
        ("", plain, {}),
        ("ByAlias", (needs.place.arn("kms", "key/*"),) if aliases else (), by_alias),
    ):
        if arns:
            yield Statement(f"UseKeys{sid}", _KEY_USE, arns, together(through, named))
            yield Statement(f"GrantKeys{sid}", ("kms:CreateGrant",), arns, together(through, named, granted))


def _key(needs: Needs, name: str) -> str:
    return name if name.startswith("arn:") else needs.place.arn("kms", f"key/{name}")
