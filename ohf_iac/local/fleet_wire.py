"""EC2 Fleet over the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ohf_iac.local.answers import Answer
from ohf_iac.local.ec2_call import Call
from ohf_iac.local.fleet_orders import order_fleet, read_targets
from ohf_iac.local.fleet_record import Fleet, Lifecycle, Pool
from ohf_iac.local.fleets import change, end
from ohf_iac.local.instance_search import filters_of, matches
from ohf_iac.local.moments import epoch
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import truth
from ohf_iac.local.world import Region

STATES = {"ended_running": "deleted_running", "ended_terminating": "deleted_terminating", "ended": "deleted"}
SHOWN = ("LaunchTemplateConfigs", "SpotOptions", "OnDemandOptions", "ValidFrom", "Context")


class FleetCalls(Call):
    """Actions on EC2 Fleets."""

    def create_fleet(self) -> Answer:
        self.check_dry_run()
        fleet = order_fleet(self.here, self.params)
        if fleet.kind != "instant":
            return self.reply(FleetId=fleet.id)
        return self.reply(FleetId=fleet.id, Errors=errors_of(fleet), Instances=instances_of(fleet))

    def describe_fleets(self) -> Answer:
        """Instant fleets only when asked for by id, then with their instances and errors."""
        ids = self.params.get("FleetIds") or ()
        found = [find_fleet(self.here, fleet_id) for fleet_id in ids]
        if not ids:
            found = [fleet for fleet in self.here.fleets.values() if fleet.kind != "instant"]
        filters = filters_of(self.params)
        shown = [fleet for fleet in found if _passes(fleet, filters)]
        return self.reply(Fleets=[fleet_data(fleet) for fleet in shown])

    def describe_fleet_instances(self) -> Answer:
        """The living machines of a request or maintain fleet."""
        fleet = find_fleet(self.here, self.params["FleetId"])
        if fleet.kind == "instant":
            raise Refused("Unsupported", "DescribeFleetInstances is not supported for fleets of type instant.")
        members, token = cut(active(fleet), self.params.get("MaxResults"), self.params.get("NextToken"))
        return self.reply(FleetId=fleet.id, ActiveInstances=members, NextToken=token)

    def describe_fleet_history(self) -> Answer:
        fleet = find_fleet(self.here, self.params["FleetId"])
        if fleet.kind == "instant":
            raise Refused("Unsupported", "DescribeFleetHistory is not supported for fleets of type instant.")
        since = epoch(self.params["StartTime"])
        records, token = cut(history(fleet, since), self.params.get("MaxResults"), self.params.get("NextToken"))
        return self.reply(
            FleetId=fleet.id,
            HistoryRecords=records,
            LastEvaluatedTime=self.here.now(),
            StartTime=since,
            NextToken=token,
        )

    def modify_fleet(self) -> Answer:
        self.check_dry_run()
        modify_fleet(self.here, find_fleet(self.here, self.params["FleetId"]), self.params)
        return self.reply(Return=True)

    def delete_fleets(self) -> Answer:
        self.check_dry_run()
        terminating = truth(self.params.get("TerminateInstances"))
        deleted, failed = [], []
        for fleet_id in self.params.get("FleetIds") or ():
            fleet = self.here.fleets.get(fleet_id)
            if fleet is None:
                failed.append(
                    _undeleted(fleet_id, "fleetIdDoesNotExist", f"The fleet ID '{fleet_id}' does not exist")
                )
            elif fleet.kind == "instant" and not terminating:
                failed.append(
                    _undeleted(
                        fleet_id,
                        "fleetNotInDeletableState",
                        "Instant fleets cannot be deleted without their instances",
                    )
                )
            else:
                before = _state(fleet)
                end(self.here, fleet, terminating)
                deleted.append(
                    {"FleetId": fleet_id, "CurrentFleetState": _state(fleet), "PreviousFleetState": before}
                )
        return self.reply(SuccessfulFleetDeletions=deleted, UnsuccessfulFleetDeletions=failed)


def find_fleet(region: Region, fleet_id: str) -> Fleet:
    """The EC2 Fleet. Raises Refused (InvalidFleetId.NotFound)."""
    if fleet_id not in region.fleets:
        raise Refused("InvalidFleetId.NotFound", f"The fleet ID '{fleet_id}' does not exist")
    return region.fleets[fleet_id]


def modify_fleet(region: Region, fleet: Fleet, given: Mapping[str, Any]) -> None:
    """Carry out a ModifyFleet request; only active maintain fleets can be modified. Raises Refused."""
    if fleet.kind != "maintain":
        raise Refused(
            "UnsupportedOperation", f"The fleet '{fleet.id}' is of type {fleet.kind} and can't be modified."
        )
    check_modifiable(fleet)
    policy = given.get("ExcessCapacityTerminationPolicy")
    keep = fleet.keep_excess if policy is None else policy == "no-termination"
    specification = given.get("TargetCapacitySpecification")
    targets = read_targets(specification, fleet.targets) if specification else fleet.targets
    change(region, fleet, targets, keep)


def check_modifiable(fleet: Fleet) -> None:
    """Raises Refused unless the fleet is active (a modification under way may be followed by the next)."""
    if fleet.closed or fleet.state not in ("active", "modifying"):
        raise Refused("FleetNotInModifiableState", f"The fleet '{fleet.id}' is not in a modifiable state.")


def fleet_data(fleet: Fleet) -> dict[str, Any]:
    """The FleetData structure."""
    targets = fleet.targets
    data: dict[str, Any] = {key: fleet.config.get(key) for key in SHOWN}
    data |= {
        "FleetId": fleet.id,
        "FleetState": _state(fleet),
        "ActivityStatus": activity(fleet),
        "CreateTime": fleet.created,
        "Type": fleet.kind,
        "ValidUntil": fleet.valid_until,
        "ExcessCapacityTerminationPolicy": "no-termination" if fleet.keep_excess else "termination",
        "TerminateInstancesWithExpiration": fleet.terminate_on_expiry,
        "ReplaceUnhealthyInstances": truth(fleet.config.get("ReplaceUnhealthyInstances")),
        "FulfilledCapacity": fleet.fulfilled(),
        "FulfilledOnDemandCapacity": sum(m.machine.weight for m in fleet.alive() if m.lifecycle == "on-demand"),
        "TargetCapacitySpecification": {
            "TotalTargetCapacity": int(targets.total),
            "OnDemandTargetCapacity": int(targets.on_demand),
            "SpotTargetCapacity": int(targets.spot),
            "DefaultTargetCapacityType": targets.rest,
        },
        "Tags": [{"Key": key, "Value": value} for key, value in fleet.tags.items()],
    }
    if fleet.kind == "instant":
        data |= {"Errors": errors_of(fleet), "Instances": instances_of(fleet)}
    return data


def activity(fleet: Fleet) -> str:
    """How far the fleet is; an instant one always says fulfilled."""
    if fleet.kind == "instant" or fleet.state == "ended":
        return "fulfilled"
    if fleet.state == "ended_terminating":
        return "pending_termination"
    if fleet.fulfilled() >= fleet.targets.total:
        return "fulfilled"
    return "error" if fleet.errors else "pending_fulfillment"


def errors_of(fleet: Fleet) -> list[dict[str, Any]]:
    """What each pool that gave nothing said."""
    return [
        {
            "LaunchTemplateAndOverrides": _source(fleet.pools[error.pool]),
            "Lifecycle": error.lifecycle,
            "ErrorCode": error.code,
            "ErrorMessage": error.message,
        }
        for error in fleet.errors
    ]


def instances_of(fleet: Fleet) -> list[dict[str, Any]]:
    """Everything an instant fleet launched, dead or alive, by pool and lifecycle."""
    by_source: dict[tuple[int, Lifecycle], list[str]] = {}
    for member in fleet.members.values():
        by_source.setdefault((member.pool, member.lifecycle), []).append(member.machine.id)
    return [
        {
            "LaunchTemplateAndOverrides": _source(fleet.pools[place]),
            "Lifecycle": lifecycle,
            "InstanceIds": ids,
            "InstanceType": fleet.members[ids[0]].machine.recipe.instance_type,
        }
        for (place, lifecycle), ids in by_source.items()
    ]


def active(fleet: Fleet) -> list[dict[str, Any]]:
    """The ActiveInstance structures of the living members, oldest first."""
    return [
        {
            "InstanceId": member.machine.id,
            "InstanceType": member.machine.recipe.instance_type,
            "SpotInstanceRequestId": member.machine.spot_request_id or None,
            "InstanceHealth": "healthy",
        }
        for member in fleet.alive()
    ]


def history(fleet: Fleet, since: float) -> list[dict[str, Any]]:
    """The HistoryRecord structures from `since` on, oldest first."""
    return [
        {
            "Timestamp": record.at,
            "EventType": record.event_type,
            "EventInformation": {
                "EventSubType": record.sub_type,
                "InstanceId": record.machine_id or None,
                "EventDescription": record.description or None,
            },
        }
        for record in fleet.history
        if record.at >= since
    ]


def cut(items: Sequence[Any], limit: int | None, token: str | None) -> tuple[list[Any], str | None]:
    """One page; the token is the number of items that came before. Raises Refused for a token that is none."""
    if token is not None and not token.isdigit():
        raise Refused("InvalidParameterValue", "Unable to parse pagination token")
    start = int(token or 0)
    stop = start + (limit or 1000)
    return list(items[start:stop]), str(stop) if stop < len(items) else None


def _passes(fleet: Fleet, filters: Mapping[str, Sequence[str]]) -> bool:
    found = {
        "activity-status": activity(fleet),
        "fleet-state": _state(fleet),
        "type": fleet.kind,
        "excess-capacity-termination-policy": "no-termination" if fleet.keep_excess else "termination",
    }
    for name in filters:
        if name not in found:
            raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
    return all(matches(values, (found[name],)) for name, values in filters.items())


def _state(fleet: Fleet) -> str:
    return STATES.get(fleet.state, fleet.state)


def _source(pool: Pool) -> dict[str, Any]:
    return {"LaunchTemplateSpecification": pool.specification, "Overrides": pool.shown}


def _undeleted(fleet_id: str, code: str, message: str) -> dict[str, Any]:
    return {"FleetId": fleet_id, "Error": {"Code": code, "Message": message}}
