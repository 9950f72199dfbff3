"""An instance and its life: pending, running, shutting-down, terminated, forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ohf_iac.local.places import Image, Subnet

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html
STATE_CODES: Mapping[str, int] = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
ALIVE = ("pending", "running")
ENDING = ("shutting-down", "terminated")
BY_USER = "Client.UserInitiatedShutdown"
INTERRUPTED = "Server.SpotInstanceTermination"
REASONS: Mapping[str, str] = {
    BY_USER: "User initiated shutdown",
    INTERRUPTED: "Spot instance termination",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one machine is made of: a launch template's data with an override laid over it, and where it goes."""

    data: Mapping[str, Any]
    instance_type: str
    image: Image
    subnet: Subnet
    spot: bool = False
    profile_arn: str = ""
    template_id: str = ""
    template_version: str = ""


@dataclass(slots=True)
class Volume:
    """A volume made with a machine; `device` is where it is attached."""

    id: str
    device: str
    ebs: Mapping[str, Any]
    tags: dict[str, str]


@dataclass(slots=True)
class Machine:
    """An instance. `tag_times` says since when a tag has had its value, for filters that lag.

    `lost` is told, once, when the machine stops being of use; `written` keeps its XML until something changes.
    """

    id: str
    number: int
    reservation_id: str
    recipe: Recipe
    private_ip: str
    dns_name: str
    launched: float
    tags: dict[str, str]
    lost: Callable[[Machine], None]
    weight: float = 1.0
    interface_id: str = ""
    interface_tags: dict[str, str] = field(default_factory=dict)
    volumes: list[Volume] = field(default_factory=list)
    spot_request_id: str = ""
    protected: bool = False
    state: str = "pending"
    reason: tuple[str, str] | None = None
    transition: str = ""
    tag_times: dict[str, float] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    written: str | None = None

    @property
    def alive(self) -> bool:
        """Pending or running: it counts as a member of whatever owns it."""
        return self.state in ALIVE

    def change(self, state: str) -> None:
        self.state = state
        self.written = None


def begin(region: Region, machine: Machine) -> None:
    """Enter a new machine in the region's books; it runs after `times.pending`."""
    region.machines[machine.id] = machine
    region.occupied[_place(machine)] += 1
    for key, value in machine.tags.items():
        machine.tag_times[key] = machine.launched
        region.by_tag.setdefault((key, value), {})[machine.id] = machine
    _name(region, machine, region.scenario.times.name)
    region.later(region.scenario.times.pending, lambda: _run(machine))


def terminate(region: Region, machine: Machine, code: str = BY_USER, message: str = "") -> None:
    """Shut it down; after `times.shutdown` it is terminated. On one that is ending already: nothing."""
    if machine.state in ENDING:
        return
    machine.reason = (code, f"{code}: {message or REASONS.get(code, code)}")
    machine.transition = _transition(region, code)
    machine.change("shutting-down")
    close_spot_request(region, machine, code)
    region.later(region.scenario.times.shutdown, lambda: _terminated(region, machine))
    machine.lost(machine)


def fail(region: Region, machine: Machine, code: str, message: str) -> None:
    """End a machine that did not come up: from pending straight to terminated."""
    if machine.state != "pending":
        return
    machine.reason = (code, f"{code}: {message}")
    machine.transition = _transition(region, code)
    close_spot_request(region, machine, code)
    _terminated(region, machine)
    machine.lost(machine)


def stop(region: Region, machine: Machine) -> None:
    """Stop a running machine; after `times.shutdown` it is stopped."""
    if machine.state != "running":
        return
    machine.reason = (BY_USER, f"{BY_USER}: {REASONS[BY_USER]}")
    machine.transition = _transition(region, BY_USER)
    machine.change("stopping")
    region.later(region.scenario.times.shutdown, lambda: _stopped(machine))
    machine.lost(machine)


def start(region: Region, machine: Machine) -> None:
    """Start a stopped machine again."""
    if machine.state != "stopped":
        return
    machine.reason, machine.transition = None, ""
    machine.change("pending")
    region.later(region.scenario.times.pending, lambda: _run(machine))


def close_spot_request(region: Region, machine: Machine, code: str) -> None:
    """The end of a spot machine ends its request; an interruption has set the status before.

    Statuses: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-request-status.html
    """
    request = region.spot_requests.get(machine.spot_request_id)
    if request is None or request.state != "active":
        return
    by_user = code == BY_USER
    request.state = "closed"
    request.code = "instance-terminated-by-user" if by_user else "instance-terminated-no-capacity"
    request.message = "Spot instance was terminated due to user-initiated termination." if by_user else code
    request.updated = region.now()
    forget_spot_request(region, request.id)


def forget_spot_request(region: Region, request_id: str) -> None:
    """Have an ended request vanish after `forget.spotRequests`."""
    if region.scenario.forget.spot_requests is not None:
        region.later(region.scenario.forget.spot_requests, lambda: _drop_request(region, request_id))


def set_tags(region: Region, machine: Machine, tags: Mapping[str, str]) -> None:
    """Give it these tags; a value that was there already stays as old as it was."""
    for key, value in tags.items():
        if machine.tags.get(key) == value:
            continue
        _unindex(region, machine, key)
        machine.tags[key] = value
        machine.tag_times[key] = region.now()
        region.by_tag.setdefault((key, value), {})[machine.id] = machine
    machine.written = None


def drop_tag(region: Region, machine: Machine, key: str) -> None:
    """Take a tag off, if it is there."""
    _unindex(region, machine, key)
    machine.tags.pop(key, None)
    machine.tag_times.pop(key, None)
    machine.written = None


def _name(region: Region, machine: Machine, after: float) -> None:
    """Let the machine be known by its private DNS name, at once or later."""
    if after:
        name, machine.dns_name = machine.dns_name, ""
        region.later(after, lambda: _named(region, machine, name))
    else:
        region.by_name[machine.dns_name] = machine


def _named(region: Region, machine: Machine, name: str) -> None:
    if machine.state != "terminated":
        machine.dns_name, machine.written = name, None
        region.by_name[name] = machine


def _run(machine: Machine) -> None:
    if machine.state == "pending":
        machine.change("running")


def _stopped(machine: Machine) -> None:
    if machine.state == "stopping":
        machine.change("stopped")


def _terminated(region: Region, machine: Machine) -> None:
    """Its address goes back, and AWS no longer shows its name; then it fades."""
    machine.change("terminated")
    region.occupied[_place(machine)] -= 1
    region.by_name.pop(machine.dns_name, None)
    region.places.release(machine.recipe.subnet, machine.private_ip)
    forget = region.scenario.forget
    if forget.terminated_tags is not None:
        region.later(forget.terminated_tags, lambda: _fade(region, machine))
    if forget.terminated_instances is not None:
        region.later(forget.terminated_instances, lambda: _vanish(region, machine))


def _fade(region: Region, machine: Machine) -> None:
    for key in tuple(machine.tags):
        drop_tag(region, machine, key)


def _vanish(region: Region, machine: Machine) -> None:
    _fade(region, machine)
    region.machines.pop(machine.id, None)


def _drop_request(region: Region, request_id: str) -> None:
    region.spot_requests.pop(request_id, None)


def _unindex(region: Region, machine: Machine, key: str) -> None:
    holders = region.by_tag.get((key, machine.tags.get(key, "")))
    if holders is None:
        return
    if machine.id in holders:
        del holders[machine.id]
    if not holders:
        del region.by_tag[key, machine.tags[key]]


def _place(machine: Machine) -> tuple[str, str, bool]:
    return machine.recipe.instance_type, machine.recipe.subnet.zone, machine.recipe.spot


def _transition(region: Region, code: str) -> str:
    if code != BY_USER:
        return code
    return f"User initiated ({datetime.fromtimestamp(region.now(), UTC):%Y-%m-%d %H:%M:%S} GMT)"
