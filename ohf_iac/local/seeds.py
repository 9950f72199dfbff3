"""What every region of the local AWS has from the start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.vpcs import VPC
from moto.iam.models import iam_backends
from moto.ssm.models import ssm_backends

from ohf_iac.local.places import add_image, add_key_pair, add_security_group, add_subnet

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

VPC_ID = "vpc-0a1b2c3d4e5f60001"
SECURITY_GROUP = "sg-0a1b2c3d4e5f60001"
IMAGE, ARM_IMAGE = "ami-0a1b2c3d4e5f60001", "ami-0a1b2c3d4e5f60002"
KEY_PAIR, PROFILE, PLACEMENT_GROUP = "grid-key", "grid-worker", "grid-pg"
IMAGE_PARAMETER = "/ohf/images/grid"
SPOT_FLEET_ROLE = "aws-ec2-spot-fleet-tagging-role"


def subnet_id(place: int) -> str:
    """The id of the seeded subnet in the first (1), second or third zone."""
    return f"subnet-0a1b2c3d4e5f6{place:04d}"


def seed(region: Region) -> None:
    """Put the seeded network, images, keys, profile and parameter into moto's backends.

    Raises KeyError for a region that moto does not know.
    """
    _network(region)
    add_image(region, IMAGE, "/dev/xvda", "x86_64")
    add_image(region, ARM_IMAGE, "/dev/xvda", "arm64")
    add_key_pair(region, KEY_PAIR)
    region.places.placement_groups.add(PLACEMENT_GROUP)
    _identities(region)
    ssm_backends[region.account][region.name].put_parameter(
        IMAGE_PARAMETER, "The image of the grid", IMAGE, "String", "", "", True, [], "text", None, None
    )


def _network(region: Region) -> None:
    """A /16 with three /18s: room for some 49,000 machines."""
    make_vpc: Any = VPC  # moto leaves abstract in it what it never calls
    region.ec2.vpcs[VPC_ID] = make_vpc(region.ec2, VPC_ID, "10.0.0.0/16", is_default=False)
    region.ec2.create_route_table(VPC_ID, main=True)
    region.ec2.create_network_acl(VPC_ID, default=True)
    region.seeded = (VPC_ID,)
    zones = RegionsAndZonesBackend.zones[region.name][:3]
    for place, zone in enumerate(zones):
        add_subnet(region, subnet_id(place + 1), VPC_ID, f"10.0.{place * 64}.0/18", zone.name)
    add_security_group(region, SECURITY_GROUP, VPC_ID, "grid")


def _identities(region: Region) -> None:
    """IAM is one for all regions: the first region of an account brings its identities."""
    iam = iam_backends[region.account]["aws"]
    if PROFILE in iam.instance_profiles:
        return
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
    iam.create_role(SPOT_FLEET_ROLE, json.dumps(trust), "/", None, "Tags the machines of a Spot Fleet", [], None)
    iam.create_instance_profile(PROFILE, "/", [])
