"""An AWS session from the configuration: region, profile, credentials file or script, role to assume."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.loaders
import botocore.session
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Access:
    """How AWS is reached: everything that the configuration says of region, credentials, endpoints and patience."""

    region: str = ""
    profile: str = ""
    credentials_file: str = ""
    credential_script: str = ""
    assume_role_arn: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    proxy: str = ""
    connect_timeout: float = 10.0
    read_timeout: float = 20.0
    attempts: int = 4


def session_for(access: Access) -> Any:
    """A boto3 session; nothing is asked of AWS before the first call."""
    core = _core(access.profile)
    if access.credentials_file:
        core.set_config_variable("credentials_file", access.credentials_file)
    if access.credential_script:
        core = _with_credentials(core, lambda: _from_script(access.credential_script), "credential-script")
    region = access.region or core.get_config_variable("region")
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
