"""Contract §2.3, §1.5 and §5: getRequestStatus of create requests."""

from __future__ import annotations

import re
from typing import Any, Final

from tests.contract.row import Row, status_of
from tests.contract.worlds.table import KINDS, STATES

OPERATION: Final = "getRequestStatus"
FIRST = "requests.0"
RESULTS = f"{FIRST}.machines.*.result"


def tells(
    name: str, shows: tuple[str, ...], status: str, results: list[str] | None = None, *, world: str, **more: Any
) -> Row:
    """A row about one request: its status, and the results of its machines in order."""
    expects: dict[str, object] = {f"{FIRST}.requestId": "<request-1>", f"{FIRST}.status": status}
    if results is not None:
        expects[RESULTS] = results
    expects |= {f"{FIRST}.{key.replace('__', '.')}": value for key, value in more.pop("says", {}).items()}
    return Row(name, shows, OPERATION, given=status_of("<request-1>"), expects=expects, world=world, **more)


LIVES = (
    tells("status-just-asked", ("2.3-5", "2.3-7", "2.2-9"), "running", [], world="asked"),
    tells(
        "status-pending",
        ("2.3-5", "2.3-7", "2.3-10", "2.3-11", "2.3-22"),
        "running",
        ["executing", "executing"],
        world="starting",
        says={"machines__0__status": "pending"},
    ),
    tells(
        "status-complete",
        (
            "2.3-1",
            "2.3-3",
            "2.3-4",
            "2.3-5",
            "2.3-6",
            "2.3-7",
            "2.3-8",
            "2.3-9",
            "2.3-10",
            "2.3-11",
            "2.3-12",
            "2.3-14",
            "2.3-18",
            "2.3-23",
            "1.6-5",
        ),
        "complete",
        ["succeed", "succeed"],
        world="settled",
        says={
            "machines__0__machineId": "<machine-1>",
            "machines__0__name": "<name-1>",
            "machines__0__privateIpAddress": "<address-1>",
            "machines__0__launchtime": "<launched-1>",
            "machines__0__status": "running",
        },
    ),
    tells(
        "status-complete-old-symphony",
        ("1.3-5",),
        "complete",
        ["succeed"] * 2,
        world="settled",
        flavor="old-symphony",
    ),
    tells("status-complete-lsf", ("1.3-9", "1.6-1"), "complete", ["succeed"] * 2, world="settled", flavor="lsf"),
    *(
        tells(f"status-complete-{one}", ("2.3-18", "2.3-36"), "complete", ["succeed"] * 2, world=f"settled {one}")
        for one in (*KINDS, "spot-now")
    ),
    tells(
        "status-extra-fields-of-symphony",
        ("2.3-16", "1.6-9"),
        "complete",
        world="settled",
        says={
            "machines__0__priceType": "ondemand",
            "machines__0__instanceType": "m5.large",
            "machines__0__instanceTags": "RC_ACCOUNT=default;application=grid;stage=test",
            "machines__0__cloudHostId": None,
        },
    ),
    tells(
        "status-extra-fields-of-lsf",
        ("2.3-17", "1.6-10"),
        "complete",
        world="accounted",
        flavor="lsf",
        says={
            "machines__0__rcAccount": "project_a",
            "machines__0__publicDnsName": "",
            "machines__0__ncores": 1,
            "machines__0__nthreads": 2,
            "machines__0__lifeCycleType": "ondemand",
        },
    ),
    tells(
        "status-spot-life-cycle",
        ("2.3-16", "2.3-17"),
        "complete",
        world="settled spot-now",
        says={"machines__0__lifeCycleType": "spot", "machines__0__priceType": "spot"},
    ),
    tells(
        "status-public-address",
        ("2.3-13",),
        "complete",
        world="settled public",
        says={
            "machines__0__publicIpAddress": "<public-address-1>",
            "machines__0__publicDnsName": "<public-name-1>",
        },
    ),
    tells(
        "status-no-public-address",
        ("2.3-13",),
        "complete",
        world="settled",
        says={"machines__0__publicIpAddress": None},
    ),
    tells("status-mixed-purchase", ("2.3-18",), "complete", ["succeed"] * 4, world="mixed"),
    tells(
        "status-weighted",
        ("2.2-2", "2.3-18"),
        "complete",
        ["succeed"] * 3,
        world="asked for weighted",
        says={"machines__0__instanceType": "c5.xlarge"},
    ),
    tells("status-rest-on-demand", ("2.3-18", "5.5-2"), "complete", ["succeed"] * 2, world="rest bought"),
    tells("status-memory-lost", ("2.3-18", "1.5-5"), "complete", ["succeed"] * 2, world="forgotten"),
    tells(
        "status-complete-stays-when-machines-end",
        ("2.3-36",),
        "complete",
        ["succeed", "succeed"],
        world="lost outside: terminated",
    ),
    tells(
        "status-complete-stays-after-a-return", ("2.3-36",), "complete", ["succeed"] * 2, world="returned for good"
    ),
)

NAMELESS = (
    tells(
        "status-running-without-a-name",
        ("2.3-24", "2.3-9"),
        "running",
        ["executing"],
        world="nameless",
        says={
            "machines__0__name": "",
            "machines__0__privateIpAddress": "<address-1>",
            "machines__0__status": "running",
        },
    ),
    tells(
        "status-without-a-name-for-long",
        ("2.3-24", "2.3-15"),
        "running",
        ["fail"],
        world="nameless for long",
        says={"machines__0__message": re.compile("no private DNS name")},
    ),
)

#: EC2 state -> the statement of its row in the table of results
CREATE_STATEMENTS = {"shutting-down": "2.3-25", "stopping": "2.3-26", "stopped": "2.3-27", "terminated": "2.3-28"}
DEATHS = (
    *(
        tells(
            f"status-{state}-during-creation",
            (CREATE_STATEMENTS[state], "2.3-15", "2.3-19", "5.4-4"),
            "complete_with_error",
            ["succeed", "fail"],
            world=f"died: {state}",
            says={
                "machines__1__status": state,
                "machines__1__message": re.compile(f"^<machine-1> is {state}: Client"),
            },
        )
        for state in STATES
    ),
    *(
        tells(
            f"status-{state}-while-waiting",
            (CREATE_STATEMENTS[state], "2.3-15"),
            "running",
            ["succeed", "fail"],
            world=f"died, still waiting: {state}",
            says={"machines__1__status": state},
        )
        for state in STATES
    ),
    tells(
        "status-launch-failed",
        ("2.3-12", "2.3-15", "2.3-19", "2.3-28"),
        "complete_with_error",
        ["succeed", "fail"],
        world="failed launch",
        says={"machines__1__message": re.compile("VolumeLimitExceeded"), "machines__1__privateIpAddress": None},
    ),
    tells(
        "status-interrupted-while-waiting",
        ("2.3-15", "2.3-28"),
        "running",
        ["succeed", "fail"],
        world="interrupted early",
        says={"machines__1__message": re.compile("^<machine-1> is terminated: Server.SpotInstanceTermination")},
    ),
    tells(
        "status-pending-for-too-long",
        ("5.5-1", "2.3-15"),
        "complete_with_error",
        ["fail"],
        world="overdue",
        environ={"OHF_PROVIDER_PENDING_TIMEOUT": "180"},
    ),
)

#: a code after these words makes ebrokerd report the shortage and leave the template alone for a while
CAPACITY = "^2 of 3 machines: Error Code: (InsufficientInstanceCapacity|UnfulfillableCapacity): "
SHORTAGES = (
    tells(
        "status-partial",
        ("5.4-1", "1.6-13", "1.6-14", "2.3-6"),
        "complete",
        ["succeed", "succeed"],
        world="short",
        says={"message": re.compile("^2 of 3 machines: Error Code: InsufficientInstanceCapacity")},
    ),
    *(
        tells(
            f"status-partial-{template}",
            ("5.4-1", "5.5-2", "2.3-36"),
            "complete",
            ["succeed", "succeed"],
            world=f"short {template}",
            says={"message": re.compile(CAPACITY)},
        )
        for template in KINDS
    ),
    tells(
        "status-partial-strict-template",
        ("5.4-3", "2.3-19"),
        "complete_with_error",
        ["succeed", "succeed"],
        world="short strict",
        says={"message": re.compile("^2 of 3 machines: ")},
    ),
    tells(
        "status-partial-strict-setting",
        ("5.4-3", "2.3-19"),
        "complete_with_error",
        ["succeed", "succeed"],
        world="short, strict by setting",
        environ={"OHF_TEMPLATE_PARTIAL_STATUS": "complete_with_error"},
    ),
    tells(
        "status-waiting-for-capacity",
        ("2.3-5", "2.3-18"),
        "running",
        ["succeed", "succeed"],
        world="waiting",
        says={"message": re.compile("^2 of 3 machines: ")},
    ),
    tells("status-waiting-within-lsf-validity", ("5.5-2",), "running", ["succeed"] * 2, world="group in time"),
    tells("status-past-lsf-validity", ("5.5-2", "5.5-4"), "complete", ["succeed"] * 2, world="group past its time"),
    tells(
        "status-nothing-launched",
        ("5.4-2", "2.3-19", "1.6-14"),
        "complete_with_error",
        [],
        world="none launched",
        says={"message": re.compile("^0 of 2 machines: Error Code: ")},
    ),
    *(
        tells(
            f"status-nothing-launched-{template}",
            ("5.4-2", "5.5-2", "5.5-4"),
            "complete_with_error",
            [],
            world=f"none launched {template}",
            says={"message": re.compile("^0 of 2 machines: ")},
        )
        for template in ("group", "patient")
    ),
    tells(
        "status-stack-failed",
        ("5.5-3",),
        "complete_with_error",
        [],
        world="failed stack",
        says={"message": re.compile("ami-0bad.*does not exist")},
    ),
)
ROWS = (*LIVES, *NAMELESS, *DEATHS, *SHORTAGES)
