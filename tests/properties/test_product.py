"""The whole product: every status × machine state × kind × operation, in the contract's words and no others.

Stack statuses, states of fleets and machines are botocore's enums, whole; the operations run as they are, from the
rows that AWS shows to the object that Host Factory reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

import botocore.session
import pytest
from jsonschema import Draft202012Validator

from ohf_iac import hostfactory as wire
from ohf_iac.machine import gone, reported
from ohf_iac.operations.polling import Poll
from ohf_iac.operations.return_polling import return_statuses
from ohf_iac.operations.status import request_statuses
from ohf_iac.request import ReturnedMachine, ReturnRecord, Verdict, return_tag
from ohf_iac.status.answer import RequestStatus
from ohf_iac.status.judge import Policy
from ohf_iac.store.memory import Memory, with_request, with_return
from ohf_iac.template.kinds import ASG, KINDS, REPLACING, Kind
from tests import seen
from tests.properties.canned import TAGS, Canned, Kept, World, app_at, machine_row, states_of
from tests.seen import CREATED, DEADLINE, REQUEST_ID, RETURN_ID

VERDICTS: tuple[Verdict, ...] = ("complete", "complete_with_error")
POLICIES = {"": Policy()}
HASTY = {"": Policy(pending_timeout=180)}
DAY = 86400
#: before the deadline; the first and the second look after it
MOMENTS = (CREATED + 300, DEADLINE + 1, DEADLINE + 31)


@cache
def model(service: str) -> Any:
    return botocore.session.Session().get_service_model(service)


@cache
def stack_statuses() -> tuple[str, ...]:
    return ("", *model("cloudformation").shape_for("StackStatus").enum)


@cache
def machine_states() -> tuple[str, ...]:
    return tuple(model("ec2").shape_for("InstanceStateName").enum)


@cache
def schema() -> Draft202012Validator:
    text = (resources.files("ohf_iac.schemas") / "getRequestStatus.output.json").read_text()
    return Draft202012Validator(json.loads(text))


class Told:
    """Answers as Host Factory reads them; the same words are checked once."""

    def __init__(self) -> None:
        self.checked: set[str] = set()

    def check(self, status: RequestStatus) -> None:
        text = wire.dump(wire.status_answer([status]))
        if text not in self.checked:
            schema().validate(json.loads(text))
            self.checked.add(text)
        assert status.status == "running" or all(one.result != "executing" for one in status.machines)


def fillings() -> Iterator[tuple[dict[str, Any], ...]]:
    """No machine; one in each state; the same beside a running one."""
    yield ()
    for state in machine_states():
        yield (machine_row(1, state),)
        yield (machine_row(1, state), machine_row(2, "running"))


def worlds(kind: Kind) -> Iterator[World]:
    """Every status of the stack × state of group or fleet × state of machines, frozen and not where it can be."""
    states = states_of(kind, model("ec2"))
    for status, state, machines, frozen in product(stack_statuses(), states, tuple(fillings()), freezes(kind)):
        yield World(kind, status, machines, state, frozen)


def freezes(kind: Kind) -> tuple[bool, ...]:
    return (False, True) if kind in REPLACING else (False,)


def polled(world: World, now: float, store: Kept) -> RequestStatus:
    return Poll(app_at(now, store), Canned(world, now), store.read(), POLICIES).answers([REQUEST_ID], {})[
        REQUEST_ID
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_poll_of_every_world_is_answered_in_the_contracts_words(kind: Kind) -> None:
    """And what was terminal once stays, whatever is seen afterwards."""
    told, count = Told(), 0
    for world in worlds(kind):
        store = Kept(with_request(Memory(), seen.record(kind, 2)))
        for moment in MOMENTS:
            status = polled(world, moment, store)
            told.check(status)
            if status.status != "running":
                assert request_statuses(app_at(DEADLINE + DAY, store), [REQUEST_ID]) == (status,)
                break
        told.check(polled(world, MOMENTS[-1], Kept()))  # with the memory lost
        assert store.read().requests[REQUEST_ID].settled == (status.status != "running")
        count += 1
    assert count == len(stack_statuses()) * len(states_of(kind, model("ec2"))) * 13 * len(freezes(kind))
    assert len(told.checked) > 20


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_terminal_status_stands_over_every_state_of_its_machines(kind: Kind, verdict: Verdict) -> None:
    """With the memory, word for word; without it, by the mark on any machine, whatever has become of that one."""
    told, moment = Told(), DEADLINE + 5000
    machine = reported(seen.machine(1), "succeed")
    record = seen.record(kind, 2, verdict=verdict, settled_at=DEADLINE, machines=(machine,))
    marked = {**TAGS, "ohf:settled": verdict}
    for status, state in product(stack_statuses(), machine_states()):
        world = World(kind, status, (machine_row(1, state, marked), machine_row(2, state)), "")
        remembered = request_statuses(app_at(moment, Kept(with_request(Memory(), record))), [REQUEST_ID])[0]
        assert remembered == RequestStatus(REQUEST_ID, verdict, "", (machine,))
        lost = polled(world, moment, Kept())
        assert (lost.status, lost.machines[0].machine_id) == (verdict, machine.machine_id)
        told.check(remembered)
        told.check(lost)


@pytest.mark.parametrize("kind", KINDS)
def test_every_poll_of_a_return_is_answered_in_the_contracts_words(kind: Kind) -> None:
    """Each state of the machine and its absence, marked as returned or not, young and old, remembered or not."""
    told = Told()
    marked = {**TAGS, return_tag(RETURN_ID): ""}
    states: tuple[str, ...] = (*machine_states(), "")
    for state, tags, verdict, age in product(states, (TAGS, marked, {}), (None, *VERDICTS), (10, 200, 4000)):
        row = (machine_row(1, state, tags),) if state else ()
        world, now = World(kind, "CREATE_COMPLETE", row, ""), CREATED + 600 + age
        named = ReturnedMachine(f"i-{1:017x}", "ip-10-0-0-1.ec2.internal", REQUEST_ID, CREATED + 60)
        nameless = ReturnedMachine("", "ip-10-0-0-9.ec2.internal")
        given = ReturnRecord(RETURN_ID, CREATED + 600, (named, nameless))
        request = seen.record(kind, 1, verdict=verdict, settled_at=CREATED + 300 if verdict else 0)
        for memory in (Memory(), with_return(with_request(Memory(), request), given)):
            store, calls = Kept(memory), Canned(world, now)
            status = return_statuses(app_at(now, store), calls, memory, [RETURN_ID])[RETURN_ID]
            told.check(status)
            check_ended(state, tags, calls.ended)
            if state == "terminated":
                assert status.status != "complete_with_error"


def test_a_machine_that_somebody_attached_to_a_group_is_no_member() -> None:
    """It is not told, and not ended with those that came late: the group's list is no proof of ownership."""
    machines = (
        machine_row(1, "running"),
        machine_row(2, "running", {}),
        machine_row(3, "pending", {"ohf:owner": "x"}),
    )
    world, store = World(ASG, "CREATE_COMPLETE", machines, "", frozen=True), Kept()
    store.memory = with_request(store.memory, seen.record(ASG, 2))
    for moment in (*MOMENTS, DEADLINE + DAY):
        calls = Canned(world, moment)
        status = Poll(app_at(moment, store), calls, store.read(), HASTY).answers([REQUEST_ID], {})[REQUEST_ID]
        assert [one.machine_id for one in status.machines] == [f"i-{1:017x}"]
        assert calls.ended == []
    assert (status.status, status.message.startswith("1 of 2")) == ("complete", True)


def check_ended(state: str, tags: dict[str, str], ended: list[str]) -> None:
    """Only what lives and bears our owner's tag is ended."""
    assert not ended or (tags and state in ("pending", "running", "stopping", "stopped"))


def test_a_machine_of_which_nothing_is_known_any_more_is_told_in_the_contracts_words() -> None:
    Told().check(RequestStatus(RETURN_ID, "complete", "", (gone("", "ip-10-0-0-1.ec2.internal"),)))
