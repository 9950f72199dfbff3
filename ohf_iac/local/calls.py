"""Calls on the local AWS: recognized from the HTTP request, answered, and remembered in a log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Protocol = Literal["ec2", "query", "json", "s3"]
DEFAULT_ACCOUNT = "123456789012"
SCOPE = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z0-9]+)")
ACCOUNT_KEY = re.compile(r"A[KS]IA(\d{12})[A-Z0-9]*")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as it came; `target` is path and query, header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One answer. `dropped` means that the connection is reset instead of answering, `cut` that it is closed after
    half of the answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    dropped: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """Which action of which service is called, in which protocol, for which account and region, by which key."""

    service: str
    action: str
    account: str
    region: str
    protocol: Protocol = "query"
    key: str = ""


def recognize(request: HttpRequest) -> Call:
    """The call that a request carries, from its signature's scope; the signature itself is not checked.

    An access key `AKIA<12 digits>` (anything may follow) stands for the account of those digits, every other key
    for 123456789012. Without a signature the service is "unknown".
    """
    scope = SCOPE.search(request.headers.get("authorization", ""))
    key, region, service = scope.group("key", "region", "service") if scope else ("", "us-east-1", "unknown")
    own = ACCOUNT_KEY.fullmatch(key)
    account = own.group(1) if own else DEFAULT_ACCOUNT
    return Call(service.lower(), _action(request), account, region, _protocol(service.lower(), request), key)


def _protocol(service: str, request: HttpRequest) -> Protocol:
    if "x-amz-target" in request.headers:
        return "json"
    if service == "ec2":
        return "ec2"
    return "s3" if service == "s3" else "query"


def _action(request: HttpRequest) -> str:
    """The action's name in query and JSON protocols; method and path in the others."""
    target = request.headers.get("x-amz-target", "")
    if target:
        return target.rsplit(".", 1)[-1]
    named = ACTION.search(request.body) or ACTION.search(request.target.partition("?")[2].encode())
    return named.group(1).decode() if named else f"{request.method} {request.target.partition('?')[0]}"


@dataclass(slots=True)
class CallLog:
    """Every AWS call since the last emptying, in order; faulted ones name their fault."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    def record(self, at: float, call: Call, status: int, request_id: str, fault: str = "") -> None:
        """Add a call; `status` is what the client was sent, 0 when its connection was reset instead."""
        entry = {
            "at": round(at, 3),
            "service": call.service,
            "action": call.action,
            "status": status,
            "region": call.region,
            "account": call.account,
            "key": call.key,
            "requestId": request_id,
        }
        self.entries.append({**entry, "fault": fault} if fault else entry)
