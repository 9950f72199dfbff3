"""Amnesia: two installations in two accounts are asked the same, and one loses its work folder at any moment.

Its terminal answers are the same, at most one poll later, and never change. What may differ: messages, and machines
that AWS itself has forgotten. At the end nothing is left of either.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from ohf_iac.status.recover import STACK_PATIENCE
from ohf_iac.template.kinds import KINDS, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.permitted import said
from tests.e2e.provider import Provider
from tests.local_aws import ACCOUNT, LocalAws

OTHER = "210987654321"
REQUESTS = 4
#: Host Factory's pace, an hour of an outage, longer than any grace
PAUSES = (20, 30, 60, 300, 2400, 4 * 3600)
FOREVER = 4 * 3600
#: seconds by which the hosts' clock may be off while AWS still takes their calls
SKEWS = (-240, -60, 0, 90, 240)
#: what may be wrong with stacks for a while
TROUBLES: tuple[dict[str, Any], ...] = (
    {},
    {"failCreate": {"Capacity": "no such thing"}},
    {"failDelete": {"Capacity": {"reason": "held by a lock", "times": 2}}},
    {"failDelete": {"LaunchTemplate": {"reason": "it is in use", "times": 1}}},
)


@dataclass(slots=True)
class Installation:
    """A provider in an account of its own, and the first terminal answer that it gave for each id."""

    provider: Provider
    account: str
    verdicts: dict[str, str] = field(default_factory=dict)

    def status(self, identifier: str) -> dict[str, Any]:
        """An answer; a terminal one must be the one that was given before."""
        entry = self.provider.status(identifier)
        if entry["status"] != "running" or identifier in self.verdicts:
            assert self.verdicts.setdefault(identifier, entry["status"]) == entry["status"], entry
        return entry

    def forget(self) -> None:
        shutil.rmtree(self.provider.work, ignore_errors=True)

    def live(self) -> set[str]:
        """The machines that EC2 shows as alive in this account."""
        client = self.provider.aws.client("ec2", account=self.account)
        states = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
        pages = client.get_paginator("describe_instances").paginate(Filters=states)
        return {one["InstanceId"] for page in pages for part in page["Reservations"] for one in part["Instances"]}

    def stacks(self) -> list[str]:
        client = self.provider.aws.client("cloudformation", account=self.account)
        return [one["StackName"] for one in client.describe_stacks()["Stacks"]]


@dataclass(slots=True)
class Pair:
    """One request or return in both installations; `entries` are the last answers."""

    ids: tuple[str, str]
    kind: str
    entries: list[dict[str, Any]] = field(default_factory=list)
    left: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return bool(self.entries) and all(one["status"] != "running" for one in self.entries)


class Amnesia(RuleBasedStateMachine):
    """The walk: `kept` remembers all, `lost` forgets now and then."""

    aws: LocalAws
    folder: Path
    numbers = count()

    @initialize(room=st.sampled_from([None, 2]))
    def start(self, room: int | None) -> None:
        self.room: dict[str, Any] = {"capacity": {"*": room}} if room else {}
        self.aws.reset(profile="realistic", **self.room)
        home = self.folder / str(next(self.numbers))
        home.mkdir()
        self.clock, self.skew = home / "clock", 0
        clock = {"OHF_CLOCK_FILE": str(self.clock)}
        self.kept = Installation(Provider(home / "kept", self.aws, extra=clock), ACCOUNT)
        keys = {"AWS_ACCESS_KEY_ID": f"AKIA{OTHER}"}
        self.lost = Installation(Provider(home / "lost", self.aws, extra=clock | keys), OTHER)
        self.passes(0)
        self.requests: list[Pair] = []
        self.returns: list[Pair] = []

    @precondition(lambda self: len(self.requests) < REQUESTS)
    @rule(kind=st.sampled_from(KINDS), number=st.integers(1, 3))
    def ask(self, kind: Kind, number: int) -> None:
        template = TEMPLATES[kind]
        ids = (self.kept.provider.request(template, number), self.lost.provider.request(template, number))
        self.requests.append(Pair(ids, "request"))

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def poll(self, data: st.DataObject) -> None:
        self.compare(data.draw(st.sampled_from(range(len(self.requests))).map(self.requests.__getitem__)))

    @precondition(lambda self: any(not one.ended for one in self.requests))
    @rule()
    def settle(self) -> None:
        """The oldest open request is polled until it ends."""
        self.ended(next(one for one in self.requests if not one.ended))

    @precondition(lambda self: self.returns)
    @rule(data=st.data())
    def poll_a_return(self, data: st.DataObject) -> None:
        self.compare(data.draw(st.sampled_from(range(len(self.returns))).map(self.returns.__getitem__)))

    @rule(seconds=st.sampled_from(PAUSES))
    def wait(self, seconds: int) -> None:
        self.passes(seconds)

    @rule(seconds=st.sampled_from(SKEWS))
    def step(self, seconds: int) -> None:
        """The hosts' clock is set, forward or back; AWS's is not.

        Not in the seconds in which CloudFormation does not show a new stack: a memory that is lost right then, too,
        leaves nothing by which an id could be told from one that never was.
        """
        self.passes(10)
        self.skew = seconds
        self.passes(0)

    @rule(trouble=st.sampled_from(TROUBLES))
    def trouble(self, trouble: dict[str, Any]) -> None:
        self.aws.scenario(profile="realistic", **self.room, stacks=trouble)

    @rule()
    def forget(self) -> None:
        self.lost.forget()

    @rule()
    def recover(self) -> None:
        said(self.lost.provider, "recover")

    @rule()
    def house_keeping(self) -> None:
        """Host Factory's reclaims, with chores behind them."""
        for one in (self.kept, self.lost):
            one.provider.call("getReturnRequests", {"machines": []})

    @precondition(lambda self: self.may_make_room())
    @rule(data=st.data(), by_name=st.booleans())
    def give_back(self, data: st.DataObject, by_name: bool) -> None:
        owning = [one for one in self.requests if one.left]
        pair = owning[data.draw(st.integers(0, len(owning) - 1))]
        number = data.draw(st.integers(1, len(pair.left)))
        given, pair.left = pair.left[:number], pair.left[number:]
        self.returned(given, by_name=by_name)
        self.room_is_made()

    @rule()
    def collect(self) -> None:
        """The timer's run: what nobody has polled for hours ends."""
        for one in (self.kept, self.lost):
            said(one.provider, "gc", "--apply")

    @precondition(lambda self: self.may_make_room())
    @rule(data=st.data())
    def taken(self, data: st.DataObject) -> None:
        """The same machine of a settled request is taken from both: a spot one is interrupted, others end."""
        owning = [one for one in self.requests if one.left]
        pair = owning[data.draw(st.integers(0, len(owning) - 1))]
        for one, machine in zip((self.kept, self.lost), pair.left[0], strict=True):
            if machine["machineId"] not in one.live():
                continue
            if machine["priceType"] == "spot":
                self.aws.interrupt([machine["machineId"]])
            else:
                client = self.aws.client("ec2", account=one.account)
                client.terminate_instances(InstanceIds=[machine["machineId"]])
        self.room_is_made()

    def may_make_room(self) -> bool:
        """Whether machines may go. Where room is short, fleets that wait race for it, in each account anew."""
        waiting = any(not one.ended for one in self.requests)
        return any(one.left for one in self.requests) and not (self.room and waiting)

    def room_is_made(self) -> None:
        """What ends has ended before anything else is asked for."""
        if self.room:
            self.passes(180)

    def returned(self, given: list[tuple[dict[str, Any], dict[str, Any]]], *, by_name: bool) -> None:
        keys = ("name",) if by_name else ("name", "machineId")
        ids = []
        for place, one in enumerate((self.kept, self.lost)):
            hosts = [{key: machines[place][key] for key in keys} for machines in given]
            ids.append(str(one.provider.call("requestReturnMachines", {"machines": hosts})["requestId"]))
        self.returns.append(Pair((ids[0], ids[1]), "return"))

    def passes(self, seconds: float) -> None:
        """Virtual time passes; the hosts' clock goes with it, as far off as it is."""
        self.aws.advance(seconds)
        self.clock.write_text(str(float(self.aws.clock_file.read_text()) + self.skew))

    def compare(self, pair: Pair) -> None:
        """Both are asked; where one has ended the other has, or does at its next poll."""
        first = not pair.ended
        pair.entries = [self.kept.status(pair.ids[0]), self.lost.status(pair.ids[1])]
        if len({one["status"] == "running" for one in pair.entries}) == 2:
            # machines that had gone before they were given back bear no mark of it, and an id of which AWS shows
            # nothing is `running` while it is young (design §5)
            self.passes(20 if pair.kind == "request" else STACK_PATIENCE + max(SKEWS) - min(SKEWS))
            pair.entries = [self.kept.status(pair.ids[0]), self.lost.status(pair.ids[1])]
        assert pair.entries[0]["status"] == pair.entries[1]["status"], pair.entries
        if not pair.ended or pair.kind == "return":
            return
        living = [self.living(one, entry) for one, entry in zip((self.kept, self.lost), pair.entries, strict=True)]
        assert len(living[0]) == len(living[1]), pair.entries
        if first:
            pair.left = list(zip(*living, strict=True))

    def ended(self, pair: Pair) -> None:
        """Polled every two minutes until it ends; within three hours it has to."""
        for _ in range(90):
            self.compare(pair)
            if pair.ended:
                return
            self.passes(120)
        raise AssertionError(pair)

    def living(self, one: Installation, entry: dict[str, Any]) -> list[dict[str, Any]]:
        """The machines of an answer that live, like beside like: what Host Factory may still return."""
        live = one.live()
        told = [machine for machine in entry["machines"] if machine["result"] == "succeed"]
        return sorted((machine for machine in told if machine["machineId"] in live), key=itemgetter("priceType"))

    def teardown(self) -> None:
        if not hasattr(self, "requests"):
            return
        self.trouble({})
        for pair in (*self.requests, *self.returns):
            self.ended(pair)
        if given := [machines for pair in self.requests for machines in pair.left]:
            self.returned(given, by_name=False)
            self.passes(300)
            self.compare(self.returns[-1])
        self.passes(FOREVER)
        for one in (self.kept, self.lost):
            said(one.provider, "gc", "--apply")
        self.passes(600)
        for one in (self.kept, self.lost):
            assert (one.live(), one.stacks()) == (set(), [])
        self.lost.forget()
        for pair in self.requests:
            self.compare(pair)


def walk(aws: LocalAws, folder: Path, walks: int, steps: int) -> None:
    Amnesia.aws, Amnesia.folder = aws, folder
    run_state_machine_as_test(
        Amnesia,
        settings=settings(
            max_examples=walks,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_lost_work_folder_changes_no_answer(local_aws: LocalAws, tmp_path: Path) -> None:
    walk(local_aws, tmp_path, walks=6, steps=20)


@pytest.mark.sweep
def test_a_lost_work_folder_changes_no_answer_on_longer_walks(local_aws: LocalAws, tmp_path: Path) -> None:
    walk(local_aws, tmp_path, walks=60, steps=30)
