"""Resources of a stack as their own services show them, in the shape of CloudFormation's properties.

For what CloudFormation's drift detection does not see: types that it does not check, stacks that it does not take,
and properties that its handlers never read back.
"""

from __future__ import annotations

import json
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ohf_iac.aws.fleets import FLEET_ENDED
from ohf_iac.aws.translate import known
from ohf_iac.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ohf_iac.aws.calls import Calls

    Read = Callable[[Calls, str], dict[str, Any] | None]

_GONE: Final = frozenset(
    {"InvalidFleetId.NotFound", "InvalidSpotFleetRequestId.NotFound", "InvalidLaunchTemplateId.NotFound"}
)


class TemplateVersion(NamedTuple):
    """A version of a launch template; `data` is EC2's ResponseLaunchTemplateData."""

    number: int
    default: bool
    data: Mapping[str, Any]


def group_properties(calls: Calls, name: str) -> dict[str, Any] | None:
    """An AWS::AutoScaling::AutoScalingGroup; None when there is none of that name."""
    answer = calls.call(
        "autoscaling",
        "describe_auto_scaling_groups",
        "read",
        f"group {name}",
        AutoScalingGroupNames=[name],
    )
    if not answer["AutoScalingGroups"]:
        return None
    row = answer["AutoScalingGroups"][0]
    tags = [{key: tag.get(key) for key in ("Key", "Value", "PropagateAtLaunch")} for tag in row.get("Tags", [])]
    return {
        **row,
        "Cooldown": row.get("DefaultCooldown"),
        "VPCZoneIdentifier": [one.strip() for one in row.get("VPCZoneIdentifier", "").split(",") if one],
        "Tags": tags,
    }


def fleet_properties(calls: Calls, fleet_id: str) -> dict[str, Any] | None:
    """An AWS::EC2::EC2Fleet; None when it is gone, deleted ones included."""
    row = _row(calls, "describe_fleets", "Fleets", fleet_id, FleetIds=[fleet_id])
    if row is None or known(FLEET_ENDED, row["FleetState"], f"fleet {fleet_id}"):
        return None
    tags = [{"ResourceType": "fleet", "Tags": row.get("Tags", [])}]
    return {**_texts(row), "TagSpecifications": tags}


def spot_fleet_properties(calls: Calls, fleet_id: str) -> dict[str, Any] | None:
    """An AWS::EC2::SpotFleet; None when it is gone, cancelled ones included."""
    row = _row(
        calls,
        "describe_spot_fleet_requests",
        "SpotFleetRequestConfigs",
        fleet_id,
        SpotFleetRequestIds=[fleet_id],
    )
    if row is None or known(FLEET_ENDED, row["SpotFleetRequestState"], f"Spot Fleet {fleet_id}"):
        return None
    tags = [{"ResourceType": "spot-fleet-request", "Tags": row.get("Tags", [])}]
    config = {**_texts(row["SpotFleetRequestConfig"]), "TagSpecifications": tags}
    return {"SpotFleetRequestConfigData": config}


def template_tags(calls: Calls, template_id: str) -> list[dict[str, Any]] | None:
    """The TagSpecifications of an AWS::EC2::LaunchTemplate; None when it is gone."""
    row = _row(calls, "describe_launch_templates", "LaunchTemplates", template_id, LaunchTemplateIds=[template_id])
    return None if row is None else [{"ResourceType": "launch-template", "Tags": row.get("Tags", [])}]


def template_versions(calls: Calls, template_id: str) -> tuple[TemplateVersion, ...]:
    """The versions of a launch template, oldest first; () when it is gone."""
    found: list[TemplateVersion] = []
    try:
        for page in calls.pages(
            "ec2",
            "describe_launch_template_versions",
            "read",
            f"versions of launch template {template_id}",
            LaunchTemplateId=template_id,
        ):
            found += [
                TemplateVersion(row["VersionNumber"], row["DefaultVersion"], _plain(row["LaunchTemplateData"]))
                for row in page["LaunchTemplateVersions"]
            ]
    except ProviderError as error:
        if error.aws_code not in _GONE:
            raise
    return tuple(sorted(found, key=lambda one: one.number))


def _row(calls: Calls, operation: str, rows: str, thing: str, **asked: Any) -> dict[str, Any] | None:
    """The one row that is asked for by its id; None when there is none."""
    try:
        answer = calls.call("ec2", operation, "read", thing, **asked)
    except ProviderError as error:
        if error.aws_code in _GONE:
            return None
        raise
    return answer[rows][0] if answer[rows] else None


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Values of JSON alone: the end of a spot request may stand among a template's data, as a moment."""
    found: dict[str, Any] = json.loads(json.dumps(data, default=str))
    return found


def _texts(row: Mapping[str, Any]) -> dict[str, Any]:
    """Times as templates write them; EC2 leaves the hundredths of a second out or at zero."""
    return {
        key: value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
        for key, value in row.items()
    }


#: how a resource of each type is read, by its physical id
READ: Final[Mapping[str, Read]] = MappingProxyType(
    {
        "AWS::AutoScaling::AutoScalingGroup": group_properties,
        "AWS::EC2::EC2Fleet": fleet_properties,
        "AWS::EC2::SpotFleet": spot_fleet_properties,
    }
)
