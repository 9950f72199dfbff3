"""Clients and calls: one place where every AWS call passes, is bounded in time, translated and noted.

Clients are made when first needed: a poll that only describes instances never pays for the CloudFormation model.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.aws.attempts import Attempts, attempting, attend
from ohf_iac.aws.in_time import OutOfTimeError, in_time
from ohf_iac.aws.session import client_of, domain_of, renew, session_for
from ohf_iac.aws.translate import OUTDATED, by_clock, translated
from ohf_iac.errors import OhfError, ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ohf_iac.aws.session import Access

#: seconds by which clocks may differ and count as one
CLOCKS_AGREE: Final = 30
_SLOW: Final = "raise limits.deadline, or look why AWS answers slowly (ohf doctor)"


@dataclass(frozen=True, slots=True)
class CallNote:
    """One AWS call that was made, for audit and metrics. `error` is AWS's code, or "" when it succeeded."""

    service: str
    action: str
    aws_request_id: str
    error: str


@dataclass(slots=True)
class _Common:
    """What calls under several deadlines share; `ahead`: seconds by which this host's clock is ahead of AWS's."""

    session: Any = None
    clients: dict[str, Any] = field(default_factory=dict)
    ahead: float = 0.0
    renewed: bool = False


class Calls:
    """AWS calls of one process. `remaining` tells the seconds left of the operation's overall deadline."""

    def __init__(
        self,
        access: Access,
        remaining: Callable[[], float] = lambda: 60.0,
        note: Callable[[CallNote], None] = lambda _note: None,
    ) -> None:
        self.access = access
        self._remaining = remaining
        self._note = note
        self._common = _Common()
        self._allowance: Iterator[int] | None = None

    def within(self, remaining: Callable[[], float]) -> Calls:
        """The same clients under another deadline."""
        other = Calls(self.access, remaining, self._note)
        other._common = self._common
        return other

    def limited(self, calls: int) -> Calls:
        """The same clients for at most so many calls; those beyond fail as if the deadline had passed."""
        other = self.within(self._remaining)
        other._allowance = iter(range(calls))
        return other

    def call(self, service: str, operation: str, verb: str, thing: str, **parameters: Any) -> dict[str, Any]:
        """The answer of one AWS call, in what is left of the deadline, or a ProviderError: `verb thing: cause`.

        Keys that AWS does not take any more were refused before anything was done: they are fetched anew, once.
        """
        try:
            return self._called(service, operation, verb, thing, parameters)
        except ProviderError as error:
            if error.aws_code not in OUTDATED or self._common.renewed:
                raise
        self._common.renewed = True
        renew(self.access)
        self._common.session = None
        self._common.clients.clear()
        return self._called(service, operation, verb, thing, parameters)

    def _called(
        self, service: str, operation: str, verb: str, thing: str, parameters: dict[str, Any]
    ) -> dict[str, Any]:
        left = self._remaining()
        if left <= 0 or (self._allowance is not None and next(self._allowance, None) is None):
            raise ProviderError(
                f"{verb} {thing}: the time or the calls that this operation may take are used up",
                transient=True,
                sent=False,
                hint=_SLOW,
            )
        action = operation.title().replace("_", "")
        attempts = Attempts(time.monotonic() + left, self.access.now)
        try:
            with translated(verb, thing), _bounded(verb, thing):
                answer = in_time(lambda: self._answer(service, operation, parameters, attempts), left)
        except OhfError as error:
            self._note(CallNote(service, action, "", getattr(error, "aws_code", "") or type(error).__name__))
            if isinstance(error, ProviderError):
                error.sent = error.sent or attempts.unsure
                raise by_clock(error, attempts.ahead) from error.__cause__
            raise
        self._common.ahead = self._common.ahead if attempts.ahead is None else attempts.ahead
        metadata = answer.get("ResponseMetadata", {})
        self._note(CallNote(service, action, str(metadata.get("RequestId", "")), ""))
        return answer

    def pages(
        self, service: str, operation: str, verb: str, thing: str, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """The answers of a call that pages by NextToken, by hand: botocore has no paginator for some of them."""
        while True:
            answer = self.call(service, operation, verb, thing, **parameters)
            yield answer
            if not answer.get("NextToken"):
                return
            parameters["NextToken"] = answer["NextToken"]

    def moment(self) -> float:
        """The time by which AWS's affairs are judged, in epoch seconds: AWS's own, where this host's clock is off.

        Two hosts that are apart, and one whose clock was set back, judge alike. As long as no answer has told AWS's
        time, and within what network and a date of whole seconds make uncertain, it is this host's.
        """
        return self.access.now() - (self._common.ahead if abs(self._common.ahead) > CLOCKS_AGREE else 0.0)

    def client(self, service: str) -> Any:
        """The client of a service, made once."""
        clients = self._common.clients
        if service not in clients:
            left = max(1.0, self._remaining())
            connect, read = min(self.access.connect_timeout, left), min(self.access.read_timeout, left)
            clients[service] = attend(client_of(self._session_of_access(), service, self.access, connect, read))
        return clients[service]

    def _answer(
        self, service: str, operation: str, parameters: dict[str, Any], attempts: Attempts
    ) -> dict[str, Any]:
        with attempting(attempts):
            answer: dict[str, Any] = getattr(self.client(service), operation)(**parameters)
        return answer

    @property
    def region(self) -> str:
        """The region that calls go to."""
        with translated("find", "the region"):
            return str(self._session_of_access().get_config_variable("region") or "")

    @property
    def keys_from(self) -> str:
        """Where the credentials come from, in the AWS SDK's word for it: `env`, `shared-credentials-file` …"""
        with translated("find", "the credentials"):
            found = self._session_of_access().get_credentials()
        return str(found.method) if found is not None else "nothing"

    @property
    def domain(self) -> str:
        """The domain under which AWS answers in that region: `amazonaws.com` or another partition's."""
        with translated("find", "the domain of AWS"):
            return domain_of(self._session_of_access())

    def _session_of_access(self) -> Any:
        if self._common.session is None:
            with translated("start", "an AWS session"):
                self._common.session = session_for(self.access)
        return self._common.session


@contextmanager
def _bounded(verb: str, thing: str) -> Iterator[None]:
    """A call that did not end in time, as an error: it may have taken effect, or do so yet."""
    try:
        yield
    except OutOfTimeError as error:
        raise ProviderError(
            f"{verb} {thing}: AWS did not answer in the time that was left", transient=True, hint=_SLOW
        ) from error
