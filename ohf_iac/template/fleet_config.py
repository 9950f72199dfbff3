"""LSF's `ec2FleetConfig`: a file with the request of an EC2 Fleet, as EC2's CreateFleet takes it.

Counts stand in it as `$LSF_TOTAL_TARGET_CAPACITY`, `$LSF_ONDEMAND_TARGET_CAPACITY` and `$LSF_SPOT_TARGET_CAPACITY`,
quoted or bare. As LSF's plug-ins do, `maintain`, units of capacity and attribute based selection are refused
(hostfactory-contract.md §3.1); the other properties go into the stack one to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ohf_iac.bounded_json import OutOfBoundsError, parse_json
from ohf_iac.template.coerce import Refused, Unfit, boolean, decimal, instance_types, mapping, shown, text, whole
from ohf_iac.template.fields import ON_DEMAND_STRATEGIES, STRATEGIES
from ohf_iac.template.tags import read_tags
from ohf_iac.template.user_data import LONGEST_NAMED

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELD = "ec2FleetConfig"
_SPOT: Final = "$LSF_SPOT_TARGET_CAPACITY"
_PLACEHOLDERS: Final = ("$LSF_TOTAL_TARGET_CAPACITY", "$LSF_ONDEMAND_TARGET_CAPACITY", _SPOT)
_GROUPS: Final = {"LaunchTemplateConfigs", "TargetCapacitySpecification", "TagSpecifications", "Type"}
_SWITCHED_OFF: Final = ("TerminateInstancesWithExpiration", "ReplaceUnhealthyInstances")

#: Property -> what it holds (CloudFormation registry schema of AWS::EC2::EC2Fleet).
_COMMON: Final[Mapping[str, str]] = {
    "MaxTotalPrice": "decimal",
    "MinTargetCapacity": "number",
    "SingleAvailabilityZone": "switch",
    "SingleInstanceType": "switch",
}
_SPOT_OPTIONS: Final[Mapping[str, str]] = {
    **_COMMON,
    "AllocationStrategy": "spot",
    "InstanceInterruptionBehavior": "text",
    "InstancePoolsToUseCount": "number",
}
_ON_DEMAND_OPTIONS: Final[Mapping[str, str]] = {**_COMMON, "AllocationStrategy": "ondemand"}
_SPECIFICATION: Final[Mapping[str, str]] = {
    "LaunchTemplateId": "text",
    "LaunchTemplateName": "text",
    "Version": "text",
}
_OVERRIDE: Final[Mapping[str, str]] = {
    "InstanceType": "type",
    "SubnetId": "text",
    "AvailabilityZone": "text",
    "MaxPrice": "decimal",
    "Priority": "number",
    "WeightedCapacity": "number",
}
_PLACEMENT: Final[Mapping[str, str]] = {
    "AvailabilityZone": "text",
    "GroupName": "text",
    "GroupId": "text",
    "PartitionNumber": "number",
    "Tenancy": "text",
}


class FleetConfig(NamedTuple):
    """A fleet file as read: what rendering takes over, and what choosing and counting need to know."""

    fleet_type: str  # "instant" or "request"
    spot: bool
    #: one mapping per entry of LaunchTemplateConfigs: `specification` and `overrides`, each empty if unsaid
    configs: tuple[Mapping[str, Any], ...]
    spot_options: Mapping[str, Any]
    on_demand_options: Mapping[str, Any]
    tags: Mapping[str, Mapping[str, str]]  # type of resource -> tags
    context: str
    weights: Mapping[str, int]

    @property
    def foreign_version(self) -> str:
        """The version of a launch template that is not ours, the first that is no number; "" when there is none."""
        versions = [one["specification"].get("Version", "$Default") for one in self.configs if one["specification"]]
        return next((version for version in versions if not version.isdecimal()), versions[0] if versions else "")

    @property
    def has_overrides(self) -> bool:
        return any(one["overrides"] for one in self.configs)

    @property
    def has_types(self) -> bool:
        return all(any("InstanceType" in override for override in one["overrides"]) for one in self.configs)


def read_fleet_config(name: str, files: Mapping[str, bytes], warn: list[str]) -> FleetConfig:
    """The fleet that file `name` describes. Raises `Refused`."""
    if name not in files:
        raise Refused(_FIELD, f"names {shown(name)}, which is not there or may not be sent (docs/catalogue.md)")
    try:
        return _fleet(_document(files[name]), warn)
    except Unfit as unfit:
        raise Refused(_FIELD, f"{name}: {unfit}") from None


def _document(content: bytes) -> Mapping[str, Any]:
    if len(content) > LONGEST_NAMED:
        raise Unfit(f"must not be longer than {LONGEST_NAMED} bytes")
    try:
        written = content.decode("utf-8")
        for placeholder in _PLACEHOLDERS:
            written = written.replace(f'"{placeholder}"', placeholder).replace(placeholder, f'"{placeholder}"')
        document = parse_json(written)
    except OutOfBoundsError as error:
        raise Unfit(f"is too large: it {error}") from None
    except ValueError as error:
        raise Unfit(f"must be JSON ({error})") from None
    return mapping(document)


def _fleet(document: Mapping[str, Any], warn: list[str]) -> FleetConfig:
    _check_names(document)
    fleet_type = text(document.get("Type", "request"))  # CreateFleet's own default is maintain, which LSF refuses
    if fleet_type not in ("instant", "request"):
        raise Unfit(f"Type must be instant or request, not {shown(fleet_type)}")
    switched_on = [name for name in _SWITCHED_OFF if boolean(document.get(name, False))]
    if switched_on:
        warn.append(f"{_FIELD}: {', '.join(switched_on)} is off here, machines go when Host Factory returns them")
    if "ValidUntil" in document:
        warn.append(f"{_FIELD}: ValidUntil comes from the request")
    configs = tuple(_config(one) for one in _list(document, "LaunchTemplateConfigs"))
    if not configs:
        raise Unfit("LaunchTemplateConfigs is required")
    if len({bool(one["specification"]) for one in configs}) == 2:
        raise Unfit("LaunchTemplateConfigs must all name a launch template, or none")
    return FleetConfig(
        fleet_type=fleet_type,
        spot=_is_spot(document, warn),
        configs=configs,
        spot_options=_read("SpotOptions", document.get("SpotOptions", {}), _SPOT_OPTIONS),
        on_demand_options=_on_demand_options(document),
        tags=_tags(document, fleet_type, warn),
        context=text(document.get("Context", "")),
        weights={
            override["InstanceType"]: override["WeightedCapacity"]
            for one in configs
            for override in one["overrides"]
            if "WeightedCapacity" in override and "InstanceType" in override
        },
    )


def _check_names(document: Mapping[str, Any]) -> None:
    known = {*_GROUPS, *_SWITCHED_OFF, "SpotOptions", "OnDemandOptions", "ValidUntil", "Context"}
    for name in document:
        if name not in known:
            raise Unfit(f"{name} cannot be said to an EC2 Fleet of a stack")
    if "TargetCapacityUnitType" in mapping(document.get("TargetCapacitySpecification", {})):
        raise Unfit("TargetCapacityUnitType would count other units than Host Factory does")


def _is_spot(document: Mapping[str, Any], warn: list[str]) -> bool:
    target = mapping(document.get("TargetCapacitySpecification", {}))
    for name, value in target.items():
        if name.endswith("TargetCapacity"):
            if value not in (*_PLACEHOLDERS, 0, None):
                warn.append(f"{_FIELD}: {name} comes from the request, not from {shown(value)}")
        elif name != "DefaultTargetCapacityType":
            raise Unfit(f"TargetCapacitySpecification.{name} is unknown to EC2")
    return target.get("DefaultTargetCapacityType") == "spot" or target.get("SpotTargetCapacity") == _SPOT


def _on_demand_options(document: Mapping[str, Any]) -> dict[str, Any]:
    written = dict(mapping(document.get("OnDemandOptions", {})))
    reservations = written.pop("CapacityReservationOptions", None)
    options = _read("OnDemandOptions", written, _ON_DEMAND_OPTIONS)
    if reservations:
        place = "OnDemandOptions.CapacityReservationOptions"
        options["CapacityReservationOptions"] = _read(place, reservations, {"UsageStrategy": "text"})
    return options


def _config(written: object) -> dict[str, Any]:
    config = mapping(written)
    for name in config:
        if name not in ("LaunchTemplateSpecification", "Overrides"):
            raise Unfit(f"LaunchTemplateConfigs.{name} is unknown to EC2")
    place = "LaunchTemplateConfigs.LaunchTemplateSpecification"
    return {
        "specification": _read(place, config.get("LaunchTemplateSpecification", {}), _SPECIFICATION),
        "overrides": [_override(one) for one in _list(config, "Overrides")],
    }


def _override(written: object) -> dict[str, Any]:
    override = dict(mapping(written))
    placement = override.pop("Placement", None)
    if "InstanceRequirements" in override:
        raise Unfit("Overrides.InstanceRequirements cannot be weighed in Host Factory's units; name the types")
    found = _read("Overrides", override, _OVERRIDE)
    if placement:
        found["Placement"] = _read("Overrides.Placement", placement, _PLACEMENT)
    return found


def _tags(document: Mapping[str, Any], fleet_type: str, warn: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for one in _list(document, "TagSpecifications"):
        kind = text(mapping(one).get("ResourceType", ""))
        if kind != "fleet" and (fleet_type != "instant" or kind not in ("instance", "volume", "network-interface")):
            raise Unfit(f"TagSpecifications cannot tag {shown(kind)} for a fleet of type {fleet_type}")
        pairs = {text(tag.get("Key")): tag.get("Value") for tag in map(mapping, _list(one, "Tags"))}
        found[kind] = read_tags(pairs, warn, _FIELD)
    return found


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name, [])
    if not isinstance(value, list):
        raise Unfit(f"{name} must be a list, not {shown(value)}")
    return value


def _read(place: str, written: object, shape: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for name, value in mapping(written).items():
        if name not in shape:
            raise Unfit(f"{place}.{name} is unknown to EC2 or has no property in CloudFormation")
        try:
            found[name] = _value(shape[name], value)
        except Unfit as unfit:
            raise Unfit(f"{place}.{name} {unfit}") from None
    return found


def _value(shape: str, value: object) -> object:
    if shape == "number":
        return whole(value)
    if shape == "decimal":
        return decimal(value)
    if shape == "switch":
        return boolean(value)
    if shape == "type":
        return instance_types([value])[0]
    if shape == "text":
        return text(value)
    known = STRATEGIES if shape == "spot" else ON_DEMAND_STRATEGIES
    strategy = known.get(text(value).replace("-", "").lower())
    if strategy is None:
        raise Unfit(f"must be one of {', '.join(known.values())}, not {shown(value)}")
    return strategy
