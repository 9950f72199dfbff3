"""Tags: read from IBM's `k=v;k2=v2` or from an object, and held to what EC2 accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.template.coerce import Unfit, shown, text

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 50  # tags of one resource (EC2)
#: Ours on every machine: request, template, owner, account; and two that come later (settled, returned).
_ON_MACHINES = 6
#: What a stack carries besides, which CloudFormation hands down to a group and so to its machines.
_OF_STACK = 7
_OURS = "ohf:"
_ACCOUNT = "RC_ACCOUNT"


def read_tags(value: object, warn: list[str], field: str = "instanceTags") -> dict[str, str]:
    """Key -> value. Keys of AWS (`aws:`) and ours (`ohf:`, `RC_ACCOUNT`) are dropped with a warning.

    Raises `Unfit` for anything that is no tag, or longer than EC2 takes (key 128, value 256 characters).
    """
    found = {}
    for key, tag in _pairs(value):
        if sets_itself(key):
            owner = "AWS" if key.lower().startswith("aws:") else "this provider"
            warn.append(f"{field}: {key} is dropped, {owner} sets such tags")
            continue
        if not 0 < len(key) <= 128:
            raise Unfit(f"must have keys of 1 to 128 characters, not {shown(key)}")
        if len(tag) > 256:
            raise Unfit(f"must have values of at most 256 characters, and {key} has {len(tag)}")
        found[key] = tag
    return found


def sets_itself(key: str) -> bool:
    """Whether AWS or this provider sets tags of this key, so that nobody else can."""
    return key.lower().startswith("aws:") or key.startswith(_OURS) or key == _ACCOUNT


def _pairs(value: object) -> list[tuple[str, str]]:
    if type(value) is dict:
        return [(text(key), _tag_text(tag)) for key, tag in value.items()]
    if type(value) is not str:
        raise Unfit(f"must be a text such as key=value;key2=value2, or an object, not {shown(value)}")
    pairs = []
    for part in value.split(";"):
        if not part.strip():
            continue
        key, equals, tag = part.partition("=")
        if not equals:
            raise Unfit(f"must be key=value;key2=value2, and {shown(part)} has no value")
        pairs.append((text(key), text(tag)))
    return pairs


def _tag_text(value: object) -> str:
    if value is None:
        return ""
    if type(value) is bool:
        return "true" if value else "false"
    return text(value)


def fit_instances(tags: Mapping[str, str], *, of_group: bool, metadata_tags: bool) -> None:
    """Raises `Unfit` for tags that EC2 would refuse on a machine: too many, or unfit for its metadata service."""
    ours = _ON_MACHINES + (_OF_STACK if of_group else 0)
    if len(tags) > _MOST - ours:
        room = f"{_MOST - ours} together with the tags setting (EC2 takes {_MOST}, {ours} are ours)"
        raise Unfit(f"must be at most {room}, not {len(tags)}")
    if metadata_tags:
        for key in tags:
            if "/" in key or " " in key:
                raise Unfit(
                    f"must have keys without '/' and blanks where instanceMetadataTags is on, not {shown(key)}"
                )
