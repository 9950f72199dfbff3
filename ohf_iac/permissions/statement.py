"""IAM policies as values: statements, conditions, documents."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.permissions.needs import Needs

#: what IAM shows of a call that CloudFormation makes with its caller's permissions (IAM, global condition keys)
_VIA_CLOUDFORMATION: Final = {"ForAnyValue:StringEquals": {"aws:CalledVia": ("cloudformation.amazonaws.com",)}}


@dataclass(frozen=True, slots=True)
class Statement:
    """Actions that are allowed on resources; `sid` says in one word what for, letters and digits alone."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=lambda: MappingProxyType({}))


def equals(**keys: str | Iterable[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """A StringEquals; keys are written with `__` for the colon, tags are given by `tagged`."""
    return {"StringEquals": {key.replace("__", ":"): _several(value) for key, value in keys.items()}}


def tagged(key: str, tag: str, value: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """A StringEquals on one tag; `key` is `aws:RequestTag` or `ec2:ResourceTag`."""
    return {"StringEquals": {f"{key}/{tag}": (value,)}}


def from_bodies(needs: Needs) -> dict[str, dict[str, tuple[str, ...]]]:
    """Where stacks are locked: only from a version of a published body; a call with a body has no such key."""
    return {"StringLike": {"cloudformation:TemplateUrl": (needs.body_urls,)}} if needs.locked else {}


def together(
    *several: Mapping[str, Mapping[str, tuple[str, ...]]],
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Conditions that must all hold, as one block."""
    block: dict[str, dict[str, tuple[str, ...]]] = {}
    for one in several:
        for operator, keys in one.items():
            block.setdefault(operator, {}).update(keys)
    return block


def via_cloudformation(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The same statements, good only for calls that CloudFormation makes on the caller's behalf."""
    return tuple(
        replace(one, sid=f"ByStacks{one.sid}", conditions=together(one.conditions, _VIA_CLOUDFORMATION))
        for one in statements
    )


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """The policy as IAM takes it; one value stands without a list, actions and resources in order."""
    return {
        "Version": "2012-10-17",
        "Statement": [_written(one) for one in statements if one.actions and one.resources],
    }


def _written(statement: Statement) -> dict[str, Any]:
    written: dict[str, Any] = {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Action": _plain(sorted(set(statement.actions))),
        "Resource": _plain(sorted(set(statement.resources))),
    }
    if statement.conditions:
        written["Condition"] = {
            operator: {key: _plain(list(values)) for key, values in keys.items()}
            for operator, keys in statement.conditions.items()
        }
    return written


def _plain(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
