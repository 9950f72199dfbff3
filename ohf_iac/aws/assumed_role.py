"""The role that an installation works as: assumed with the source credentials, renewed before it ends, and kept
between processes (`role_cache`).

Renewed when less than five minutes are left; should STS fail then, what is left is used up to its last minute.
"""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import NoCredentialsError

from ohf_iac.aws.role_cache import Keys, RoleCache, key_of
from ohf_iac.aws.translate import beforehand
from ohf_iac.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

#: seconds before their end at which credentials are renewed, and up to which they are used should that fail
RENEWED: Final = 300
USED_UP: Final = 60


class Role(NamedTuple):
    """A role to assume, and as whom; `duration` in seconds."""

    arn: str
    session_name: str = "ohf"
    external_id: str = ""
    duration: int = 3600


class RoleCredentials(DeferredRefreshableCredentials):
    """Credentials that are fetched when needed, and again when less than five minutes are left."""

    _advisory_refresh_timeout = RENEWED
    _mandatory_refresh_timeout = USED_UP


def role_credentials(
    role: Role,
    source: Callable[[], Any],
    sts: Callable[[], Any],
    cache: RoleCache,
    asking: tuple[object, ...],
    now: Callable[[], float],
) -> RoleCredentials:
    """Credentials of a role; `sts` makes a client with the `source` credentials, `asking` says who asks and where.

    They raise what `beforehand` makes of STS's errors: a ProviderError of a call that was not sent.
    """

    def fetch() -> dict[str, str]:
        own = source()
        if own is None:
            raise NoCredentialsError
        key = key_of("role", own.get_frozen_credentials().access_key, *role, *asking)
        known = cache.find(key, now())
        if known and known.ends - now() >= RENEWED:
            return _told(known)
        try:
            keys = _asked(role, sts())
        except ProviderError as error:
            if known and error.transient and known.ends - now() > USED_UP:
                return _told(known)
            raise
        cache.keep(key, keys, now())
        return _told(keys)

    return RoleCredentials(fetch, "configured-role", lambda: datetime.fromtimestamp(now(), UTC))


def _asked(role: Role, sts: Any) -> Keys:
    given = {"RoleArn": role.arn, "RoleSessionName": role.session_name, "DurationSeconds": role.duration}
    with beforehand("assume", f"role {role.arn}"):
        answer = sts.assume_role(**given, **({"ExternalId": role.external_id} if role.external_id else {}))
    return _keys(answer["Credentials"])


def _keys(given: Any) -> Keys:
    ends = given["Expiration"].timestamp()
    return Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], ends)


def _told(keys: Keys) -> dict[str, str]:
    return {
        "access_key": keys.access_key,
        "secret_key": keys.secret_key,
        "token": keys.token,
        "expiry_time": datetime.fromtimestamp(keys.ends, UTC).isoformat(),
    }


class ProfileRoles:
    """The same cache for roles that a profile of the AWS configuration names, as botocore asks for one.

    botocore's key says which role; `asking` adds who asks: what stands in the profile's files and in the
    environment, and which host it is, where the instance's own role is the source.
    """

    def __init__(self, cache: RoleCache, asking: tuple[object, ...], now: Callable[[], float]) -> None:
        self._cache, self._asking, self._now = cache, asking, now
        self._found: dict[str, Keys] = {}

    def __contains__(self, key: str) -> bool:
        found = self._cache.find(self._key(key), self._now())
        if found is not None:
            self._found[key] = found
        return found is not None

    def __getitem__(self, key: str) -> dict[str, Any]:
        found = self._found[key]
        ends = datetime.fromtimestamp(found.ends, UTC).isoformat()
        keys = (found.access_key, found.secret_key, found.token, ends)
        return {"Credentials": dict(zip(_STS, keys, strict=True))}

    def __setitem__(self, key: str, answer: dict[str, Any]) -> None:
        self._cache.keep(self._key(key), _keys(answer["Credentials"]), self._now())

    def _key(self, key: str) -> str:
        return key_of("profile", key, socket.gethostname(), *self._asking)


_STS: Final = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
