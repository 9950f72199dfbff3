"""Machines as they are reported: results, messages, tags, order."""

from __future__ import annotations

import pytest

from ohf_iac.machine import (
    NAME_PATIENCE,
    Instance,
    Machine,
    by_launch,
    create_result,
    death_message,
    gone,
    reported,
    return_result,
    visible_tags,
)

BORN = 1_700_000_000


def one(state: str = "running", **more: object) -> Instance:
    return Instance("i-1", state, **{"name": "ip-10-0-0-1", "launch_time": BORN, **more})  # type: ignore[arg-type]


def test_a_running_machine_with_a_name_is_usable() -> None:
    assert create_result(one(), BORN) == ("succeed", "")


def test_a_running_machine_without_a_name_is_waited_for_ten_minutes() -> None:
    nameless = one(name="")
    assert create_result(nameless, BORN + NAME_PATIENCE) == ("executing", "")
    result, message = create_result(nameless, BORN + NAME_PATIENCE + 1)
    assert result == "fail"
    assert message == "i-1 runs, but EC2 gives it no private DNS name"


@pytest.mark.parametrize("state", ["stopping", "stopped", "shutting-down", "terminated"])
def test_a_machine_that_stopped_running_has_failed_and_says_so(state: str) -> None:
    assert create_result(one(state, reason="no capacity"), BORN) == ("fail", f"i-1 is {state}: no capacity")


def test_a_death_is_told_in_the_best_words_there_are() -> None:
    assert death_message(one("terminated", reason="told", reason_code="Code")) == "i-1 is terminated: Code: told"
    assert death_message(one("terminated", reason="Code: b", reason_code="Code")) == "i-1 is terminated: Code: b"
    assert death_message(one("terminated", reason_code="Code")) == "i-1 is terminated: Code"
    assert death_message(one("terminated")) == "i-1 is terminated"


def test_an_unknown_state_is_an_error_in_either_direction() -> None:
    with pytest.raises(KeyError):
        create_result(one("hibernated"), BORN)
    with pytest.raises(KeyError):
        return_result(one("hibernated"))


@pytest.mark.parametrize(("state", "live"), [("pending", True), ("stopped", True), ("shutting-down", False)])
def test_a_machine_that_may_cost_something_is_live(state: str, live: bool) -> None:
    assert one(state).live is live


def test_what_is_reported_of_a_machine() -> None:
    instance = one(
        private_ip="10.0.0.1",
        public_ip="3.4.5.6",
        public_dns="ec2-3-4-5-6",
        instance_type="m5.large",
        spot=True,
        cores=1,
        threads=2,
        tags={"RC_ACCOUNT": "lab", "site": "x"},
    )
    assert reported(instance, "fail", "why") == Machine(
        "i-1",
        "ip-10-0-0-1",
        "fail",
        "running",
        BORN,
        "10.0.0.1",
        "3.4.5.6",
        "ec2-3-4-5-6",
        "m5.large",
        "spot",
        "RC_ACCOUNT=lab;site=x",
        "lab",
        1,
        2,
        "why",
    )


def test_tags_of_aws_and_of_ours_are_nobodys_business() -> None:
    assert visible_tags({"b": "2", "a": "1", "aws:ec2:fleet-id": "f", "ohf:owner": "o"}) == "a=1;b=2"
    assert visible_tags({}) == ""


def test_a_machine_that_ec2_forgot_is_returned() -> None:
    assert gone("i-1", "name", 7) == Machine("i-1", "name", "succeed", "terminated", 7)


def test_machines_are_told_oldest_first() -> None:
    young, old, twin = (
        Instance("i-3", "running", launch_time=9),
        Instance("i-2", "running"),
        Instance("i-1", "running"),
    )
    assert [machine.instance_id for machine in by_launch([young, old, twin])] == ["i-1", "i-2", "i-3"]
