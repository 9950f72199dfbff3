"""A stack as it is kept: what was asked, what stands, what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ohf_iac.local.intrinsics import Scope, TemplateError
from ohf_iac.local.moments import moment
from ohf_iac.local.resources import ResourceType, StackContext

if TYPE_CHECKING:
    from ohf_iac.local.scenario import Scenario
    from ohf_iac.local.world import Region, World

STACK_TYPE = "AWS::CloudFormation::Stack"
OnFailure = Literal["ROLLBACK", "DELETE", "DO_NOTHING"]


@dataclass(frozen=True, slots=True)
class Site:
    """Where stacks live: a region, the resource types known there, and the access key that asks."""

    region: Region
    types: Mapping[str, ResourceType]
    caller: str = ""

    @property
    def world(self) -> World:
        return self.region.world

    @property
    def scenario(self) -> Scenario:
        return self.region.world.scenario

    def now(self) -> float:
        return self.region.world.timeline.now()


@dataclass(frozen=True, slots=True)
class Version:
    """What a creation or update asks for: the body as sent, `values` as texts, `parameters` as Ref answers them."""

    body: str
    template: Mapping[str, Any]
    values: Mapping[str, str]
    parameters: Mapping[str, Any]
    tags: Mapping[str, str]
    needs: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `type` and ids are the stack's own for events of the stack."""

    id: str
    at: float
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    token: str
    properties: str


@dataclass(slots=True)
class StackResource:
    """A resource of a stack; an empty status means that its turn has not come."""

    logical_id: str
    type: str
    needs: frozenset[str]
    deletion_policy: str
    status: str = ""
    reason: str = ""
    physical_id: str = ""
    at: float = 0.0
    properties: Mapping[str, Any] = field(default_factory=dict)
    failed_deletes: int = 0


def planned(version: Version, logical_id: str) -> StackResource:
    """A resource of that version whose turn has not come."""
    definition = version.template["Resources"][logical_id]
    policy = str(definition.get("DeletionPolicy", "Delete"))
    return StackResource(logical_id, definition["Type"], version.needs[logical_id], policy)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a stack is to be run, as CreateStack said."""

    on_failure: OnFailure = "ROLLBACK"
    timeout_minutes: int | None = None
    role_arn: str | None = None
    capabilities: tuple[str, ...] = ()
    notification_arns: tuple[str, ...] = ()


@dataclass(slots=True)
class Detection:
    """A detection of drift that was begun; the resources' drifts, as they are told, once it has ended.

    `failed` says why it did not get at a resource; the others' drifts hold all the same.
    """

    id: str
    begun: float
    drifts: list[dict[str, Any]] | None = None
    failed: str = ""

    @property
    def status(self) -> str:
        """StackDriftStatus."""
        if self.drifts is None or (not self.drifts and not self.failed):
            return "NOT_CHECKED"
        found = {one["StackResourceDriftStatus"] for one in self.drifts}
        if found & {"MODIFIED", "DELETED"}:
            return "DRIFTED"
        return "UNKNOWN" if self.failed else "IN_SYNC"


@dataclass(slots=True)
class Stack:
    """A stack. `operation` counts its operations: what is due for an earlier one no longer counts.

    `tokens` maps each client token to the kind of operation that it was given for; `token` is the present one's.
    """

    id: str
    name: str
    version: Version
    terms: Terms
    created_at: float
    protected: bool = False
    status: str = ""
    reason: str = ""
    updated_at: float | None = None
    deleted_at: float | None = None
    token: str = ""
    operation: int = 0
    tokens: dict[str, str] = field(default_factory=dict)
    resources: dict[str, StackResource] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    change_sets: dict[str, Any] = field(default_factory=dict)
    drift: Detection | None = None

    @property
    def live(self) -> bool:
        return self.status != "DELETE_COMPLETE"


def record(
    site: Site, stack: Stack, resource: StackResource | None, status: str, reason: str = "", properties: str = ""
) -> None:
    """Give the resource (None: the stack itself) this status and write the event; no two events share a moment."""
    at = round(max(site.now(), stack.events[-1].at + 0.001) if stack.events else site.now(), 3)
    if resource is None:
        stack.status, stack.reason = status, reason
        event_id = site.region.ids.uuid("event")
        names = (stack.name, stack.id, STACK_TYPE)
    else:
        resource.status, resource.reason, resource.at = status, reason, at
        stamp = moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event_id = f"{resource.logical_id}-{status}-{stamp}"
        names = (resource.logical_id, resource.physical_id, resource.type)
    stack.events.append(Event(event_id, at, *names, status, reason, stack.token, properties))


def after(site: Site, stack: Stack, delay: float, action: Callable[[], None]) -> None:
    """Have `action` carried out later, unless another operation has begun on the stack by then."""
    operation = stack.operation

    def still_wanted() -> None:
        if stack.operation == operation:
            action()

    site.world.timeline.later(delay, still_wanted)


def context_of(site: Site, stack: Stack, logical_id: str) -> StackContext:
    """What a resource type is told of the stack."""
    return StackContext(
        account=site.region.account,
        region=site.region.name,
        stack_id=stack.id,
        stack_name=stack.name,
        logical_id=logical_id,
        tags=stack.version.tags,
    )


def scope_of(site: Site, stack: Stack) -> Scope:
    """What names in the stack's template mean now; resources answer with what stands."""

    def reference(name: str) -> str:
        return stack.resources[name].physical_id

    def attribute(name: str, wanted: str) -> str:
        resource = stack.resources[name]
        context = context_of(site, stack, name)
        try:
            return site.types[resource.type].attribute(site.world, context, resource.physical_id, wanted)
        except KeyError:
            raise TemplateError(
                f"Requested attribute {wanted} does not exist in schema for {resource.type}"
            ) from None

    return Scope(
        parameters=stack.version.parameters,
        pseudo=pseudo_parameters(site, stack.id, stack.name),
        reference=reference,
        attribute=attribute,
        conditions=stack.version.template.get("Conditions") or {},
        mappings=stack.version.template.get("Mappings") or {},
    )


def outline_scope(site: Site, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> Scope:
    """The scope before anything stands: resources and the stack itself are left by name."""
    return Scope(
        parameters=parameters,
        pseudo=pseudo_parameters(site, "${AWS::StackId}", "${AWS::StackName}"),
        reference=lambda name: f"${{{name}}}",
        attribute=lambda name, wanted: f"${{{name}.{wanted}}}",
        conditions=template.get("Conditions") or {},
        mappings=template.get("Mappings") or {},
    )


def pseudo_parameters(site: Site, stack_id: str, stack_name: str) -> dict[str, Any]:
    """CloudFormation's own parameters; AWS::NoValue is the evaluation's business."""
    return {
        "AWS::AccountId": site.region.account,
        "AWS::NotificationARNs": [],
        "AWS::Partition": "aws",
        "AWS::Region": site.region.name,
        "AWS::StackId": stack_id,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }
