"""Ways in which a stack may cost more, hold more, or take more from a request than before."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ohf_iac import stack
from ohf_iac.review.diff.edits import ABSENT, ORDER
from ohf_iac.review.diff.groups import COUNTS
from ohf_iac.review.diff.hidden import Hidden
from ohf_iac.review.diff.leaves import Item, is_function
from ohf_iac.review.diff.rule import Rule, has, lowered, raised

if TYPE_CHECKING:
    from ohf_iac.review.diff.edits import Edit, Sides
    from ohf_iac.review.diff.leaves import Path

#: types of resources that our bodies have; any other is something new in the account
_KNOWN_TYPES: Final = frozenset(
    {
        "AWS::AutoScaling::AutoScalingGroup",
        "AWS::EC2::EC2Fleet",
        "AWS::EC2::LaunchTemplate",
        "AWS::EC2::SpotFleet",
    }
)
_OUR_PARAMETERS: Final = frozenset(
    {
        stack.REQUEST_ID,
        stack.TEMPLATE_ID,
        stack.OWNER,
        stack.RC_ACCOUNT,
        stack.TARGET,
        stack.ON_DEMAND,
        stack.REST,
        stack.VALID_UNTIL,
    }
)
_PRICES: Final = frozenset(
    {"SpotPrice", "MaxPrice", "SpotMaxPrice", "MaxTotalPrice", "SpotMaxTotalPrice", "OnDemandMaxTotalPrice"}
)
_UNITS: Final = frozenset({"TargetCapacity", "TotalTargetCapacity", "DesiredCapacity", "MaxSize", "MinSize"})
#: what ends or replaces machines without Host Factory, and the value that does not
_QUIET: Final = {
    "CapacityRebalance": False,
    "NewInstancesProtectedFromScaleIn": False,
    "ReplaceUnhealthyInstances": False,
    "TerminateInstancesWithExpiration": False,
}
#: functions whose value can be read off the body
_PLAIN_FUNCTIONS: Final = frozenset({"Ref", "Fn::Sub", "Fn::GetAtt", "Fn::Join", "Fn::Base64"})


def _more_units(edit: Edit, _sides: Sides) -> bool:
    if edit.names[:1] != ("Parameters",) or not COUNTS.intersection(edit.names[1:2]):
        return False
    return _limit(edit) or (edit.name == "Default" and raised(edit, unset=0))


def _limit(edit: Edit) -> bool:
    """A bound of a parameter that lets more through, or is gone."""
    if edit.names[:1] != ("Parameters",) or len(edit.names) < 3 or edit.before is ABSENT:
        return False
    if edit.name in ("MaxValue", "MaxLength"):
        return edit.after is ABSENT or raised(edit, unset=0)
    return edit.name in ("MinValue", "MinLength") and (edit.after is ABSENT or lowered(edit))


def _wider_limit(edit: Edit, _sides: Sides) -> bool:
    return _limit(edit) and edit.names[1] not in COUNTS


def _wider_input(edit: Edit, sides: Sides) -> bool:
    if edit.names[:1] == ("Rules",):  # CloudFormation's own checks of parameters
        return edit.before is not ABSENT
    if edit.names[:1] != ("Parameters",) or len(edit.names) < 3:
        return False
    if not has(sides.before, edit.path[:2]):
        return edit.name == "Type" and edit.names[1] not in _OUR_PARAMETERS
    if edit.name == "AllowedValues":
        return edit.after is not ABSENT or not has(sides.after, edit.path[:3])
    return edit.name == "Type" or (edit.name == "AllowedPattern" and edit.before is not ABSENT)


def _echo(edit: Edit, _sides: Sides) -> bool:
    return edit.names[:1] == ("Parameters",) and edit.name == "NoEcho" and edit.after in (ABSENT, False, "false")


def _tags_lost(edit: Edit, _sides: Sides) -> bool:
    """A tag that is gone from something that stays what it was, or one of ours that says something else."""
    key = _tag_key(edit.path)
    if not key or edit.before is ABSENT or edit.name == ORDER:
        return False
    if edit.name == "PropagateAtLaunch":
        return edit.after is not True
    return edit.after is ABSENT or (key.startswith("ohf:") and edit.name == "Value")


def _tag_key(path: Path) -> str:
    for step, after in pairwise(path):
        if step == "Tags" and isinstance(after, Item):
            return after.key
    return ""


def _on_demand(edit: Edit, _sides: Sides) -> bool:
    if edit.name == "DefaultTargetCapacityType":
        return edit.after != "spot"
    if edit.path[:1] == ("Resources",) and edit.names[1:] == ("OnDemandRest", "Type"):
        return edit.before is ABSENT
    if edit.name == "OnDemandPercentageAboveBaseCapacity":
        return raised(edit, unset=100)  # as a group without a policy
    return edit.name in ("OnDemandBaseCapacity", "OnDemandTargetCapacity") and raised(edit, unset=0)


def _price(edit: Edit, _sides: Sides) -> bool:
    return edit.name in _PRICES and (edit.after is ABSENT or (edit.before is not ABSENT and raised(edit, unset=0)))


def _resource(edit: Edit, _sides: Sides) -> bool:
    of_type = edit.names[:1] == ("Resources",) and len(edit.names) == 3 and edit.name == "Type"
    return of_type and edit.after is not ABSENT and edit.after not in _KNOWN_TYPES


def _macro(edit: Edit, _sides: Sides) -> bool:
    named = edit.names[:1] == ("Transform",) or "Fn::Transform" in edit.names
    return named and edit.after is not ABSENT


def _unreadable(edit: Edit, _sides: Sides) -> bool:
    """A function in a resource whose value the body does not show: a condition, a map, another macro."""
    if edit.names[:1] != ("Resources",) or edit.after is ABSENT:
        return False
    return not _readable(edit.after)


def _readable(value: object) -> bool:
    if isinstance(value, Hidden):
        return True
    if isinstance(value, dict):
        named = not is_function(value) or next(iter(value)) in _PLAIN_FUNCTIONS
        return named and all(map(_readable, value.values()))
    return not isinstance(value, list) or all(map(_readable, value))


def _units(edit: Edit, _sides: Sides) -> bool:
    if edit.names[:1] != ("Resources",) or edit.name not in _UNITS:
        return False
    minimum = edit.name == "MinSize" and edit.after in ("0", 0)
    return not minimum and edit.after not in ({"Ref": "TargetCapacity"}, {"Ref": "RestCapacity"}, ABSENT)


def _unattended(edit: Edit, sides: Sides) -> bool:
    if edit.name == "ExcessCapacityTerminationPolicy":
        idle = edit.after is ABSENT and _fleet_type(edit, sides) != "maintain"
        return not idle and edit.after not in ("no-termination", "noTermination")
    return edit.name in _QUIET and edit.after is not _QUIET[edit.name]


def _endless(edit: Edit, sides: Sides) -> bool:
    if edit.name != "ValidUntil" or edit.names[:1] != ("Resources",):
        return False
    idle = edit.after is ABSENT and _fleet_type(edit, sides) == "instant"
    return not idle and edit.after != {"Ref": "ValidUntil"}


def _fleet_type(edit: Edit, sides: Sides) -> object:
    """The type of the fleet that a property beside it belongs to."""
    return sides.after.values.get((*edit.path[:-1], "Type"))


def _condition(edit: Edit, _sides: Sides) -> bool:
    """What is made under a condition may be made more often than before."""
    of_body = edit.names[:1] == ("Conditions",)
    of_resource = edit.names[:1] == ("Resources",) and edit.names[2:] == ("Condition",)
    return ((of_body and edit.after is not ABSENT) or of_resource) and edit.before is not ABSENT


def _stays(edit: Edit, _sides: Sides) -> bool:
    of_resource = edit.names[:1] == ("Resources",) and len(edit.names) == 3
    policy = edit.name in ("DeletionPolicy", "UpdateReplacePolicy")
    return of_resource and policy and edit.after not in (ABSENT, "Delete")


ENVELOPE_RULES: Final[tuple[Rule, ...]] = (
    Rule("units", "a request may ask for more machines", _more_units),
    Rule("parameter-bounds", "a parameter may be larger, longer or smaller than before", _wider_limit),
    Rule("parameter-values", "a parameter may hold other values than before", _wider_input),
    Rule("echoed-parameter", "a parameter's value is shown by AWS", _echo),
    Rule("tags", "a tag is gone, or one by which machines are found says something else", _tags_lost),
    Rule("on-demand-share", "more of the capacity is bought on demand", _on_demand, "cost"),
    Rule("price-limit", "spot capacity may cost more", _price),
    Rule("resource-type", "the stack holds a resource of a type that no request needs", _resource, "security"),
    Rule("macro", "a macro may make another body of this one", _macro),
    Rule("unreadable", "a function decides what the body does not show", _unreadable, "security"),
    Rule("fixed-count", "the number of machines is not the request's any more", _units),
    Rule("unattended", "machines may be ended or replaced behind Host Factory's back", _unattended),
    Rule("no-end", "the fleet does not stop launching at the request's end", _endless),
    Rule("condition", "a resource that is made under a condition may be made more often", _condition),
    Rule("resource-stays", "a resource outlives its stack", _stays, "cost"),
)
