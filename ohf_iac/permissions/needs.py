"""What a catalogue makes use of in AWS: the facts that policies are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, INSTANT, SPOT_MAINTAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ohf_iac.config.references import Reference
    from ohf_iac.stack import StackSpec
    from ohf_iac.template.kinds import Kind

#: partition -> domain of its services' names where they differ (IAM user guide, service principals)
_DOMAINS: Final = {"aws-cn": "amazonaws.com.cn"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is all meant for; `*` stands for any region or account."""

    partition: str = "aws"
    region: str = "*"
    account: str = "*"

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """An ARN there; IAM's have no region, images' and S3's no account."""
        where = self.region if region is None else region
        whose = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{where}:{whose}:{resource}"

    def ec2(self, resource: str) -> str:
        """The ARN of one or all of a type of EC2 resource."""
        return self.arn("ec2", resource, account="" if resource.startswith("image/") else None)

    def role(self, name: str) -> str:
        """A role's ARN by its name or ARN."""
        return name if name.startswith("arn:") else self.arn("iam", f"role/{name}", region="")

    def services(self, name: str) -> tuple[str, ...]:
        """The names by which roles are passed to a service: some of China's have a domain of their own."""
        own = _DOMAINS.get(self.partition)
        return (f"{name}.amazonaws.com", *((f"{name}.{own}",) if own else ()))


def partition_of(region: str) -> str:
    """The partition that a region belongs to (AWS General Reference, ARNs)."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


@dataclass(frozen=True, slots=True)
class Needs:
    """One provider instance: its stacks as they are specified, its roles and its bucket.

    Texts are "" where there is nothing of the kind. `instance_roles` maps an instance profile's name to the role in
    it, where that has another name, and the id of a foreign launch template to the role of its machines.
    `assumed_role` is the one that the host works as, `secret` where a secret of the configuration is kept. `prefix`
    is the bucket's folder of bodies; `published`: stacks are made from what lies there; `locked`: and from nothing
    else, for which AWS itself is to see.
    """

    place: Place
    owner: str
    specs: tuple[StackSpec, ...]
    service_role: str
    bucket: str
    instance_roles: Mapping[str, str]
    assumed_role: str = ""
    secret: Reference | None = None
    prefix: str = ""
    published: bool = False
    locked: bool = False

    @property
    def bodies(self) -> str:
        """The objects that hold bodies, as an ARN; "" without a bucket."""
        folder = f"{self.prefix.strip('/')}/".lstrip("/")
        return self.place.arn("s3", f"{self.bucket}/{folder}*.json", region="", account="") if self.bucket else ""

    @property
    def body_urls(self) -> str:
        """The URLs of all versions of these objects, in a policy's pattern: `?` stands for itself too."""
        folder = f"{self.prefix.strip('/')}/".lstrip("/")
        host = f"{self.bucket}.s3.{self.place.region}.{_DOMAINS.get(self.place.partition, 'amazonaws.com')}"
        return f"https://{host}/{folder}*.json?versionId=*"

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset(one.template.kind for one in self.specs)

    @property
    def has_rest(self) -> bool:
        """Whether some stack buys an on-demand rest, which is an update and an instant EC2 Fleet more."""
        return any(one.rest_pools for one in self.specs)

    @property
    def groups(self) -> bool:
        return ASG in self.kinds

    @property
    def instant(self) -> bool:
        """Whether some fleet launches with the permissions of whoever makes it, not by a service-linked role."""
        return INSTANT in self.kinds or self.has_rest

    @property
    def fleets(self) -> bool:
        return self.has_rest or any(kind.startswith("EC2Fleet") for kind in self.kinds)

    @property
    def lasting_fleets(self) -> bool:
        """Whether some EC2 Fleet goes on launching: its machines and history are asked for apart."""
        return any(kind.startswith("EC2Fleet") and kind != INSTANT for kind in self.kinds)

    @property
    def spot_fleets(self) -> bool:
        return any(kind.startswith("SpotFleet") for kind in self.kinds)

    @property
    def maintained(self) -> frozenset[Kind]:
        """The kinds of fleet that are frozen by a call."""
        return self.kinds & {FLEET_MAINTAIN, SPOT_MAINTAIN}

    @property
    def spot(self) -> bool:
        """Whether machines may be spot ones; what a foreign launch template buys is not known."""
        return any(one.purchase != "ondemand" or not one.owns_launch_template for one in self.specs)

    @property
    def own_templates(self) -> tuple[StackSpec, ...]:
        return tuple(one for one in self.specs if one.owns_launch_template)

    @property
    def foreign_templates(self) -> tuple[StackSpec, ...]:
        return tuple(one for one in self.specs if not one.owns_launch_template)


def gathered(specs: Iterable[StackSpec], said: Callable[[StackSpec], Iterable[str]]) -> tuple[str, ...]:
    """All that the stacks say of one thing, each once, in order."""
    return tuple(sorted({value for one in specs for value in said(one) if value}))
