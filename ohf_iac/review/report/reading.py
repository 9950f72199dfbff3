"""A body read for people: its resources, what it lets machines do, and what a request may ask of it. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.review.report.page import Bound, Fact, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LAUNCH_TEMPLATE: Final = "AWS::EC2::LaunchTemplate"
#: types of which a page tells how machines are bought
_LAUNCHERS: Final = ("AWS::EC2::EC2Fleet", "AWS::EC2::SpotFleet", "AWS::AutoScaling::AutoScalingGroup")


def parts_of(body: Mapping[str, Any]) -> tuple[Part, ...]:
    """The resources, launch templates first: what a machine is, then what launches it."""
    resources: Mapping[str, Mapping[str, Any]] = body.get("Resources", {})
    order = sorted(resources, key=lambda name: (resources[name].get("Type") != LAUNCH_TEMPLATE, name))
    return tuple(_part(name, resources[name], resources) for name in order)


def _part(name: str, resource: Mapping[str, Any], resources: Mapping[str, Any]) -> Part:
    properties = resource.get("Properties", {})
    kind = str(resource.get("Type", ""))
    facts = _machine_facts(properties) if kind == LAUNCH_TEMPLATE else _launcher_facts(kind, properties)
    used = {one for one in _referred(properties) if one in resources and one != name}
    why = str(resource.get("Metadata", {}).get("ohf", {}).get("why", ""))
    return Part(name, kind, why, tuple(facts), tuple(sorted(used)), str(resource.get("Condition", "")))


def _referred(value: object) -> Iterator[str]:
    """The names that a value refers to by Ref and GetAtt."""
    if isinstance(value, dict):
        if isinstance(value.get("Ref"), str):
            yield value["Ref"]
        target = value.get("Fn::GetAtt")
        if isinstance(target, list) and target and isinstance(target[0], str):
            yield target[0]
        for one in value.values():
            yield from _referred(one)
    elif isinstance(value, list):
        for one in value:
            yield from _referred(one)


def _machine_facts(properties: Mapping[str, Any]) -> Iterator[Fact]:
    data = properties.get("LaunchTemplateData", {})
    yield Fact("image", shown(data.get("ImageId", "")))
    if data.get("InstanceType"):
        yield Fact("type", shown(data["InstanceType"]))
    for one in data.get("BlockDeviceMappings", ()):
        ebs = one.get("Ebs", {})
        size = f"{ebs['VolumeSize']} GiB " if "VolumeSize" in ebs else ""
        yield Fact(f"volume {one.get('DeviceName', '')}", f"{size}{ebs.get('VolumeType', '')}".strip() or "as is")


def _launcher_facts(kind: str, properties: Mapping[str, Any]) -> Iterator[Fact]:
    if kind not in _LAUNCHERS:
        return
    data = properties.get("SpotFleetRequestConfigData", properties)
    pools = tuple(_overrides(data))
    types = tuple(dict.fromkeys(str(one["InstanceType"]) for one in pools if "InstanceType" in one))
    subnets = tuple(dict.fromkeys(str(one["SubnetId"]) for one in pools if "SubnetId" in one))
    subnets = subnets or tuple(map(shown, properties.get("VPCZoneIdentifier", ())))
    if types:
        yield Fact("types", ", ".join(types))
    if subnets:
        yield Fact("subnets", ", ".join(subnets))
    if "Type" in data:
        yield Fact("kind", str(data["Type"]))
    yield from _purchase(data)


def _overrides(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    mixed = data.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    for configuration in (*data.get("LaunchTemplateConfigs", ()), mixed):
        yield from configuration.get("Overrides", ())


def _purchase(data: Mapping[str, Any]) -> Iterator[Fact]:
    target = data.get("TargetCapacitySpecification", {})
    if "DefaultTargetCapacityType" in target:
        yield Fact("bought", str(target["DefaultTargetCapacityType"]))
    share = data.get("MixedInstancesPolicy", {}).get("InstancesDistribution", {})
    if "OnDemandPercentageAboveBaseCapacity" in share:
        yield Fact("on demand", f"{share['OnDemandPercentageAboveBaseCapacity']} percent")
    spot = data.get("SpotOptions", {}).get("AllocationStrategy") or data.get("AllocationStrategy")
    if spot := spot or share.get("SpotAllocationStrategy"):
        yield Fact("spot pools by", str(spot))


def security_of(body: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What the machines of a body may do and who may reach them; never what user data says."""
    for resource in body.get("Resources", {}).values():
        if resource.get("Type") == LAUNCH_TEMPLATE:
            return tuple(_security(resource.get("Properties", {}).get("LaunchTemplateData", {})))
    told = "a launch template that is not of this stack says it; look at that one"
    return (Fact("machines", told, "warn"),)


def _security(data: Mapping[str, Any]) -> Iterator[Fact]:
    metadata = data.get("MetadataOptions", {})
    required = metadata.get("HttpTokens") == "required"
    version = "IMDSv2 required" if required else "IMDSv1 allowed"
    yield Fact("instance metadata", version, "good" if required else "warn")
    hops = metadata.get("HttpPutResponseHopLimit", 1)
    yield Fact("metadata hop limit", str(hops), "good" if hops == 1 else "warn")
    interfaces = data.get("NetworkInterfaces", ())
    public = any(one.get("AssociatePublicIpAddress") is not False for one in interfaces) or not interfaces
    yield Fact("public address", "possible" if public else "none", "warn" if public else "good")
    groups = [shown(group) for one in interfaces for group in one.get("Groups", ())]
    groups += map(shown, data.get("SecurityGroupIds", ()))
    yield Fact("security groups", ", ".join(groups) or "the network's default", "" if groups else "warn")
    yield _encryption([one.get("Ebs", {}) for one in data.get("BlockDeviceMappings", ())])
    profile = data.get("IamInstanceProfile", {})
    yield Fact("instance profile", shown(profile.get("Name") or profile.get("Arn") or "none"))
    key = data.get("KeyName")
    yield Fact("key pair", shown(key) if key else "none", "warn" if key else "good")
    yield Fact("user data", _fingerprint(data.get("UserData")))


def _encryption(volumes: list[Mapping[str, Any]]) -> Fact:
    if not volumes:
        return Fact("volumes", "as the image has them; encrypted where the account's default says so", "warn")
    bare = sum(one.get("Encrypted") is not True for one in volumes)
    if bare:
        return Fact("volumes", f"{bare} of {len(volumes)} not encrypted", "warn")
    return Fact("volumes", "encrypted" if len(volumes) == 1 else f"{len(volumes)} encrypted", "good")


def _fingerprint(data: object) -> str:
    if not data:
        return "none"
    text = json.dumps(data, sort_keys=True, ensure_ascii=True)
    return f"{len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]} (not shown)"


def bounds_of(body: Mapping[str, Any], given: Mapping[str, str]) -> tuple[Bound, ...]:
    """The parameters and what they may be; `given` are a request's values. NoEcho ones are not shown."""
    declared: Mapping[str, Mapping[str, Any]] = body.get("Parameters", {})
    return tuple(
        Bound(
            name,
            _allowed(one),
            "hidden" if one.get("NoEcho") else str(one.get("Default", "")),
            str(one.get("Description", "")),
            "hidden" if one.get("NoEcho") and name in given else given.get(name, ""),
        )
        for name, one in sorted(declared.items())
    )


def _allowed(parameter: Mapping[str, Any]) -> str:
    least, most = parameter.get("MinValue"), parameter.get("MaxValue")
    if least is not None or most is not None:
        return f"{least if least is not None else 'any'} to {most if most is not None else 'any'}"
    if values := parameter.get("AllowedValues"):
        return ", ".join(map(str, values))
    return str(parameter.get("AllowedPattern", "anything"))


def most_units(body: Mapping[str, Any]) -> int | None:
    """The units that one request may ask for at most; None where nothing bounds them."""
    most = body.get("Parameters", {}).get("TargetCapacity", {}).get("MaxValue")
    return int(most) if most is not None else None


def machine_types(body: Mapping[str, Any]) -> dict[str, int]:
    """The instance types that a body may launch, with the units that one of them delivers."""
    found: dict[str, int] = {}
    for resource in body.get("Resources", {}).values():
        properties = resource.get("Properties", {})
        data = properties.get("SpotFleetRequestConfigData", properties)
        for one in _overrides(data):
            if "InstanceType" in one:
                found[str(one["InstanceType"])] = int(one.get("WeightedCapacity", 1))
        single = properties.get("LaunchTemplateData", {}).get("InstanceType")
        if isinstance(single, str):
            found.setdefault(single, 1)
    return found


def shown(value: object) -> str:
    """A value as a reader wants it: `Ref` by its name, any other function as compact JSON."""
    if isinstance(value, dict):
        name = value.get("Ref")
        return f"parameter {name}" if isinstance(name, str) else json.dumps(value, sort_keys=True)
    return str(value)
