"""The situations in which an operation is killed: how each comes about, and the call that is.

`prepare` plays one in a child process; the local AWS is split there as often as is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ohf_iac.template.kinds import ASG, FLEET_REQUEST, INSTANT, KINDS, Kind
from tests.crashes.crash import provider_at
from tests.crashes.scheduler import Scheduler, asking
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import forget

Call = dict[str, Any]
#: longer than any example template's validity
OVER: Final = 2700
#: past deadline and grace
FORGOTTEN: Final = 4 * 3600
SHORT: Final = {"capacity": {"*": 1}}


@dataclass(frozen=True, slots=True)
class Stage:
    """A situation: `play` brings it about with a template and tells the call that will be killed."""

    name: str
    play: Callable[[Scheduler, str], Call]
    world: Mapping[str, Any] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = KINDS
    extra: Mapping[str, str] = field(default_factory=dict)
    template: str = ""

    def template_of(self, kind: Kind) -> str:
        """The template to ask for."""
        return self.template or TEMPLATES[kind]


def prepare(place: Mapping[str, Any], stage: str, kind: Kind) -> dict[str, Any]:
    """Bring a stage about; the call to be killed and what Host Factory knows by then."""
    scheduler = Scheduler(provider_at(place))
    chosen = STAGES[stage]
    scheduler.provider.aws.reset(profile="realistic", **chosen.world)
    call = chosen.play(scheduler, chosen.template_of(kind))
    return {"call": call, "knowledge": scheduler.knowledge()}


def machine_call(operation: str, document: object) -> Call:
    return {"face": "machine", "operation": operation, "document": document}


def human_call(*words: str) -> Call:
    return {"face": "human", "operation": "", "document": None, "words": list(words)}


def _asked(scheduler: Scheduler, template: str, count: int = 2, wait: float = 120) -> str:
    request_id = scheduler.request(template, count)
    scheduler.provider.aws.advance(wait)
    return request_id


def _settled(scheduler: Scheduler, template: str, count: int = 2) -> str:
    request_id = _asked(scheduler, template, count)
    scheduler.poll_to_the_end()
    scheduler.provider.aws.advance(60)
    return request_id


def _taken(scheduler: Scheduler) -> None:
    """Somebody else ends all machines that are in use."""
    scheduler.given += scheduler.machines
    scheduler.provider.aws.client("ec2").terminate_instances(InstanceIds=list(scheduler.machines))


def offers(scheduler: Scheduler, template: str) -> Call:
    del scheduler, template
    return machine_call("getAvailableTemplates", {})


def asks(scheduler: Scheduler, template: str) -> Call:
    del scheduler
    return machine_call("requestMachines", {"template": {"templateId": template, "machineCount": 2}})


def settles(scheduler: Scheduler, template: str) -> Call:
    return machine_call("getRequestStatus", asking([_asked(scheduler, template)]))


def settles_without_memory(scheduler: Scheduler, template: str) -> Call:
    request_id = _asked(scheduler, template)
    forget(scheduler.provider)
    return machine_call("getRequestStatus", asking([request_id]))


def freezes(scheduler: Scheduler, template: str) -> Call:
    return machine_call("getRequestStatus", asking([_asked(scheduler, template, wait=OVER)]))


def settles_short(scheduler: Scheduler, template: str) -> Call:
    request_id = _asked(scheduler, template, wait=OVER)
    scheduler.poll([request_id])
    scheduler.provider.aws.advance(400)
    return machine_call("getRequestStatus", asking([request_id]))


def buys_the_rest(scheduler: Scheduler, template: str) -> Call:
    request_id = _asked(scheduler, template, 3, wait=300)
    scheduler.poll([request_id])
    scheduler.provider.aws.advance(270)
    return machine_call("getRequestStatus", asking([request_id]))


def returns(scheduler: Scheduler, template: str) -> Call:
    _settled(scheduler, template)
    return machine_call("requestReturnMachines", {"machines": list(scheduler.machines.values())})


def returns_some(scheduler: Scheduler, template: str) -> Call:
    _settled(scheduler, template, 3)
    return machine_call("requestReturnMachines", {"machines": list(scheduler.machines.values())[:1]})


def returns_early(scheduler: Scheduler, template: str) -> Call:
    """A machine of a request that has not settled."""
    request_id = _asked(scheduler, template)
    scheduler.poll([request_id])
    (one,) = scheduler.alive().values()
    host = {"name": one["name"], "machineId": one["id"]}
    return machine_call("requestReturnMachines", {"machines": [host]})


def return_ends(scheduler: Scheduler, template: str) -> Call:
    _settled(scheduler, template)
    scheduler.give_back()
    scheduler.provider.aws.advance(120)
    return machine_call("getRequestStatus", asking(scheduler.returns))


def reclaims(scheduler: Scheduler, template: str) -> Call:
    """Machines that somebody else has ended; behind the answer, their stack is deleted."""
    _settled(scheduler, template)
    _taken(scheduler)
    scheduler.provider.aws.advance(300)
    return machine_call("getReturnRequests", {"machines": list(scheduler.machines.values())})


def archives(scheduler: Scheduler, template: str) -> Call:
    """The same, and behind the answer an older request moves to the archives."""
    _settled(scheduler, template)
    scheduler.give_back()
    scheduler.provider.aws.advance(120)
    scheduler.poll_to_the_end()
    for _ in range(3):
        scheduler.provider.aws.advance(200)
        scheduler.reclaims()
    scheduler.provider.aws.advance(3 * 86400)
    return reclaims(scheduler, template)


def silent(scheduler: Scheduler, template: str) -> Call:
    """Nobody polls a request past its deadline: chores freeze it."""
    _asked(scheduler, template, wait=OVER)
    return machine_call("getReturnRequests", {"machines": []})


def late(scheduler: Scheduler, template: str) -> Call:
    """A machine that appeared after the terminal answer."""
    request_id = _settled(scheduler, template)
    tags = {"ohf:owner": "ohf", "ohf:request-id": request_id}
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    scheduler.provider.aws.client("ec2").run_instances(
        ImageId="ami-0a1b2c3d4e5f60001",
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
    )
    scheduler.provider.aws.advance(200)
    return machine_call("getReturnRequests", {"machines": []})


def cancels(scheduler: Scheduler, template: str) -> Call:
    request_id = _asked(scheduler, template)
    return human_call("cancel", request_id, "--yes", "--timeout", "0")


def deletes(scheduler: Scheduler, template: str) -> Call:
    request_id = _settled(scheduler, template)
    scheduler.given += scheduler.machines
    return human_call("delete", request_id, "--yes", "--timeout", "0")


def deletes_early(scheduler: Scheduler, template: str) -> Call:
    request_id = _asked(scheduler, template)
    return human_call("delete", request_id, "--yes", "--timeout", "0")


def recovers(scheduler: Scheduler, template: str) -> Call:
    _settled(scheduler, template)
    _asked(scheduler, template)
    forget(scheduler.provider)
    return human_call("recover")


def collects(scheduler: Scheduler, template: str) -> Call:
    _asked(scheduler, template, wait=FORGOTTEN)
    return human_call("gc", "--apply")


def collects_without_memory(scheduler: Scheduler, template: str) -> Call:
    _asked(scheduler, template, wait=FORGOTTEN)
    forget(scheduler.provider)
    return human_call("gc", "--apply")


def plans(scheduler: Scheduler, template: str) -> Call:
    del scheduler
    return human_call("plan", template, "--count", "2", "--out", "{folder}/one.plan")


def applies(scheduler: Scheduler, template: str) -> Call:
    """A plan that was made a while ago."""
    file = scheduler.provider.folder / "one.plan"
    scheduler.says("plan", template, "--count", "2", "--out", str(file))
    scheduler.provider.aws.advance(600)
    return human_call("apply", "{folder}/one.plan")


def removes(scheduler: Scheduler, template: str) -> Call:
    applies(scheduler, template)
    return human_call("plan", "rm", "{folder}/one.plan")


def copies(scheduler: Scheduler, template: str) -> Call:
    """The memory copied to the other kind of store, over an earlier copy."""
    _settled(scheduler, template)
    other = "sqlite" if scheduler.provider.extra.get("OHF_STORAGE_KIND", "json") == "json" else "json"
    scheduler.says("store", "copy", "--to", other)
    _asked(scheduler, template, wait=10)
    return human_call("store", "copy", "--to", other, "--overwrite")


_REST: Final = "heterogeneous-spot"
_SHORT_SPOT: Final = {"quota": {"spot": 1}}
#: a plan waits until its change set is shown, and time stands still
_SHOWN: Final = {"lag": {"newStack": 0}}
_HISTORY: Final = {"OHF_STORAGE_HISTORY_DAYS": "1"}
STAGES: Final[Mapping[str, Stage]] = {
    one.name: one
    for one in (
        Stage("getAvailableTemplates", offers, {}, (INSTANT,)),
        Stage("requestMachines", asks),
        Stage("getRequestStatus settles", settles),
        Stage("getRequestStatus settles, memory lost", settles_without_memory),
        Stage("getRequestStatus freezes", freezes, SHORT),
        Stage("getRequestStatus settles short", settles_short, SHORT),
        Stage(
            "getRequestStatus buys the rest", buys_the_rest, _SHORT_SPOT, (FLEET_REQUEST,), {}, "heterogeneous-spot"
        ),
        Stage("getRequestStatus ends a return", return_ends),
        Stage("requestReturnMachines", returns),
        Stage("requestReturnMachines of some", returns_some),
        Stage("requestReturnMachines early", returns_early, SHORT),
        Stage("getReturnRequests, empty stack", reclaims),
        Stage("getReturnRequests, archives", archives, {}, KINDS, _HISTORY),
        Stage("getReturnRequests, nobody polls", silent, SHORT),
        Stage("getReturnRequests, late machine", late),
        Stage("ohf cancel", cancels, SHORT),
        Stage("ohf delete", deletes),
        Stage("ohf delete, unsettled", deletes_early, SHORT),
        Stage("ohf plan", plans, _SHOWN, (INSTANT, ASG)),
        Stage("ohf apply", applies, _SHOWN),
        Stage("ohf plan rm", removes, _SHOWN, (INSTANT, ASG)),
        Stage("ohf recover", recovers),
        Stage("ohf gc --apply", collects),
        Stage("ohf gc --apply, memory lost", collects_without_memory),
        Stage("ohf store copy", copies, {}, (INSTANT, ASG)),
    )
}
