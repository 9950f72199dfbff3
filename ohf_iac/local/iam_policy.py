"""IAM policy documents: read, and asked whether they allow something.

The part of IAM's language that identity policies of machines use: Allow and Deny, Action, Resource with wildcards,
and the condition operators below. A document that uses anything else is refused, because a condition that is passed
over would be a promise that nobody keeps (IAM user guide, "IAM JSON policy elements reference").
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from ohf_iac.local.reading import DocumentRefused

Values = tuple[str, ...]
QUALIFIERS = ("ForAllValues", "ForAnyValue")
KEYS = frozenset({"Sid", "Effect", "Action", "Resource", "Condition"})


@dataclass(frozen=True, slots=True)
class Ask:
    """One permission that a call needs: an action on a resource's ARN; `context` holds its condition keys."""

    action: str
    resource: str = "*"
    context: Mapping[str, Values] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key; the ask passes when any of the values does."""

    operator: str
    qualifier: str
    if_exists: bool
    key: str
    values: Values


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, its single texts made lists."""

    allows: bool
    actions: Values
    resources: Values
    conditions: tuple[Condition, ...]


Policy = tuple[Statement, ...]


def read_policy(document: object, where: str = "policy") -> Policy:
    """The statements of a policy document. Raises DocumentRefused for what is not understood."""
    if not isinstance(document, Mapping) or set(document) - {"Version", "Id", "Statement"}:
        raise DocumentRefused(f"{where}: expected Version and Statement, found {document!r}")
    statements = document.get("Statement")
    rows = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(rows, list):
        raise DocumentRefused(f"{where}.Statement: expected a list, found {statements!r}")
    return tuple(_statement(row, f"{where}.Statement[{place}]") for place, row in enumerate(rows))


def allowed(policy: Policy, ask: Ask) -> bool:
    """Whether the policy allows it: some statement does, and none denies."""
    effects = [one.allows for one in policy if _applies(one, ask)]
    return bool(effects) and all(effects)


def _statement(row: object, where: str) -> Statement:
    if not isinstance(row, Mapping):
        raise DocumentRefused(f"{where}: expected an object, found {row!r}")
    if unknown := sorted(set(row) - KEYS):
        raise DocumentRefused(f"{where}.{unknown[0]}: not evaluated here; known are {', '.join(sorted(KEYS))}")
    effect = row.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise DocumentRefused(f"{where}.Effect: expected Allow or Deny, found {effect!r}")
    return Statement(
        allows=effect == "Allow",
        actions=_texts(row.get("Action"), f"{where}.Action"),
        resources=_texts(row.get("Resource"), f"{where}.Resource"),
        conditions=tuple(_conditions(row.get("Condition") or {}, f"{where}.Condition")),
    )


def _texts(value: object, where: str) -> Values:
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, list) or not several or not all(isinstance(one, str) for one in several):
        raise DocumentRefused(f"{where}: expected a text or a list of texts, found {value!r}")
    return tuple(several)


def _conditions(block: object, where: str) -> Iterable[Condition]:
    if not isinstance(block, Mapping):
        raise DocumentRefused(f"{where}: expected an object, found {block!r}")
    for written, pairs in block.items():
        qualifier, colon, rest = written.rpartition(":")
        name = rest.removesuffix("IfExists")
        if name not in OPERATORS or (colon and qualifier not in QUALIFIERS):
            raise DocumentRefused(f"{where}.{written}: not evaluated here; known are {', '.join(OPERATORS)}")
        if not isinstance(pairs, Mapping):
            raise DocumentRefused(f"{where}.{written}: expected an object, found {pairs!r}")
        for key, value in pairs.items():
            values = _texts(value, f"{where}.{written}.{key}")
            yield Condition(name, qualifier, rest != name, key, values)


def _applies(statement: Statement, ask: Ask) -> bool:
    return (
        any(_like(ask.action.lower(), one.lower()) for one in statement.actions)
        and any(_like(ask.resource, one) for one in statement.resources)
        and all(_holds(one, ask.context) for one in statement.conditions)
    )


def _holds(condition: Condition, context: Mapping[str, Values]) -> bool:
    """Whether a condition holds; a key that the ask does not have fails all operators but Null and …IfExists."""
    found = _found(condition.key, context)
    if condition.operator == "Null":
        return ("true" in condition.values) == (found is None)
    if found is None:
        return condition.if_exists or condition.qualifier == "ForAllValues"
    test = OPERATORS[condition.operator]
    passing = [any(test(one, wanted) for wanted in condition.values) for one in found]
    if condition.operator in NEGATED:
        passing = [all(test(one, wanted) for wanted in condition.values) for one in found]
    return any(passing) if condition.qualifier == "ForAnyValue" else all(passing)


def _found(key: str, context: Mapping[str, Values]) -> Values | None:
    """The values of a key, whose name has no case up to a tag's own key."""
    if key in context:
        return context[key]
    prefix, slash, tag = key.partition("/")
    for name, values in context.items():
        other, _, other_tag = name.partition("/")
        if other.lower() == prefix.lower() and (not slash or other_tag == tag):
            return values
    return None


def _like(text: str, pattern: str) -> bool:
    return pattern == "*" or _pattern(pattern).fullmatch(text) is not None


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(one) or re.escape(one) for one in pattern), re.DOTALL)


NEGATED = ("StringNotEquals", "StringNotLike")
OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "StringNotEquals": operator.ne,
    "StringLike": _like,
    "StringNotLike": lambda found, wanted: not _like(found, wanted),
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda found, wanted: found.lower() == wanted.lower(),
    "Null": operator.eq,  # for its name: whether a key is there at all is asked before any value is looked at
}


def first_denied(policy: Policy, asks: Sequence[Ask]) -> Ask | None:
    """The first of these that the policy does not allow."""
    return next((one for one in asks if not allowed(policy, one)), None)
