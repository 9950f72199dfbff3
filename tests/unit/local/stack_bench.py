"""A region with pretended resource types, to hold the stack engine against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ohf_iac.local import stack_orders, stack_reads
from ohf_iac.local.clock import Timeline
from ohf_iac.local.resources import Progress, ResourceRefused, StackContext
from ohf_iac.local.scenario import parse
from ohf_iac.local.stack_record import Site
from ohf_iac.local.world import World

NETWORK, BOX = "Test::Fake::Network", "Test::Fake::Box"


@dataclass
class Thing:
    """A pretended resource type: `Refuse` refuses, `Broken` fails while being made, `Slow` takes that long."""

    prefix: str
    made: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def create(self, world: World, context: StackContext, properties: Mapping[str, Any]) -> str:
        if "Refuse" in properties:
            raise ResourceRefused(properties["Refuse"])
        physical_id = f"{self.prefix}-{len(self.since) + 1}"
        self.made[physical_id], self.since[physical_id] = properties, world.timeline.now()
        self.log.append(f"create {context.logical_id}")
        return physical_id

    def progress(self, world: World, context: StackContext, physical_id: str) -> Progress:
        del context
        properties = self.made[physical_id]
        if world.timeline.now() - self.since[physical_id] < float(properties.get("Slow", 0)):
            return Progress()
        return Progress(failed=properties["Broken"]) if "Broken" in properties else Progress(done=True)

    def attribute(self, world: World, context: StackContext, physical_id: str, name: str) -> str:
        del world, context
        return {"Name": f"{physical_id}.name"}[name]

    def update(
        self,
        world: World,
        context: StackContext,
        physical_id: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
    ) -> str:
        del old
        if "Refuse" in new:
            raise ResourceRefused(new["Refuse"])
        self.made[physical_id], self.since[physical_id] = new, world.timeline.now()
        self.log.append(f"update {context.logical_id}")
        return physical_id

    def delete(self, world: World, context: StackContext, physical_id: str) -> None:
        del world
        self.made.pop(physical_id, None)
        self.log.append(f"delete {context.logical_id}")

    def deleted(self, world: World, context: StackContext, physical_id: str) -> Progress:
        del world, context
        return Progress(done=physical_id not in self.made)


@dataclass
class Bench:
    """One region at a virtual time that only `advance` moves."""

    site: Site
    boxes: Thing
    networks: Thing

    def advance(self, seconds: float) -> None:
        self.site.world.timeline.advance(seconds)

    def create(self, template: Mapping[str, Any], name: str = "s", **params: Any) -> str:
        stack = stack_orders.create_stack(
            self.site, {"StackName": name, "TemplateBody": json.dumps(template), **params}
        )
        return stack.id

    def status(self, name: str = "s") -> str:
        described = stack_reads.describe_stacks(self.site, {"StackName": name})["Stacks"]
        return str(described[0]["StackStatus"])

    def events(self, name: str = "s") -> list[tuple[str, str, str]]:
        """Logical id, status and reason, oldest first."""
        found = stack_reads.describe_stack_events(self.site, {"StackName": name})["StackEvents"]
        return [
            (event["LogicalResourceId"], event["ResourceStatus"], event["ResourceStatusReason"] or "")
            for event in reversed(found)
        ]


def bench(**scenario: Any) -> Bench:
    """A fresh region under this scenario; its wall stands still."""
    timeline = Timeline(wall=lambda: 1_700_000_000.0)
    world = World(timeline, parse(scenario))
    boxes, networks = Thing("box"), Thing("net")
    site = Site(world.region("123456789012", "us-east-1"), {BOX: boxes, NETWORK: networks})
    return Bench(site, boxes, networks)


def template(**resources: Mapping[str, Any]) -> dict[str, Any]:
    """A template with these resources."""
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def box(**properties: Any) -> dict[str, Any]:
    """A box with these properties."""
    return {"Type": BOX, "Properties": properties}


def network(**properties: Any) -> dict[str, Any]:
    """A network with these properties."""
    return {"Type": NETWORK, "Properties": properties}
