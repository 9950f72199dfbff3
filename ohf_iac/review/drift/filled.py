"""A body's properties with a stack's parameters and resources filled in: what a resource has to be. Pure.

Only the functions that bodies of ours hold: Ref, Fn::GetAtt, Fn::Sub, Fn::Join, Fn::Base64. What cannot be filled
in is left out of the comparison.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE: Final = re.compile(r"\$\{(!?)([^}]*)\}")
#: the version of a launch template that its stack makes: no update of ours touches it
MADE_VERSION: Final = "1"


class _Unknown(Enum):
    """A value that the body does not tell."""

    UNKNOWN = "unknown"


UNKNOWN: Final = _Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in a stack: its parameters, its resources' physical ids, and its own ARN."""

    parameters: Mapping[str, str]
    resources: Mapping[str, str]
    stack_id: str
    stack_name: str


def filled(value: Any, scope: Scope) -> Any:
    """A value with its functions carried out; parts that are UNKNOWN are left out of what they stand in."""
    if isinstance(value, list):
        return [one for one in (filled(each, scope) for each in value) if one is not UNKNOWN]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (function := next(iter(value))) in _FUNCTIONS:
        return _called(function, value[function], scope)
    inner = {key: filled(one, scope) for key, one in value.items()}
    if any(key.startswith("Fn::") for key in inner):
        return UNKNOWN
    return {key: one for key, one in inner.items() if one is not UNKNOWN}


_FUNCTIONS: Final = ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::Base64")


def _called(function: str, argument: Any, scope: Scope) -> Any:
    if function == "Ref":
        return _named(str(argument), scope)
    if function == "Fn::Sub" and isinstance(argument, str):
        return _substituted(argument, scope)
    attribute = argument if isinstance(argument, str) else ".".join(map(str, argument))
    if function == "Fn::GetAtt" and attribute.endswith(".LatestVersionNumber"):
        return MADE_VERSION
    return UNKNOWN  # scripts, which stand in launch templates alone


def _named(name: str, scope: Scope) -> Any:
    _, partition, _, region, account, *_ = f"{scope.stack_id}:::::".split(":")
    pseudo = {
        "AWS::AccountId": account,
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::StackId": scope.stack_id,
        "AWS::StackName": scope.stack_name,
    }
    return {**pseudo, **scope.resources, **scope.parameters}.get(name, UNKNOWN)


def _substituted(text: str, scope: Scope) -> Any:
    values = {name: _named(name, scope) for mark, name in _PLACE.findall(text) if not mark}
    if UNKNOWN in values.values():
        return UNKNOWN
    return _PLACE.sub(lambda found: f"${{{found[2]}}}" if found[1] else str(values[found[2]]), text)
