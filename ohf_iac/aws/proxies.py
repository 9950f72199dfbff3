"""The proxy of the configuration: its URL with user and password, and who is reached without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from botocore.utils import should_bypass_proxies

from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ohf_iac.config.references import Reference


class Proxy(NamedTuple):
    """An HTTP proxy; the password is a reference, looked up when the first client is made."""

    host: str
    port: int
    user: str = ""
    password: Reference | None = None

    def url(self, secret: Callable[[Reference], str]) -> str:
        """The URL as the SDK takes it, the password in it; it must not be shown."""
        if not self.port:
            raise ConfigurationError(
                f"Cannot use the proxy {self.host}: its port is not set",
                hint="Set AWS_PROXY_PORT in awsprov_config.json, or provider.proxyPort in ohf.json.",
            )
        if self.password and not self.user:
            raise ConfigurationError(
                f"Cannot use the proxy {self.host}: provider.proxyPassword is set, provider.proxyUser is not",
                hint="Set provider.proxyUser in ohf.json.",
            )
        secret_words = secret(self.password) if self.password else ""
        if not (self.user + secret_words).isascii():
            # the SDK sends nothing else, and would name the letter that it stumbled over
            raise ConfigurationError(
                f"Cannot use the proxy {self.host}: its user or password has letters beyond ASCII",
                hint="Give the proxy's user another password.",
            )
        host = f"[{self.host}]" if ":" in self.host and not self.host.startswith("[") else self.host
        password = f":{quote(secret_words, safe='')}" if secret_words else ""
        user = f"{quote(self.user, safe='')}{password}@" if self.user else ""
        return f"http://{user}{host}:{self.port}"


def is_direct(url: str) -> bool:
    """Whether NO_PROXY has this URL reached without a proxy, the configured one too."""
    return bool(should_bypass_proxies(url))
