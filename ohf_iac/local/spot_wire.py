"""Spot Fleets and spot requests over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ohf_iac.local.answers import Answer
from ohf_iac.local.ec2_call import Call
from ohf_iac.local.fleet_orders import order_spot_fleet, spot_targets
from ohf_iac.local.fleet_record import Fleet
from ohf_iac.local.fleet_wire import active, activity, check_modifiable, cut, history
from ohf_iac.local.fleets import change, end
from ohf_iac.local.instance_search import filters_of, matches
from ohf_iac.local.moments import epoch
from ohf_iac.local.refusals import Refused
from ohf_iac.local.spot_record import SpotRequest
from ohf_iac.local.templates import truth
from ohf_iac.local.world import Region

STATES = {"ended_running": "cancelled_running", "ended_terminating": "cancelled_terminating", "ended": "cancelled"}
MAX_CANCELLED = 100
REQUEST_FIELDS: Mapping[str, Callable[[Region, SpotRequest], Iterable[str]]] = {
    "instance-id": lambda _, request: (request.machine_id,),
    "spot-instance-request-id": lambda _, request: (request.id,),
    "state": lambda _, request: (request.state,),
    "status-code": lambda _, request: (request.code,),
    "launched-availability-zone": lambda region, request: _zone(region, request),
    "tag-key": lambda _, request: request.tags,
}


class SpotCalls(Call):
    """Actions on Spot Fleet requests and spot instance requests."""

    def request_spot_fleet(self) -> Answer:
        self.check_dry_run()
        fleet = order_spot_fleet(self.here, self.params["SpotFleetRequestConfig"])
        return self.reply(SpotFleetRequestId=fleet.id)

    def describe_spot_fleet_requests(self) -> Answer:
        ids = self.params.get("SpotFleetRequestIds") or ()
        found = (
            [find_spot_fleet(self.here, given) for given in ids] if ids else list(self.here.spot_fleets.values())
        )
        shown, token = cut(found, self.params.get("MaxResults"), self.params.get("NextToken"))
        return self.reply(SpotFleetRequestConfigs=[spot_fleet_data(fleet) for fleet in shown], NextToken=token)

    def describe_spot_fleet_instances(self) -> Answer:
        fleet = find_spot_fleet(self.here, self.params["SpotFleetRequestId"])
        members, token = cut(active(fleet), self.params.get("MaxResults"), self.params.get("NextToken"))
        return self.reply(SpotFleetRequestId=fleet.id, ActiveInstances=members, NextToken=token)

    def describe_spot_fleet_request_history(self) -> Answer:
        fleet = find_spot_fleet(self.here, self.params["SpotFleetRequestId"])
        since = epoch(self.params["StartTime"])
        records, token = cut(history(fleet, since), self.params.get("MaxResults"), self.params.get("NextToken"))
        return self.reply(
            SpotFleetRequestId=fleet.id,
            HistoryRecords=records,
            LastEvaluatedTime=self.here.now(),
            StartTime=since,
            NextToken=token,
        )

    def modify_spot_fleet_request(self) -> Answer:
        modify_spot_fleet(self.here, find_spot_fleet(self.here, self.params["SpotFleetRequestId"]), self.params)
        return self.reply(Return=True)

    def cancel_spot_fleet_requests(self) -> Answer:
        self.check_dry_run()
        ids = self.params.get("SpotFleetRequestIds") or ()
        if len(ids) > MAX_CANCELLED:
            raise Refused("InvalidParameterValue", f"Cannot cancel more than {MAX_CANCELLED} requests in one call")
        cancelled, failed = [], []
        for given in ids:
            fleet = self.here.spot_fleets.get(given)
            if fleet is None:
                error = {"Code": "fleetRequestIdDoesNotExist", "Message": f"The request '{given}' does not exist"}
                failed.append({"SpotFleetRequestId": given, "Error": error})
                continue
            before = spot_state(fleet)
            end(self.here, fleet, truth(self.params.get("TerminateInstances")))
            cancelled.append(
                {
                    "SpotFleetRequestId": given,
                    "CurrentSpotFleetRequestState": spot_state(fleet),
                    "PreviousSpotFleetRequestState": before,
                }
            )
        return self.reply(SuccessfulFleetRequests=cancelled, UnsuccessfulFleetRequests=failed)

    def describe_spot_instance_requests(self) -> Answer:
        ids = self.params.get("SpotInstanceRequestIds") or ()
        for given in ids:
            if given not in self.here.spot_requests:
                raise Refused(
                    "InvalidSpotInstanceRequestID.NotFound",
                    f"The spot instance request ID '{given}' does not exist",
                )
        filters = filters_of(self.params)
        found = [
            request
            for request in self.here.spot_requests.values()
            if (not ids or request.id in ids) and _passes(self.here, request, filters)
        ]
        shown, token = cut(found, self.params.get("MaxResults"), self.params.get("NextToken"))
        return self.reply(SpotInstanceRequests=[_request(self.here, request) for request in shown], NextToken=token)

    def cancel_spot_instance_requests(self) -> Answer:
        """The machines of cancelled requests live on."""
        ids = self.params.get("SpotInstanceRequestIds") or ()
        for given in ids:
            if given in self.here.spot_requests:
                request = self.here.spot_requests[given]
                request.state, request.code = "cancelled", "request-canceled-and-instance-running"
                request.updated = self.here.now()
        return self.reply(
            CancelledSpotInstanceRequests=[{"SpotInstanceRequestId": given, "State": "cancelled"} for given in ids]
        )


def find_spot_fleet(region: Region, request_id: str) -> Fleet:
    """The Spot Fleet. Raises Refused (InvalidSpotFleetRequestId.NotFound)."""
    if request_id not in region.spot_fleets:
        raise Refused(
            "InvalidSpotFleetRequestId.NotFound", f"The spot fleet request ID '{request_id}' does not exist"
        )
    return region.spot_fleets[request_id]


def modify_spot_fleet(region: Region, fleet: Fleet, given: Mapping[str, Any]) -> None:
    """Carry out a ModifySpotFleetRequest; only active maintain fleets can be modified. Raises Refused."""
    if fleet.kind != "maintain":
        raise Refused(
            "UnsupportedOperation", f"The fleet '{fleet.id}' is of type {fleet.kind} and can't be modified."
        )
    check_modifiable(fleet)
    policy = given.get("ExcessCapacityTerminationPolicy")
    keep = fleet.keep_excess if policy is None else policy == "noTermination"
    total = given.get("TargetCapacity", fleet.targets.total)
    on_demand = given.get("OnDemandTargetCapacity", fleet.targets.on_demand)
    change(region, fleet, spot_targets(total, on_demand), keep)


def spot_state(fleet: Fleet) -> str:
    """The state in the Spot Fleet API's words."""
    return STATES.get(fleet.state, fleet.state)


def spot_fleet_data(fleet: Fleet) -> dict[str, Any]:
    """The SpotFleetRequestConfig structure."""
    spot = [member for member in fleet.alive() if member.lifecycle == "spot"]
    fulfilled = fleet.fulfilled()
    by_spot = sum(member.machine.weight for member in spot)
    config = {
        **fleet.config,
        "TargetCapacity": int(fleet.targets.total),
        "OnDemandTargetCapacity": int(fleet.targets.on_demand),
        "FulfilledCapacity": by_spot,
        "OnDemandFulfilledCapacity": fulfilled - by_spot,
        "Type": fleet.kind,
        "ValidUntil": fleet.valid_until,
        "AllocationStrategy": fleet.strategies["spot"],
        "ExcessCapacityTerminationPolicy": "noTermination" if fleet.keep_excess else "default",
        "TerminateInstancesWithExpiration": fleet.terminate_on_expiry,
        "TagSpecifications": None,
    }
    return {
        "SpotFleetRequestId": fleet.id,
        "SpotFleetRequestState": spot_state(fleet),
        "ActivityStatus": activity(fleet),
        "CreateTime": fleet.created,
        "SpotFleetRequestConfig": config,
        "Tags": [{"Key": key, "Value": value} for key, value in fleet.tags.items()],
    }


def _request(region: Region, request: SpotRequest) -> dict[str, Any]:
    machine = region.machines.get(request.machine_id)
    launched: dict[str, Any] = {}
    if machine is not None:
        launched = {
            "LaunchedAvailabilityZone": machine.recipe.subnet.zone,
            "LaunchSpecification": {
                "ImageId": machine.recipe.image.id,
                "InstanceType": machine.recipe.instance_type,
                "SubnetId": machine.recipe.subnet.id,
            },
        }
    return {
        "SpotInstanceRequestId": request.id,
        "InstanceId": request.machine_id,
        "CreateTime": request.created,
        "State": request.state,
        "Status": {"Code": request.code, "Message": request.message, "UpdateTime": request.updated},
        "SpotPrice": request.price,
        "Type": "one-time",
        "ProductDescription": "Linux/UNIX",
        "InstanceInterruptionBehavior": "terminate",
        "Tags": [{"Key": key, "Value": value} for key, value in request.tags.items()],
        **launched,
    }


def _passes(region: Region, request: SpotRequest, filters: Mapping[str, Any]) -> bool:
    for name, values in filters.items():
        if name.startswith("tag:"):
            tag = request.tags.get(name[4:])
            if tag is None or not matches(values, (tag,)):
                return False
        elif name not in REQUEST_FIELDS:
            raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
        elif not matches(values, REQUEST_FIELDS[name](region, request)):
            return False
    return True


def _zone(region: Region, request: SpotRequest) -> tuple[str, ...]:
    machine = region.machines.get(request.machine_id)
    return (machine.recipe.subnet.zone,) if machine else ()
