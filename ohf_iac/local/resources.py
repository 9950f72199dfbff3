"""What CloudFormation asks of a resource type: make it, say how far it is, change it, take it away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ohf_iac.local.world import World


class ResourceRefused(Exception):  # noqa: N818 - it is what the stack's event says, not a fault of this program
    """The resource cannot be made, changed or deleted; `reason` is worded as a stack event words it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an asynchronous operation is; an empty `failed` means that nothing went wrong so far."""

    done: bool = False
    failed: str = ""


@dataclass(frozen=True, slots=True)
class StackContext:
    """Where a resource belongs: account, region and stack; `tags` are the stack's own tags."""

    account: str
    region: str
    stack_id: str
    stack_name: str
    logical_id: str
    tags: Mapping[str, str]


class ResourceType(Protocol):
    """One resource type. Numbers and booleans in properties may be strings, as CloudFormation sends them."""

    def create(self, world: World, context: StackContext, properties: Mapping[str, Any]) -> str:
        """Start making it; the physical id. Raises ResourceRefused."""
        ...

    def progress(self, world: World, context: StackContext, physical_id: str) -> Progress:
        """Asked again and again while the resource is being created or updated."""
        ...

    def attribute(self, world: World, context: StackContext, physical_id: str, name: str) -> str:
        """The value of Fn::GetAtt. Raises KeyError for a name the type does not have."""
        ...

    def update(
        self,
        world: World,
        context: StackContext,
        physical_id: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
    ) -> str:
        """Change it in place or replace it; the physical id from now on. Raises ResourceRefused."""
        ...

    def delete(self, world: World, context: StackContext, physical_id: str) -> None:
        """Start taking it away; taking away what is gone is no error. Raises ResourceRefused."""
        ...

    def deleted(self, world: World, context: StackContext, physical_id: str) -> Progress:
        """Asked again and again while the resource is being deleted."""
        ...
