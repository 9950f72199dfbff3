"""Bad weeks: two hosts of one installation, killed processes, lost folders, an AWS that fails and forgets.

Nothing of it is arranged: what happens next is drawn from a seed. Throughout, every answer is legal, no terminal
answer changes, no machine belongs to two requests, and nobody but its users or AWS ends a machine that was handed
out. When the weather is fair again every request has its end, and nothing is left that nobody knows of.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from ohf_iac.request import is_untold, minted_at, return_tag
from tests.e2e.hosts import forked, side_by_side
from tests.e2e.matrix import TEMPLATES
from tests.e2e.permitted import said
from tests.e2e.provider import Provider
from tests.local_aws import LocalAws

#: what may go wrong with calls, and how many in a hundred
WEATHER: Final[tuple[Mapping[str, Any], ...]] = (
    {"kind": "throttle"},
    {"kind": "error", "status": 503},
    {"kind": "error", "status": 500},
    {"kind": "reset"},
    {"kind": "lost"},
    {"kind": "garbage"},
    {"kind": "error", "status": 400, "code": "ExpiredToken", "message": "The security token has expired"},
)
PATIENCE: Final = 4 * 3600
GRACE: Final = 3 * 3600
#: seconds for which an id of which AWS shows nothing may be one that it does not show yet (design §5)
YOUNG: Final = 120


@dataclass(slots=True)
class Week:
    """The hosts, and what Host Factory was told."""

    aws: LocalAws
    hosts: tuple[Provider, Provider]
    dice: Random
    requests: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    returns: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    #: machine to request, for every machine ever told of
    belongs: dict[str, str] = field(default_factory=dict)
    #: machines that their users have given back, or AWS has taken
    leaving: set[str] = field(default_factory=set)
    #: the machines that each return named, and those of returns that failed
    given: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    undone: list[list[dict[str, Any]]] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    storm: bool = False

    def call(self, operation: str, document: object) -> dict[str, Any] | None:
        """The answer of a call on either host; None where its process was killed before it gave one."""
        running = forked(self.dice.choice(self.hosts), operation, document)
        self.tally[operation] += 1
        if self.dice.random() < 0.2:
            self.tally["killed"] += 1
            found = running.killed(self.dice.random() * 0.4)
        else:
            found = running.answer()
        return found[1] if found else None

    def ask(self) -> None:
        template, count = self.dice.choice(tuple(TEMPLATES.values())), self.dice.randint(1, 4)
        wanted = {"template": {"templateId": template, "machineCount": count}}
        answer = self.call("requestMachines", wanted)
        if answer and "requestId" in answer:
            assert answer["requestId"] not in self.requests
            self.requests[answer["requestId"]] = None

    def poll(self) -> None:
        """All that is open and some that has ended, by one to three processes at once."""
        ended = [one for one, entry in {**self.requests, **self.returns}.items() if entry]
        asked = [*self.open(), *self.dice.sample(ended, min(2, len(ended)))]
        if not asked:
            return
        document = {"requests": [{"requestId": one} for one in asked]}
        if self.dice.random() < 0.3:
            many = [(self.dice.choice(self.hosts), "getRequestStatus", document) for _ in range(3)]
            self.tally["getRequestStatus"] += 3
            answers = side_by_side(many)
            assert [code for code, _ in answers] == [0, 0, 0], answers
            self.told([answer["requests"] for _, answer in answers], asked)
        elif one := self.call("getRequestStatus", document):
            self.told([one["requests"]], asked)

    def told(self, answers: Iterable[list[dict[str, Any]]], asked: list[str]) -> None:
        """What Host Factory takes from answers; and what must not be in one.

        Of answers that were given at once, those that something still runs may have been given first.
        """
        entries: list[dict[str, Any]] = []
        for answer in answers:
            assert [one["requestId"] for one in answer] == asked
            entries += answer
        for entry in sorted(entries, key=lambda one: str(one["status"]) != "running"):
            book = self.requests if entry["requestId"] in self.requests else self.returns
            if entry["requestId"] not in book:
                continue  # a return that failed a moment ago, in one of several answers at once
            before = book[entry["requestId"]]
            if before and self.storm and entry["status"] == "running":
                self.tally["not known in a storm"] += 1  # the other host was told, or the folder is lost
            elif before:
                assert self.same(before, entry), (before, entry)
            elif book is self.returns and entry["status"] == "complete_with_error":
                del book[entry["requestId"]]  # Host Factory asks for it no longer, and returns the machines anew
                self.undone += [self.given[entry["requestId"]]]
            elif entry["status"] != "running":
                book[entry["requestId"]] = entry
            if book is self.requests:
                for machine in entry["machines"]:
                    owner = self.belongs.setdefault(machine["machineId"], entry["requestId"])
                    assert owner == entry["requestId"], f"{machine} is in {owner} too"

    def same(self, before: dict[str, Any], entry: dict[str, Any]) -> bool:
        """Whether a terminal answer stands. A return that AWS was not told of, or of machines that were dead,
        is known to its own host alone: another one waits whether AWS will show something of it."""
        young = self.aws.now() - (minted_at(entry["requestId"]) or 0) < YOUNG
        if young and entry["requestId"] in self.returns and entry["status"] == "running":
            return not any(return_tag(entry["requestId"]) in one["tags"] for one in self.machines())
        if is_untold(entry["requestId"]) and before["status"] == "complete":
            return entry["status"] in ("complete", "complete_with_error", "running")
        return bool(entry["status"] == before["status"])

    def handed_out(self) -> list[dict[str, Any]]:
        """The machines that Host Factory works with now."""
        ended = (entry for entry in self.requests.values() if entry)
        machines = (one for entry in ended for one in entry["machines"] if one["result"] == "succeed")
        return [one for one in machines if one["machineId"] not in self.leaving]

    def give_back(self, machines: list[dict[str, Any]]) -> None:
        hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in machines]
        self.leaving |= {one["machineId"] for one in machines}
        while not (answer := self.call("requestReturnMachines", {"machines": hosts})) or "requestId" not in answer:
            self.tally["returns repeated"] += 1  # as Host Factory does that heard nothing
        self.returns[answer["requestId"]] = None
        self.given[answer["requestId"]] = machines

    def return_again(self) -> None:
        while self.undone:
            self.give_back(self.undone.pop())
            self.tally["returns that failed"] += 1

    def some_return(self) -> None:
        if machines := self.handed_out():
            self.give_back(self.dice.sample(machines, self.dice.randint(1, min(4, len(machines)))))

    def reclaim(self) -> None:
        hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in self.handed_out()]
        if answer := self.call("getReturnRequests", {"machines": hosts}):
            for one in answer.get("requests", []):
                assert one["machineId"] in self.leaving, f"{one} is said to leave, and nobody takes it"

    def taken(self) -> None:
        spot = [one["id"] for one in self.machines() if one["spot"] and one["state"] == "running"]
        if spot:
            self.leaving |= set(self.aws.interrupt(ids=[self.dice.choice(spot)]))
            self.tally["spot machines taken"] += 1

    def forget(self) -> None:
        shutil.rmtree(self.dice.choice(self.hosts).work, ignore_errors=True)
        self.tally["folders lost"] += 1

    def weather(self) -> None:
        room, self.storm = {"*": self.dice.choice((6, 12, 40))}, self.dice.random() < 0.6
        fault = {**self.dice.choice(WEATHER), "probability": self.dice.choice((0.1, 0.3, 0.9, 1))}
        self.aws.scenario(profile="realistic", capacity=room, faults=[fault] if self.storm else [])
        self.tally["storms"] += self.storm

    def fair(self) -> None:
        self.aws.scenario(profile="realistic")
        self.storm = False

    def collect(self) -> None:
        provider = self.dice.choice(self.hosts)
        self.fair()
        said(provider, "gc", "--apply")
        self.tally["gc"] += 1

    def wait(self) -> None:
        self.aws.advance(self.dice.choice((15, 30, 30, 60, 300, 1200, 3600)))

    def open(self) -> list[str]:
        return [one for one, entry in {**self.requests, **self.returns}.items() if not entry]

    def machines(self) -> list[dict[str, Any]]:
        return [one for region in self.aws.state()["regions"] for one in region["machines"]]

    def live(self) -> set[str]:
        return {one["id"] for one in self.machines() if one["state"] in ("pending", "running")}

    def step(self) -> None:
        deeds = {
            self.ask: 4,
            self.poll: 8,
            self.wait: 8,
            self.some_return: 3,
            self.reclaim: 2,
            self.weather: 2,
            self.taken: 1,
            self.forget: 1,
            self.collect: 1,
        }
        (deed,) = self.dice.choices(tuple(deeds), tuple(deeds.values()))
        deed()
        self.return_again()
        self.check()

    def check(self) -> None:
        """Nobody ends a machine that was handed out and not given back; no id has two stacks."""
        missing = {one["machineId"] for one in self.handed_out()} - self.live()
        assert not missing, f"ended without being asked: {missing}"
        stacks = Counter(one["name"] for region in self.aws.state()["regions"] for one in region["stacks"])
        assert not [name for name, number in stacks.items() if number > 1]

    def until_all_has_ended(self) -> None:
        """Fair weather, and Host Factory goes on asking."""
        waited = 0
        while asked := self.open():
            assert waited < PATIENCE, asked
            document = {"requests": [{"requestId": one} for one in asked]}
            self.told([self.hosts[waited // 60 % 2].call("getRequestStatus", document)["requests"]], asked)
            self.return_again()
            self.aws.advance(60)
            waited += 60

    def everything_is_known(self) -> None:
        """Each host says of everything what was said before, and what lives is what was handed out."""
        asked = [*self.requests, *self.returns]
        for host in self.hosts if asked else ():
            document = {"requests": [{"requestId": one} for one in asked]}
            self.told([host.call("getRequestStatus", document)["requests"]], asked)
        assert self.live() == {one["machineId"] for one in self.handed_out()}

    def nothing_is_left(self) -> None:
        region = next(iter(self.aws.state()["regions"]))
        assert self.live() == set()
        assert [one for one in region["stacks"] if one["status"] != "DELETE_COMPLETE"] == []
        assert [one["name"] for one in region["groups"]] == []
        assert self.aws.client("ec2").describe_launch_templates()["LaunchTemplates"] == []


def week(aws: LocalAws, folder: Path, seed: int, steps: int) -> Counter[str]:
    """What happened in one bad week."""
    aws.reset(profile="realistic", seed=seed)
    quick = {"OHF_PROVIDER_RETRY_ATTEMPTS": "0", "OHF_LIMITS_DEADLINE": "20"}
    one = Provider(folder / "one", aws, extra=quick)
    other = Provider(folder / "other", aws, extra={**quick, "OHF_STORAGE_KIND": "sqlite"})
    now = Week(aws, (one, other), Random(seed))
    for _ in range(steps):
        now.step()
    now.fair()
    now.until_all_has_ended()
    aws.advance(GRACE)
    for host in now.hosts:
        said(host, "gc", "--apply")
    aws.advance(600)
    now.everything_is_known()
    if rest := now.handed_out():
        now.give_back(rest)
    now.until_all_has_ended()
    for _ in range(3):
        aws.advance(GRACE)
        for host in now.hosts:
            host.call("getReturnRequests", {"machines": []})
            said(host, "gc", "--apply")
    now.nothing_is_left()
    ends = Counter(entry["status"] for entry in now.requests.values() if entry)
    return now.tally + Counter({"requests": len(now.requests), "returns": len(now.returns), **ends})


@pytest.mark.parametrize("seed", range(2))
def test_a_bad_week_loses_nothing(
    local_aws: LocalAws, tmp_path: Path, seed: int, record_property: Callable[[str, object], None]
) -> None:
    record_property("week", dict(week(local_aws, tmp_path, seed, steps=60)))


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(100, 140))
def test_bad_weeks_lose_nothing(
    local_aws: LocalAws, tmp_path: Path, seed: int, record_property: Callable[[str, object], None]
) -> None:
    record_property("week", dict(week(local_aws, tmp_path, seed, steps=120)))
