"""The configuration as values. Named tuples for the reason given at `keys.Key`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.template.defaults import TemplateDefaults


class Setting(NamedTuple):
    """One value and where it came from: `default`, a file with its path, or an environment variable."""

    section: str
    key: str
    value: object
    origin: str


class Provider(NamedTuple):
    """Who we are towards AWS. Empty texts are "not said"; times in seconds.

    `owner` is never empty: without one it is the provider's name. `retry_attempts` counts the attempts after the
    first. `pending_timeout` is None unless a file or the environment sets it. `proxy_password` is a reference to
    where it is kept (`ohf_iac.config.references`), never the password.
    """

    owner: str
    region: str
    profile: str
    credentials_file: str
    credential_script: str
    assume_role_arn: str
    role_session_name: str
    role_external_id: str
    role_duration: int
    service_role_arn: str
    template_bucket: str
    template_prefix: str
    ec2_endpoint: str
    cloudformation_endpoint: str
    autoscaling_endpoint: str
    sts_endpoint: str
    s3_endpoint: str
    proxy_host: str
    proxy_port: int
    proxy_user: str
    proxy_password: str
    connect_timeout: float
    retry_attempts: int
    pending_timeout: int | None

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Configured endpoint URLs by botocore's service name; a service that is not here has none."""
        found = {
            "ec2": self.ec2_endpoint,
            "cloudformation": self.cloudformation_endpoint,
            "autoscaling": self.autoscaling_endpoint,
            "sts": self.sts_endpoint,
            "s3": self.s3_endpoint,
        }
        return {service: url for service, url in found.items() if url}


class Storage(NamedTuple):
    """Our memory: which store, how many days of settled requests it keeps, how long to wait for its lock.

    `events` asks for a table of domain events, which the SQLite store alone has.
    """

    kind: str
    history_days: int
    lock_timeout: float
    events: bool


class Logging(NamedTuple):
    """The log file; `max_size_mb` in units of 1,000,000 bytes, `rotations` old files are kept beside it."""

    level: str
    max_size_mb: float
    rotations: int
    io_log: bool

    @property
    def max_bytes(self) -> int:
        return int(self.max_size_mb * 1_000_000)


class Template(NamedTuple):
    """Defaults of all host templates, how a partly filled request ends unless its template says otherwise, and the
    tags without which lint lets no template pass.
    """

    defaults: TemplateDefaults
    partial_status: str
    required_tags: tuple[str, ...]


class Events(NamedTuple):
    """Which observers hear domain events."""

    log: bool
    audit: bool


class Approvals(NamedTuple):
    """Whether a body needs an approval before it is sent, and what an approval has to be.

    `mode` is off, warn or enforce. Approvals come from `min_approvals` persons; signed ones are checked against the
    file `allowed_signers`, and `unsigned` lets others count too. With `publish` stacks are made from what was
    published on S3 alone.
    """

    mode: str
    min_approvals: int
    unsigned: bool
    allowed_signers: str
    publish: bool


class Suppression(NamedTuple):
    """A rule of lint that does not count, for one template or ("") for all, until the end of a day (ISO, UTC)."""

    rule: str
    template: str
    reason: str
    until: str


class Lint(NamedTuple):
    """What `ohf lint` is told."""

    suppress: tuple[Suppression, ...]


class Limits(NamedTuple):
    """Seconds that one operation may take in all, and what chores may take of AWS calls and seconds."""

    deadline: float
    chore_calls: int
    chore_seconds: float


class Settings(NamedTuple):
    """All that the configuration folder and the environment say. Folders are absolute.

    `search` lists the folders in which configuration files are looked for, first one first. `warnings` are for the
    log: keys nobody knows, IBM's keys without effect.
    """

    provider_name: str
    conf_dir: str
    work_dir: str
    log_dir: str
    search: tuple[str, ...]
    provider: Provider
    storage: Storage
    logging: Logging
    template: Template
    events: Events
    approvals: Approvals
    lint: Lint
    limits: Limits
    warnings: tuple[str, ...] = ()

    @property
    def database_file(self) -> str:
        return self.database_of(self.storage.kind)

    def database_of(self, kind: str) -> str:
        """The file of the store of that kind, which is the end of its name."""
        return f"{self.work_dir}/{self.provider_name}-request_database.{kind}"

    @property
    def audit_file(self) -> str:
        return f"{self.work_dir}/{self.provider_name}-audit.jsonl"

    @property
    def roles_file(self) -> str:
        """Where credentials of assumed roles are kept between processes."""
        return f"{self.work_dir}/{self.provider_name}-roles.json"

    @property
    def io_log_file(self) -> str:
        return f"{self.log_dir}/{self.provider_name}-io.jsonl"

    def log_file(self, host: str) -> str:
        """The log of this provider on one host: several hosts may share the log folder."""
        return f"{self.log_dir}/{self.provider_name}-provider.log.{host}"
