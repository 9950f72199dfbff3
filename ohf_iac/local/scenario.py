"""What the local AWS is to be like: how fast, how scarce, how forgetful, how faulty.

`schemas/scenario.json` says the same to editors and pipelines. All times are virtual seconds unless said otherwise.
The defaults of the dataclasses are the profile `plain`: nothing is forgotten, nothing lags, nothing fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, get_args, get_type_hints

from ohf_iac.local.reading import DocumentRefused, build, camel

Profile = Literal["plain", "realistic"]
FaultKind = Literal["throttle", "error", "delay", "reset", "garbage", "lost", "truncated"]


def _none() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Pace:
    """`per_call`: seconds by which each AWS call moves the clock on."""

    per_call: float = 0.0


@dataclass(frozen=True, slots=True)
class TypeTimes:
    """Times of one resource type (or logical id) where they differ from the general ones."""

    resource_start: float | None = None
    resource_done: float | None = None
    resource_delete: float | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """How long things take.

    A resource has its physical id `resource_start` after its turn came, and is done `resource_done` later at
    the earliest. A group or maintain fleet replaces a lost member after `replace`. `launch` lies between the
    decision to launch and the instance's existence; of one decision, `launch_batch` instances (0: all) come
    every `launch_interval`. An interrupted spot instance runs on for `spot_notice`. An instance has no private
    DNS name for the first `name` seconds. A change set is being made for `change_set`, drift being detected for
    `drift`.
    """

    resource_start: float = 1.0
    resource_done: float = 2.0
    resource_delete: float = 2.0
    pending: float = 15.0
    shutdown: float = 20.0
    replace: float = 60.0
    launch: float = 0.0
    launch_batch: int = 0
    launch_interval: float = 5.0
    spot_notice: float = 120.0
    name: float = 0.0
    change_set: float = 0.0
    drift: float = 0.0
    types: Mapping[str, TypeTimes] = field(default_factory=_none)

    def start(self, type_name: str, logical_id: str = "") -> float:
        """Seconds from a resource's turn to its physical id."""
        own = self._own(type_name, logical_id).resource_start
        return self.resource_start if own is None else own

    def done(self, type_name: str, logical_id: str = "") -> float:
        """Seconds from the physical id to the first question whether the resource is done."""
        own = self._own(type_name, logical_id).resource_done
        return self.resource_done if own is None else own

    def delete(self, type_name: str, logical_id: str = "") -> float:
        """Seconds from the start of a deletion to the first question whether the resource is gone."""
        own = self._own(type_name, logical_id).resource_delete
        return self.resource_delete if own is None else own

    def _own(self, type_name: str, logical_id: str) -> TypeTimes:
        return self.types.get(logical_id) or self.types.get(type_name) or TypeTimes()


@dataclass(frozen=True, slots=True)
class Quota:
    """Live machines at most in a region, per lifecycle; None: no limit."""

    ondemand: int | None = None
    spot: int | None = None


@dataclass(frozen=True, slots=True)
class Refusals:
    """`ids` do not exist, whatever `adopt` says; the value is the message, "" for AWS's own."""

    ids: Mapping[str, str] = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Image:
    """What an adopted image is like."""

    root_device_name: str = "/dev/xvda"
    architecture: Literal["x86_64", "arm64", "i386", "x86_64_mac", "arm64_mac"] = "x86_64"


@dataclass(frozen=True, slots=True)
class Subnet:
    """What a subnet is like where it differs: its zone, and how many addresses are free (None: enough)."""

    zone: str | None = None
    free_addresses: int | None = None


@dataclass(frozen=True, slots=True)
class LaunchFailure:
    """The next `count` launches (None: all) of a type in a zone go wrong.

    `pending-then-terminated`: the instance exists and then ends with this StateReason. `refused`: the launch itself
    fails with code and message (a missing iam:PassRole, say), no instance exists.
    """

    type: str = "*"
    zone: str = "*"
    count: int | None = None
    state: Literal["pending-then-terminated", "refused"] = "pending-then-terminated"
    code: str = "Client.InternalError"
    message: str = "Client error on launch"


@dataclass(frozen=True, slots=True)
class DeleteFailure:
    """Deleting fails with `reason`, the first `times` times (None: always)."""

    reason: str = "Resource deletion failed"
    times: int | None = None


@dataclass(frozen=True, slots=True)
class StackTroubles:
    """`fail_create` and `fail_delete` are keyed by resource type or logical id; `limit` is the stack quota.

    With `fail_change_set` change sets fail, for that reason; the detection of drift does not get at what
    `fail_drift` names by type or logical id.
    """

    fail_create: Mapping[str, str] = field(default_factory=_none)
    fail_delete: Mapping[str, DeleteFailure] = field(default_factory=_none)
    limit: int | None = None
    fail_change_set: str = ""
    fail_drift: Mapping[str, str] = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Forget:
    """After how long AWS forgets what has ended; None: never."""

    terminated_tags: float | None = None
    terminated_instances: float | None = None
    deleted_stacks: float | None = None
    deleted_fleets: float | None = None
    spot_requests: float | None = None


@dataclass(frozen=True, slots=True)
class Lag:
    """How long news takes to reach readers, and how long launches in flight still arrive after a freeze."""

    tag_filter: float = 0.0
    new_instance: float = 0.0
    new_stack: float = 0.0
    in_flight: float = 0.0


@dataclass(frozen=True, slots=True)
class Uncertain:
    """What AWS's documents leave open: each switch chooses one reading."""

    instant_empty: Literal["complete", "fail"] = "complete"
    instant_partial: Literal["complete", "fail"] = "complete"
    group_short: Literal["progress", "complete", "fail"] = "progress"
    fleet_stack: Literal["active", "fulfilled"] = "active"
    expired_delete: Literal["terminate", "leave", "fail"] = "terminate"
    spot_fleet_delete: Literal["terminate", "leave"] = "terminate"
    same_token: Literal["stackId", "exists"] = "stackId"  # noqa: S105 - a way to answer, no password
    group_system_tags: Literal[True, False] = True
    expired_state: Literal["deleted", "active-for-minutes"] = "deleted"
    review_stack: Literal["bare", "tagged"] = "bare"
    drift_checked: Literal["fleets", "groups"] = "fleets"


@dataclass(frozen=True, slots=True)
class Fault:
    """Calls that go wrong: all whose service and action match the fnmatch patterns, after the first `after`.

    At most `times` calls (None: all) are hit, each with `probability`; with `rate` (calls per virtual second)
    and `burst`, only those beyond the rate. `seconds` of a delay are real ones. `lost`: carried out, then the
    connection is reset; `truncated`: carried out, and half of the answer is sent. `body`: what `garbage` answers.
    """

    service: str = "*"
    action: str = "*"
    kind: FaultKind = "throttle"
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    rate: float | None = None
    burst: float | None = None
    status: int | None = None
    code: str | None = None
    message: str | None = None
    body: str | None = None
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """The whole scenario; `capacity` maps TYPE, ZONE/TYPE, ZONE/* or * to live machines at most.

    With `adopt`, every well-formed subnet, security group, image, key pair and profile id exists, and every
    Systems Manager parameter, as that of an image.
    """

    profile: Profile = "plain"
    seed: int = 0
    clock: Pace = Pace()
    times: Times = Times()
    capacity: Mapping[str, int] = field(default_factory=_none)
    quota: Quota = Quota()
    refuse: Refusals = Refusals()
    adopt: bool = True
    images: Mapping[str, Image] = field(default_factory=_none)
    subnets: Mapping[str, Subnet] = field(default_factory=_none)
    launch_failures: tuple[LaunchFailure, ...] = ()
    stacks: StackTroubles = StackTroubles()
    forget: Forget = Forget()
    lag: Lag = Lag()
    uncertain: Uncertain = Uncertain()
    faults: tuple[Fault, ...] = ()


PROFILES: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "realistic": {
        "times": {"launch": 3, "launchBatch": 2},
        "forget": {
            "terminatedTags": 600,
            "terminatedInstances": 3600,
            "deletedStacks": 7776000,
            "deletedFleets": 172800,
            "spotRequests": 14400,
        },
        "lag": {"tagFilter": 3, "newInstance": 2, "newStack": 2, "inFlight": 10},
    },
}


def parse(document: Mapping[str, Any]) -> Scenario:
    """The scenario of a JSON document laid over the profile that it names. Raises DocumentRefused."""
    if not isinstance(document, Mapping):
        raise DocumentRefused(f"scenario: expected an object, found {document!r}")
    profile = document.get("profile", "plain")
    if profile not in PROFILES:
        raise DocumentRefused(f"profile: expected one of {', '.join(PROFILES)}, found {profile!r}")
    return build(Scenario, _failure_objects(overlay(PROFILES[profile], document)), "")


def overlay(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """`top` laid over `base`: objects are merged key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in top.items():
        under = merged.get(key)
        merged[key] = overlay(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def _failure_objects(document: dict[str, Any]) -> dict[str, Any]:
    """A bare reason under stacks.failDelete is short for an object."""
    stacks = document.get("stacks")
    if not isinstance(stacks, Mapping) or not isinstance(stacks.get("failDelete"), Mapping):
        return document
    failures = {k: {"reason": v} if isinstance(v, str) else v for k, v in stacks["failDelete"].items()}
    return {**document, "stacks": {**stacks, "failDelete": failures}}


def _switches() -> Mapping[str, tuple[Any, ...]]:
    """Every switch by its dotted name in the document, with all its values; the first is the default."""
    found: dict[str, tuple[Any, ...]] = {}
    for section, kind in (("forget", Forget), ("lag", Lag)):
        for member in fields(kind):
            name = camel(member.name)
            found[f"{section}.{name}"] = (member.default, PROFILES["realistic"][section][name])
    hints = get_type_hints(Uncertain)
    for member in fields(Uncertain):
        found[f"uncertain.{camel(member.name)}"] = get_args(hints[member.name])
    return MappingProxyType(found)


SWITCHES = _switches()
