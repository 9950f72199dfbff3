"""A saved plan: a change set with all that binds it, as a value and as the text of its file. Pure.

The file tells a reviewer what would be created, and no secret: user data stand in it as their hash, values of
NoEcho parameters not at all. What is applied is the change set in AWS; the file says which one, and what it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from ohf_iac.bounded_json import OutOfBoundsError, parse_json
from ohf_iac.change_set import Change
from ohf_iac.errors import ValidationError
from ohf_iac.request import (
    TAG_DEADLINE,
    TAG_DIGEST,
    TAG_KIND,
    TAG_OWNER,
    TAG_REQUEST,
    TAG_TEMPLATE,
    id_kind,
    stack_name,
)
from ohf_iac.review.diff.hidden import MASK, told_of_script
from ohf_iac.secret_forms import without_secrets
from ohf_iac.stack import REQUEST_ID, TARGET
from ohf_iac.template.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["planned", "applied", "removed"]
Standing = Literal["valid", "too old", "used", "removed"]

SCHEMA: Final = "ohf/plan/v1"
_STATES: Final[Mapping[str, State]] = {"planned": "planned", "applied": "applied", "removed": "removed"}
_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")
_STACK: Final = re.compile(
    r"arn:[a-z-]+:cloudformation:([a-z0-9-]+):(\d{12}):stack/([A-Za-z0-9-]+)/[A-Za-z0-9-]+\Z"
)
_CHANGE_SET: Final = re.compile(r"arn:[a-z-]+:cloudformation:([a-z0-9-]+):(\d{12}):changeSet/[A-Za-z0-9/-]+\Z")


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan. Moments are epoch seconds (0: not yet); `body` is redacted, `digest` that of the one that is sent.

    `caller` is the ARN of whoever planned. `deadline` is the end of the request that applying it begins.
    """

    request_id: str
    template_id: str
    units: int
    ticket: str
    owner: str
    account: str
    region: str
    caller: str
    stack_id: str
    change_set_id: str
    digest: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    role_arn: str
    body: Mapping[str, Any]
    changes: tuple[Change, ...]
    created_at: int
    valid_until: int
    deadline: int
    state: State = "planned"
    ended_at: int = 0

    def standing(self, now: float) -> Standing:
        """What may still be done with it, as far as the file tells."""
        if self.state == "planned":
            return "valid" if now < self.valid_until else "too old"
        return "used" if self.state == "applied" else "removed"


def plan_text(plan: SavedPlan) -> str:
    """The plan as its file has it: JSON in ASCII, a fact per line."""
    return json.dumps(plan_document(plan), indent=2) + "\n"


def plan_document(plan: SavedPlan) -> dict[str, Any]:
    """The plan as `schemas/plan.json` describes it."""
    return {
        "schema": SCHEMA,
        "state": plan.state,
        "endedAt": plan.ended_at,
        "requestId": plan.request_id,
        "templateId": plan.template_id,
        "units": plan.units,
        "ticket": plan.ticket,
        "createdAt": plan.created_at,
        "validUntil": plan.valid_until,
        "deadline": plan.deadline,
        "owner": plan.owner,
        "account": plan.account,
        "region": plan.region,
        "caller": plan.caller,
        "stackId": plan.stack_id,
        "changeSetId": plan.change_set_id,
        "digest": plan.digest,
        "serviceRoleArn": plan.role_arn,
        "parameters": dict(plan.parameters),
        "tags": dict(plan.tags),
        "changes": [
            {"action": one.action, "logicalId": one.logical_id, "type": one.resource_type} for one in plan.changes
        ],
        "body": plan.body,
    }


def parse_plan(text: str, name: str) -> SavedPlan:
    """The plan in a file's text; ValidationError that says what of it is broken."""
    try:
        document = parse_json(text)
    except OutOfBoundsError as error:
        raise _broken(name, f"it {error}") from error
    except ValueError as error:
        raise _broken(name, f"it is no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise _broken(name, f'it is no plan of this version of ohf (schema "{SCHEMA}")')
    read = _Reader(name, document)
    plan = SavedPlan(
        request_id=read.text("requestId"),
        template_id=read.text("templateId"),
        units=read.whole("units"),
        ticket=read.text("ticket"),
        owner=read.text("owner"),
        account=read.text("account"),
        region=read.text("region"),
        caller=read.text("caller"),
        stack_id=read.text("stackId"),
        change_set_id=read.text("changeSetId"),
        digest=read.text("digest"),
        parameters=read.texts("parameters"),
        tags=read.texts("tags"),
        role_arn=read.text("serviceRoleArn"),
        body=read.mapping("body"),
        changes=read.changes("changes"),
        created_at=read.whole("createdAt"),
        valid_until=read.whole("validUntil"),
        deadline=read.whole("deadline"),
        state=read.state("state"),
        ended_at=read.whole("endedAt"),
    )
    return _sound(name, plan)


def redacted(body: str) -> dict[str, Any]:
    """A body without what must not be read in a file: scripts by their hash, secrets by their form masked."""
    found: dict[str, Any] = _redacted(json.loads(body))
    hidden = {name: one for name, one in found.get("Parameters", {}).items() if _no_echo(one)}
    for one in hidden.values():
        one |= {"Default": MASK} if "Default" in one else {}
    return found


def masked_parameters(body: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Parameters as AWS shows them: values of those with NoEcho are masked."""
    declared = json.loads(body).get("Parameters", {})
    return {name: MASK if _no_echo(declared.get(name)) else value for name, value in parameters.items()}


def _no_echo(parameter: object) -> bool:
    return isinstance(parameter, dict) and str(parameter.get("NoEcho", False)).lower() == "true"


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: told_of_script(one) if name == "UserData" else _redacted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_redacted(one) for one in value]
    return without_secrets(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class _Reader:
    """The fields of a plan's file, each of its type or refused."""

    name: str
    document: Mapping[str, Any]

    def text(self, key: str) -> str:
        value = self.document.get(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a text")
        return value

    def whole(self, key: str) -> int:
        value = self.document.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
            raise self._wrong(key, "a whole number")
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.document.get(key)
        if not isinstance(value, dict):
            raise self._wrong(key, "an object")
        return value

    def texts(self, key: str) -> dict[str, str]:
        value = self.mapping(key)
        if not all(isinstance(one, str) for one in value.values()):
            raise self._wrong(key, "an object of texts")
        return value

    def state(self, key: str) -> State:
        value = _STATES.get(self.text(key))
        if value is None:
            raise self._wrong(key, f"one of {', '.join(_STATES)}")
        return value

    def changes(self, key: str) -> tuple[Change, ...]:
        rows = self.document.get(key)
        if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
            raise self._wrong(key, "a list of objects")
        names = ("action", "logicalId", "type")
        found = [tuple(one.get(name) for name in names) for one in rows]
        if not all(isinstance(one, str) for row in found for one in row):
            raise self._wrong(key, f"objects with {', '.join(names)}")
        return tuple(Change(*map(str, row)) for row in found)

    def _wrong(self, key: str, expected: str) -> ValidationError:
        return _broken(self.name, f"{key} is not {expected}")


def _sound(name: str, plan: SavedPlan) -> SavedPlan:
    """Refuse what contradicts itself: whoever reads the file must be able to believe it."""
    stack, change_set = _STACK.match(plan.stack_id), _CHANGE_SET.match(plan.change_set_id)
    if id_kind(plan.request_id) != "req":
        raise _broken(name, "requestId is no id of a request")
    if stack is None or stack[3] != stack_name(plan.request_id):
        raise _broken(name, "stackId is not of the stack of this request")
    if (
        change_set is None
        or change_set.groups() != stack.groups()[:2]
        or stack.groups()[:2] != (plan.region, plan.account)
    ):
        raise _broken(name, "stackId, changeSetId, account and region do not agree")
    if not _DIGEST.match(plan.digest):
        raise _broken(name, "digest is no SHA-256")
    said = {
        TAG_REQUEST: plan.request_id,
        TAG_TEMPLATE: plan.template_id,
        TAG_OWNER: plan.owner,
        TAG_DEADLINE: str(plan.deadline),
        TAG_DIGEST: plan.digest,
    }
    wrong = [key for key, value in said.items() if plan.tags.get(key) != value]
    if wrong or plan.tags.get(TAG_KIND) not in KINDS:
        raise _broken(name, f"tag {(*wrong, TAG_KIND)[0]} is not that of this plan")
    if (plan.parameters.get(REQUEST_ID), plan.parameters.get(TARGET)) != (plan.request_id, str(plan.units)):
        raise _broken(name, "its parameters are not those of this request")
    return plan


def _broken(name: str, what: str) -> ValidationError:
    return ValidationError(f"read plan {name}: {what}", hint="make a new one: ohf plan TEMPLATE --count N")
