"""Resources as the read handlers of their types show them: what drift detection compares, in properties' shape.

Which properties a handler does not give back is in the types' schemas in CloudFormation's registry
(`writeOnlyProperties`, as cfn-lint carries them): a launch template's data, of all things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ohf_iac.local.fleet_wire import fleet_data
from ohf_iac.local.group_shape import group_data
from ohf_iac.local.moments import iso
from ohf_iac.local.spot_wire import spot_fleet_data

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

Document = dict[str, Any]
GROUP = "AWS::AutoScaling::AutoScalingGroup"
#: top-level properties, or those inside the one that wraps all others, that no handler reads
UNREAD: Mapping[str, frozenset[str]] = {
    "AWS::EC2::LaunchTemplate": frozenset({"LaunchTemplateData", "VersionDescription", "TagSpecifications"}),
    "AWS::EC2::EC2Fleet": frozenset(),
    "AWS::EC2::SpotFleet": frozenset({"TagSpecifications"}),
    GROUP: frozenset(),
}
WRAPPER = "SpotFleetRequestConfigData"


def properties_now(region: Region, type_name: str, physical_id: str) -> Document:
    """The properties of a resource that stands, in CloudFormation's names. KeyError for one that does not."""
    return _READ[type_name](region, physical_id)


def readable(type_name: str, properties: Mapping[str, Any]) -> Document:
    """The properties without those that are never read back."""
    unread = UNREAD[type_name]
    kept = {key: value for key, value in properties.items() if key not in unread}
    if WRAPPER in kept:
        kept[WRAPPER] = {key: value for key, value in kept[WRAPPER].items() if key not in unread}
    return kept


def _template(region: Region, physical_id: str) -> Document:
    return {"LaunchTemplateName": region.ec2.get_launch_template(physical_id).name}


def _group(region: Region, physical_id: str) -> Document:
    group = region.groups[physical_id]
    shown = group_data(group)
    sizes = {name: f"{shown[name]:g}" for name in ("MinSize", "MaxSize", "DesiredCapacity")}
    own = [tag for tag in shown["Tags"] if not tag["Key"].startswith("aws:")]
    return {
        **shown,
        **sizes,
        "Cooldown": shown["DefaultCooldown"],
        "VPCZoneIdentifier": shown["VPCZoneIdentifier"].split(","),
        "Tags": [{key: tag[key] for key in ("Key", "PropagateAtLaunch", "Value")} for tag in own],
    }


def _fleet(region: Region, physical_id: str) -> Document:
    shown = fleet_data(region.fleets[physical_id])
    tags = {"ResourceType": "fleet", "Tags": shown["Tags"]}
    return {**shown, "TagSpecifications": [tags], "ValidUntil": _until(shown["ValidUntil"])}


def _spot_fleet(region: Region, physical_id: str) -> Document:
    config = spot_fleet_data(region.spot_fleets[physical_id])["SpotFleetRequestConfig"]
    return {WRAPPER: {**config, "ValidUntil": _until(config["ValidUntil"])}}


def _until(epoch: float | None) -> str | None:
    return None if epoch is None else iso(epoch)


_READ: Mapping[str, Callable[[Region, str], Document]] = {
    "AWS::EC2::LaunchTemplate": _template,
    "AWS::EC2::EC2Fleet": _fleet,
    "AWS::EC2::SpotFleet": _spot_fleet,
    GROUP: _group,
}
