"""ARNs of what lives here, and the tags by which a policy may tell one thing from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ohf_iac.local.iam_policy import Values
    from ohf_iac.local.world import Region

#: prefix of an EC2 id -> its type in an ARN (service authorization reference, EC2)
EC2_TYPES: Mapping[str, str] = {
    "i": "instance",
    "fleet": "fleet",
    "sfr": "spot-fleet-request",
    "sir": "spot-instances-request",
    "lt": "launch-template",
    "vol": "volume",
    "eni": "network-interface",
    "subnet": "subnet",
    "sg": "security-group",
}


def ec2_arn(region: Region, kind: str, name: str) -> str:
    """The ARN of an EC2 resource of this type; images have no account in theirs."""
    account = "" if kind == "image" else region.account
    return f"arn:aws:ec2:{region.name}:{account}:{kind}/{name}"


def arn_of_id(region: Region, identifier: str) -> str:
    """The ARN of an EC2 resource by its id alone, whether it exists or not."""
    return ec2_arn(region, EC2_TYPES.get(identifier.partition("-")[0], "unknown"), identifier)


def stack_arn(region: Region, stack: str) -> str:
    """A stack's ARN by name or id; by name any of that name."""
    named = f"arn:aws:cloudformation:{region.name}:{region.account}:stack/{stack}/*"
    return stack if stack.startswith("arn:") else named


def group_arn(region: Region, name: str) -> str:
    """A group's ARN; that of one that is not there has no id of its own."""
    if name in region.groups:
        return region.groups[name].arn
    place = f"arn:aws:autoscaling:{region.name}:{region.account}"
    return f"{place}:autoScalingGroup:*:autoScalingGroupName/{name}"


def role_arn(account: str, name: str) -> str:
    """A role's ARN by its name; one that is an ARN already stays as it is."""
    return name if name.startswith("arn:") else f"arn:aws:iam::{account}:role/{name}"


def tags_of_id(region: Region, identifier: str) -> Mapping[str, str]:
    """The tags of an EC2 resource now; none for one that does not exist, or not here."""
    if identifier in region.machines:
        return region.machines[identifier].tags
    for held in (region.fleets, region.spot_fleets):
        if identifier in held:
            return held[identifier].tags
    template = region.ec2.launch_templates.get(identifier)
    rows = template.get_tags() if template is not None else ()
    return {row["key"]: row["value"] for row in rows}


def resource_tags(tags: Mapping[str, str]) -> dict[str, Values]:
    """The condition keys by which EC2 shows a resource's tags to a policy."""
    context: dict[str, Values] = {}
    for key, value in tags.items():
        context[f"aws:ResourceTag/{key}"] = context[f"ec2:ResourceTag/{key}"] = (value,)
    return context


def request_tags(tags: Mapping[str, str]) -> dict[str, Values]:
    """The condition keys by which a call shows the tags that it wants to give."""
    if not tags:
        return {}
    return {"aws:TagKeys": tuple(tags), **{f"aws:RequestTag/{key}": (value,) for key, value in tags.items()}}
