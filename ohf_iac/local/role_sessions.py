"""Sessions of assumed roles: keys that STS gives out, good until they end on the virtual clock.

What services say of keys that have ended or bear the wrong token comes from their API references, common errors.
Keys that STS did not give out here are always good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ohf_iac.local.calls import Call, HttpRequest, Protocol

ENDED: Mapping[Protocol, tuple[int, str, str]] = {
    "ec2": (400, "RequestExpired", "Request has expired."),
    "query": (403, "ExpiredToken", "The security token included in the request is expired"),
    "json": (400, "ExpiredTokenException", "The security token included in the request is expired"),
    "s3": (400, "ExpiredToken", "The provided token has expired."),
}
UNKNOWN: Mapping[Protocol, tuple[int, str, str]] = {
    "ec2": (401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
    "query": (403, "InvalidClientTokenId", "The security token included in the request is invalid."),
    "json": (400, "UnrecognizedClientException", "The security token included in the request is invalid."),
    "s3": (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
}


@dataclass(frozen=True, slots=True)
class RoleSession:
    """What AssumeRole gave out; `ends` in epoch seconds."""

    role: str
    name: str
    key: str
    secret: str
    token: str
    ends: float

    @property
    def account(self) -> str:
        return self.role.split(":")[4]

    @property
    def arn(self) -> str:
        """Whom GetCallerIdentity names, and refusals."""
        return f"arn:aws:sts::{self.account}:assumed-role/{self.role.rpartition('/')[2]}/{self.name}"


def refusal_of_session(
    session: RoleSession | None, call: Call, request: HttpRequest, now: float
) -> tuple[int, str, str] | None:
    """Status, code and message with which a session's call is refused; None when it is good."""
    if session is None:
        return None
    if request.headers.get("x-amz-security-token", "") != session.token:
        return UNKNOWN[call.protocol]
    return ENDED[call.protocol] if now >= session.ends else None
