"""Time: the wall clock (moved by the local AWS's virtual one in rehearsals) and deadlines of calls.

The local AWS keeps its virtual clock's offset in a file; with `OHF_CLOCK_FILE` naming it, our ids, deadlines and
ages follow. On real AWS a moved clock would settle or reclaim machines at the wrong time, so the variable counts
only while every AWS endpoint in use is loopback.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    class Places(Protocol):
        """Where AWS is, by configuration; `endpoints` by botocore's service name."""

        @property
        def endpoints(self) -> Mapping[str, str]: ...
        @property
        def template_bucket(self) -> str: ...

    class Configured(Protocol):
        """The part of the settings that says where AWS is."""

        @property
        def provider(self) -> Places: ...


CLOCK_VARIABLE: Final = "OHF_CLOCK_FILE"

#: services this program calls, with the suffix of botocore's endpoint variable (the service id, upper-cased)
_SERVICES: Final = {
    "ec2": "EC2",
    "cloudformation": "CLOUDFORMATION",
    "autoscaling": "AUTO_SCALING",
    "sts": "STS",
}


class Deadline(NamedTuple):
    """A moment on the monotonic clock by which work has to be done."""

    moment: float
    monotonic: Callable[[], float]

    @classmethod
    def after(cls, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Deadline:
        """The deadline `seconds` from now."""
        return cls(monotonic() + seconds, monotonic)

    @property
    def left(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.moment - self.monotonic())

    @property
    def passed(self) -> bool:
        return self.left == 0.0

    def within(self, seconds: float) -> Deadline:
        """The earlier of this deadline and one `seconds` from now."""
        return self._replace(moment=min(self.moment, self.monotonic() + seconds))


def clock_for(
    settings: Configured, environ: Mapping[str, str], warn: Callable[[str], None] = lambda _message: None
) -> Callable[[], float]:
    """A function that tells the epoch seconds; `warn` hears why a clock file is not used."""
    path = environ.get(CLOCK_VARIABLE, "")
    if not path:
        return time.time
    outside = endpoints_outside(settings, environ)
    if outside:
        warn(f"{CLOCK_VARIABLE} is ignored: {', '.join(outside)} is not on loopback")
        return time.time
    return lambda: time.time() + _offset(path, warn)


def endpoints_outside(settings: Configured, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The endpoints in use that are not on this machine: `service (URL)`, or `service` alone for AWS's own."""
    configured = settings.provider.endpoints
    named = _named_in_environment(environ)
    services = dict(_SERVICES)
    if settings.provider.template_bucket:
        services["s3"] = "S3"
    outside = [f"{where} ({url})" for where, url in (*configured.items(), *named.items()) if not is_loopback(url)]
    for service, suffix in services.items():
        if not (
            configured.get(service) or named.get(f"AWS_ENDPOINT_URL_{suffix}") or named.get("AWS_ENDPOINT_URL")
        ):
            outside.append(service)
    return tuple(outside)


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine by its very name: localhost, 127.0.0.0/8 or ::1. No look-up is made."""
    authority = url.partition("://")[2].replace("\\", "/").partition("/")[0].partition("?")[0].partition("#")[0]
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return host.partition("]")[0] == "[::1"
    name = host.partition(":")[0].lower()
    numbers = name.split(".")
    return name == "localhost" or (
        len(numbers) == 4 and numbers[0] == "127" and all(part.isascii() and part.isdigit() for part in numbers)
    )


def _named_in_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """botocore's endpoint variables, unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS makes it pass them over."""
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return {}
    return {name: url for name, url in environ.items() if name.startswith("AWS_ENDPOINT_URL") and url}


def _offset(path: str, warn: Callable[[str], None]) -> float:
    """The seconds in the clock file; none while there is no file yet."""
    try:
        with open(path, encoding="ascii") as file:
            offset = float(file.read())
    except FileNotFoundError:
        return 0.0
    except (OSError, ValueError) as error:
        warn(f"Cannot read the clock's offset in {path}: {error}")
        return 0.0
    if not math.isfinite(offset):
        warn(f"Cannot use the clock's offset in {path}: {offset} is not finite")
        return 0.0
    return offset
