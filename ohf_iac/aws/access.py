"""How AWS is reached, as the settings say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.aws.assumed_role import Role
from ohf_iac.aws.proxies import Proxy
from ohf_iac.aws.session import Access
from ohf_iac.config.references import reference_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from ohf_iac.config import Settings
    from ohf_iac.config.settings import Provider


def access_of(settings: Settings, now: Callable[[], float]) -> Access:
    """The access of a provider instance; `now` tells the epoch seconds by which credentials end."""
    provider = settings.provider
    return Access(
        region=provider.region,
        profile=provider.profile,
        credentials_file=provider.credentials_file,
        credential_script=provider.credential_script,
        role=_role(provider),
        roles_file=settings.roles_file,
        installation=f"{settings.provider_name} of {provider.owner}",
        endpoints=tuple(sorted(provider.endpoints.items())),
        proxy=_proxy(provider),
        connect_timeout=provider.connect_timeout,
        attempts=provider.retry_attempts + 1,
        now=now,
    )


def _role(provider: Provider) -> Role | None:
    if not provider.assume_role_arn:
        return None
    return Role(
        provider.assume_role_arn, provider.role_session_name, provider.role_external_id, provider.role_duration
    )


def _proxy(provider: Provider) -> Proxy | None:
    if not provider.proxy_host:
        return None
    password = reference_in(provider.proxy_password)
    return Proxy(provider.proxy_host, provider.proxy_port, provider.proxy_user, password)
