"""EC2 Fleets and Spot Fleets: seen, and frozen."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.aws.translate import known
from ohf_iac.errors import ProviderError
from ohf_iac.observation import CapacitySeen, Shortfall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.aws.calls import Calls

#: Fleet states (botocore: FleetStateCode, BatchState) and whether a fleet in one can launch no more. Total.
FLEET_ENDED: Final[Mapping[str, bool]] = MappingProxyType(
    {
        "submitted": False,
        "active": False,
        "modifying": False,
        "deleted": True,
        "deleted_running": True,
        "deleted_terminating": True,
        "failed": True,
        "cancelled": True,
        "cancelled_running": True,
        "cancelled_terminating": True,
    }
)
#: After this many seconds beyond ValidUntil a request fleet counts as ended, whatever state it shows: "at this
#: point, no new requests are placed or able to fulfill the request" (EC2 API, ValidUntil).
EXPIRY_PATIENCE: Final = 600
#: Pieces of information in a fleet's history that tell why it does not launch (aws-behaviour §3).
_TROUBLES: Final = frozenset({"launchSpecUnusable", "launchSpecTemporarilyBlacklisted", "fleetProgressHalted"})
#: A code of EC2 before the text of a history's event.
_CODED: Final = re.compile(r"((?:[A-Z][a-z]+){2,}(?:\.[A-Z][A-Za-z]+)?): ")
_MISSING: Final = frozenset({"InvalidFleetId.NotFound", "InvalidSpotFleetRequestId.NotFound"})


def fleet_seen(calls: Calls, fleet_id: str, now: float) -> CapacitySeen:
    """An EC2 Fleet. An instant one lists its machines and errors itself, the others in calls of their own."""
    try:
        answer = calls.call("ec2", "describe_fleets", "describe", f"fleet {fleet_id}", FleetIds=[fleet_id])
    except ProviderError as error:
        return _missing(fleet_id, error)
    if not answer["Fleets"]:
        return CapacitySeen(fleet_id, gone=True, frozen=True)
    row = answer["Fleets"][0]
    if row.get("Type") == "instant":
        return _instant(fleet_id, row)
    target = row["TargetCapacitySpecification"]["TotalTargetCapacity"]
    emptied = target == 0 and row.get("ExcessCapacityTerminationPolicy") == "no-termination"
    history = _history(calls, "describe_fleet_history", fleet_id, FleetId=fleet_id)
    return CapacitySeen(
        capacity_id=fleet_id,
        state=row["FleetState"],
        target=target,
        frozen=_ended(row["FleetState"], row, now) or emptied,
        frozen_since=_emptied_at(history) if emptied else _expired_at(row, now),
        busy=row["FleetState"] == "modifying",
        members=_members(calls, "describe_fleet_instances", fleet_id, FleetId=fleet_id),
        shortfalls=_shortfalls(history),
    )


def spot_fleet_seen(calls: Calls, fleet_id: str, now: float) -> CapacitySeen:
    """A Spot Fleet request."""
    try:
        answer = calls.call(
            "ec2",
            "describe_spot_fleet_requests",
            "describe",
            f"Spot Fleet {fleet_id}",
            SpotFleetRequestIds=[fleet_id],
        )
    except ProviderError as error:
        return _missing(fleet_id, error)
    if not answer["SpotFleetRequestConfigs"]:
        return CapacitySeen(fleet_id, gone=True, frozen=True)
    row = answer["SpotFleetRequestConfigs"][0]
    config, state = row["SpotFleetRequestConfig"], row["SpotFleetRequestState"]
    emptied = config["TargetCapacity"] == 0 and config.get("ExcessCapacityTerminationPolicy") == "noTermination"
    history = _history(calls, "describe_spot_fleet_request_history", fleet_id, SpotFleetRequestId=fleet_id)
    return CapacitySeen(
        capacity_id=fleet_id,
        state=state,
        target=config["TargetCapacity"],
        frozen=_ended(state, config, now) or emptied,
        frozen_since=_emptied_at(history) if emptied else _expired_at(config, now),
        busy=state == "modifying",
        members=_members(calls, "describe_spot_fleet_instances", fleet_id, SpotFleetRequestId=fleet_id),
        shortfalls=_shortfalls(history),
    )


def freeze_fleet(calls: Calls, fleet_id: str) -> None:
    """A maintain EC2 Fleet launches no more and keeps what it has; expired or deleted ones are frozen already."""
    _unless_ended(
        calls,
        "modify_fleet",
        f"fleet {fleet_id}",
        FleetId=fleet_id,
        ExcessCapacityTerminationPolicy="no-termination",
        TargetCapacitySpecification={
            "TotalTargetCapacity": 0,
            "OnDemandTargetCapacity": 0,
            "SpotTargetCapacity": 0,
        },
    )


def freeze_spot_fleet(calls: Calls, fleet_id: str) -> None:
    """A maintain Spot Fleet launches no more and keeps what it has."""
    _unless_ended(
        calls,
        "modify_spot_fleet_request",
        f"Spot Fleet {fleet_id}",
        SpotFleetRequestId=fleet_id,
        ExcessCapacityTerminationPolicy="noTermination",
        TargetCapacity=0,
        OnDemandTargetCapacity=0,
    )


def _unless_ended(calls: Calls, operation: str, thing: str, **parameters: Any) -> None:
    """A freeze; a refusal is fine where the fleet is gone, or in an ended state by its own describe."""
    try:
        calls.call("ec2", operation, "freeze", thing, **parameters)
    except ProviderError as error:
        if error.aws_code in _MISSING:
            return
        if error.transient or not _has_ended(calls, parameters):
            raise


def _has_ended(calls: Calls, parameters: Mapping[str, Any]) -> bool:
    if "FleetId" in parameters:
        return fleet_seen(calls, parameters["FleetId"], 0).frozen
    return spot_fleet_seen(calls, parameters["SpotFleetRequestId"], 0).frozen


def _missing(fleet_id: str, error: ProviderError) -> CapacitySeen:
    if error.aws_code not in _MISSING:
        raise error
    return CapacitySeen(fleet_id, gone=True, frozen=True)


def still_launches(state: str, row: Mapping[str, Any], target: int, now: float) -> bool:
    """Whether a maintain fleet still replaces what it loses: not ended, not expired, not emptied."""
    return target > 0 and not _ended(state, row, now)


def _ended(state: str, row: Mapping[str, Any], now: float) -> bool:
    if known(FLEET_ENDED, state, "a fleet"):
        return True
    until = row.get("ValidUntil")
    return until is not None and now > until.timestamp() + EXPIRY_PATIENCE


def _expired_at(row: Mapping[str, Any], now: float) -> int:
    """The epoch second at which a fleet stopped launching by itself; 0 while it has not, or not for that reason."""
    until = row.get("ValidUntil")
    return int(until.timestamp()) if until is not None and until.timestamp() < now else 0


def _emptied_at(history: Iterable[Mapping[str, Any]]) -> int:
    """The epoch second of the last change that went through; 0 when the history does not tell."""
    done = (one for one in history if one.get("EventInformation", {}).get("EventSubType") == "modify_succeeded")
    return int(max((one["Timestamp"].timestamp() for one in done), default=0))


def _instant(fleet_id: str, row: Mapping[str, Any]) -> CapacitySeen:
    members = tuple(one for part in row.get("Instances", []) for one in part["InstanceIds"])
    errors = [Shortfall(one.get("ErrorCode", ""), one.get("ErrorMessage", "")) for one in row.get("Errors", [])]
    return CapacitySeen(
        capacity_id=fleet_id,
        state=row["FleetState"],
        target=row["TargetCapacitySpecification"]["TotalTargetCapacity"],
        frozen=True,
        members=members,
        shortfalls=tuple(dict.fromkeys(errors)),
    )


def _members(calls: Calls, operation: str, fleet_id: str, **parameters: Any) -> tuple[str, ...]:
    found: list[str] = []
    for page in calls.pages("ec2", operation, "list", f"machines of {fleet_id}", **parameters):
        found += [one["InstanceId"] for one in page["ActiveInstances"]]
    return tuple(found)


def _history(calls: Calls, operation: str, fleet_id: str, **parameters: Any) -> list[Mapping[str, Any]]:
    """What happened to a fleet, newest first; AWS keeps it for 48 hours."""
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    rows: list[Mapping[str, Any]] = []
    for page in calls.pages("ec2", operation, "read", f"history of {fleet_id}", StartTime=epoch, **parameters):
        rows += page["HistoryRecords"]
    return sorted(rows, key=lambda one: one["Timestamp"], reverse=True)


def _shortfalls(history: Iterable[Mapping[str, Any]]) -> tuple[Shortfall, ...]:
    """Why launches failed, those with a text first, newest first."""
    return tuple(sorted(dict.fromkeys(_errors(history)), key=lambda one: not one.text))


def _errors(rows: Iterable[Mapping[str, Any]]) -> Iterable[Shortfall]:
    for one in rows:
        event = one.get("EventInformation", {})
        if one["EventType"] == "error" or event.get("EventSubType") in _TROUBLES:
            yield _shortfall(event.get("EventSubType", ""), str(event.get("EventDescription", "")))


def _shortfall(kind: str, text: str) -> Shortfall:
    """What an event tells; EC2's own code where its text begins with one, because LSF looks for that."""
    coded = _CODED.match(text)
    return Shortfall(coded[1], text[coded.end() :]) if coded else Shortfall(kind, text)
