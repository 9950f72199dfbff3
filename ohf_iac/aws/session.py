"""An AWS session from the configuration: region, profile, credentials file or script, role to assume."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

#: seconds for which a process uses one session
SESSION_LIFE: Final = 300


@dataclass(frozen=True, slots=True)
class Access:
    """How AWS is reached: everything that the configuration says of region, credentials, endpoints and patience."""

    region: str = ""
    profile: str = ""
    credentials_file: str = ""
    credential_script: str = ""
    assume_role_arn: str = ""
    endpoints: tuple[tuple[str, str], ...] = ()
    proxy: str = ""
    connect_timeout: float = 10.0
    read_timeout: float = 20.0
    attempts: int = 4


def session_for(access: Access) -> Any:
    """A boto3 session; nothing is asked of AWS before the first call.

    The same one again within a few minutes of one process: a watch polls every few seconds, and a session with its
    clients costs more than the poll. Not for longer, so that renewed credentials in files are read.
    """
    around = tuple(sorted((name, value) for name, value in os.environ.items() if _leads_botocore(name)))
    return _session(access, around, int(time.monotonic() // SESSION_LIFE))


@lru_cache(maxsize=32)
def client_of(session: Any, service: str, access: Access, connect_timeout: float, read_timeout: float) -> Any:
    """A client of a session; one client serves any number of calls."""
    settings = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": access.attempts},
        proxies={"http": access.proxy, "https": access.proxy} if access.proxy else None,
    )
    return session.client(service, endpoint_url=dict(access.endpoints).get(service), config=settings)


def _leads_botocore(name: str) -> bool:
    return name.startswith("AWS_") or name.upper().endswith("_PROXY")


@lru_cache(maxsize=8)
def _session(access: Access, around: tuple[tuple[str, str], ...], period: int) -> Any:
    del around, period  # they tell sessions apart
    core = _core(access.profile)
    if access.credentials_file:
        core.set_config_variable("credentials_file", access.credentials_file)
    if access.credential_script:
        core = _with_credentials(core, lambda: _from_script(access.credential_script), "credential-script")
    # the SDK for Python reads AWS_DEFAULT_REGION alone, AWS's other tools AWS_REGION
    region = access.region or os.environ.get("AWS_REGION") or core.get_config_variable("region")
    if access.assume_role_arn:
        fetcher = AssumeRoleCredentialFetcher(
            core.create_client, core.get_credentials(), access.assume_role_arn, {"RoleSessionName": "ohf"}
        )
        core = _with_credentials(core, fetcher.fetch_credentials, "assume-role")
    return boto3.session.Session(botocore_session=core, region_name=region)


def domain_of(session: Any) -> str:
    """The domain of AWS in the session's region: amazonaws.com, amazonaws.com.cn … (botocore's partitions)."""
    name = session.get_partition_for_region(session.region_name)
    partitions = _models().load_data("partitions")["partitions"]
    return next(str(one["outputs"]["dnsSuffix"]) for one in partitions if one["id"] == name)


@cache
def _models() -> Any:
    """botocore's service models, parsed once in a process: a watch or a sweep makes many sessions."""
    return botocore.loaders.create_loader()


def _core(profile: str) -> Any:
    core = botocore.session.Session(profile=profile or None)
    core.register_component("data_loader", _models())
    return core


def _with_credentials(core: Any, fetch: Callable[[], dict[str, Any]], method: str) -> Any:
    """A session whose credentials are fetched when needed, and again before they end."""
    session = _core(core.profile)
    # botocore has no public way to set credentials that renew themselves
    session._credentials = DeferredRefreshableCredentials(fetch, method)
    return session


def _from_script(command: str) -> dict[str, Any]:
    """What AWS_CREDENTIAL_SCRIPT prints: AccessKeyId, SecretAccessKey, SessionToken, Expiration (IBM's form)."""
    try:
        done = subprocess.run(shlex.split(command), capture_output=True, timeout=30, check=True)  # noqa: S603 -- no shell
        answer = json.loads(done.stdout)
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer.get("SessionToken"),
            "expiry_time": answer.get("Expiration", "2100-01-01T00:00:00Z"),
        }
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"Cannot get credentials from AWS_CREDENTIAL_SCRIPT: {type(error).__name__}",
            hint="It must print a JSON object with AccessKeyId, SecretAccessKey, SessionToken and Expiration.",
        ) from error
