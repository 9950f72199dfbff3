"""Returns: they follow their machines, and absence is evidence only where it was looked for long enough."""

from __future__ import annotations

import pytest

from ohf_iac.machine import Instance
from ohf_iac.request import ReturnedMachine, ReturnRecord
from ohf_iac.status.returns import absent, judge_return
from tests.seen import CREATED, REQUEST_ID, RETURN_ID, machine

NOW = CREATED + 3600
ENDING = tuple(
    ReturnedMachine(machine(number).instance_id, f"host-{number}", REQUEST_ID, CREATED + 60) for number in (1, 2)
)
RECORD = ReturnRecord(RETURN_ID, NOW - 60, ENDING)


def shown(*instances: Instance) -> dict[str, Instance]:
    return {one.instance_id: one for one in instances}


def test_a_return_is_complete_when_all_are_terminated() -> None:
    judgement = judge_return(RECORD, shown(machine(1, "terminated"), machine(2, "terminated")), {}, NOW)
    assert (judgement.verdict, judgement.again) == ("complete", ())
    assert [(one.result, one.status) for one in judgement.machines] == [("succeed", "terminated")] * 2


@pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped", "shutting-down"])
def test_a_return_runs_while_one_machine_is_not_terminated(state: str) -> None:
    judgement = judge_return(RECORD, shown(machine(1, "terminated"), machine(2, state)), {}, NOW)
    assert judgement.verdict is None
    assert judgement.machines[1].result == "executing"


def test_a_machine_that_still_runs_is_ended_again_and_one_that_ends_is_not() -> None:
    live, ending = machine(1), machine(2, "shutting-down")
    assert judge_return(RECORD, shown(live, ending), {}, NOW).again == (live,)


def test_a_machine_that_ec2_forgot_is_returned() -> None:
    judgement = judge_return(RECORD, shown(machine(1, "terminated")), {}, NOW)
    assert judgement.verdict == "complete"
    assert (judgement.machines[1].machine_id, judgement.machines[1].name) == (ENDING[1].machine_id, "host-2")


def test_a_young_machine_that_is_not_shown_is_not_gone() -> None:
    """Eventual consistency: five minutes from its launch on."""
    assert judge_return(RECORD, {}, {}, CREATED + 60 + 299).verdict is None
    assert judge_return(RECORD, {}, {}, CREATED + 60 + 300).verdict == "complete"


def test_a_machine_of_unknown_age_is_as_old_as_its_return() -> None:
    record = ReturnRecord(RETURN_ID, NOW, (ReturnedMachine("i-1", "host-1"),))
    assert judge_return(record, {}, {}, NOW + 299).verdict is None
    assert judge_return(record, {}, {}, NOW + 300).verdict == "complete"


def test_a_name_that_nobody_knows_is_returned() -> None:
    record = ReturnRecord(RETURN_ID, NOW, (ReturnedMachine("", "host-9"),))
    judgement = judge_return(record, {}, {}, NOW)
    assert (judgement.verdict, judgement.machines[0].name) == ("complete", "host-9")


def test_a_machine_that_ec2_refuses_to_end_fails_once_the_others_are_gone() -> None:
    refused = {ENDING[0].machine_id: "terminate: it is protected"}
    judgement = judge_return(RECORD, shown(machine(1), machine(2, "shutting-down")), refused, NOW)
    assert (judgement.verdict, judgement.again) == (None, ())
    judgement = judge_return(RECORD, shown(machine(1), machine(2, "terminated")), refused, NOW)
    assert (judgement.verdict, judgement.message) == ("complete_with_error", "terminate: it is protected")
    assert judgement.machines[0].result == "fail"
    assert judgement.machines[0].message == "terminate: it is protected"


def test_a_refused_machine_that_died_all_the_same_is_returned() -> None:
    refused = {ENDING[0].machine_id: "terminate: it is protected"}
    judgement = judge_return(RECORD, shown(machine(1, "terminated"), machine(2, "terminated")), refused, NOW)
    assert judgement.verdict == "complete"


def test_machines_keep_the_name_that_they_were_returned_by() -> None:
    nameless = machine(1, "terminated", name="")
    judgement = judge_return(RECORD, shown(nameless, machine(2, "terminated")), {}, NOW)
    assert [one.name for one in judgement.machines] == ["host-1", "host-2"]


def test_a_return_of_nothing_that_is_known_is_complete() -> None:
    assert judge_return(ReturnRecord(RETURN_ID, NOW), {}, {}, NOW).verdict == "complete"


def test_absent_are_those_that_were_looked_up_and_not_shown() -> None:
    record = ReturnRecord(RETURN_ID, NOW, (*ENDING, ReturnedMachine("", "host-9")))
    assert absent(record, shown(machine(1))) == (ENDING[1],)
