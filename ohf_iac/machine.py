"""Machines: an EC2 instance as observed, a machine as reported, and the total tables between the two.

Sources: instance states are EC2's six (DescribeInstances, InstanceState.Name); results are Host Factory's three.
A state that is not in a table is an error of this program, never "fine": a test holds the tables against
botocore's enum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Result = Literal["executing", "succeed", "fail"]

#: What an instance state means while machines are being created. A running one counts once it has a name.
CREATE_RESULT: Final[Mapping[str, Result]] = MappingProxyType(
    {
        "pending": "executing",
        "running": "succeed",
        "stopping": "fail",
        "stopped": "fail",
        "shutting-down": "fail",
        "terminated": "fail",
    }
)
#: What an instance state means while machines are being returned: only a terminated one is returned.
RETURN_RESULT: Final[Mapping[str, Result]] = MappingProxyType(
    {
        "pending": "executing",
        "running": "executing",
        "stopping": "executing",
        "stopped": "executing",
        "shutting-down": "executing",
        "terminated": "succeed",
    }
)
#: States in which an instance is, or may again become, a machine somebody pays for.
LIVE_STATES: Final = frozenset({"pending", "running", "stopping", "stopped"})

#: A running instance that has no private DNS name after this many seconds will not get one any more.
NAME_PATIENCE: Final = 600


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance as DescribeInstances showed it; `launch_time` in epoch seconds, absent texts are ""."""

    instance_id: str
    state: str
    name: str = ""
    private_ip: str = ""
    public_ip: str = ""
    public_dns: str = ""
    instance_type: str = ""
    zone: str = ""
    launch_time: int = 0
    spot: bool = False
    reason_code: str = ""
    reason: str = ""
    cores: int = 0
    threads: int = 0
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def live(self) -> bool:
        return self.state in LIVE_STATES


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as Host Factory is told of it. `status` is EC2's word for the state."""

    machine_id: str
    name: str
    result: Result
    status: str
    launch_time: int = 0
    private_ip: str = ""
    public_ip: str = ""
    public_dns: str = ""
    instance_type: str = ""
    price_type: str = "ondemand"
    instance_tags: str = ""
    rc_account: str = ""
    cores: int = 0
    threads: int = 0
    message: str = ""


def create_result(instance: Instance, now: float) -> tuple[Result, str]:
    """The result of an instance towards its create request, and the message that a `fail` must carry."""
    result = CREATE_RESULT[instance.state]
    if result == "fail":
        return result, death_message(instance)
    if instance.state == "running" and not instance.name:
        if now - instance.launch_time > NAME_PATIENCE:
            return "fail", f"{instance.instance_id} runs, but EC2 gives it no private DNS name"
        return "executing", ""
    return result, ""


def return_result(instance: Instance) -> Result:
    """The result of an instance towards the return that asked for its end."""
    return RETURN_RESULT[instance.state]


def death_message(instance: Instance) -> str:
    """Why an instance is not running, in EC2's words where it gave any: its code, then its text."""
    code, why = instance.reason_code, instance.reason
    if code and not why.startswith(code):
        why = f"{code}: {why}" if why else code
    return f"{instance.instance_id} is {instance.state}" + (f": {why}" if why else "")


def reported(instance: Instance, result: Result, message: str = "") -> Machine:
    """The machine that Host Factory is told of for an instance."""
    return Machine(
        machine_id=instance.instance_id,
        name=instance.name,
        result=result,
        status=instance.state,
        launch_time=instance.launch_time,
        private_ip=instance.private_ip,
        public_ip=instance.public_ip,
        public_dns=instance.public_dns,
        instance_type=instance.instance_type,
        price_type="spot" if instance.spot else "ondemand",
        instance_tags=visible_tags(instance.tags),
        rc_account=instance.tags.get("RC_ACCOUNT", ""),
        cores=instance.cores,
        threads=instance.threads,
        message=message,
    )


def visible_tags(tags: Mapping[str, str]) -> str:
    """A machine's tags in IBM's form `key=value;key=value`, without AWS's own and without ours."""
    return ";".join(f"{key}={value}" for key, value in sorted(tags.items()) if not key.startswith(("aws:", "ohf:")))


def gone(machine_id: str, name: str, launch_time: int = 0) -> Machine:
    """A returned machine that EC2 no longer shows: it is terminated."""
    return Machine(machine_id, name, "succeed", "terminated", launch_time)


def machines_in_words(count: int) -> str:
    """`1 machine`, `2 machines`."""
    return f"{count} machine" if count == 1 else f"{count} machines"


def by_launch(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """Instances in a stable order: oldest first, then by id."""
    return tuple(sorted(instances, key=lambda one: (one.launch_time, one.instance_id)))
