"""Tags over the wire: those of machines, fleets and spot requests here, all others at moto."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.ec2.responses.tags import TagResponse

from ohf_iac.local.ec2_call import Call
from ohf_iac.local.instance_search import filters_of, matches, named
from ohf_iac.local.machines import drop_tag, set_tags
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import check_metadata_tags, metadata_tags_on

MAX_RESOURCES, MAX_TAGS = 1000, 50
KEY_LENGTH, VALUE_LENGTH = 127, 255
KINDS = {"i": "instance", "fleet": "fleet", "sfr": "spot-fleet-request", "sir": "spot-instances-request"}


class TagCalls(Call, TagResponse):
    """CreateTags, DeleteTags, DescribeTags."""

    def create_tags(self) -> Any:
        """All or nothing: one unknown resource refuses the call."""
        resources = self.params.get("Resources") or ()
        tags = {tag["Key"]: tag.get("Value") or "" for tag in self.params.get("Tags") or ()}
        if not self._ours(resources):
            return super().create_tags()
        _check_tags(resources, tags)
        instances = named(self.here, [given for given in resources if given.startswith("i-")])
        passive = [given for given in resources if not self._ours([given])]
        others = [self._others_tags(given) for given in resources if given not in passive and given[:2] != "i-"]
        if passive:
            self.ec2_backend.create_tags(passive, tags)  # refuses what does not exist before anything is tagged
        for machine in instances:
            if metadata_tags_on(machine.recipe.data):
                check_metadata_tags(tags)
            if len({*machine.tags, *tags} - {key for key in machine.tags if key.startswith("aws:")}) > MAX_TAGS:
                raise Refused("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
        for machine in instances:
            set_tags(self.here, machine, tags)
        for held in others:
            held.update(tags)
        return self.reply()

    def delete_tags(self) -> Any:
        """A tag given with a value is only taken off where it has that value; no tags: all of the user's own."""
        resources = self.params.get("Resources") or ()
        if not self._ours(resources):
            return super().delete_tags()
        given = self.params.get("Tags") or ()
        for machine in named(self.here, [resource for resource in resources if resource.startswith("i-")]):
            wanted = given or [{"Key": key} for key in machine.tags if not key.startswith("aws:")]
            for tag in wanted:
                if tag.get("Value") in (None, "", machine.tags.get(tag["Key"])):
                    drop_tag(self.here, machine, tag["Key"])
        for resource in resources:
            if not resource.startswith("i-"):
                held = self._others_tags(resource)
                for tag in given:
                    held.pop(tag["Key"], None)
        return self.reply()

    def describe_tags(self) -> Any:
        """By resource-type instance or by ids of machines and fleets the answer comes from here, else from moto."""
        filters = filters_of(self.params)
        if "instance" not in filters.get("resource-type", ()) and not self._ours(filters.get("resource-id", ())):
            return super().describe_tags()
        holders = {
            **{key: ("instance", machine.tags) for key, machine in self.here.machines.items()},
            **{key: ("fleet", fleet.tags) for key, fleet in self.here.fleets.items()},
        }
        shown = [
            {"ResourceId": holder, "ResourceType": kind, "Key": key, "Value": value}
            for holder, (kind, tags) in holders.items()
            for key, value in tags.items()
            if matches(filters.get("resource-id", ("*",)), (holder,))
            and matches(filters.get("resource-type", ("*",)), (kind,))
            and matches(filters.get("key", ("*",)), (key,))
            and matches(filters.get("value", ("*",)), (value,))
        ]
        return self.reply(Tags=shown)

    def _ours(self, resources: Sequence[str]) -> bool:
        return any(resource.partition("-")[0] in KINDS for resource in resources)

    def _others_tags(self, resource: str) -> dict[str, str]:
        here = self.here
        if resource in here.fleets:
            return here.fleets[resource].tags
        if resource in here.spot_fleets:
            return here.spot_fleets[resource].tags
        if resource in here.spot_requests:
            return here.spot_requests[resource].tags
        raise Refused("InvalidID", f"The ID '{resource}' is not valid")


def _check_tags(resources: Sequence[str], tags: dict[str, str]) -> None:
    if not tags:
        raise Refused("MissingParameter", "The request must contain the parameter tagSet")
    if len(resources) > MAX_RESOURCES:
        raise Refused("InvalidParameterValue", f"Cannot tag more than {MAX_RESOURCES} resources in one call")
    for key, value in tags.items():
        if key.startswith("aws:"):
            raise Refused("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
        if not key or len(key) > KEY_LENGTH:
            raise Refused("InvalidParameterValue", f"Tag key exceeds the maximum length of {KEY_LENGTH} characters")
        if len(value) > VALUE_LENGTH:
            raise Refused(
                "InvalidParameterValue", f"Tag value exceeds the maximum length of {VALUE_LENGTH} characters"
            )
