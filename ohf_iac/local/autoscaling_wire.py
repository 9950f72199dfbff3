"""Auto Scaling of the local AWS: groups are ours, what hangs on them otherwise (policies, hooks) is moto's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.autoscaling.responses import AutoScalingResponse

from ohf_iac.local.answers import Answer
from ohf_iac.local.fleet_wire import cut
from ohf_iac.local.group_changes import (
    delete_group,
    detach,
    find_group,
    find_member,
    protect,
    resume,
    set_desired,
    suspend,
    terminate_member,
)
from ohf_iac.local.group_orders import change_group, order_group, read_tags
from ohf_iac.local.group_record import PROCESSES, Group
from ohf_iac.local.group_shape import activity_data, group_data, member_data, tags
from ohf_iac.local.groups import check_health
from ohf_iac.local.instance_search import filters_of, matches
from ohf_iac.local.moments import epoch
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import truth
from ohf_iac.local.wire import region_of
from ohf_iac.local.world import Region

GROUPS_PER_PAGE, MEMBERS_PER_PAGE, ACTIVITIES_PER_PAGE = (50, 100), (50, 50), (100, 100)


class LocalAutoScaling(AutoScalingResponse):
    """The class whose `dispatch` answers Auto Scaling calls."""

    @property
    def here(self) -> Region:
        """The account and region the call is for."""
        return region_of(self)

    def create_auto_scaling_group(self) -> Answer:
        order_group(self.here, self.params, {})
        return Answer({})

    def update_auto_scaling_group(self) -> Answer:
        change_group(self.here, self._group(), self.params)
        return Answer({})

    def delete_auto_scaling_group(self) -> Answer:
        delete_group(self.here, self._group(), truth(self.params.get("ForceDelete")))
        return Answer({})

    def set_desired_capacity(self) -> Answer:
        set_desired(self.here, self._group(), float(self.params["DesiredCapacity"]))
        return Answer({})

    def describe_auto_scaling_groups(self) -> Answer:
        names = self.params.get("AutoScalingGroupNames")
        found = [g for g in self.here.groups.values() if not names or g.name in names]
        filters = filters_of(self.params)
        passing = [group for group in found if _passes(group, filters)]
        shown, token = self._page(passing, GROUPS_PER_PAGE)
        return Answer({"AutoScalingGroups": [group_data(group) for group in shown], "NextToken": token})

    def describe_auto_scaling_instances(self) -> Answer:
        """Members by id; ids that no group has are left out."""
        ids = self.params.get("InstanceIds") or ()
        if len(ids) > MEMBERS_PER_PAGE[0]:
            raise Refused("ValidationError", "The number of instance ids that may be passed in is limited to 50")
        found = [
            member_data(group, member)
            for group in self.here.groups.values()
            for member in group.members.values()
            if not ids or member.machine.id in ids
        ]
        shown, token = self._page(found, MEMBERS_PER_PAGE)
        return Answer({"AutoScalingInstances": shown, "NextToken": token})

    def describe_scaling_activities(self) -> Answer:
        """Newest first; those of deleted groups only when they are asked for."""
        name, ids = self.params.get("AutoScalingGroupName"), self.params.get("ActivityIds")
        deleted_too = truth(self.params.get("IncludeDeletedGroups"))
        if name and not deleted_too:
            find_group(self.here, name)
        filters = filters_of(self.params)
        since = epoch(filters["StartTimeLowerBound"][0]) if "StartTimeLowerBound" in filters else 0.0
        found = [
            activity
            for activity in reversed(self.here.activities)
            if (not name or activity.group == name)
            and (not ids or activity.id in ids)
            and (deleted_too or activity.group in self.here.groups)
            and activity.started >= since
            and matches(filters.get("Status", ("*",)), (activity.status,))
        ]
        shown, token = self._page(found, ACTIVITIES_PER_PAGE)
        return Answer({"Activities": [activity_data(activity) for activity in shown], "NextToken": token})

    def suspend_processes(self) -> Answer:
        suspend(self.here, self._group(), self.params.get("ScalingProcesses") or ())
        return Answer({})

    def resume_processes(self) -> Answer:
        resume(self.here, self._group(), self.params.get("ScalingProcesses") or ())
        return Answer({})

    def describe_scaling_process_types(self) -> Answer:
        return Answer({"Processes": [{"ProcessName": name} for name in PROCESSES]})

    def terminate_instance_in_auto_scaling_group(self) -> Answer:
        decrement = truth(self.params["ShouldDecrementDesiredCapacity"])
        activity = terminate_member(self.here, self.params["InstanceId"], decrement)
        return Answer({"Activity": activity_data(activity)})

    def detach_instances(self) -> Answer:
        ids, decrement = self.params.get("InstanceIds") or (), truth(self.params["ShouldDecrementDesiredCapacity"])
        activities = detach(self.here, self._group(), ids, decrement)
        return Answer({"Activities": [activity_data(activity) for activity in activities]})

    def set_instance_protection(self) -> Answer:
        protect(self._group(), self.params["InstanceIds"], truth(self.params["ProtectedFromScaleIn"]))
        return Answer({})

    def set_instance_health(self) -> Answer:
        """Unhealthy: the machine is ended and replaced, unless that is suspended."""
        group, member = find_member(self.here, self.params["InstanceId"])
        member.health = self.params["HealthStatus"]
        check_health(self.here, group)
        return Answer({})

    def create_or_update_tags(self) -> Answer:
        for tag in self.params["Tags"]:
            find_group(self.here, tag["ResourceId"]).tags.update(read_tags([tag]))
        return Answer({})

    def delete_tags(self) -> Answer:
        for tag in self.params["Tags"]:
            find_group(self.here, tag["ResourceId"]).tags.pop(tag["Key"], None)
        return Answer({})

    def describe_tags(self) -> Answer:
        names = {"auto-scaling-group": "ResourceId", "key": "Key", "value": "Value"}
        filters = {name: values for name, values in filters_of(self.params).items() if name in names}
        shown = [
            tag
            for group in self.here.groups.values()
            for tag in tags(group)
            if all(matches(values, (tag[names[name]],)) for name, values in filters.items())
        ]
        return Answer({"Tags": shown})

    def _group(self) -> Group:
        return find_group(self.here, self.params["AutoScalingGroupName"])

    def _page(self, items: Sequence[Any], sizes: tuple[int, int]) -> tuple[list[Any], str | None]:
        wanted = int(self.params.get("MaxRecords") or sizes[0])
        return cut(items, min(wanted, sizes[1]), self.params.get("NextToken"))


def _passes(group: Group, filters: dict[str, Sequence[str]]) -> bool:
    for name, values in filters.items():
        if name == "tag-key":
            found = tuple(group.tags)
        elif name == "tag-value":
            found = tuple(value for value, _ in group.tags.values())
        elif name.startswith("tag:"):
            found = tuple(value for key, (value, _) in group.tags.items() if key == name[4:])
        else:
            raise Refused("ValidationError", f"Filter type {name} is not correct. Allowed are: tag-key, tag-value")
        if not matches(values, found):
            return False
    return True
