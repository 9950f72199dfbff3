"""AWS as answers that stand still: every state that its enums know, without a server, for products of all of them.

What our code does with answers over HTTP is shown by the local AWS; here it is fed, row by row as botocore gives
them, with states that no world would ever go through in the time of a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from ohf_iac.app import App
from ohf_iac.aws.calls import Calls
from ohf_iac.aws.groups import FROZEN_PROCESSES
from ohf_iac.aws.session import Access
from ohf_iac.clock import Deadline
from ohf_iac.config import Settings
from ohf_iac.errors import ProviderError
from ohf_iac.log import SILENT
from ohf_iac.store.memory import Memory
from ohf_iac.template.kinds import ASG, INSTANT, SPOT_MAINTAIN, SPOT_REQUEST, Kind
from tests.config_files import settings_of
from tests.seen import CREATED, DEADLINE, FLEETS, REQUEST_ID, STACK_ID

ACCOUNT, REGION = "123456789012", "us-east-1"
TAGS = {"ohf:request-id": REQUEST_ID, "ohf:owner": "here", "ohf:template-id": "grid"}
#: names of the parameters that say which group or fleet is meant
GONE = "gone"


@dataclass(slots=True)
class Kept:
    """A store in memory."""

    memory: Memory = field(default_factory=Memory)

    def exists(self) -> bool:
        return True

    def read(self) -> Memory:
        return self.memory

    def change(self, edit: Callable[[Memory], Memory]) -> Memory:
        self.memory = edit(self.memory)
        return self.memory

    def archive(self, before: float) -> int:
        raise AssertionError(f"nothing is archived here: {before}")

    def everything(self) -> Memory:
        return self.memory

    def past(self, ids: Iterable[str]) -> Memory:
        del ids
        return Memory()


def app_at(now: float, store: Kept) -> App:
    """A provider of the owner `here` at a moment."""
    return App(
        settings=_settings(),
        store=store,
        log=SILENT,
        now=lambda: now,
        deadline=Deadline.after(3600),
        random_hex=lambda: "0123456789abcdef",
        sleep=lambda _seconds: None,
        handlers=(),
    )


@cache
def _settings() -> Settings:
    return settings_of({"provider": {"owner": "here"}})


def machine_row(number: int, state: str, tags: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A machine as DescribeInstances shows it; a terminated one has lost its name."""
    named = TAGS if tags is None else tags
    return {
        "InstanceId": f"i-{number:017x}",
        "State": {"Name": state},
        "PrivateDnsName": "" if state == "terminated" else f"ip-10-0-0-{number}.ec2.internal",
        "LaunchTime": datetime.fromtimestamp(CREATED + 60, UTC),
        "InstanceType": "m5.large",
        "Tags": [{"Key": key, "Value": value} for key, value in named.items()],
    }


@dataclass(frozen=True, slots=True)
class World:
    """What AWS shows: a stack in a status ("": none), machines, and a group or fleet in a state."""

    kind: Kind
    stack: str
    machines: tuple[Mapping[str, Any], ...] = ()
    capacity: str = ""
    frozen: bool = False


class Canned(Calls):
    """Calls of a world. Whatever would change it is taken and changes nothing; `ended` keeps whom it would end."""

    def __init__(self, world: World, now: float) -> None:
        super().__init__(Access(now=lambda: now))
        self.world = world
        self.ended: list[str] = []

    def call(self, service: str, operation: str, verb: str, thing: str, **parameters: Any) -> dict[str, Any]:
        del service, verb, thing
        if operation == "terminate_instances":
            self.ended += parameters["InstanceIds"]
        return ANSWERS[operation](self.world, parameters)

    @property
    def region(self) -> str:
        return REGION


def _instances(world: World, parameters: Mapping[str, Any]) -> dict[str, Any]:
    passing = [row for row in world.machines if all(_passes(row, one) for one in parameters["Filters"])]
    return {"Reservations": [{"Instances": passing}]}


def _passes(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    tags = {one["Key"]: one["Value"] for one in row["Tags"]}
    name, values = wanted["Name"], wanted["Values"]
    if name == "instance-id":
        return row["InstanceId"] in values
    if name == "private-dns-name":
        return row["PrivateDnsName"] in values
    if name == "tag-key":
        return any(one in tags for one in values)
    return tags.get(name.removeprefix("tag:")) in values


def _stacks(world: World, _parameters: Mapping[str, Any]) -> dict[str, Any]:
    if not world.stack:
        raise ProviderError("describe stack: it does not exist", aws_code="ValidationError")
    outputs = {"LaunchTemplateId": "lt-1", "CapacityId": FLEETS.get(world.kind, "fleet-1")}
    tags = {**TAGS, "ohf:kind": world.kind, "ohf:deadline": str(DEADLINE)}
    row = {
        "StackId": STACK_ID,
        "StackName": f"ohf-{REQUEST_ID}",
        "StackStatus": world.stack,
        "CreationTime": datetime.fromtimestamp(CREATED, UTC),
        "Parameters": [{"ParameterKey": "TargetCapacity", "ParameterValue": "2"}],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }
    return {"Stacks": [row]}


def _fleets(world: World, _parameters: Mapping[str, Any]) -> dict[str, Any]:
    if world.capacity == GONE:
        raise ProviderError("describe fleet: it does not exist", aws_code="InvalidFleetId.NotFound")
    row = {
        "Type": "instant" if world.kind == INSTANT else world.kind.removeprefix("EC2Fleet-"),
        "FleetState": world.capacity,
        "TargetCapacitySpecification": {"TotalTargetCapacity": 0 if world.frozen else 2},
        "ExcessCapacityTerminationPolicy": "no-termination",
        "Instances": [{"InstanceIds": [one["InstanceId"] for one in world.machines]}],
        "Errors": [{"ErrorCode": "InsufficientInstanceCapacity", "ErrorMessage": "no room"}],
    }
    return {"Fleets": [row]}


def _spot_fleets(world: World, _parameters: Mapping[str, Any]) -> dict[str, Any]:
    if world.capacity == GONE:
        raise ProviderError("describe fleet: it does not exist", aws_code="InvalidSpotFleetRequestId.NotFound")
    config = {
        "TargetCapacity": 0 if world.frozen else 2,
        "ExcessCapacityTerminationPolicy": "noTermination",
    }
    return {
        "SpotFleetRequestConfigs": [{"SpotFleetRequestConfig": config, "SpotFleetRequestState": world.capacity}]
    }


def _groups(world: World, _parameters: Mapping[str, Any]) -> dict[str, Any]:
    if world.capacity == GONE:
        return {"AutoScalingGroups": []}
    row = {
        "Status": world.capacity,
        "DesiredCapacity": 2,
        "SuspendedProcesses": [{"ProcessName": name} for name in FROZEN_PROCESSES if world.frozen],
        "Instances": _members(world, {})["ActiveInstances"],
        "Tags": [],
    }
    return {"AutoScalingGroups": [row]}


def _members(world: World, _parameters: Mapping[str, Any]) -> dict[str, Any]:
    alive = [one for one in world.machines if one["State"]["Name"] not in ("shutting-down", "terminated")]
    return {"ActiveInstances": [{"InstanceId": one["InstanceId"]} for one in alive]}


def _nothing(_world: World, _parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {}


ANSWERS: Mapping[str, Callable[[World, Mapping[str, Any]], dict[str, Any]]] = {
    "describe_instances": _instances,
    "describe_stacks": _stacks,
    "describe_stack_events": lambda _world, _parameters: {"StackEvents": []},
    "describe_stack_resources": lambda _world, _parameters: {"StackResources": []},
    "list_stacks": lambda _world, _parameters: {"StackSummaries": []},
    "describe_fleets": _fleets,
    "describe_fleet_instances": _members,
    "describe_fleet_history": lambda _world, _parameters: {"HistoryRecords": []},
    "describe_spot_fleet_requests": _spot_fleets,
    "describe_spot_fleet_instances": _members,
    "describe_spot_fleet_request_history": lambda _world, _parameters: {"HistoryRecords": []},
    "describe_auto_scaling_groups": _groups,
    "describe_scaling_activities": lambda _world, _parameters: {"Activities": []},
    "describe_tags": lambda _world, _parameters: {"Tags": []},
    "get_caller_identity": lambda _world, _parameters: {"Account": ACCOUNT},
    "create_tags": _nothing,
    "create_or_update_tags": _nothing,
    "terminate_instances": _nothing,
    "suspend_processes": _nothing,
    "modify_fleet": _nothing,
    "modify_spot_fleet_request": _nothing,
    "delete_stack": _nothing,
    "update_stack": _nothing,
}


def states_of(kind: Kind, ec2: Any) -> tuple[str, ...]:
    """The states in which a group or fleet of a kind can be, by botocore's enums (`ec2`: the service model)."""
    if kind == ASG:
        return ("", "Delete in progress", GONE)  # its only Status, by the API reference
    shape = "BatchState" if kind in (SPOT_REQUEST, SPOT_MAINTAIN) else "FleetStateCode"
    return (*ec2.shape_for(shape).enum, GONE)
