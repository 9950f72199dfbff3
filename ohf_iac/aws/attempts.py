"""What the attempts of one call may do, and what they tell: botocore repeats a call by itself, out of our sight.

An attempt is not begun after the call's time is over, though the thread that makes it may have been left to itself.
An attempt that failed without an answer may have had its effect, whatever is answered to the next one. An answer is
one only if it is that of this very call: botocore reads any XML, and finds nothing in it. And each genuine answer
tells the time at AWS.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError
from botocore.parsers import ResponseParserError

from ohf_iac.aws.in_time import OutOfTimeError
from ohf_iac.aws.translate import THROTTLED
from ohf_iac.quotas import AWS_CODE, NOT_A_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: the protocols in which an answer bears its action's name (Smithy: AWS query and EC2 query protocols)
_NAMED: Final = frozenset({"ec2", "query"})
_ROOT: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<(?:[\w.-]+:)?(\w+)")
_NEVER_SENT: Final = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)


@dataclass(slots=True)
class Attempts:
    """The attempts of one call. `ends` is a moment of the monotonic clock, `now` this host's clock.

    `unsure` once one of them may have had its effect without telling; `ahead` is by how many seconds this host's
    clock is ahead of AWS's, once that is known.
    """

    ends: float
    now: Callable[[], float]
    unsure: bool = False
    ahead: float | None = None


_UNDER_WAY: ContextVar[Attempts | None] = ContextVar("attempts", default=None)


@contextmanager
def attempting(attempts: Attempts) -> Iterator[None]:
    """Have the attempts of the calls made inside, by this thread, heeded and noted."""
    token = _UNDER_WAY.set(attempts)
    try:
        yield
    finally:
        _UNDER_WAY.reset(token)


def attend(client: Any) -> Any:
    """The client, with each attempt of its calls attended to."""
    events, model = client.meta.events, client.meta.service_model
    events.register("before-send", _begun, unique_id="ohf-begun")
    if getattr(model, "resolved_protocol", model.metadata["protocol"]) in _NAMED:
        events.register("response-received", _checked, unique_id="ohf-checked")
    events.register("response-received", _noted, unique_id="ohf-noted")
    return client


def _begun(**_: Any) -> None:
    attempts = _UNDER_WAY.get()
    if attempts is not None and time.monotonic() >= attempts.ends:
        raise OutOfTimeError


def _checked(event_name: str, response_dict: Mapping[str, Any] | None, **_: Any) -> None:
    """Refuse an answer that is not that of the action asked for; it may all the same have been carried out."""
    if response_dict is None or response_dict["status_code"] >= 300:
        return
    action = event_name.rpartition(".")[2]
    found = _ROOT.match(response_dict["body"])
    if found is None or found[1] != f"{action}Response".encode():
        what = found[1].decode() if found else "no XML"
        _unsure()
        raise ResponseParserError(f"what came is {what}, not an answer to {action}")


def _noted(
    parsed_response: dict[str, Any] | None, response_dict: Mapping[str, Any] | None, exception: Any, **_: Any
) -> None:
    """Note what an attempt left open, and AWS's time; keep botocore from repeating what a quota refused."""
    if exception is not None and not isinstance(exception, (*_NEVER_SENT, OutOfTimeError)):
        _unsure()
    if parsed_response is None or response_dict is None:
        return
    error = parsed_response.get("Error", {})
    code = error.get("Code", "")
    if response_dict["status_code"] >= 500 and code not in THROTTLED:
        _unsure()
    if response_dict["status_code"] < 300 or code:
        _compare_clocks(response_dict["headers"])
    if code in NOT_A_RATE:
        error[AWS_CODE], error["Code"] = code, NOT_A_RATE[code]


def _compare_clocks(headers: Mapping[str, str]) -> None:
    """Note by how much this host's clock is ahead of the moment at which AWS dated its answer."""
    attempts = _UNDER_WAY.get()
    if attempts is None:
        return
    try:
        attempts.ahead = attempts.now() - parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return  # an answer without a date, or with a strange one, tells no time


def _unsure() -> None:
    attempts = _UNDER_WAY.get()
    if attempts is not None:
        attempts.unsure = True
