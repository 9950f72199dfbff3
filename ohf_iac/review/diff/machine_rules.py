"""Ways in which machines may do more, or be reached by more, than before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.review.diff.edits import ABSENT
from ohf_iac.review.diff.hidden import Hidden
from ohf_iac.review.diff.leaves import Item, exact
from ohf_iac.review.diff.rule import Rule, has, raised

if TYPE_CHECKING:
    from ohf_iac.review.diff.edits import Edit, Sides
    from ohf_iac.review.diff.leaves import Path

_GROUP_LISTS: Final = frozenset({"Groups", "SecurityGroupIds", "SecurityGroups"})


def _group_added(edit: Edit, sides: Sides) -> bool:
    if edit.name not in _GROUP_LISTS:
        return False
    if not isinstance(edit.path[-1], Item):  # a function in the place of the list
        return edit.after not in (ABSENT, [])
    if edit.after is ABSENT:
        return not has(sides.after, edit.path[:-1])
    of_interface = edit.path[:-2]
    if edit.before is not ABSENT or has(sides.before, of_interface):
        return True
    return edit.after not in _groups_before(edit.path[:2], sides)


def _groups_before(resource: Path, sides: Sides) -> list[object]:
    """The security groups of any interface before: a second interface in the same ones is nothing new."""
    return [
        value
        for path, value in sides.before.values.items()
        if path[:2] == resource and isinstance(path[-1], Item) and path[-2] in _GROUP_LISTS
    ]


def _public_address(edit: Edit, sides: Sides) -> bool:
    if edit.name in ("Ipv6AddressCount", "Ipv6Addresses", "AssociateCarrierIpAddress"):
        return edit.after not in (ABSENT, False, 0)
    if edit.name != "AssociatePublicIpAddress" or edit.after is False:
        return False
    interfaces = edit.path[: edit.path.index("NetworkInterfaces")] if "NetworkInterfaces" in edit.path else ()
    several = len(sides.after.orders.get((*interfaces, "NetworkInterfaces"), ())) > 1
    return edit.after is not ABSENT or not several  # with several interfaces EC2 assigns none


def _tokens_optional(edit: Edit, _sides: Sides) -> bool:
    return edit.name == "HttpTokens" and bool(edit.after != "required")


def _hop_limit(edit: Edit, _sides: Sides) -> bool:
    return edit.name == "HttpPutResponseHopLimit" and raised(edit, unset=1)


def _metadata_wider(edit: Edit, _sides: Sides) -> bool:
    if edit.name == "HttpEndpoint":
        return edit.before == "disabled"  # where nothing is said it answers
    return edit.name in ("HttpProtocolIpv6", "InstanceMetadataTags") and edit.after not in (ABSENT, "disabled")


def _unencrypted(edit: Edit, _sides: Sides) -> bool:
    return edit.name == "Encrypted" and edit.after is not True


def _other_key(edit: Edit, _sides: Sides) -> bool:
    return edit.name == "KmsKeyId"


def _profile(edit: Edit, _sides: Sides) -> bool:
    return "IamInstanceProfile" in edit.names and edit.after is not ABSENT


def _role(edit: Edit, _sides: Sides) -> bool:
    return edit.name in ("IamFleetRole", "ServiceLinkedRoleARN") and edit.after is not ABSENT


def _key_pair(edit: Edit, _sides: Sides) -> bool:
    return edit.name == "KeyName" and edit.after is not ABSENT


def _script(edit: Edit, _sides: Sides) -> bool:
    return edit.name == "UserData"


def _dynamic(edit: Edit, _sides: Sides) -> bool:
    return edit.after is not ABSENT and not isinstance(edit.after, Hidden) and "{{resolve:" in exact(edit.after)


def _foreign_launch_template(edit: Edit, _sides: Sides) -> bool:
    own = ({"Ref": "LaunchTemplate"}, {"Fn::GetAtt": ["LaunchTemplate", "LatestVersionNumber"]}, ABSENT)
    return (
        edit.name in ("LaunchTemplateId", "LaunchTemplateName", "Version")
        and ("LaunchTemplateSpecification" in edit.names or edit.names[3:4] == ("LaunchTemplate",))
        and edit.after not in own
    )


def _volume_stays(edit: Edit, _sides: Sides) -> bool:
    return edit.name == "DeleteOnTermination" and edit.after is not True


MACHINE_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "security-group",
        "a security group was added, or the last one is gone and the VPC's default one holds",
        _group_added,
    ),
    Rule("public-address", "machines may get a public address", _public_address),
    Rule("imdsv2-optional", "the metadata service answers without a session token", _tokens_optional),
    Rule("hop-limit", "answers of the metadata service travel further than before", _hop_limit),
    Rule(
        "metadata-service", "the metadata service is switched on, answers over IPv6, or tells tags", _metadata_wider
    ),
    Rule("unencrypted-volume", "a volume is not said to be encrypted", _unencrypted),
    Rule("encryption-key", "volumes are encrypted with another key", _other_key),
    Rule("instance-profile", "machines act with another instance profile", _profile),
    Rule("fleet-role", "the fleet acts with another role", _role),
    Rule("key-pair", "somebody with a key may log in", _key_pair),
    Rule("user-data", "machines start with another script", _script),
    Rule(
        "dynamic-reference", "a value is fetched when the stack is created, and is none that was reviewed", _dynamic
    ),
    Rule(
        "foreign-launch-template",
        "machines are made from another foreign launch template",
        _foreign_launch_template,
    ),
    Rule("volume-stays", "a volume outlives its machine", _volume_stays),
)
