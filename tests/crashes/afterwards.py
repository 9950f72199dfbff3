"""What happens after a crash, to its end, and what must be true then.

First one more operation, with the store kept or lost; then Host Factory goes on as it does: it polls what it was
told of, uses the machines it heard of, returns them; time passes, and `ohf gc --apply` runs. At the end nothing is
left.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ohf_iac.app import app_for
from ohf_iac.request import request_id_of
from ohf_iac.store.document import parse
from tests.crashes.crash import provider_at, words_of
from tests.crashes.scheduler import Scheduler, asking, ids_of
from tests.e2e.permitted import environment
from tests.e2e.provider import forget

#: past deadline and grace of anything that was asked for
LONG: Final = 4 * 3600


@dataclass(frozen=True, slots=True)
class After:
    """What comes after the crash: one more operation, with the store kept or lost.

    `heard`: somebody polls ids that Host Factory never got, by the names of stacks; else gc has to find them.
    """

    then: str
    lost: bool = False
    heard: bool = False

    @property
    def name(self) -> str:
        return f"{self.then}{', memory lost' if self.lost else ''}{', strangers polled' if self.heard else ''}"


AFTERS: Final = (
    After("again"),
    After("poll", heard=True),
    After("poll", lost=True, heard=True),
    After("gc"),
    After("return"),
    After("again", lost=True),
    After("reclaims"),
    After("recover", lost=True),
    After("request"),
    After("gc", lost=True),
    After("templates", heard=True),
)


def play(place: Mapping[str, Any], call: Mapping[str, Any], knowledge: Mapping[str, Any], after: list[Any]) -> None:
    """All that comes after a crash; AssertionError tells what is not as it must be."""
    then = After(*after)
    scheduler = Scheduler(provider_at(place), **knowledge)
    told = (scheduler.provider.folder / "answer").read_text()
    if call["operation"] == "requestReturnMachines":
        scheduler.given += ids_of(call["document"])
    if told and call["face"] == "machine":
        scheduler.hear(call["operation"], call["document"], 0, json.loads(told))
    check_files(scheduler.provider.work)
    check_stacks(scheduler)
    if call["operation"] == "requestMachines":
        check_intents(scheduler)
    if then.lost:
        forget(scheduler.provider)
    NEXT[then.then](scheduler, call)
    check_stacks(scheduler)
    scheduler.provider.aws.advance(30)
    if then.heard:
        _poll_strangers(scheduler)
    scheduler.poll_to_the_end()
    _check_machines_are_there(scheduler)
    if then.lost:
        _use_for_long(scheduler)
    scheduler.give_back()
    scheduler.poll_to_the_end()
    _wait_and_collect(scheduler)
    check_stacks(scheduler)
    _check_nothing_is_left(scheduler)
    scheduler.poll(scheduler.requests)
    check_files(scheduler.provider.work)
    check_log(scheduler.provider.folder / "log")


def again(scheduler: Scheduler, call: Mapping[str, Any]) -> None:
    """The same once more, as whoever heard no answer does it."""
    if call["face"] == "machine":
        scheduler.call(call["operation"], call["document"])
    else:
        scheduler.says_or_refuses(*words_of(call, scheduler.provider))


def _poll(scheduler: Scheduler, call: Mapping[str, Any]) -> None:
    del call
    scheduler.poll([*scheduler.requests, *scheduler.returns])


def _return(scheduler: Scheduler, call: Mapping[str, Any]) -> None:
    """All machines that live, whether they were told of or not: an administrator may name any."""
    del call
    hosts = [{"name": one["name"], "machineId": one["id"]} for one in scheduler.alive().values()]
    if hosts:
        scheduler.call("requestReturnMachines", {"machines": hosts})


NEXT: Final[Mapping[str, Callable[[Scheduler, Mapping[str, Any]], None]]] = {
    "again": again,
    "poll": _poll,
    "return": _return,
    "reclaims": lambda scheduler, _call: scheduler.reclaims(),
    "templates": lambda scheduler, _call: scheduler.offers(),
    "request": lambda scheduler, _call: scheduler.ask_for_one(),
    "gc": lambda scheduler, _call: scheduler.collects(),
    "recover": lambda scheduler, _call: scheduler.recovers(),
}


def check_files(work: Path) -> None:
    """No file is half written: what lies at the store's place is whole, and nothing had to be set aside."""
    for file in work.iterdir():
        assert ".corrupt-" not in file.name, file.name
        if file.name.endswith("request_database.json"):
            parse(file.read_bytes())


def check_intents(scheduler: Scheduler) -> None:
    """What was asked of AWS had been written down before."""
    made = {request_id_of(one["name"]) or "" for one in scheduler.stacks()}
    if not made:
        return
    provider = scheduler.provider
    with environment(provider.environ):
        known = app_for(os.environ).store.read().requests
    assert made <= set(known), f"not remembered: {sorted(made - set(known))}"


def check_log(folder: Path) -> None:
    """No fault of our own was met on the way."""
    for file in folder.iterdir():
        for line in file.read_text().splitlines():
            assert "unexpected" not in line, line


def check_stacks(scheduler: Scheduler) -> None:
    """One stack per id at most, deleted ones counted."""
    twice = [name for name, number in Counter(one["name"] for one in scheduler.stacks()).items() if number > 1]
    assert not twice, f"made twice: {twice}"


def _poll_strangers(scheduler: Scheduler) -> None:
    """The ids in the names of stacks that Host Factory was not told of are known, and all their machines told."""
    made = {request_id_of(one["name"]) or "" for one in scheduler.stacks() if one["status"] != "DELETE_COMPLETE"}
    for identifier in sorted(made - set(scheduler.requests)):
        scheduler.requests[identifier] = ""
        answer = scheduler.call("getRequestStatus", asking([identifier]))
        assert "not known" not in answer["requests"][0]["message"], answer
    scheduler.poll_to_the_end()


def _check_machines_are_there(scheduler: Scheduler) -> None:
    """What Host Factory was told of lives: nobody ended it but who was asked to."""
    gone = set(scheduler.machines) - set(scheduler.alive()) - set(scheduler.given)
    assert not gone, f"told of, and ended: {sorted(gone)}"


def _use_for_long(scheduler: Scheduler) -> None:
    """Machines work on for hours; what nobody remembers any more is not collected."""
    forget(scheduler.provider)
    scheduler.provider.aws.advance(LONG)
    scheduler.collects()
    scheduler.provider.aws.advance(60)
    _check_machines_are_there(scheduler)


def _wait_and_collect(scheduler: Scheduler) -> None:
    """Time passes; chores and gc do what they do, twice at most."""
    scheduler.provider.aws.advance(300)
    for _ in range(2):
        scheduler.reclaims()
        scheduler.provider.aws.advance(LONG)
        scheduler.collects()
        scheduler.provider.aws.advance(600)
        if not _left(scheduler):
            return


def _check_nothing_is_left(scheduler: Scheduler) -> None:
    assert not scheduler.alive(), f"live: {scheduler.alive()}; stacks: {_left(scheduler)}"
    assert not _left(scheduler)


def _left(scheduler: Scheduler) -> list[str]:
    """The stacks that are not gone."""
    return [f"{one['name']} {one['status']}" for one in scheduler.stacks() if one["status"] != "DELETE_COMPLETE"]
