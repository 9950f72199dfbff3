"""Where machines are put and what they are put from: subnets, images, groups, keys, profiles.

They live in moto's backends. With the scenario's `adopt`, a well-formed id that moto has not heard of is created
there under that very id, so that launches and describes agree about it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.ec2.models.amis import Ami
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.key_pairs import KeyPair
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet as MotoSubnet
from moto.iam.models import iam_backends
from moto.ssm.exceptions import ParameterNotFound, ParameterVersionNotFound
from moto.ssm.models import ssm_backends

from ohf_iac.local.refusals import Refused

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

WELL_FORMED = re.compile(r"(?:[0-9a-f]{8}|[0-9a-f]{17})")
RESERVED_AT_START = 4  # network, router, DNS and one more belong to AWS, and the last one: broadcast
# moto leaves abstract in its classes what it never calls; makers of any type may make them all the same.
MOTO_SUBNET: Any = MotoSubnet
MOTO_GROUP: Any = SecurityGroup
SSM_PREFIX = "resolve:ssm:"


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet: `first` is its network address as a number, `size` how many addresses it has."""

    id: str
    zone: str
    zone_id: str
    vpc_id: str
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image; `architecture` is empty where nothing is known of it."""

    id: str
    root_device: str
    architecture: str = ""


@dataclass(slots=True)
class Places:
    """What a region remembers of them: lookups made, addresses given out and given back."""

    subnets: dict[str, Subnet] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    placement_groups: set[str] = field(default_factory=set)
    next_address: dict[str, int] = field(default_factory=dict)
    given_back: dict[str, list[str]] = field(default_factory=dict)
    in_use: dict[str, int] = field(default_factory=dict)

    def take(self, subnet: Subnet, limit: int | None, wanted: str = "") -> str:
        """A free address: the one `wanted`, else one never used before if there is one.

        Raises Refused: InsufficientFreeAddressesInSubnet when `limit` (None: the subnet's size) are in use,
        InvalidIPAddress.InUse when the one wanted is not one that was given back.
        """
        usable = subnet.size - RESERVED_AT_START - 1
        most = usable if limit is None else min(usable, limit)
        if self.in_use.get(subnet.id, 0) >= most:
            raise Refused(
                "InsufficientFreeAddressesInSubnet",
                f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of "
                "instances.",
            )
        if wanted and wanted not in self.given_back.get(subnet.id, ()):
            raise Refused("InvalidIPAddress.InUse", f"Address {wanted} is in use.")
        self.in_use[subnet.id] = self.in_use.get(subnet.id, 0) + 1
        if wanted:
            self.given_back[subnet.id].remove(wanted)
            return wanted
        place = self.next_address.get(subnet.id, 0)
        if place >= usable:
            return self.given_back[subnet.id].pop(0)
        self.next_address[subnet.id] = place + 1
        return str(ipaddress.IPv4Address(subnet.first + RESERVED_AT_START + place))

    def release(self, subnet: Subnet, address: str) -> None:
        """Give an address back."""
        self.in_use[subnet.id] -= 1
        self.given_back.setdefault(subnet.id, []).append(address)


def find_subnet(region: Region, subnet_id: str) -> Subnet:
    """The subnet. Raises Refused (InvalidSubnetID.NotFound)."""
    check_refused(region, subnet_id, "InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
    known = region.places.subnets.get(subnet_id)
    if known is None:
        known = region.places.subnets[subnet_id] = _subnet(_moto_subnet(region, subnet_id))
    return known


def default_subnet(region: Region, zone: str) -> Subnet:
    """The subnet a launch goes to that names none: a seeded one, in that zone if a zone is wanted."""
    for subnet in region.ec2.describe_subnets():
        if subnet.vpc_id in region.seeded and zone in ("", subnet.availability_zone):
            return find_subnet(region, subnet.id)
    raise Refused("InvalidParameterValue", f"Invalid availability zone: [{zone}]")


def find_image(region: Region, image_id: str) -> Image:
    """The image; `resolve:ssm:NAME` is looked up among the parameters first. Raises Refused (InvalidAMIID…)."""
    wanted = _parameter(region, image_id) if image_id.startswith(SSM_PREFIX) else image_id
    check_refused(region, wanted, "InvalidAMIID.NotFound", f"The image id '[{wanted}]' does not exist")
    known = region.places.images.get(wanted)
    if known is None or wanted in region.scenario.images:
        known = region.places.images[wanted] = _image(region, wanted)
    return known


def check_security_group(region: Region, group_id: str) -> None:
    """Raises Refused (InvalidGroup.NotFound) unless the group exists."""
    check_refused(region, group_id, "InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
    if region.ec2.get_security_group_from_id(group_id) is None:
        if not _adoptable(region, "sg", group_id):
            raise Refused("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        add_security_group(region, group_id, region.seeded[0], group_id)


def check_key_pair(region: Region, name: str) -> None:
    """Raises Refused (InvalidKeyPair.NotFound) unless the key pair exists."""
    message = f"The key pair '{name}' does not exist"
    check_refused(region, name, "InvalidKeyPair.NotFound", message)
    if name not in region.ec2.key_pairs:
        if not region.scenario.adopt:
            raise Refused("InvalidKeyPair.NotFound", message)
        add_key_pair(region, name)


def check_profile(region: Region, profile: dict[str, Any]) -> str:
    """The ARN of an instance profile given by `Arn` or `Name`. Raises Refused (InvalidParameterValue)."""
    given = profile.get("Arn") or profile.get("Name") or ""
    member, what = ("arn", "ARN") if "Arn" in profile else ("name", "name")
    message = (
        f"Value ({given}) for parameter iamInstanceProfile.{member} is invalid. Invalid IAM Instance Profile {what}"
    )
    check_refused(region, given, "InvalidParameterValue", message)
    name = given.rsplit("/", 1)[-1]
    check_refused(region, name, "InvalidParameterValue", message)
    known = name in iam_backends[region.account]["aws"].instance_profiles
    if not name or (member == "arn" and ":instance-profile/" not in given) or not (known or region.scenario.adopt):
        raise Refused("InvalidParameterValue", message)
    return given if member == "arn" else f"arn:aws:iam::{region.account}:instance-profile/{name}"


def check_placement_group(region: Region, name: str) -> None:
    """Raises Refused (InvalidPlacementGroup.Unknown) unless the group exists."""
    message = f"The Placement Group '{name}' is unknown."
    check_refused(region, name, "InvalidPlacementGroup.Unknown", message)
    if name not in region.places.placement_groups:
        if not region.scenario.adopt:
            raise Refused("InvalidPlacementGroup.Unknown", message)
        region.places.placement_groups.add(name)


def check_refused(region: Region, identifier: str, code: str, message: str) -> None:
    """Raises Refused when the scenario says that this id does not exist."""
    refused = region.scenario.refuse.ids
    if identifier in refused:
        raise Refused(code, refused[identifier] or message)


def add_subnet(region: Region, subnet_id: str, vpc_id: str, cidr: str, zone: str) -> None:
    """Create a subnet under a given id in moto's backend."""
    data = next(known for known in RegionsAndZonesBackend.zones[region.name] if known.name == zone)
    region.ec2.associate_default_network_acl_with_subnet(subnet_id, vpc_id)
    region.ec2.subnets[zone][subnet_id] = MOTO_SUBNET(
        region.ec2, subnet_id, vpc_id, cidr, None, data, default_for_az=False, map_public_ip_on_launch=False
    )


def add_security_group(region: Region, group_id: str, vpc_id: str, name: str) -> None:
    """Create a security group under a given id in moto's backend."""
    region.ec2.groups[vpc_id][group_id] = MOTO_GROUP(region.ec2, group_id, name, "For the grid", vpc_id=vpc_id)


def add_image(region: Region, image_id: str, root_device: str, architecture: str) -> None:
    """Create an image under a given id in moto's backend."""
    region.ec2.amis[image_id] = Ami(
        region.ec2,
        image_id,
        name=image_id,
        description="An image of the local AWS",
        owner_id=region.account,
        virtualization_type="hvm",
        architecture=architecture,
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name=root_device,
        region_name=f"{region.name}a",
    )


def add_key_pair(region: Region, name: str) -> None:
    """Create a key pair without key material in moto's backend; nobody logs in here."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    region.ec2.key_pairs[name] = KeyPair(name, "ed25519", digest, b"", b"", {}, region.ec2)


def parameter_value(region: Region, name: str) -> str | None:
    """The value of a Systems Manager parameter given as NAME or NAME:VERSION; None when there is none.

    With `adopt`, a parameter that nobody has put is taken to exist, and to hold an image's id.
    """
    try:
        parameter = ssm_backends[region.account][region.name].get_parameter(name)
    except ParameterVersionNotFound:
        return None
    except ParameterNotFound:
        parameter = None
    if parameter is not None:
        return str(parameter.value)
    adopted = region.scenario.adopt and name not in region.scenario.refuse.ids
    return f"ami-{hashlib.sha256(name.encode()).hexdigest()[:17]}" if adopted else None


def adopt(region: Region, kind: str, identifiers: list[str]) -> None:
    """Have these exist before moto describes them. Raises Refused where the scenario does not let them."""
    make = {"subnet": find_subnet, "ami": find_image, "sg": check_security_group, "key": check_key_pair}[kind]
    for identifier in identifiers:
        make(region, identifier)


def _moto_subnet(region: Region, subnet_id: str) -> Any:
    for subnets in region.ec2.subnets.values():
        if subnet_id in subnets:
            return subnets[subnet_id]
    if not _adoptable(region, "subnet", subnet_id):
        raise Refused("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
    zones = [zone.name for zone in RegionsAndZonesBackend.zones[region.name]][:3]
    wanted = region.scenario.subnets.get(subnet_id)
    steady = int(hashlib.sha256(subnet_id.encode()).hexdigest(), 16)
    zone = (wanted.zone if wanted else None) or zones[steady % len(zones)]
    cidr = f"10.{1 + len(region.places.subnets) % 250}.0.0/18"
    add_subnet(region, subnet_id, region.seeded[0], cidr, zone)
    return region.ec2.subnets[zone][subnet_id]


def _subnet(found: Any) -> Subnet:
    return Subnet(
        id=found.id,
        zone=found.availability_zone,
        zone_id=found.availability_zone_id,
        vpc_id=found.vpc_id,
        first=int(found.cidr.network_address),
        size=found.cidr.num_addresses,
    )


def _image(region: Region, image_id: str) -> Image:
    wanted = region.scenario.images.get(image_id)
    found = region.ec2.amis.get(image_id)
    if found is not None and wanted is None:
        return Image(image_id, found.root_device_name, found.architecture or "")
    if not image_id.startswith("ami-"):
        raise Refused("InvalidAMIID.Malformed", f'Invalid id: "{image_id}" (expecting "ami-...")')
    if wanted is None and not _adoptable(region, "ami", image_id):
        raise Refused("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    root = wanted.root_device_name if wanted else "/dev/xvda"
    add_image(region, image_id, root, wanted.architecture if wanted else "x86_64")
    return Image(image_id, root, wanted.architecture if wanted else "")


def _parameter(region: Region, reference: str) -> str:
    name = reference.removeprefix(SSM_PREFIX)
    value = parameter_value(region, name)
    if value is None:
        raise Refused("InvalidParameterValue", f"Invalid systems manager parameter: {name}")
    return value


def _adoptable(region: Region, prefix: str, identifier: str) -> bool:
    start, _, rest = identifier.partition("-")
    return region.scenario.adopt and start == prefix and WELL_FORMED.fullmatch(rest) is not None
