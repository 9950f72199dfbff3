"""Describes of what is passive: moto answers, after what is asked for by id has been adopted."""

from __future__ import annotations

from typing import Any

from moto.ec2.responses.amis import AmisResponse
from moto.ec2.responses.key_pairs import KeyPairs
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.responses.subnets import Subnets

from ohf_iac.local.answers import Answer
from ohf_iac.local.ec2_call import Call
from ohf_iac.local.instance_search import filters_of, matches
from ohf_iac.local.places import adopt, check_placement_group


class PlaceCalls(Call, AmisResponse, KeyPairs, SecurityGroups, Subnets):
    """Subnets, images, security groups, key pairs and placement groups."""

    def describe_subnets(self) -> Any:
        adopt(self.here, "subnet", self.params.get("SubnetIds") or [])
        return super().describe_subnets()

    def describe_images(self) -> Any:
        adopt(self.here, "ami", self.params.get("ImageIds") or [])
        return super().describe_images()

    def describe_security_groups(self) -> Any:
        adopt(self.here, "sg", self.params.get("GroupIds") or [])
        return super().describe_security_groups()

    def describe_key_pairs(self) -> Any:
        adopt(self.here, "key", self.params.get("KeyNames") or [])
        return super().describe_key_pairs()

    def describe_placement_groups(self) -> Answer:
        names = self.params.get("GroupNames") or ()
        for name in names:
            check_placement_group(self.here, name)
        wanted = filters_of(self.params).get("group-name", ("*",))
        known = sorted(self.here.places.placement_groups)
        shown = [name for name in known if (not names or name in names) and matches(wanted, (name,))]
        return self.reply(
            PlacementGroups=[{"GroupName": name, "State": "available", "Strategy": "cluster"} for name in shown]
        )

    def create_placement_group(self) -> Answer:
        self.here.places.placement_groups.add(self.params["GroupName"])
        return self.reply(
            PlacementGroup={
                "GroupName": self.params["GroupName"],
                "State": "available",
                "Strategy": self.params.get("Strategy") or "cluster",
            }
        )
