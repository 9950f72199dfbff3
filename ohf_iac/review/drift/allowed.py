"""Differences that a request's own life brings with it, kind by kind. Pure.

Freezing a `maintain` fleet sets its targets to 0 (README, "What is changed outside CloudFormation"); fleets end by
`ValidUntil`; where the launch template is not ours, the mark `ohf:settled` is put on group or fleet. Less capacity
than was asked for is never drift, more of it always is: nothing of ours raises one.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.request import TAG_SETTLED
from ohf_iac.review.drift.values import Expected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ohf_iac.drift import Standing
    from ohf_iac.observation import StackSeen

    Path = tuple[str, ...]

GROUP: Final = "AWS::AutoScaling::AutoScalingGroup"
FLEET: Final = "AWS::EC2::EC2Fleet"
SPOT_FLEET: Final = "AWS::EC2::SpotFleet"

_FROZEN: Final = (
    "the fleet wants fewer machines than were asked for; a settled request's wants none, and keeps what it has"
)
_FEWER: Final = "the group wants fewer machines than were asked for, and launches none for it"
_ENDED: Final = "the fleet ended at its ValidUntil"
_MARK: Final = "the mark of a settled request"


@dataclass(frozen=True, slots=True)
class _Rule:
    path: Path
    holds: Callable[[Any, Any], bool]
    why: str


def _lowered(before: Any, after: Any) -> bool:
    try:
        return 0 <= float(after) <= float(before)
    except (TypeError, ValueError):
        return False


def _keeps(_before: Any, after: Any) -> bool:
    return after in ("no-termination", "noTermination")


_POLICY: Final = "ExcessCapacityTerminationPolicy"
_CONFIG: Final = "SpotFleetRequestConfigData"
_TARGETS: Final = "TargetCapacitySpecification"
_RULES: Final[Mapping[str, tuple[_Rule, ...]]] = {
    GROUP: (_Rule(("DesiredCapacity",), _lowered, _FEWER), _Rule(("MaxSize",), _lowered, _FEWER)),
    FLEET: (
        *(
            _Rule((_TARGETS, name), _lowered, _FROZEN)
            for name in ("TotalTargetCapacity", "OnDemandTargetCapacity", "SpotTargetCapacity")
        ),
        _Rule((_POLICY,), _keeps, _FROZEN),
    ),
    SPOT_FLEET: (
        _Rule((_CONFIG, "TargetCapacity"), _lowered, _FROZEN),
        _Rule((_CONFIG, "OnDemandTargetCapacity"), _lowered, _FROZEN),
        _Rule((_CONFIG, _POLICY), _keeps, _FROZEN),
    ),
}


def without_expected(standing: Standing, stack: StackSeen, now: float) -> tuple[Standing, tuple[Expected, ...]]:
    """The resource as it would stand without what is expected of its kind, and what that was.

    `now` is an epoch second of AWS's time.
    """
    if standing.found == "deleted":
        return _ended(standing, stack, now)
    actual = deepcopy(dict(standing.actual))
    told = [*_taken_back(standing, actual), *_marks(standing, actual)]
    if not told:
        return standing, ()
    return replace(standing, actual=actual), tuple(told)


def _ended(standing: Standing, stack: StackSeen, now: float) -> tuple[Standing, tuple[Expected, ...]]:
    until = stack.parameters.get("ValidUntil", "")
    over = standing.resource_type in (FLEET, SPOT_FLEET) and standing.logical_id == "Capacity" and _past(until, now)
    if not over:
        return standing, ()
    return replace(standing, found="in sync"), (Expected(standing.logical_id, until, None, _ENDED),)


def _past(until: str, now: float) -> bool:
    try:
        return datetime.fromisoformat(until).timestamp() <= now
    except ValueError:
        return False


def _taken_back(standing: Standing, actual: dict[str, Any]) -> Iterator[Expected]:
    """Give each value that may differ its expected one, and tell of it."""
    for rule in _RULES.get(standing.resource_type, ()):
        *above, name = rule.path
        before, after = _inside(standing.expected, above), _inside(actual, above)
        if before is None or after is None or name not in before or name not in after:
            continue
        if str(before[name]) != str(after[name]) and rule.holds(before[name], after[name]):
            place = ".".join((standing.logical_id, *rule.path)).replace(f".{_CONFIG}", "")
            yield Expected(place, before[name], after[name], rule.why)
            after[name] = before[name]


def _inside(properties: Mapping[str, Any], path: list[str]) -> Any:
    found: Any = properties
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _marks(standing: Standing, actual: dict[str, Any]) -> Iterator[Expected]:
    """Take our own later mark out of the lists of tags."""
    for tags in _tag_lists(actual):
        for tag in [one for one in tags if isinstance(one, dict) and one.get("Key") == TAG_SETTLED]:
            tags.remove(tag)
            yield Expected(f"{standing.logical_id}.Tags[{TAG_SETTLED}]", None, tag.get("Value"), _MARK)


def _tag_lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Tags" and isinstance(inner, list):
                yield inner
            else:
                yield from _tag_lists(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _tag_lists(one)
