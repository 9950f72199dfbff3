"""What a watcher is told, from one look to the next."""

from __future__ import annotations

from ohf_cli.table import text_of
from ohf_cli.watch_screen import changes, heartbeat, screen
from ohf_iac.cfn import StackEvent
from ohf_iac.machine import Machine
from ohf_iac.observation import Shortfall, StackSeen
from ohf_iac.operations.history import History
from ohf_iac.operations.overview import Seen
from ohf_iac.request import Request, RequestRecord
from ohf_iac.status.answer import RequestStatus, Status
from ohf_iac.watch import Frame

ID = "req-00000000-0123456789abcdef"
REQUEST = Request(ID, "asg-ondemand", "ASG", 2, "ohf", 0, 1800)
CREATING = StackEvent("e1", 10, "Capacity", "AWS::AutoScaling::AutoScalingGroup", "CREATE_IN_PROGRESS")
CREATED = StackEvent("e2", 31, "Capacity", "AWS::AutoScaling::AutoScalingGroup", "CREATE_COMPLETE", "ohf-group")
STACK = StackEvent("e3", 32, f"ohf-{ID}", "AWS::CloudFormation::Stack", "CREATE_COMPLETE")


def frame(
    at: float, status: Status = "running", machines: int = 0, *events: StackEvent, why: str = "", cause: str = ""
) -> Frame:
    rows = tuple(Machine(f"i-{number}", f"ip-{number}", "succeed", "running") for number in range(machines))
    answer = RequestStatus(ID, status, why, rows)
    seen = Seen(answer, RequestRecord(REQUEST, "created"), StackSeen("arn", f"ohf-{ID}", "CREATE_IN_PROGRESS"))
    return Frame(at, seen, History(ID, None, events, cause, (Shortfall("Code", "no capacity"),) if why else ()))


def test_the_first_look_tells_everything() -> None:
    assert list(changes(None, frame(12, "running", 0, CREATING))) == [
        "00:00:10 Capacity CREATE_IN_PROGRESS",
        f"00:00:12 {ID} running, stack CREATE_IN_PROGRESS, machines 0/2",
    ]


def test_a_look_that_shows_nothing_new_tells_nothing() -> None:
    assert list(changes(frame(12, "running", 1, CREATING), frame(17, "running", 1, CREATING))) == []


def test_what_changed_is_told_once() -> None:
    before, after = frame(12, "running", 0, CREATING), frame(35, "complete", 2, CREATING, CREATED, STACK)
    assert list(changes(before, after)) == [
        "00:00:31 Capacity CREATE_COMPLETE",
        f"00:00:35 {ID} complete, stack CREATE_IN_PROGRESS, machines 2/2 (2 running)",
    ]


def test_a_reason_is_told_when_it_appears_and_not_again() -> None:
    short = frame(40, "running", 1, why="1 of 2 machines: Code: no capacity")
    assert [one for one in changes(frame(35, "running", 1), short) if "why" in one] == [
        "00:00:40 why: 1 of 2 machines: Code: no capacity"
    ]
    assert list(changes(short, frame(45, "running", 1, why="1 of 2 machines: Code: no capacity"))) == []


def test_the_heartbeat_says_how_long_it_takes_already() -> None:
    assert heartbeat(frame(65, "running", 1)) == "00:01:05 still running 0:01:05 machines 1/2"


def test_the_screen_fits_80_columns_and_shows_deadline_resources_machines_and_cause() -> None:
    shown = [text_of(line) for line in screen(frame(60, "running", 2, CREATING, CREATED, cause="denied"), 80)]
    assert shown == [
        f"{ID}  running  asg-ondemand",
        "2/2 machines, stack CREATE_IN_PROGRESS, for 0:01:00, deadline in 0:29:00",
        "",
        "RESOURCE  STATUS           PHYSICAL ID",
        "Capacity  CREATE_COMPLETE  ohf-group",
        "",
        "MACHINE  NAME  TYPE  PRICE     STATE    WHY",
        "i-0      ip-0        ondemand  running",
        "i-1      ip-1        ondemand  running",
        "",
        "why: denied",
    ]
