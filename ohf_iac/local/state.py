"""Everything that lives, as one JSON document: for tests and for people who wonder what is going on."""

from __future__ import annotations

from typing import Any

from ohf_iac.local.fleet_record import Fleet
from ohf_iac.local.group_record import Group
from ohf_iac.local.machines import Machine
from ohf_iac.local.stack_record import Stack
from ohf_iac.local.world import Region, World

Document = dict[str, Any]


def state_of(world: World) -> Document:
    """The present time, and what is in each region that anybody has looked at."""
    return {
        "now": world.timeline.now(),
        "profile": world.scenario.profile,
        "regions": [_region(region) for region in world.regions.values()],
    }


def _region(region: Region) -> Document:
    return {
        "account": region.account,
        "region": region.name,
        "stacks": [_stack(stack) for stack in region.stacks.values()],
        "machines": [_machine(machine) for machine in region.machines.values()],
        "fleets": [_fleet(fleet) for fleet in region.fleets.values()],
        "spotFleets": [_fleet(fleet) for fleet in region.spot_fleets.values()],
        "groups": [_group(group) for group in region.groups.values()],
    }


def _stack(stack: Stack) -> Document:
    return {
        "id": stack.id,
        "name": stack.name,
        "status": stack.status,
        "reason": stack.reason,
        "resources": {
            name: {"type": resource.type, "status": resource.status, "physicalId": resource.physical_id}
            for name, resource in stack.resources.items()
        },
    }


def _machine(machine: Machine) -> Document:
    return {
        "id": machine.id,
        "state": machine.state,
        "type": machine.recipe.instance_type,
        "zone": machine.recipe.subnet.zone,
        "spot": machine.recipe.spot,
        "name": machine.dns_name,
        "tags": machine.tags,
        "reason": machine.reason[0] if machine.reason else "",
    }


def _fleet(fleet: Fleet) -> Document:
    return {
        "id": fleet.id,
        "kind": fleet.kind,
        "state": fleet.state,
        "target": fleet.targets.total,
        "fulfilled": fleet.fulfilled(),
        "closed": fleet.closed,
        "members": list(fleet.members),
    }


def _group(group: Group) -> Document:
    return {
        "name": group.name,
        "desired": group.desired,
        "minimum": group.minimum,
        "maximum": group.maximum,
        "suspended": sorted(group.suspended),
        "members": list(group.members),
    }
