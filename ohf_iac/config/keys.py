"""Every key of the configuration: its place, shape, default, IBM's name for it, and how a value is checked.

One table serves the files, the environment, `ohf config`, the schema's test and the manual's test. Keys that reach
a stack's body stand in `ohf_iac.template` instead: rendering owns them.

Sources: IBM Symphony 7.3.2, reference of awsprov_config.json (names, units, ranges) and of hostfactoryconf.json
(log levels; log files of 10 MB, 5 rotations).
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from ohf_iac.config.references import reference_in
from ohf_iac.template.coerce import Unfit, text
from ohf_iac.template.tags import read_tags

Kind = Literal[
    "text",
    "path",
    "url",
    "host",
    "secret",
    "owner",
    "whole",
    "number",
    "flag",
    "texts",
    "names",
    "suppressions",
    "prefix",
]

#: log levels from loud to quiet, as Host Factory names them behind `LOG_`
LEVELS: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
#: spellings of a level found in IBM's files and variables
LEVEL_ALIASES: Final = {"WARNING": "WARN", "ERR": "ERROR", "CRIT": "FATAL", "CRITICAL": "FATAL", "NOTICE": "INFO"}

#: what an owner may consist of: it becomes a tag value and a stack parameter
OWNER_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@+=-")


#: what a folder of published bodies may be named by: it stands in URLs and in IAM policies
PREFIX_CHARACTERS: Final = OWNER_CHARACTERS - set(":@+") | {"/"}


class Key(NamedTuple):
    """One key; `ibm` is its name in awsprov_config.json, whose unit times `scale` is ours.

    A named tuple and not a dataclass, like all values of the configuration: every call of Host Factory builds these
    classes, and a dataclass costs four times as much to build.
    """

    section: str
    name: str
    kind: Kind
    default: object
    low: float = 0
    high: float = 0
    choices: tuple[str, ...] = ()
    ibm: str = ""
    scale: float = 1
    reaches_body: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets this key: `OHF_<SECTION>_<KEY>`."""
        return f"OHF_{self.section.upper()}_{snake(self.name).upper()}"

    @property
    def in_ibms_unit(self) -> Key:
        """The same key as awsprov_config.json has it."""
        return self._replace(low=self.low / self.scale, high=self.high / self.scale)

    @property
    def expected(self) -> str:
        """What a value has to be, in words that follow "expected"."""
        if self.choices:
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        if self.reaches_body and self.kind == "text":
            return "a text without control characters and {{resolve:...}}, which CloudFormation would replace"
        between = f" from {self.low:g} to {self.high:g}" if self.high else ""
        return _WORDS[self.kind] + between


_WORDS: Final = {
    "text": "a text",
    "path": "a path",
    "url": "a URL that starts with http:// or https:// and names no user",
    "host": "a host name or address without scheme, user and port",
    "secret": "a reference to where the secret is kept",
    "owner": "at most 64 of the characters A-Z a-z 0-9 _ . : @ + = -",
    "prefix": "at most 200 of the characters A-Z a-z 0-9 _ . = / -",
    "whole": "a whole number",
    "number": "a number",
    "flag": "true or false",
    "texts": "an object whose values are texts, tags as EC2 takes them, not aws:..., ohf:... or RC_ACCOUNT",
    "names": "a list of texts, none of them empty",
    "suppressions": "a list of objects with rule, reason, until (a date, YYYY-MM-DD) and, if need be, template",
}

SECTIONS: Final = ("provider", "storage", "logging", "template", "events", "approvals", "lint", "limits")

#: what is done about a body without approval, from lax to strict
MODES: Final = ("off", "warn", "enforce")

KEYS: Final[tuple[Key, ...]] = (
    Key("provider", "owner", "owner", ""),
    Key("provider", "region", "text", "", ibm="AWS_REGION"),
    Key("provider", "profile", "text", ""),
    Key("provider", "credentialsFile", "path", "", ibm="AWS_CREDENTIAL_FILE"),
    Key("provider", "credentialScript", "path", "", ibm="AWS_CREDENTIAL_SCRIPT"),
    Key("provider", "assumeRoleArn", "text", ""),
    Key("provider", "roleSessionName", "text", "ohf"),
    Key("provider", "roleExternalId", "text", ""),
    Key("provider", "roleDuration", "whole", 3600, 900, 43200),
    Key("provider", "serviceRoleArn", "text", ""),
    Key("provider", "templateBucket", "text", ""),
    Key("provider", "templatePrefix", "prefix", ""),
    Key("provider", "ec2Endpoint", "url", "", ibm="AWS_ENDPOINT_URL"),
    Key("provider", "cloudformationEndpoint", "url", "", ibm="AWS_CLOUDFORMATION_ENDPOINT_URL"),
    Key("provider", "autoscalingEndpoint", "url", "", ibm="AWS_AUTOSCALING_ENDPOINT_URL"),
    Key("provider", "stsEndpoint", "url", "", ibm="AWS_STS_ENDPOINT_URL"),
    Key("provider", "s3Endpoint", "url", "", ibm="AWS_S3_ENDPOINT_URL"),
    Key("provider", "proxyHost", "host", "", ibm="AWS_PROXY_HOST"),
    Key("provider", "proxyPort", "whole", 0, 0, 65535, ibm="AWS_PROXY_PORT"),
    Key("provider", "proxyUser", "text", ""),
    Key("provider", "proxyPassword", "secret", ""),
    Key("provider", "connectTimeout", "number", 10, 0.1, 300, ibm="AWS_CONNECTION_TIMEOUT_MS", scale=0.001),
    Key("provider", "retryAttempts", "whole", 2, 0, 10, ibm="AWS_REQUEST_RETRY_ATTEMPTS"),
    Key("provider", "pendingTimeout", "whole", None, 180, 10000, ibm="AWS_INSTANCE_PENDING_TIMEOUT_SEC"),
    Key("storage", "kind", "text", "json", choices=("json", "sqlite")),
    Key("storage", "historyDays", "whole", 90, 1, 3650),
    Key("storage", "lockTimeout", "number", 20, 0.1, 300),
    Key("storage", "events", "flag", False),
    Key("logging", "level", "text", "INFO", choices=LEVELS, ibm="LogLevel"),
    Key("logging", "maxSizeMb", "number", 10, 0.001, 10000),
    Key("logging", "rotations", "whole", 5, 0, 100),
    Key("logging", "ioLog", "flag", False),
    Key("template", "partialStatus", "text", "complete", choices=("complete", "complete_with_error")),
    Key("template", "requiredTags", "names", ()),
    Key("events", "log", "flag", True),
    Key("events", "audit", "flag", True),
    Key("approvals", "mode", "text", "off", choices=MODES),
    Key("approvals", "minApprovals", "whole", 1, 1, 10),
    Key("approvals", "unsigned", "flag", False),
    Key("approvals", "allowedSigners", "path", ""),
    Key("approvals", "publish", "flag", False),
    Key("lint", "suppress", "suppressions", ()),
    Key("limits", "deadline", "number", 60, 1, 280),
    Key("limits", "choreCalls", "whole", 5, 0, 1000),
    Key("limits", "choreSeconds", "number", 5, 0, 60),
)

#: keys of awsprov_config.json that this provider knows and does not act on, and what it does instead
IBM_WITHOUT_EFFECT: Final = {
    "AWS_KEY_FILE": "key pairs are named in the templates (keyName), and no private key is needed",
    "AWS_CREDENTIAL_RENEW_MARGIN": "credentials of roles are renewed when less than five minutes are left",
    "AWS_DESCRIBE_REQUEST_RETRY_ATTEMPTS": "a failed look leaves a request running until the next poll",
    "AWS_DESCRIBE_REQUEST_INTERVAL": "the pace of retries follows the AWS SDK's standard mode",
    "AWS_SPOT_TERMINATE_ON_RECLAIM": "machines that AWS reclaims are left to AWS",
    "AWS_TAG_InstanceID": "machines bear the request's tags; the instance id is no tag",
    "INSTANCE_CREATION_TIMEOUT": "the end of a request is its template's validity",
}


class UnexpectedValueError(ValueError):
    """A value does not fit its key; the caller knows where the value came from."""


def snake(name: str) -> str:
    """camelCase as snake_case."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def checked(key: Key, value: object) -> object:
    """A value as JSON gave it, in the type that the key promises; raises UnexpectedValueError."""
    if key.kind == "flag":
        return _only(value if isinstance(value, bool) else None)
    if key.kind in ("whole", "number"):
        return _number(key, value)
    if key.kind in ("texts", "names", "suppressions"):
        return _members(key.kind, value)
    if not isinstance(value, str):
        raise UnexpectedValueError
    if key.choices:
        return _only(value if value in key.choices else None)
    if key.reaches_body:
        _inert(value)
    return _only(value if _fits(key.kind, value) else None)


def loosely(key: Key, value: object) -> object:
    """A value as IBM's file or the environment writes it: numbers and flags may be texts."""
    if key.name == "level" and isinstance(value, str):
        return checked(key, level(value))
    if isinstance(value, str) and key.kind in ("whole", "number"):
        value = _parsed(value)
    if key.kind == "flag" and isinstance(value, str):
        value = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            value.strip().lower()
        )
    return checked(key, value)


def level(text: str) -> str:
    """A log level as ours: `LOG_WARNING`, `warning`, `WARN` are `WARN`; an empty one is `INFO` (IBM's default)."""
    name = text.strip().upper().removeprefix("LOG_")
    return LEVEL_ALIASES.get(name, name) or "INFO"


def _fits(kind: Kind, text: str) -> bool:
    if kind == "owner":
        return len(text) <= 64 and OWNER_CHARACTERS.issuperset(text)
    if kind == "prefix":
        return len(text) <= 200 and PREFIX_CHARACTERS.issuperset(text)
    if kind == "url" and text:
        authority = text.partition("://")[2].partition("/")[0]
        return text.startswith(("http://", "https://")) and not (set(text) & _BLANKS or "@" in authority)
    if kind == "host":
        return not set(text) & (_BLANKS | {"@", "/"}) and text.count(":") != 1
    return kind != "secret" or not text or reference_in(text) is not None


_BLANKS: Final = frozenset(" \t\r\n")


def _number(key: Key, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UnexpectedValueError
    if not key.low <= value <= key.high:
        raise UnexpectedValueError
    if key.kind == "number":
        return value
    if value != int(value):
        raise UnexpectedValueError
    return int(value)


def _parsed(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError as error:
        raise UnexpectedValueError from error


def _inert(value: str) -> None:
    """UnexpectedValueError for a text that no body may hold; an end of line would end a script's own quoting."""
    try:
        text(value)
    except Unfit as unfit:
        raise UnexpectedValueError from unfit


def _members(kind: Kind, value: object) -> object:
    if kind == "texts":
        return _tags(value)
    if not isinstance(value, list):
        raise UnexpectedValueError
    if kind == "names":
        return tuple(_only(one if isinstance(one, str) and one else None) for one in value)
    # read by `ohf lint` alone: no call of Host Factory whose configuration has none should pay for the module
    from ohf_iac.config.suppressions import suppression

    found = tuple(map(suppression, value))
    return _only(None if None in found else found)


def _tags(value: object) -> dict[str, str]:
    """Tags of everything: none that AWS or this provider sets, or they would end requests and change owners."""
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise UnexpectedValueError
    dropped: list[str] = []
    try:
        found = read_tags(value, dropped)
    except Unfit as unfit:
        raise UnexpectedValueError from unfit
    if dropped:
        raise UnexpectedValueError
    return found


def _only(value: object) -> object:
    if value is None:
        raise UnexpectedValueError
    return value
