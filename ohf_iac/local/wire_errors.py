"""Error answers in the protocol that is spoken."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from ohf_iac.local.calls import HttpAnswer, Protocol

REQUEST_ID = "00000000-0000-4000-8000-000000000000"


def error_answer(protocol: Protocol, status: int, code: str, message: str) -> HttpAnswer:
    """An error as the SDKs read it in that protocol."""
    if protocol == "json":
        body = json.dumps({"__type": code, "message": message})
        return HttpAnswer(status, {"Content-Type": "application/x-amz-json-1.1"}, body.encode())
    detail = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "ec2":
        inner = f"<Response><Errors><Error>{detail}</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
    elif protocol == "s3":
        inner = f"<Error>{detail}<RequestId>{REQUEST_ID}</RequestId></Error>"
    else:
        side = "Receiver" if status >= 500 else "Sender"
        inner = (
            f"<ErrorResponse><Error><Type>{side}</Type>{detail}</Error>"
            f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
        )
    xml = f'<?xml version="1.0" encoding="UTF-8"?>{inner}'
    return HttpAnswer(status, {"Content-Type": "text/xml;charset=UTF-8"}, xml.encode())


def throttled(protocol: Protocol) -> HttpAnswer:
    """The services' own words for too many calls."""
    if protocol == "ec2":
        return error_answer(protocol, 503, "RequestLimitExceeded", "Request limit exceeded.")
    if protocol == "s3":
        return error_answer(protocol, 503, "SlowDown", "Please reduce your request rate.")
    if protocol == "json":
        return error_answer(protocol, 400, "ThrottlingException", "Rate exceeded")
    return error_answer(protocol, 400, "Throttling", "Rate exceeded")
