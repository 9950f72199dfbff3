"""Contract §2.4 and §6: requestReturnMachines, and getRequestStatus of returns."""

from __future__ import annotations

import re
from typing import Any, Final

from tests.contract.row import Row, hosts, status_of
from tests.contract.rows.status import RESULTS
from tests.contract.stage import Stage

OPERATION: Final = "requestReturnMachines"
NEW = {"requestId": "<return-new>"}
ENDED = ("CreateTags", "TerminateInstances")
ALL_ENDED = (*ENDED, "DeleteStack")
GONE_ID = "i-0dead0dead0dead00"


def accepted(
    name: str, shows: tuple[str, ...], given: object, changes: tuple[str, ...] | None = ENDED, **more: Any
) -> Row:
    says = more.pop("says", None)
    expects = {**NEW, **({"message": re.compile(says)} if says else {})}
    more.setdefault("world", "settled")
    return Row(name, shows, OPERATION, given=given, expects=expects, changes=changes, **more)


def refused(name: str, given: object, says: str) -> Row:
    return Row(name, ("2.4-7", "1.2-5"), OPERATION, given=given, exit=1, expects={"message": re.compile(says)})


def only_the_first_ends(stage: Stage) -> None:
    """Of two machines the one that was named by its id."""
    stage.look()
    states = {stage.names.placeholders[key]: row["State"]["Name"] for key, row in stage.shown.items()}
    assert states == {"<machine-1>": "shutting-down", "<machine-2>": "running"}


SHAPES = (
    accepted(
        "return-by-name-and-id", ("2.4-1", "2.4-2", "2.4-4", "2.4-5", "1.6-6"), hosts(1), says="^1 machine is"
    ),
    accepted("return-by-name", ("2.4-1", "2.4-3"), {"machines": [{"name": "<name-1>"}]}, says="^1 machine is"),
    accepted(
        "return-by-id", ("2.4-2", "2.4-3"), {"machines": [{"machineId": "<machine-1>"}]}, says="^1 machine is"
    ),
    accepted(
        "return-by-texts", ("2.4-3",), {"machines": ["<name-1>", "<machine-2>"]}, ALL_ENDED, says="^2 machines are"
    ),
    accepted("return-one-object", ("2.4-3",), {"machines": {"name": "<name-1>", "machineId": "<machine-1>"}}),
    accepted("return-bare-object", ("2.4-3",), {"name": "<name-1>"}, says="^1 machine is"),
    accepted("return-name-empty", ("2.4-3",), {"machines": [{"name": "", "machineId": "<machine-1>"}]}),
    accepted("return-id-null", ("2.4-3",), {"machines": [{"name": "<name-1>", "machineId": None}]}),
    accepted("return-one-host-twice", ("2.4-3",), {"machines": [*hosts(1)["machines"], *hosts(1)["machines"]]}),  # type: ignore[misc]
    accepted(
        "return-id-before-name",
        ("6-8",),
        {"machines": [{"name": "<name-2>", "machineId": "<machine-1>"}]},
        afterwards=only_the_first_ends,
    ),
    accepted("return-lsf", ("2.4-2", "1.6-6"), hosts(1), flavor="lsf"),
    accepted("return-old-symphony", ("2.4-1", "1.3-5"), hosts(1), flavor="old-symphony"),
    accepted(
        "return-batch-of-eight", ("1.4-2", "6-1"), hosts(*range(1, 9)), None, world="many", says="^8 machines are"
    ),
    accepted("return-across-requests", ("6-1",), hosts(1, 3, 5), None, world="scattered", says="^3 machines are"),
    accepted(
        "return-all-of-several-requests", ("6-1",), hosts(*range(1, 7)), None, world="scattered", says="^6 machines"
    ),
    accepted(
        "return-a-hundred-and-twenty", ("1.4-2",), hosts(*range(1, 121)), ALL_ENDED, world="hundreds", says="^120 "
    ),
    accepted("return-memory-lost", ("2.4-1",), {"machines": [{"name": "<name-1>"}]}, world="forgotten"),
)

CASES = (
    accepted(
        "return-unknown-id", ("2.4-6", "6-3"), {"machines": [{"machineId": GONE_ID}]}, (), says="1 is already gone"
    ),
    accepted(
        "return-unknown-name",
        ("6-3",),
        {"machines": [{"name": "ip-10-9-9-9.ec2.internal"}]},
        (),
        says="1 is already gone",
    ),
    accepted(
        "return-one-unknown-among-good",
        ("6-3", "6-4"),
        {"machines": [{"name": "nowhere"}, {"machineId": GONE_ID}, *hosts(1)["machines"]]},  # type: ignore[misc]
        says="^1 machine is being returned; 2 are already gone",
    ),
    accepted(
        "return-what-makes-no-sense",
        ("6-3", "6-4"),
        {"machines": [{"name": "x", "machineId": "no-instance-id"}, "größe", *hosts(1)["machines"]]},  # type: ignore[misc]
        says="^1 machine is being returned; 2 are already gone",
    ),
    accepted("return-dead", ("2.4-6", "6-2"), hosts(1), None, world="lost outside: terminated"),
    accepted("return-all-forgotten-by-ec2", ("2.4-6", "6-2"), hosts(1, 2), None, world="all lost"),
    accepted("return-stopped", ("6-2",), hosts(1), world="lost outside: stopped"),
    accepted("return-twice", ("6-5",), hosts(1), None, world="returned"),
    accepted("return-again-when-gone", ("6-5", "2.4-6"), hosts(1), None, world="returned for good"),
    accepted("return-foreign", ("6-6",), hosts(3), (), world="strangers", says="left alone: <name-3>"),
    accepted(
        "return-foreign-by-name",
        ("6-6",),
        {"machines": [{"name": "<name-3>"}]},
        (),
        world="strangers",
        says="left alone: <name-3>",
    ),
    accepted(
        "return-foreign-among-ours", ("6-6", "6-4"), hosts(3, 1), world="strangers", says="^1 machine .*left alone"
    ),
    accepted("return-pending", ("6-7",), hosts(1), None, world="starting"),
    accepted("return-while-waiting", ("6-7",), hosts(1), None, world="waiting"),
    accepted("return-while-group-waits", ("6-7",), hosts(1), None, world="waiting group"),
    accepted("return-from-a-group", ("6-7",), hosts(1), None, world="settled group"),
    accepted("return-from-a-maintained-fleet", ("6-7",), hosts(1), None, world="settled kept"),
    accepted("return-protected", ("6-4",), hosts(1, 2), None, world="settled, protected"),
    accepted(
        "return-while-aws-is-away",
        ("1.5-5", "2.4-4"),
        hosts(1),
        (),
        environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "OHF_PROVIDER_RETRY_ATTEMPTS": "0"},
        says="1 machine to be returned; .*not reached",
    ),
)

REFUSED = (
    refused("return-empty-object", {}, 'no "machines"'),
    refused("return-empty-file", b"", "not JSON"),
    refused("return-no-machines", {"machines": []}, 'no "machines"'),
    refused("return-machines-null", {"machines": None}, 'no "machines"'),
    refused("return-machines-a-number", {"machines": 7}, "neither an array"),
    refused("return-entry-empty", {"machines": [{}]}, "no entry with a name or a machineId"),
    refused("return-entry-null", {"machines": [None]}, "no entry with a name or a machineId"),
    refused("return-name-a-number", {"machines": [{"name": 7}]}, "no entry with a name or a machineId"),
    refused("return-an-array", ["x"], "not a JSON object"),
)


def follows(
    name: str, shows: tuple[str, ...], status: str, results: list[str], *, world: str, **says: object
) -> Row:
    """getRequestStatus of the world's return."""
    expects: dict[str, object] = {
        "requests.0.requestId": "<return-1>",
        "requests.0.status": status,
        RESULTS: results,
    }
    expects |= {f"requests.0.{key.replace('__', '.')}": value for key, value in says.items()}
    return Row(name, shows, "getRequestStatus", given=status_of("<return-1>"), expects=expects, world=world)


POLLS = (
    follows(
        "returned-shutting-down",
        ("2.3-20", "2.3-31"),
        "running",
        ["executing"],
        world="returned",
        machines__0__status="shutting-down",
        machines__0__name="<name-1>",
    ),
    follows(
        "returned-terminated",
        ("2.3-20", "2.3-21", "2.3-34"),
        "complete",
        ["succeed"],
        world="returned, gone",
        machines__0__status="terminated",
        machines__0__name="<name-1>",
        machines__0__launchtime="<launched-1>",
    ),
    follows("returned-and-told-before", ("2.3-21",), "complete", ["succeed"], world="returned for good"),
    follows(
        "returned-not-found",
        ("2.3-34", "6-2"),
        "complete",
        ["succeed"],
        world="returned, forgotten by EC2",
        machines__0__status="terminated",
        machines__0__name="<name-1>",
    ),
    *(
        follows(
            f"returned-unheard-{state}",
            (statement, "2.3-20"),
            "running",
            ["executing"],
            world=f"returned unheard: {state}",
            machines__0__status=state,
        )
        for state, statement in {
            "pending": "2.3-29",
            "running": "2.3-30",
            "stopping": "2.3-32",
            "stopped": "2.3-33",
        }.items()
    ),
    follows(
        "returned-protected",
        ("2.3-20", "2.3-15"),
        "complete_with_error",
        ["fail"],
        world="returned protected",
        machines__0__message=re.compile("OperationNotPermitted"),
        machines__0__status="running",
    ),
    follows(
        "returned-unknown",
        ("2.4-6", "6-3"),
        "complete",
        ["succeed"],
        world="returned an unknown",
        machines__0__machineId=GONE_ID,
        machines__0__status="terminated",
    ),
    follows("returned-nobody", ("6-3", "6-6"), "complete", [], world="returned a stranger"),
    follows("returned-across-requests", ("6-1", "2.3-21"), "complete", ["succeed"] * 3, world="returned across"),
    follows(
        "returned-in-part", ("2.3-21",), "running", ["succeed", "executing"], world="returned one after the other"
    ),
    Row(
        "request-of-a-returned-machine-waits-on",
        ("6-7",),
        "getRequestStatus",
        given=status_of("<request-1>"),
        world="returned while running",
        expects={"requests.0.status": "running"},
    ),
    Row(
        "request-of-a-returned-machine-ends",
        ("6-7",),
        "getRequestStatus",
        given=status_of("<request-1>"),
        world="returned while running group, later",
        expects={"requests.0.status": "complete"},
    ),
    Row(
        "request-is-complete-when-all-were-returned",
        ("6-7",),
        "getRequestStatus",
        given=status_of("<request-1>"),
        world="returned while starting",
        expects={"requests.0.status": "complete"},
    ),
)
ROWS = (*SHAPES, *CASES, *REFUSED, *POLLS)
