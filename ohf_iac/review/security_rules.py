"""House rules about what a machine may do, what reaches it, and who can read what it holds. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ohf_iac.exposure import RULE as SECRETS
from ohf_iac.review.findings import Related
from ohf_iac.review.rule import MACHINE, Hit, Rule, Subject
from ohf_iac.review.script_risks import risks_in

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCS: Final = "https://docs.aws.amazon.com"
#: names of profiles that speak of rights without bounds, among them AWS's own job functions
_WIDE: Final = re.compile(
    r"(?i)(?:^|[/_+=,.@-])(?:admins?|administrators?|administratoraccess|root|superusers?|owners?|"
    r"poweruser(?:s|access)?|fullaccess|fulladmin|allaccess|everything|god)(?=$|[/_+=,.@-])"
    r"|(?:Admin|Administrator|AdministratorAccess|PowerUser(?:Access)?|FullAccess|SuperUser)(?=$|[/_+=,.@-])"
)
_ACCOUNT: Final = re.compile(r"arn:[\w-]+:iam::(\d{12}):")


def _secrets(subject: Subject) -> Iterator[Hit]:
    for one in subject.exposures:
        related = Related(one.file, one.secret.line, one.secret.told) if one.file else None
        place = f"{MACHINE}.{'TagSpecifications' if one.field == 'instanceTags' else 'UserData'}"
        yield Hit(one.field, one.message, place, related)


def _encryption_of_account(subject: Subject) -> Iterator[Hit]:
    if subject.owns_machine and not subject.template.root_device_name:
        yield Hit(
            "rootDeviceName",
            "encryption of the root volume rests on the account's default and on the image: without the name of "
            "the image's root device the stack says nothing about it",
            MACHINE,
        )


def _tokens(subject: Subject) -> Iterator[Hit]:
    if subject.owns_machine and subject.template.http_tokens != "required":
        yield Hit(
            "httpTokens",
            f"IMDSv2 is not required{subject.origin('httpTokens')}: whoever makes the machine fetch a URL gets the "
            "keys of its instance profile",
            f"{MACHINE}.MetadataOptions.HttpTokens",
        )


def _hops(subject: Subject) -> Iterator[Hit]:
    if subject.owns_machine and subject.template.hop_limit > 1:
        yield Hit(
            "httpPutResponseHopLimit",
            f"answers of the metadata service travel {subject.template.hop_limit} hops"
            f"{subject.origin('httpPutResponseHopLimit')}: containers and what is routed through the machine can "
            "get its keys",
            f"{MACHINE}.MetadataOptions.HttpPutResponseHopLimit",
        )


def _volumes(subject: Subject) -> Iterator[Hit]:
    if subject.has_root_volume and not subject.template.encrypt_volumes:
        yield Hit(
            "encryptVolumes",
            f"the root volume is not encrypted{subject.origin('encryptVolumes')}",
            f"{MACHINE}.BlockDeviceMappings.0.Ebs.Encrypted",
        )


def _public(subject: Subject) -> Iterator[Hit]:
    if subject.owns_machine and subject.template.public_address and subject.template.interface_count == 1:
        yield Hit(
            "associatePublicIpAddress",
            f"machines get a public address{subject.origin('associatePublicIpAddress')}: only their security "
            "groups stand between them and the internet",
            f"{MACHINE}.NetworkInterfaces.0.AssociatePublicIpAddress",
        )


def _profile(subject: Subject) -> Iterator[Hit]:
    profile = subject.template.instance_profile
    if not (profile and subject.owns_machine):
        return
    place = f"{MACHINE}.IamInstanceProfile"
    if "*" in profile or _WIDE.search(profile):
        yield Hit("instanceProfile", f"the name of {profile} speaks of rights without bounds", place)
    own = _own_accounts(subject)
    account = _ACCOUNT.match(profile)
    if account and own and account[1] not in own:
        told = f"belongs to account {account[1]}, and the roles of this configuration to {', '.join(sorted(own))}"
        yield Hit("instanceProfile", f"{profile} {told}", place)


def _own_accounts(subject: Subject) -> set[str]:
    """The accounts that the configuration names: where its stacks are, as far as that is known offline."""
    arns = (subject.policy.service_role, subject.policy.assumed_role, subject.template.fleet_role)
    return {found[1] for arn in arns if (found := _ACCOUNT.match(arn))}


def _key_pair(subject: Subject) -> Iterator[Hit]:
    if subject.owns_machine and subject.template.key_name:
        yield Hit(
            "keyName",
            f"whoever has the private key of {subject.template.key_name} can log in, and no record in AWS shows it",
            f"{MACHINE}.KeyName",
        )


def _no_group(subject: Subject) -> Iterator[Hit]:
    if subject.owns_machine and not subject.template.security_groups:
        yield Hit(
            "securityGroupIds",
            "no security group is named, so machines join the default group of their VPC, which lets all of its "
            "members reach each other",
            f"{MACHINE}.NetworkInterfaces.0",
        )


def _foreign(subject: Subject) -> Iterator[Hit]:
    if not subject.owns_machine:
        field = "launchTemplateId" if subject.template.launch_template_id else "ec2FleetConfig"
        yield Hit(
            field,
            "what a machine is stands in a launch template that is not ours: image, volumes, network and profile "
            "are not in the body, so no review of it sees them",
            "Resources.Capacity",
        )


def _script(subject: Subject) -> Iterator[Hit]:
    template = subject.template
    if subject.script is None or not subject.owns_machine:
        return
    for risk in risks_in(subject.script):
        related = Related(template.user_data_script, risk.line, risk.told)
        told = f"{template.user_data_script}, line {risk.line}: {risk.told}"
        yield Hit("userDataScript", told, f"{MACHINE}.UserData", related)


SECURITY_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        SECRETS,
        "error",
        "Secret in user data or tags",
        "User data and tags are read by whoever may describe launch templates or machines.",
        "Let the script fetch it with the machine's role, for example from Secrets Manager.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/user-data.html",
        _secrets,
    ),
    Rule(
        "OHF-S002",
        "warning",
        "Encryption rests on the account's default",
        "Without the image's root device name no volume mapping is rendered, and a review sees no encryption.",
        "Give rootDeviceName, in the template or in section template of ohf.json.",
        f"{_DOCS}/ebs/latest/userguide/encryption-by-default.html",
        _encryption_of_account,
    ),
    Rule(
        "OHF-S003",
        "error",
        "IMDSv2 is not required",
        "The first version of the metadata service answers any request that reaches it, also a forged one.",
        'Set httpTokens to "required", or leave it out.',
        f"{_DOCS}/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html",
        _tokens,
    ),
    Rule(
        "OHF-S004",
        "warning",
        "Metadata hop limit above 1",
        "With one hop the keys of the machine's role stay on the machine.",
        "Set httpPutResponseHopLimit to 1, or leave it out, unless containers need the role.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html",
        _hops,
    ),
    Rule(
        "OHF-S005",
        "error",
        "Volume not encrypted",
        "Snapshots and discarded disks of it can be read without any key.",
        "Set encryptVolumes to true, or leave it out.",
        f"{_DOCS}/ebs/latest/userguide/ebs-encryption.html",
        _volumes,
    ),
    Rule(
        "OHF-S006",
        "error",
        "Public address",
        "Workers of a grid are called from inside; a public address is a way in and costs by the hour.",
        "Set associatePublicIpAddress to false, or leave it out; let subnets route through a NAT or endpoints.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/using-instance-addressing.html",
        _public,
    ),
    Rule(
        "OHF-S007",
        "warning",
        "Wide instance profile",
        "Every job on the machine has the rights of its profile.",
        "Give workers a profile of their own in this account, with the rights that jobs need.",
        f"{_DOCS}/IAM/latest/UserGuide/best-practices.html",
        _profile,
    ),
    Rule(
        "OHF-S008",
        "warning",
        "Key pair named",
        "A private key is shared, does not expire, and its use leaves no trace in CloudTrail.",
        "Leave keyName out and use Session Manager or EC2 Instance Connect.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/ec2-key-pairs.html",
        _key_pair,
    ),
    Rule(
        "OHF-S009",
        "warning",
        "No security group",
        "The default group of a VPC grows with whatever else is started there.",
        "Name the workers' own groups in securityGroupIds.",
        f"{_DOCS}/vpc/latest/userguide/default-security-group.html",
        _no_group,
    ),
    Rule(
        "OHF-S010",
        "warning",
        "Foreign launch template",
        "An approval covers the body alone; the launch template has its own authors and its own history.",
        "Describe the machine in the catalogue: ohf templates import writes the entry.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/ec2-launch-templates.html",
        _foreign,
    ),
    Rule(
        "OHF-S011",
        "warning",
        "Script runs what it did not check",
        "What a machine downloads while it starts is in no review; over a bad connection it is anybody's.",
        "Download over https, compare a checksum, or put it into the image.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/user-data.html",
        _script,
    ),
)
