"""Machines that are not ours: never in an answer, never ended. Two owners in one account, and names that come back.

The world of each run holds a settled and an unsettled request of ours, another owner's request, machines of nobody,
machines that took over the addresses (and so the names) of dead ones, and forgeries of our tags. Random calls name
them by id, by name, by both and by what does not fit together.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ohf_iac.template.kinds import KINDS, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import EXAMPLE, Provider, live_machines
from tests.local_aws import LocalAws

OURS, THEIRS = "ohf", "theirs"


def provider_of(owner: str, folder: Path, aws: LocalAws) -> Provider:
    """The example provider for an owner."""
    folder.mkdir()
    conf = folder / "conf"
    conf.mkdir()
    for file in EXAMPLE.glob("awsprov_*.json"):
        (conf / file.name).write_bytes(file.read_bytes())
    shutil.copytree(EXAMPLE / "scripts", conf / "scripts")
    (conf / "ohf.json").write_text(json.dumps({"provider": {"owner": owner}}))
    return Provider(folder, aws, conf=conf)


def started(aws: LocalAws, tags: dict[str, str], like: dict[str, Any] | None = None) -> dict[str, Any]:
    """A machine that somebody runs, under the address of one that has ended."""
    place = {"SubnetId": like["SubnetId"], "PrivateIpAddress": like["PrivateIpAddress"]} if like else {}
    named = [{"Key": key, "Value": value} for key, value in tags.items()]
    marks = [{"ResourceType": "instance", "Tags": named}] if named else []
    answer = aws.client("ec2").run_instances(
        ImageId="ami-0a1b2c3d4e5f60001",
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=marks,
        **place,
    )
    (row,) = answer["Instances"]
    assert like is None or row["PrivateDnsName"] == like["PrivateDnsName"]
    return dict(row)


@dataclass
class World:
    """Who is who. `ours` maps the machines of our requests to these; strangers are all others."""

    us: Provider
    them: Provider
    ours: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    foreign_ids: list[str] = field(default_factory=list)

    def note(self, machine: dict[str, Any], request_id: str = "") -> None:
        """A machine, by what EC2 calls it."""
        key = machine["InstanceId"]
        self.names[key] = machine["PrivateDnsName"]
        if request_id:
            self.ours[key] = request_id
        else:
            self.strangers.add(key)

    def alive(self) -> dict[str, dict[str, Any]]:
        """The live machines; those that were launched since the last look are noted."""
        seen = {one["InstanceId"]: one for one in live_machines(self.us.aws)}
        for key, machine in seen.items():
            if key not in self.names:
                self.note(
                    machine, tag_of(machine, "ohf:request-id") if tag_of(machine, "ohf:owner") == OURS else ""
                )
        return seen


def tag_of(machine: dict[str, Any], key: str) -> str:
    return next((one["Value"] for one in machine.get("Tags", []) if one["Key"] == key), "")


def peopled(us: Provider, them: Provider, kind: Kind) -> World:
    """The world at the beginning: two of our machines and two of theirs are dead, and their names live on."""
    aws, world = us.aws, World(us, them)
    aws.reset(times={"pending": 5, "shutdown": 5})
    settled = us.settle(us.request(TEMPLATES[kind], 6))["requestId"]
    theirs = them.settle(them.request(TEMPLATES[kind], 4))
    aws.scenario(times={"pending": 5, "shutdown": 5}, capacity={"*": len(live_machines(aws)) + 2})
    unsettled = us.request(TEMPLATES[kind], 3)
    aws.advance(30)
    us.status(unsettled)
    world.requests = [settled, unsettled]
    world.foreign_ids = [theirs["requestId"], "req-00000000-0000000000000000"]
    before = world.alive()
    dead = [one for one in before if world.ours.get(one) == settled][:2]
    dead += [one["machineId"] for one in theirs["machines"]][:2]
    aws.client("ec2").terminate_instances(InstanceIds=dead)
    aws.advance(30)
    aws.scenario(times={"pending": 5, "shutdown": 5})
    world.strangers -= set(dead)
    forged = {"ohf:request-id": settled, "ohf:settled": "complete", "ohf:template-id": TEMPLATES[kind]}
    for number, tags in enumerate([{}, {"ohf:owner": THEIRS, **forged}, forged, {"ohf:owner": THEIRS}]):
        world.note(started(aws, tags, before[dead[number]]))
    world.note(started(aws, {**forged, "ohf:owner": "ohf2"}))
    aws.advance(30)
    return world


def named(world: World, dice: Random) -> list[dict[str, str]]:
    """Some hosts, each by id, by name, by both, or by an id and a name that do not fit together."""
    hosts = []
    for key in dice.sample(sorted(world.names), dice.randint(1, 4)):
        other = dice.choice(sorted(world.names))
        hosts.append(
            dice.choice(
                [
                    {"machineId": key},
                    {"name": world.names[key]},
                    {"name": world.names[key], "machineId": key},
                    {"name": world.names[other], "machineId": key},
                ]
            )
        )
    return hosts


def check_machines(world: World, entry: dict[str, Any], belongs: set[str]) -> None:
    """Only machines of ours in an answer, and only those that belong there."""
    told = {one["machineId"] for one in entry["machines"]} - {""}
    assert told <= belongs, f"{entry} lists what does not belong there"
    assert not told & world.strangers


def play(world: World, dice: Random, returns: dict[str, set[str]]) -> None:
    """One call of ours; the answer is checked."""
    match dice.choice(["status", "status", "return", "reclaims", "all reclaims", "their return"]):
        case "status":
            ids = [*world.requests, *world.foreign_ids, *returns]
            answer = world.us.call("getRequestStatus", {"requests": [{"requestId": one} for one in ids]})
            world.alive()
            for entry in answer["requests"]:
                mine = {key for key, one in world.ours.items() if one == entry["requestId"]}
                check_machines(world, entry, returns.get(entry["requestId"], mine))
        case "return":
            hosts = named(world, dice)
            before = {key for key in world.alive() if key in world.ours}
            answer = world.us.call("requestReturnMachines", {"machines": hosts})
            meant = {one.get("machineId", "") for one in hosts}
            meant |= {key for key in world.ours if {"name": world.names[key]} in hosts}
            ended = before - set(world.alive())
            assert ended <= meant, f"{hosts} ended {ended}"
            returns[answer["requestId"]] = meant - world.strangers
        case "reclaims":
            answer = world.us.call("getReturnRequests", {"machines": named(world, dice)})
            assert not {one["machineId"] for one in answer["requests"]} & world.strangers
        case "all reclaims":
            answer = world.us.call("getReturnRequests", {})
            assert {one["machineId"] for one in answer["requests"]} <= set(world.ours)
        case "their return":
            return_by_them(world, dice.choice(sorted(world.ours)))


def return_by_them(world: World, victim: str) -> None:
    """The other owner gives back one of our machines: that may end one of theirs that took over its name."""
    before = world.alive()
    world.them.call("requestReturnMachines", {"machines": [{"machineId": victim}]})
    world.them.call("requestReturnMachines", {"machines": [{"name": world.names[victim]}]})
    ended = set(before) - set(world.alive())
    assert {tag_of(before[one], "ohf:owner") for one in ended} <= {THEIRS}
    world.strangers -= ended


def runs() -> list[Any]:
    """Every kind, with the store kept or lost by turns; the other half belongs to the sweep."""
    rows = []
    for place, kind in enumerate(KINDS):
        for turn, memory in enumerate(["kept", "lost now and then"]):
            marks = () if (place + turn) % 2 == 0 else pytest.mark.sweep
            rows.append(pytest.param(kind, memory, id=f"{kind} {memory}", marks=marks))
    return rows


@pytest.mark.parametrize(("kind", "memory"), runs())
def test_strangers_are_neither_told_nor_ended(local_aws: LocalAws, tmp_path: Path, kind: Kind, memory: str) -> None:
    us, them = (provider_of(owner, tmp_path / owner, local_aws) for owner in (OURS, THEIRS))
    world = peopled(us, them, kind)
    dice = Random(f"{kind} {memory}")
    returns: dict[str, set[str]] = {}
    for _ in range(18):
        if memory != "kept" and dice.random() < 0.4:
            for file in us.work.iterdir():
                file.unlink()
        play(world, dice, returns)
        gone = world.strangers - set(world.alive())
        assert not gone, f"strangers were ended: {gone}"
        local_aws.advance(dice.choice([5, 30, 300, 1200]))


def test_machines_end_only_by_their_owners_call(local_aws: LocalAws, tmp_path: Path) -> None:
    """The counter-proof: the same call by their owner ends them."""
    us, them = (provider_of(owner, tmp_path / owner, local_aws) for owner in (OURS, THEIRS))
    entry = us.settle(us.request("instant-ondemand", 1))
    (machine,) = entry["machines"]
    answer = them.call("requestReturnMachines", {"machines": [{"name": machine["name"]}]})
    assert machine["name"] in answer["message"]
    assert them.settle(answer["requestId"])["machines"] == []
    assert len(live_machines(local_aws)) == 1
    us.settle(us.give_back([machine]))
    assert live_machines(local_aws) == []
