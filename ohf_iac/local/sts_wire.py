"""STS of the local AWS: roles are assumed for a while on the virtual clock, everything else is moto's."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse

from ohf_iac.local.authorization import principal_arn
from ohf_iac.local.refusals import Refused
from ohf_iac.local.role_sessions import RoleSession
from ohf_iac.local.wire import caller_of, key_of, region_of, world_of
from ohf_iac.local.wire_errors import error_answer

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
NAME = re.compile(r"[\w+=,.@-]{2,64}")
#: letters and digits behind the account in a session's key
KEY_DIGITS = 8
#: seconds: without a word, the least, and the most of a role that nobody made (STS API reference, AssumeRole)
DURATION, SHORTEST, LONGEST = 3600, 900, 43200


class LocalSts(TokenResponse):
    """The class whose `dispatch` answers STS calls."""

    def assume_role(self) -> Any:
        role, name = str(self._get_param("RoleArn") or ""), str(self._get_param("RoleSessionName") or "")
        duration = int(self._get_int_param("DurationSeconds", DURATION))
        _check(role, name, duration)
        if not _is_trusted(role, str(self._get_param("ExternalId") or "")):
            who = principal_arn(self.current_account, caller_of(self))
            words = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}"
            refused = error_answer("query", 403, "AccessDenied", words)
            return refused.body.decode(), {**refused.headers, "status": refused.status}
        world, region = world_of(self), region_of(self)
        session = _session(region, role, name, world.timeline.now() + duration)
        world.sessions[session.key] = session
        return ActionResult(
            {
                "Credentials": {
                    "AccessKeyId": session.key,
                    "SecretAccessKey": session.secret,
                    "SessionToken": session.token,
                    "Expiration": datetime.fromtimestamp(session.ends, UTC),
                },
                "AssumedRoleUser": {"AssumedRoleId": f"{_role_id(role)}:{name}", "Arn": session.arn},
            }
        )

    def get_caller_identity(self) -> ActionResult:
        session = world_of(self).sessions.get(key_of(self))
        if session is None:
            return super().get_caller_identity()
        who = f"{_role_id(session.role)}:{session.name}"
        return ActionResult({"UserId": who, "Account": session.account, "Arn": session.arn})


def _check(role: str, name: str, duration: int) -> None:
    if not ROLE.fullmatch(role):
        raise Refused("ValidationError", f"{role} is invalid")
    if not NAME.fullmatch(name):
        raise Refused(
            "ValidationError",
            f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
        )
    if not SHORTEST <= duration <= LONGEST:
        raise Refused(
            "ValidationError",
            f"1 validation error detected: Value '{duration}' at 'durationSeconds' failed to satisfy constraint",
        )
    made = _made(role)
    if made is not None and duration > int(made.max_session_duration or DURATION):
        raise Refused(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )


def _made(role: str) -> Any:
    """The role as somebody made it in IAM, None for one that is taken to exist."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    return next((one for one in iam_backends[account]["aws"].roles.values() if one.name == name), None)


def _is_trusted(role: str, external_id: str) -> bool:
    """A role that somebody made lets in whoever says the external id that it asks for, if it asks for one."""
    made = _made(role)
    return made is None or all(external_id in one for one in _external_ids(made.assume_role_policy_document))


def _external_ids(document: Any) -> list[list[str]]:
    """For each statement of a trust policy the external ids that it takes, where it asks for one."""
    policy = json.loads(document) if isinstance(document, str) else document
    equals = [one.get("Condition", {}).get("StringEquals", {}) for one in _several(policy.get("Statement", []))]
    return [_several(one["sts:ExternalId"]) for one in equals if "sts:ExternalId" in one]


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _session(region: Region, role: str, name: str, ends: float) -> RoleSession:
    """A session under keys of its own, which begin as every key of the role's account does."""
    secret, token = (region.ids.uuid(what).replace("-", "") for what in ("session secret", "session token"))
    key = f"ASIA{role.split(':')[4]}{region.ids.uuid('session key')[:KEY_DIGITS].upper()}"
    return RoleSession(role, name, key, f"{secret}{secret[:8]}", f"session-{token}-{region.account}", ends)


def _role_id(role: str) -> str:
    """An id as IAM gives to roles: the same for the same role."""
    return f"AROA{role.encode().hex().upper()[-17:]}"
