"""House rules about cost, repeatability and whether a template can be served at all. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ohf_iac.review.rule import MACHINE, Hit, Rule, Subject
from ohf_iac.stack import purchase_of
from ohf_iac.template.defaults import TemplateDefaults
from ohf_iac.template.kinds import ASG, SPOT_MAINTAIN, SPOT_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCS: Final = "https://docs.aws.amazon.com"
#: bytes of a body in the call itself (CloudFormation quotas, template body size in a request)
_INLINE_LIMIT: Final = 51_200
#: families with CPU credits (EC2 user guide, burstable performance instances)
_BURSTABLE: Final = re.compile(r"t\d\w*\.")
_UNTOLD: Final = TemplateDefaults().max_per_request


def _required_tags(subject: Subject) -> Iterator[Hit]:
    missing = [name for name in subject.policy.required_tags if not subject.template.tags.get(name)]
    if missing:
        what = "the tag" if len(missing) == 1 else "the tags"
        place = f"{MACHINE}.TagSpecifications" if subject.owns_machine else "Resources.Capacity"
        yield Hit(
            "instanceTags",
            f"machines lack {what} {', '.join(missing)}, which template.requiredTags asks for",
            place,
        )


def _unbounded(subject: Subject) -> Iterator[Hit]:
    if subject.template.max_number < 0:
        yield Hit("maxNumber", "the number of machines is unlimited: only quotas of the account end it")


def _per_request(subject: Subject) -> Iterator[Hit]:
    told = subject.writes("maxPerRequest") or subject.policy.defaults.max_per_request != _UNTOLD
    if not told:
        yield Hit(
            "maxPerRequest",
            f"one request may ask for {_UNTOLD} units, the default, and that is what an approval allows",
            "Parameters.TargetCapacity.MaxValue",
        )


def _left_behind(subject: Subject) -> Iterator[Hit]:
    if subject.has_root_volume and not subject.template.delete_on_termination:
        yield Hit(
            "deleteOnTermination",
            f"root volumes stay when their machines end{subject.origin('deleteOnTermination')}: they cost, and "
            "hold what the machine held",
            f"{MACHINE}.BlockDeviceMappings.0.Ebs.DeleteOnTermination",
        )


def _old_volume(subject: Subject) -> Iterator[Hit]:
    if subject.has_root_volume and subject.template.volume_type in ("gp2", "standard"):
        yield Hit(
            "volumeType",
            f"{subject.template.volume_type} is of an older generation{subject.origin('volumeType')}; gp3 costs "
            "less for the same or more speed",
            f"{MACHINE}.BlockDeviceMappings.0.Ebs.VolumeType",
        )


def _burstable(subject: Subject) -> Iterator[Hit]:
    names = (*subject.template.instance_types, *subject.template.on_demand_types)
    found = [name for name in dict.fromkeys(names) if _BURSTABLE.match(name)]
    if found:
        field = next((one for one in ("vmTypes", "vmType", "vmTypesOnDemand") if subject.writes(one)), "vmType")
        yield Hit(
            field,
            f"{', '.join(found)} earn the right to a full CPU by idling, and grid workers do not idle: they are "
            "slowed down, or pay for every further minute",
            "Resources.Capacity",
        )


def _no_expiry(subject: Subject) -> Iterator[Hit]:
    if not (subject.writes("spotFleetRequestExpiry") or subject.writes("requestValidity")):
        minutes = subject.template.validity // 60
        yield Hit(
            "requestValidity",
            f"the catalogue does not say how long a request may go on asking for machines; it is {minutes} minutes",
        )


def _image(subject: Subject) -> Iterator[Hit]:
    image = subject.template.image_id
    if not (subject.owns_machine and image.startswith("{{")):
        return
    path = image.removeprefix("{{resolve:ssm:").removesuffix("}}")
    versioned = ":" in path
    what = "only a version of that parameter" if versioned else "whatever that parameter holds when a stack is made"
    yield Hit("imageId", f"the image stands behind {path}: the body names {what}, no image", f"{MACHINE}.ImageId")


def _service_role(subject: Subject) -> Iterator[Hit]:
    if subject.template.kind == ASG and not subject.policy.service_role:
        yield Hit(
            "providerApi",
            "CloudFormation waits for a group with the caller's credentials, which may expire first: no service "
            "role is named",
            "Resources.Capacity",
        )


def _legacy(subject: Subject) -> Iterator[Hit]:
    if subject.template.kind in (SPOT_REQUEST, SPOT_MAINTAIN):
        yield Hit("providerApi", "AWS develops Spot Fleet no further and advises against it", "Resources.Capacity")


def _single_pool(subject: Subject) -> Iterator[Hit]:
    template = subject.template
    one_type = len(template.instance_types) == 1 and not template.requirements
    if purchase_of(template) != "ondemand" and one_type and len(template.subnets) < 2 and not template.fleet_config:
        field = next((name for name in ("vmType", "vmTypes") if subject.writes(name)), "vmType")
        yield Hit(
            field,
            f"spot capacity comes from one pool, {template.instance_types[0]} in one zone: where that is short, "
            "nothing comes, and all of it is reclaimed together",
            "Resources.Capacity",
        )


def _too_large(subject: Subject) -> Iterator[Hit]:
    if subject.size > _INLINE_LIMIT and not subject.policy.bucket:
        field = "userDataScript" if subject.script else "templateId"
        told = f"the body has {subject.size} bytes, CloudFormation takes {_INLINE_LIMIT} in a call"
        yield Hit(field, f"{told}, and no bucket for larger ones is named")


def _parsers_warnings(subject: Subject) -> Iterator[Hit]:
    for warning in subject.template.warnings:
        field, _, told = warning.partition(": ")
        yield Hit(field, told)


SOUND_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "OHF-C001",
        "warning",
        "Unlimited number of machines",
        "A job that asks without end is ended by nobody else.",
        "Give maxNumber the most that the template may ever run at once.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/ec2-resource-limits.html",
        _unbounded,
    ),
    Rule(
        "OHF-C002",
        "warning",
        "Units per request not bounded",
        "maxPerRequest is the MaxValue in the body: the envelope that a review approves and AWS enforces.",
        "Give maxPerRequest, in the template or in section template of ohf.json.",
        f"{_DOCS}/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html",
        _per_request,
    ),
    Rule(
        "OHF-C003",
        "warning",
        "Volumes outlive their machines",
        "Nobody gives them back: returns end machines, and stacks know of no volumes.",
        "Set deleteOnTermination to true, or leave it out.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html",
        _left_behind,
    ),
    Rule(
        "OHF-C004",
        "info",
        "Older volume type",
        "gp3 has replaced them.",
        "Set volumeType to gp3, or leave it out.",
        f"{_DOCS}/ebs/latest/userguide/ebs-volume-types.html",
        _old_volume,
    ),
    Rule(
        "OHF-C005",
        "info",
        "Burstable instance type",
        "Their price is that of a fraction of a CPU; under a load that lasts others are cheaper and steady.",
        "Name types of the families c, m or r.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/burstable-performance-instances.html",
        _burstable,
    ),
    Rule(
        "OHF-R001",
        "info",
        "Validity not said",
        "Until then capacity is waited for, and Host Factory hears of a shortage afterwards.",
        "Give requestValidity or spotFleetRequestExpiry.",
        "",
        _no_expiry,
    ),
    Rule(
        "OHF-R002",
        "warning",
        "Image not pinned",
        "The image behind a parameter can change after the body was approved.",
        "Name the image by its id.",
        f"{_DOCS}/AWSCloudFormation/latest/UserGuide/dynamic-references.html",
        _image,
    ),
    Rule(
        "OHF-R003",
        "warning",
        "Group without a service role",
        "A stack whose credentials expire fails while its group lives on.",
        "Set provider.serviceRoleArn in ohf.json; ohf iam-policy prints what the role needs.",
        f"{_DOCS}/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html",
        _service_role,
    ),
    Rule(
        "OHF-R004",
        "warning",
        "Spot capacity from a single pool",
        "Several types and zones are what makes spot capacity last.",
        "Name more instance types, or subnets in more zones.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/spot-best-practices.html",
        _single_pool,
    ),
    Rule(
        "OHF-R005",
        "info",
        "Spot Fleet is a legacy service",
        "What is new in spot capacity comes to EC2 Fleet and Auto Scaling groups.",
        "Set providerApi to EC2Fleet or ASG.",
        f"{_DOCS}/AWSEC2/latest/UserGuide/spot-best-practices.html",
        _legacy,
    ),
    Rule(
        "OHF-T002",
        "warning",
        "Catalogue taken otherwise than written",
        "What is guessed, dropped or without effect misleads whoever reads the catalogue.",
        "Write what is meant; docs/catalogue.md describes each field.",
        "",
        _parsers_warnings,
    ),
    Rule(
        "OHF-T003",
        "error",
        "Body too large to be sent",
        "Every request of the template would be refused.",
        "Set provider.templateBucket in ohf.json, or let the script fetch what is large.",
        f"{_DOCS}/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html",
        _too_large,
    ),
    Rule(
        "OHF-T004",
        "error",
        "Required tag missing",
        "What bears no tag is charged to nobody and found by nobody.",
        "Add the tag to instanceTags, or to tags in section template of ohf.json.",
        f"{_DOCS}/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
        _required_tags,
    ),
)
