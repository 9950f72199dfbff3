"""Contract §2.5: getReturnRequests."""

from __future__ import annotations

import re
from typing import Any, Final

from tests.contract.row import Row, hosts

OPERATION: Final = "getReturnRequests"
NOBODY: dict[str, object] = {"status": "complete", "requests": []}
AWAY = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "OHF_PROVIDER_RETRY_ATTEMPTS": "0"}


def nothing(name: str, shows: tuple[str, ...], given: object, **more: Any) -> Row:
    """Nothing is being reclaimed."""
    more.setdefault("world", "settled")
    expects = NOBODY | more.pop("says", {})
    return Row(name, shows, OPERATION, given=given, expects=expects, changes=(), **more)


def taken(name: str, shows: tuple[str, ...], given: object, grace: range, *, world: str, **more: Any) -> Row:
    """The first machine of the world is being taken, or is gone."""
    expects = {
        "status": "complete",
        "requests.*.machine": [more.pop("machine", "<name-1>")],
        "requests.*.machineId": ["<machine-1>"],
        "requests.0.gracePeriod": grace,
    }
    return Row(name, shows, OPERATION, given=given, expects=expects, changes=(), world=world, **more)


GONE = range(1)
SPOT = range(30, 93)
ROWS = (
    nothing("reclaims-none", ("2.5-1", "2.5-2", "2.5-4", "2.5-5", "2.5-6", "1.6-12"), hosts(1, 2)),
    nothing("reclaims-none-lsf", ("2.5-2", "2.5-4"), hosts(1, 2), flavor="lsf"),
    nothing("reclaims-for-an-empty-object", ("2.5-3",), {}),
    nothing("reclaims-for-an-empty-array", ("2.5-3",), {"machines": []}),
    nothing("reclaims-for-null", ("2.5-3",), {"machines": None}),
    nothing("reclaims-for-an-empty-file", ("2.5-3",), b""),
    nothing("reclaims-without-any-machine", ("2.5-3",), {}, world="nothing"),
    nothing("reclaims-while-starting", ("2.5-6",), hosts(1, 2), world="starting"),
    nothing("reclaims-by-texts", ("2.5-1",), {"machines": ["<name-1>", "<machine-2>"]}),
    taken(
        "reclaims-spot-notice",
        ("2.5-6", "2.5-7", "2.5-8", "2.5-9"),
        hosts(1, 2),
        SPOT,
        world="interrupted spot-now",
    ),
    taken(
        "reclaims-spot-notice-by-name",
        ("2.5-7",),
        {"machines": [{"name": "<name-1>"}]},
        SPOT,
        world="interrupted spot-now",
    ),
    taken(
        "reclaims-spot-notice-by-id",
        ("2.5-9",),
        {"machines": [{"machineId": "<machine-1>"}]},
        SPOT,
        world="interrupted spot-now",
    ),
    taken("reclaims-spot-notice-unasked", ("2.5-3", "2.5-10"), {}, SPOT, world="interrupted spot-now"),
    taken(
        "reclaims-spot-notice-name-as-given",
        ("2.5-7",),
        {"machines": [{"name": "host-1.grid.example", "machineId": "<machine-1>"}]},
        SPOT,
        world="interrupted spot-now",
        machine="host-1.grid.example",
    ),
    nothing("reclaims-spot-notice-of-another", ("2.5-10",), hosts(2), world="interrupted spot-now"),
    *(
        taken(f"reclaims-spot-notice-{kind}", ("2.5-8",), hosts(1, 2), SPOT, world=f"interrupted {kind}")
        for kind in ("kept", "spot-request", "spot-kept")
    ),
    taken("reclaims-spot-ended", ("2.5-8",), hosts(1, 2), GONE, world="interrupted and ended"),
    taken("reclaims-retirement", ("2.5-8",), hosts(1, 2), range(3400, 3601), world="retired"),
    taken("reclaims-terminated-outside", ("2.5-6", "2.5-8"), hosts(1, 2), GONE, world="lost outside: terminated"),
    taken("reclaims-stopped-outside", ("2.5-6", "2.5-8"), hosts(1, 2), GONE, world="lost outside: stopped"),
    taken("reclaims-forgotten-by-ec2", ("2.5-8",), hosts(1, 2), GONE, world="lost outside, forgotten"),
    taken("reclaims-forgotten-by-ec2-unasked", ("2.5-10",), {}, GONE, world="lost outside, forgotten"),
    Row(
        "reclaims-all-forgotten-by-ec2",
        ("2.5-6",),
        OPERATION,
        given=hosts(1, 2),
        world="all lost",
        expects={"requests.*.machine": ["<name-1>", "<name-2>"], "requests.*.gracePeriod": [0, 0]},
        changes=("DeleteStack",),
    ),
    nothing("reclaims-name-not-found", ("2.5-6",), {"machines": [{"name": "ip-10-9-9-9.ec2.internal"}]}),
    nothing("reclaims-own-return-ending", ("2.5-10",), hosts(1, 2), world="returned"),
    nothing("reclaims-own-return-ended", ("2.5-10",), hosts(1, 2), world="returned for good"),
    nothing("reclaims-own-return-memory-lost", ("2.5-10",), hosts(1, 2), world="returned, memory lost"),
    nothing("reclaims-own-return-unasked", ("2.5-10",), {}, world="returned for good"),
    nothing("reclaims-strangers", ("2.5-10", "6-6"), hosts(3, 4), world="strangers"),
    nothing(
        "reclaims-when-aws-is-away",
        ("2.5-5", "1.5-5"),
        hosts(1, 2),
        environ=AWAY,
        says={"message": re.compile("not reached")},
    ),
    nothing(
        "reclaims-in-another-region",
        ("2.5-5",),
        hosts(1, 2),
        environ={"OHF_PROVIDER_REGION": "eu-west-1"},
        world="settled long ago",
        says={"message": re.compile("eu-west-1")},
    ),
    nothing("reclaims-memory-lost", ("2.5-11",), hosts(1, 2), world="forgotten"),
    *(
        Row(
            f"reclaims-refuse-{name}",
            ("1.2-5",),
            OPERATION,
            given=given,
            exit=1,
            expects={"message": re.compile(says)},
        )
        for name, given, says in (
            ("an-array", [1], "not a JSON object"),
            ("a-number", {"machines": 7}, "neither an array"),
            ("an-entry-empty", {"machines": [{}]}, "no entry with a name or a machineId"),
        )
    ),
)
