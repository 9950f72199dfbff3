"""A body as its leaves, each at a place that keeps its meaning: members of lists are known by what they are.

Tags are known by key, overrides by type and subnet, interfaces by device and card, volumes by device name, security
groups, subnets and other plain values by themselves. Where the same members stand in another order, that is a fact
of its own. A function of CloudFormation (`Ref`, `Fn::...`) is one leaf.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ohf_iac.review.diff.hidden import Hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Item(NamedTuple):
    """A step into a list: what the member is known by."""

    key: str


Path = tuple[str | Item, ...]


@dataclass(frozen=True, slots=True)
class Leaves:
    """The leaves of a body by place, of each list the order of its members, and all places that hold something."""

    values: dict[Path, Any] = field(default_factory=dict)
    orders: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    filled: set[Path] = field(default_factory=set)


def leaves_of(body: Mapping[str, Any]) -> Leaves:
    """The leaves of a body; different bodies have different leaves or orders."""
    found = Leaves()
    for name, value in body.items():
        _walk(value, (name,), found)
    for path, value in found.values.items():
        if value != []:
            found.filled.update(path[:length] for length in range(1, len(path) + 1))
    return found


def is_function(value: object) -> bool:
    """Whether a value is a call of one of CloudFormation's functions."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    (name,) = value
    return bool(name == "Ref" or name.startswith("Fn::"))


def text_of(value: object) -> str:
    """A value in short: texts as they are, all else as JSON."""
    if isinstance(value, dict) and is_function(value) and isinstance(value.get("Ref"), str):
        return f"${{{value['Ref']}}}"
    return value if isinstance(value, str) else exact(value)


def exact(value: object) -> str:
    """A value as JSON, by which two are told apart: 1, true and "1" are three."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _walk(value: object, path: Path, found: Leaves) -> None:
    if isinstance(value, Hidden) or is_function(value) or not isinstance(value, (dict, list)) or not value:
        found.values[path] = value
    elif isinstance(value, dict):
        for name, inner in value.items():
            _walk(inner, (*path, name), found)
    else:
        keys = _keys(value, path)
        found.orders[path] = tuple(keys)
        for key, inner in zip(keys, value, strict=True):
            _walk(_without_key(inner, path, key), (*path, Item(key)), found)


def _keys(members: list[Any], path: Path) -> list[str]:
    """What the members of a list are known by: all by their meaning, or all by position."""
    name = path[-1]
    key_of = _KEYS.get(name if isinstance(name, str) else "", _by_itself)
    keys = [key_of(one) for one in members]
    if not all(keys):
        return [f"#{number}" for number in range(1, len(members) + 1)]
    unique: dict[str, None] = {}
    for key in keys:
        number = 2
        while key in unique:
            key, number = f"{key.removesuffix(f' #{number - 1}')} #{number}", number + 1
        unique[key] = None
    return list(unique)


def _without_key(member: object, path: Path, key: str) -> object:
    """A tag without its key, where that is its place already; one that looks like a position keeps it."""
    if (
        path[-1] == "Tags"
        and isinstance(member, dict)
        and member.get("Key") == key
        and key[0] != "#"
        and len(member) > 1
    ):
        return {name: value for name, value in member.items() if name != "Key"}
    return member


def _by_itself(member: object) -> str:
    """A plain value or a function; "" for what has parts."""
    if isinstance(member, Hidden) or (isinstance(member, (dict, list)) and not is_function(member)):
        return ""
    return text_of(member) or '""'


def _by(*names: str) -> Callable[[Any], str]:
    """Members known by these of their properties, as far as they have them."""

    def key(member: Any) -> str:
        if not isinstance(member, dict) or is_function(member):
            return ""
        return " ".join(text_of(member[name]) for name in names if name in member)

    return key


def _override(member: Any) -> str:
    if not isinstance(member, dict) or is_function(member):
        return ""
    kind = member.get("InstanceType") or ("by attributes" if "InstanceRequirements" in member else "")
    place = member.get("SubnetId") or member.get("AvailabilityZone") or ""
    return " ".join(text_of(one) for one in (kind, place) if one)


def _configuration(member: Any) -> str:
    """A launch template with its overrides, known by the launch template."""
    specification = member.get("LaunchTemplateSpecification") if isinstance(member, dict) else None
    return _by("LaunchTemplateId", "LaunchTemplateName")(specification)


_KEYS: Final[Mapping[str, Callable[[Any], str]]] = {
    "Tags": _by("Key"),
    "TagSpecifications": _by("ResourceType"),
    "Overrides": _override,
    "LaunchTemplateConfigs": _configuration,
    "NetworkInterfaces": _by("DeviceIndex", "NetworkCardIndex"),
    "BlockDeviceMappings": _by("DeviceName"),
}
