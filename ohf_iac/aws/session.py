"""An AWS session from the configuration: region, profile, credentials file or script, role to assume, proxy.

Whose keys count, the first that is configured: the credential script, the credentials file, the profile, what the
SDK finds by itself (environment, its own files, the host's role). A source that is configured and gives nothing is
an error, never a reason to take the next one: other keys may mean another account, where nothing of ours is to be
seen.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any, Final

import botocore.session
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials

from ohf_iac.aws.assumed_role import ProfileRoles, Role, role_credentials
from ohf_iac.aws.credential_files import check_keys_file
from ohf_iac.aws.credential_script import from_script
from ohf_iac.aws.proxies import Proxy, is_direct
from ohf_iac.aws.role_cache import RoleCache
from ohf_iac.aws.secrets import secret_of
from ohf_iac.aws.trimmed_models import loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from ohf_iac.config.references import Reference

#: seconds for which a process uses one session
SESSION_LIFE: Final = 300
#: sources of the SDK that a credentials file stands in for
_OTHER_SOURCES: Final = ("env", "ec2-credentials-file", "boto-config", "container-role", "iam-role")


@dataclass(frozen=True, slots=True)
class Access:
    """How AWS is reached: everything that the configuration says of region, credentials, endpoints and patience.

    `roles_file` keeps credentials of assumed roles for `installation`, a name of whoever may use them; "" keeps
    none. `now` tells the epoch seconds by which they end.
    """

    region: str = ""
    profile: str = ""
    credentials_file: str = ""
    credential_script: str = ""
    role: Role | None = None
    roles_file: str = ""
    installation: str = ""
    endpoints: tuple[tuple[str, str], ...] = ()
    proxy: Proxy | None = None
    connect_timeout: float = 10.0
    read_timeout: float = 20.0
    attempts: int = 4
    now: Callable[[], float] = field(default=time.time, compare=False)


def session_for(access: Access) -> Any:
    """A session of botocore; nothing is asked of AWS before the first call.

    The same one again within a few minutes of one process: a watch polls every few seconds, and a session with its
    clients costs more than the poll. Not for longer, so that renewed credentials in files are read.
    """
    around = tuple(sorted((name, value) for name, value in os.environ.items() if _leads(access, name)))
    return _session(access, around, int(time.monotonic() // SESSION_LIFE))


def renew(access: Access) -> None:
    """Forget the credentials in use, those that are kept of roles too: the next session asks their sources."""
    RoleCache(access.roles_file).forget()
    _session.cache_clear()
    client_of.cache_clear()


@lru_cache(maxsize=32)
def client_of(session: Any, service: str, access: Access, connect_timeout: float, read_timeout: float) -> Any:
    """A client of a session; one client serves any number of calls."""
    del access  # it tells clients apart
    return session.create_client(service, config=Config(connect_timeout=connect_timeout, read_timeout=read_timeout))


def _leads(access: Access, name: str) -> bool:
    """Whether a variable has to do with who calls AWS, and how."""
    asked = access.proxy.password if access.proxy else None
    named = asked is not None and asked.keeper == "env" and asked.name == name
    return named or name.startswith("AWS_") or name.upper().endswith("_PROXY") or name in ("HOME", "OHF_CLOCK_FILE")


@lru_cache(maxsize=8)
def _session(access: Access, around: tuple[tuple[str, str], ...], period: int) -> Any:
    del around, period  # they tell sessions apart
    source = _source(access)
    region = source.get_config_variable("region")
    used = _assuming(access, access.role, source) if access.role else source
    # without it, botocore asks each source of the configuration once more for every client
    used.set_config_variable("region", region)
    return used


def _assuming(access: Access, role: Role, source: _Session) -> _Session:
    """A session with the role's credentials, for which `source` asks."""
    asking = (*_asking(access), source.get_config_variable("region"))
    keys = role_credentials(
        role,
        source.get_credentials,
        lambda: source.create_client("sts"),
        RoleCache(access.roles_file),
        asking,
        access.now,
    )
    session = _Session(access, source.proxy_url)
    session.hand_over(keys)
    return session


def domain_of(session: Any) -> str:
    """The domain of AWS in the session's region: amazonaws.com, amazonaws.com.cn … (botocore's partitions)."""
    name = session.get_partition_for_region(session.get_config_variable("region"))
    partitions = _models().load_data("partitions")["partitions"]
    return next(str(one["outputs"]["dnsSuffix"]) for one in partitions if one["id"] == name)


@cache
def _models() -> Any:
    """botocore's service models, parsed once in a process: a watch or a sweep makes many sessions."""
    return loader()


class _Session(botocore.session.Session):
    """A session whose clients all go to the configured endpoints by the configured proxy.

    So do those by which botocore itself fetches credentials, and where those lie in a file, its mode is looked at.
    """

    def __init__(self, access: Access, proxy_url: Callable[[], str] | None = None) -> None:
        super().__init__(profile=access.profile or ("default" if access.credentials_file else None))
        self.register_component("data_loader", _models())
        if access.credentials_file:
            self.set_config_variable("credentials_file", access.credentials_file)
        # the SDK for Python reads AWS_DEFAULT_REGION alone, AWS's other tools AWS_REGION
        region = access.region or os.environ.get("AWS_REGION")
        if region:
            self.set_config_variable("region", region)
        self._access = access
        self._told_proxy = proxy_url
        self._proxy = ""
        self._proxy_lock = RLock()
        self._proxy_asker = 0

    # botocore has ten more parameters, which are handed on as they are
    def create_client(self, service_name: str, region_name: str | None = None, **more: Any) -> Any:  # type: ignore[override]
        access = self._access
        more["endpoint_url"] = more.get("endpoint_url") or dict(access.endpoints).get(service_name)
        plain = Config(
            connect_timeout=access.connect_timeout,
            read_timeout=access.read_timeout,
            retries={"mode": "standard", "total_max_attempts": access.attempts},
        )
        config = plain.merge(more.pop("config", None) or Config())
        url = "" if self._proxy_asker == get_ident() else self.proxy_url()
        if not url:
            return super().create_client(service_name, region_name, config=config, **more)
        through = config.merge(Config(proxies={"http": url, "https": url}))
        client = super().create_client(service_name, region_name, config=through, **more)
        if not is_direct(client.meta.endpoint_url):
            return client
        return super().create_client(service_name, region_name, config=config.merge(Config(proxies={})), **more)

    def get_credentials(self) -> Any:
        found = super().get_credentials()
        method = found.method if found is not None else ""
        if method in ("shared-credentials-file", "assume-role", "config-file"):
            variable = "config_file" if method == "config-file" else "credentials_file"
            check_keys_file(os.path.expanduser(self.get_config_variable(variable)))
        return found

    def hand_over(self, credentials: Any) -> None:
        """Work with these credentials."""
        # botocore has no public way to set credentials that renew themselves
        self._credentials = credentials

    def proxy_url(self) -> str:
        """The configured proxy, "" without one. Its password is looked up once, and without the proxy."""
        if self._told_proxy:
            return self._told_proxy()
        with self._proxy_lock:
            if self._access.proxy and not self._proxy:
                self._proxy_asker = get_ident()
                try:
                    self._proxy = self._access.proxy.url(self._secret)
                finally:
                    self._proxy_asker = 0
        return self._proxy

    def _secret(self, reference: Reference) -> str:
        return secret_of(reference, os.environ, self.create_client)


def _source(access: Access) -> _Session:
    """A session with the source credentials: those that are there before any role of the configuration."""
    core = _Session(access)
    if access.credential_script:
        core.hand_over(
            DeferredRefreshableCredentials(
                lambda: from_script(access.credential_script, access.now()), "credential-script", _clock(access)
            )
        )
        return core
    if access.credentials_file:
        check_keys_file(access.credentials_file, must_exist=True)
        resolver = core.get_component("credential_provider")
        for other in _OTHER_SOURCES:
            resolver.remove(other)
    provider = core.get_component("credential_provider").get_provider("assume-role")
    provider.cache = ProfileRoles(RoleCache(access.roles_file), (*_asking(access), *_profiles(core)), access.now)
    return core


def _clock(access: Access) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(access.now(), UTC)


def _asking(access: Access) -> tuple[str, ...]:
    """Who asks for a role, and where: with the source's key, all that tells one session of it from another."""
    endpoint = dict(access.endpoints).get("sts", "")
    return (access.installation, access.profile, access.credentials_file, access.credential_script, endpoint)


def _profiles(core: Any) -> tuple[object, ...]:
    """What the profiles say, and the variables beside them, without making anything of it."""
    keys = sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
    files = [os.path.expanduser(core.get_config_variable(one)) for one in ("config_file", "credentials_file")]
    return (*keys, *(_content(one) for one in files))


def _content(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().hex()
    except OSError:
        return ""
