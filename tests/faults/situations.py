"""Situations in which an operation is asked of a provider, each brought about by its own calls on good days."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ohf_iac.request import stack_name
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, FLEET_REQUEST, INSTANT, SPOT_MAINTAIN, SPOT_REQUEST, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import Provider, forget

#: more machines than one page of a describe shows here
MANY: Final = 7
REASON: Final = (
    "Resource handler returned message: \"The image id '[ami-0bad]' does not exist (Service: Ec2, "
    'Status Code: 400, Request ID: 0)" (RequestToken: 1, HandlerErrorCode: InvalidRequest)'
)
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Ask:
    """An operation and its input. `ids` are the requests and returns that are open or were answered; `told` are the
    machines that were named for each of them before; `scenario` is what AWS is like on good days."""

    operation: str
    document: Mapping[str, Any]
    ids: tuple[str, ...] = ()
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scenario: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Situation:
    """`prepare` brings it about for a host template; `lost`: the work folder is emptied before the operation."""

    name: str
    prepare: Callable[[Provider, str], Ask]
    kinds: tuple[Kind, ...] = (ASG, INSTANT, FLEET_MAINTAIN, SPOT_REQUEST, FLEET_REQUEST, SPOT_MAINTAIN)
    lost: bool = False


def hosts_of(entries: Sequence[Entry]) -> list[dict[str, str]]:
    return [{"name": one["name"], "machineId": one["machineId"]} for one in entries]


def _world(provider: Provider, **scenario: Any) -> dict[str, Any]:
    whole = {"profile": "realistic", "seed": 5, **scenario}
    provider.aws.reset(**whole)
    return whole


def _polled(provider: Provider, *ids: str) -> dict[str, tuple[str, ...]]:
    """The machines that a poll names for each id."""
    return {one: tuple(row["machineId"] for row in provider.status(one)["machines"]) for one in ids}


def _poll(ids: Sequence[str], told: Mapping[str, tuple[str, ...]], scenario: Mapping[str, Any]) -> Ask:
    return Ask("getRequestStatus", {"requests": [{"requestId": one} for one in ids]}, tuple(ids), told, scenario)


def _new(provider: Provider, template: str) -> Ask:
    scenario = _world(provider)
    other = provider.request(template, 1)
    told = {other: tuple(one["machineId"] for one in provider.settle(other)["machines"])}
    wanted = {"template": {"templateId": template, "machineCount": 3}}
    return Ask("requestMachines", wanted, (other,), told, scenario)


def _filling(provider: Provider, template: str) -> Ask:
    scenario = _world(provider, times={"pending": 40, "launchBatch": MANY})
    asked = provider.request(template, MANY)
    provider.aws.advance(20)
    return _poll([asked], _polled(provider, asked), scenario)


def _complete(provider: Provider, template: str) -> Ask:
    ask = _filling(provider, template)
    provider.aws.advance(300)
    return ask


def _short(provider: Provider, template: str) -> Ask:
    """Before the deadline: a look, and nothing to do yet."""
    scenario = _world(provider, capacity={"*": 2})
    asked = provider.request(template, 3)
    provider.aws.advance(90)
    return _poll([asked], _polled(provider, asked), scenario)


def _short_at_its_end(provider: Provider, template: str) -> Ask:
    """A moment after the deadline: a fleet that AWS has ended long ago is settled at the first look."""
    ask = _short(provider, template)
    (asked,) = ask.ids
    provider.aws.advance(provider.database()["requests"][asked]["request"]["deadline"] - provider.aws.now() + 5)
    return ask


def _short_frozen(provider: Provider, template: str) -> Ask:
    ask = _short_at_its_end(provider, template)
    told = _polled(provider, *ask.ids)
    provider.aws.advance(90)
    return replace(ask, told=told)


def _failed(provider: Provider, template: str) -> Ask:
    scenario = _world(provider, stacks={"failCreate": {"Capacity": REASON}})
    asked = provider.request(template, 3)
    provider.aws.advance(200)
    return _poll([asked], {}, scenario)


def _failed_alive(provider: Provider, template: str) -> Ask:
    scenario = _world(provider, capacity={"*": 2}, uncertain={"groupShort": "fail", "instantPartial": "fail"})
    asked = provider.request(template, 3)
    provider.aws.advance(90)
    return _poll([asked], {}, scenario)


def _rolled_back(provider: Provider, template: str) -> Ask:
    """A stack that somebody had made anew from our own template, with AWS's usual rollback."""
    scenario = _world(provider, stacks={"failCreate": {"Capacity": REASON}})
    asked = provider.request(template, 3)
    provider.aws.advance(200)
    client, name = provider.aws.client("cloudformation"), stack_name(asked)
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    body = client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    client.delete_stack(StackName=name)
    provider.aws.advance(200)
    text = body if isinstance(body, str) else json.dumps(body)
    client.create_stack(
        StackName=name, TemplateBody=text, Parameters=stack["Parameters"], Tags=stack["Tags"], OnFailure="ROLLBACK"
    )
    provider.aws.advance(200)
    return _poll([asked], {}, scenario)


def _settled(provider: Provider, template: str) -> Ask:
    scenario = _world(provider)
    asked = provider.request(template, MANY)
    entry = provider.settle(asked)
    return _poll([asked], {asked: tuple(one["machineId"] for one in entry["machines"])}, scenario)


def _several(provider: Provider, template: str) -> Ask:
    """A full, a short and a failing request in one poll."""
    _world(provider)
    full = provider.request(template, 2)
    provider.aws.advance(90)
    provider.aws.scenario(profile="realistic", stacks={"failCreate": {"Capacity": REASON}})
    failing = provider.request(template, 1)
    provider.aws.advance(90)
    scenario = {"profile": "realistic", "seed": 5, "capacity": {"*": 4}}
    provider.aws.scenario(**scenario)
    short = provider.request(template, 3)
    provider.aws.advance(90)
    return _poll([full, short, failing], _polled(provider, short), scenario)


def _returning(provider: Provider, template: str, number: int) -> Ask:
    ask = _settled(provider, template)
    (asked,) = ask.ids
    hosts = hosts_of(provider.status(asked)["machines"])[:number]
    return replace(ask, operation="requestReturnMachines", document={"machines": hosts})


def _return_all(provider: Provider, template: str) -> Ask:
    return _returning(provider, template, MANY)


def _return_some(provider: Provider, template: str) -> Ask:
    return _returning(provider, template, 2)


def _return_early(provider: Provider, template: str) -> Ask:
    """Machines of a request that is still open."""
    ask = _short(provider, template)
    hosts = hosts_of(provider.status(ask.ids[0])["machines"])[:1]
    return replace(ask, operation="requestReturnMachines", document={"machines": hosts})


def _return_mixed(provider: Provider, template: str) -> Ask:
    """Machines of two requests, by id and by name, one that is gone, one that is unknown, one of somebody else."""
    scenario = _world(provider)
    asked = [provider.request(one, 3) for one in (template, TEMPLATES[INSTANT])]
    one, other = (provider.settle(each)["machines"] for each in asked)
    client = provider.aws.client("ec2")
    client.terminate_instances(InstanceIds=[other[0]["machineId"]])
    foreign = client.run_instances(ImageId="ami-0a1b2c3d4e5f60001", InstanceType="m5.large", MinCount=1, MaxCount=1)
    strangers = [{"machineId": foreign["Instances"][0]["InstanceId"], "name": ""}, {"name": "nobody-knows-me"}]
    named = [{"name": one[0]["name"]}, *hosts_of(one[1:2]), *hosts_of(other[:2]), *strangers]
    provider.aws.advance(60)
    return Ask("requestReturnMachines", {"machines": named}, tuple(asked), {}, scenario)


def _return_open(provider: Provider, template: str) -> Ask:
    ask = _return_all(provider, template)
    returned = provider.call("requestReturnMachines", ask.document)["requestId"]
    return _poll([returned], _polled(provider, returned), ask.scenario)


def _return_not_ended(provider: Provider, template: str) -> Ask:
    """EC2 did not take the order to terminate: the poll gives it again."""
    ask = _return_all(provider, template)
    provider.aws.scenario(**ask.scenario, faults=[{"action": "TerminateInstances", "kind": "throttle"}])
    returned = provider.call("requestReturnMachines", ask.document)["requestId"]
    provider.aws.scenario(**ask.scenario)
    provider.aws.advance(30)
    return _poll([returned], _polled(provider, returned), ask.scenario)


def _return_not_looked_up(provider: Provider, template: str) -> Ask:
    """AWS was silent when the return was asked for."""
    ask = _return_all(provider, template)
    provider.aws.scenario(**ask.scenario, faults=[{"kind": "reset"}])
    returned = provider.call("requestReturnMachines", ask.document)["requestId"]
    provider.aws.scenario(**ask.scenario)
    provider.aws.advance(30)
    return _poll([returned], {}, ask.scenario)


def _return_done(provider: Provider, template: str) -> Ask:
    ask = _return_open(provider, template)
    provider.aws.advance(120)
    return ask


def _reclaims(provider: Provider, template: str) -> Ask:
    """One machine interrupted where it is a spot one, one retired, one ended, the others well."""
    ask = _settled(provider, template)
    machines = provider.status(ask.ids[0])["machines"]
    if machines[0]["priceType"] == "spot":
        provider.aws.interrupt([machines[0]["machineId"]])
    provider.aws.control("POST", "retire", {"ids": [machines[1]["machineId"]]})
    provider.aws.client("ec2").terminate_instances(InstanceIds=[machines[2]["machineId"]])
    provider.aws.advance(40)
    return replace(ask, operation="getReturnRequests", document={"machines": hosts_of(machines)})


def _reclaims_of_all(provider: Provider, template: str) -> Ask:
    return replace(_reclaims(provider, template), document={})


def _housekeeping(ask: Ask) -> Ask:
    return replace(ask, operation="getReturnRequests", document={"machines": []})


def _late_look(provider: Provider, template: str) -> Ask:
    ask = _settled(provider, template)
    provider.aws.advance(3600)
    return _housekeeping(ask)


def _emptied(provider: Provider, template: str) -> Ask:
    """A stack whose machines are all gone is due for deletion."""
    ask = _settled(provider, template)
    ids = list(ask.told[ask.ids[0]])
    provider.aws.client("ec2").terminate_instances(InstanceIds=ids)
    provider.aws.advance(60)
    return replace(ask, operation="getReturnRequests", document={"machines": [{"machineId": one} for one in ids]})


def _deletion_failed(provider: Provider, template: str) -> Ask:
    ask = _emptied(provider, template)
    scenario = {**ask.scenario, "stacks": {"failDelete": {"Capacity": {"reason": "held by a lock", "times": 1}}}}
    provider.aws.scenario(**scenario)
    provider.call(ask.operation, ask.document)
    provider.aws.advance(300)
    return _housekeeping(ask)


def _silent(provider: Provider, template: str) -> Ask:
    """Host Factory stopped asking for an open request: past its deadline it is frozen."""
    return _housekeeping(_short_at_its_end(provider, template))


_REPLACING: Final = (ASG, FLEET_MAINTAIN, SPOT_MAINTAIN)
#: kinds that go on trying
_LASTING: Final = (FLEET_MAINTAIN, ASG, SPOT_MAINTAIN, FLEET_REQUEST, SPOT_REQUEST)
_SOME: Final = (ASG, FLEET_MAINTAIN, SPOT_REQUEST)
SITUATIONS: Final = (
    Situation("a new request", _new),
    Situation("machines are starting", _filling, _SOME),
    Situation("machines are starting, store lost", _filling, _SOME, lost=True),
    Situation("all machines run", _complete),
    Situation("all machines run, store lost", _complete, lost=True),
    Situation("short in time", _short, _SOME),
    Situation("short, first look", _short_at_its_end, _LASTING),
    Situation("short, first look, store lost", _short_at_its_end, _SOME, lost=True),
    Situation("short, second look", _short_frozen, _LASTING),
    Situation("short, second look, store lost", _short_frozen, _LASTING, lost=True),
    Situation("creation failed", _failed, _SOME),
    Situation("creation failed, store lost", _failed, _SOME, lost=True),
    Situation("creation failed, machines live", _failed_alive, (ASG, INSTANT)),
    Situation("creation failed, machines live, store lost", _failed_alive, (ASG, INSTANT), lost=True),
    Situation("creation was rolled back, store lost", _rolled_back, (ASG, INSTANT), lost=True),
    Situation("settled, store lost", _settled, lost=True),
    Situation("three requests in one poll", _several, (ASG, SPOT_MAINTAIN)),
    Situation("three requests in one poll, store lost", _several, (ASG, SPOT_MAINTAIN), lost=True),
    Situation("all are returned", _return_all, _SOME),
    Situation("all are returned, store lost", _return_all, _SOME, lost=True),
    Situation("some are returned", _return_some, (ASG,)),
    Situation("returned early", _return_early, _REPLACING),
    Situation("returned early, store lost", _return_early, _REPLACING, lost=True),
    Situation("a mixed return", _return_mixed, (ASG, FLEET_MAINTAIN)),
    Situation("a mixed return, store lost", _return_mixed, (ASG, FLEET_MAINTAIN), lost=True),
    Situation("a return is open", _return_open, (ASG, INSTANT)),
    Situation("a return is open, store lost", _return_open, (ASG, INSTANT), lost=True),
    Situation("a return was not carried out", _return_not_ended, (ASG, INSTANT)),
    Situation("a return was not carried out, store lost", _return_not_ended, (ASG, INSTANT), lost=True),
    Situation("a return was not looked up", _return_not_looked_up, (ASG,)),
    Situation("a return is done", _return_done, (ASG, INSTANT)),
    Situation("a return is done, store lost", _return_done, (ASG, INSTANT), lost=True),
    Situation("machines are reclaimed", _reclaims, (ASG, FLEET_MAINTAIN, SPOT_REQUEST)),
    Situation("machines are reclaimed, store lost", _reclaims, (ASG, SPOT_REQUEST), lost=True),
    Situation("reclaims of all", _reclaims_of_all, (ASG, SPOT_REQUEST)),
    Situation("reclaims of all, store lost", _reclaims_of_all, (ASG, SPOT_REQUEST), lost=True),
    Situation("late machines are looked for", _late_look, (ASG, INSTANT)),
    Situation("an empty stack is due", _emptied, (ASG, FLEET_MAINTAIN)),
    Situation("a deletion failed", _deletion_failed, (ASG, INSTANT)),
    Situation("nobody polls", _silent, _LASTING),
)


def prepared(situation: Situation, kind: Kind, provider: Provider) -> Ask:
    """The situation for a kind of request."""
    ask = situation.prepare(provider, TEMPLATES[kind])
    if situation.lost:
        forget(provider)
    return ask
