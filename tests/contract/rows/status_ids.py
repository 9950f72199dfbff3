"""Contract §1.4, §1.5, §2.3: the ids that getRequestStatus is asked for, in every shape, and ids of nobody."""

from __future__ import annotations

import re

from tests.contract.row import Row, status_of
from tests.contract.rows.status import FIRST, OPERATION, tells

COMPLETE = {f"{FIRST}.requestId": "<request-1>", f"{FIRST}.status": "complete"}


def unknown(name: str, shows: tuple[str, ...], identifier: str, status: str, **says: object) -> Row:
    """An id that this provider does not know: one entry, no machines, exit 0."""
    expects = {"requests.*.requestId": [identifier], "requests.*.status": [status], f"{FIRST}.machines": [], **says}
    return Row(name, shows, OPERATION, given=status_of(identifier), expects=expects, world="unknown ids")


SHAPES = (
    Row(
        "ids-several",
        ("1.4-1", "1.4-3", "2.3-3"),
        OPERATION,
        given=status_of("<request-3>", "<request-1>"),
        world="scattered",
        expects={"requests.*.requestId": ["<request-3>", "<request-1>"], "requests.*.status": ["complete"] * 2},
    ),
    Row(
        "ids-one-twice",
        ("2.3-3",),
        OPERATION,
        given=status_of("<request-1>", "<request-1>"),
        world="settled",
        expects={"requests.*.requestId": ["<request-1>"]},
    ),
    Row(
        "ids-one-object",
        ("2.3-1",),
        OPERATION,
        given={"requests": {"requestId": "<request-1>"}},
        world="settled",
        expects=COMPLETE,
    ),
    Row("ids-texts", ("2.3-1",), OPERATION, given={"requests": ["<request-1>"]}, world="settled", expects=COMPLETE),
    Row(
        "ids-one-text", ("2.3-1",), OPERATION, given={"requests": "<request-1>"}, world="settled", expects=COMPLETE
    ),
    Row(
        "ids-with-sets",
        ("2.3-2",),
        OPERATION,
        world="settled",
        expects=COMPLETE,
        given={"requests": [{"requestId": "<request-1>", "sets": [{"id": 1}]}], "more": None},
    ),
    Row(
        "ids-compact",
        ("2.3-1",),
        OPERATION,
        given='{"requests":[{"requestId":"<request-1>"}]}',
        world="settled",
        expects=COMPLETE,
    ),
    Row(
        "ids-create-and-return",
        ("1.4-3", "2.3-3"),
        OPERATION,
        given=status_of("<request-1>", "<return-1>"),
        world="returned for good",
        expects={"requests.*.status": ["complete", "complete"], "requests.1.machines.*.machineId": ["<machine-1>"]},
    ),
    Row(
        "ids-one-bad-among-good",
        ("1.5-4", "1.4-3"),
        OPERATION,
        world="settled",
        given=status_of("nonsense", "<request-1>", "sfr-1"),
        expects={
            "requests.*.requestId": ["nonsense", "<request-1>", "sfr-1"],
            "requests.*.status": ["complete_with_error", "complete", "complete_with_error"],
            "requests.1.machines.*.machineId": ["<machine-1>", "<machine-2>"],
        },
    ),
)

UNKNOWN = (
    unknown("unknown-create-young", ("1.5-1",), "<unknown-req-young>", "running"),
    unknown(
        "unknown-create-old",
        ("1.5-1",),
        "<unknown-req-old>",
        "complete_with_error",
        **{f"{FIRST}.message": re.compile("not known")},
    ),
    unknown(
        "unknown-create-ancient",
        ("1.5-1",),
        "<unknown-req-ancient>",
        "complete",
        **{f"{FIRST}.message": re.compile("older than AWS's memory")},
    ),
    unknown("unknown-return-young", ("1.5-2",), "<unknown-ret-young>", "running"),
    unknown("unknown-return-old", ("1.5-2",), "<unknown-ret-old>", "complete"),
    unknown("unknown-return-ancient", ("1.5-2",), "<unknown-ret-ancient>", "complete"),
    *(
        unknown(
            f"unknown-form-{name}",
            ("1.5-3", "2.2-13"),
            identifier,
            "complete_with_error",
            **{f"{FIRST}.message": re.compile("not an id of this provider")},
        )
        for name, identifier in {
            "spot-fleet": "sfr-4a1b2c3d-0000-4000-8000-000000000000",
            "reservation": "r-0a1b2c3d4e5f60001",
            "remove": "remove-1234-1700000000",
            "upper-case": "REQ-6553F100-0123456789ABCDEF",
            "too-short": "req-6553f100",
            "path": "../../etc/passwd",
            "control": "req\n\t\u0001",
            "foreign-letters": "größe-日本",
        }.items()
    ),
    Row(
        "unknown-of-another-installation",
        ("1.5-1", "6-2"),
        OPERATION,
        given=status_of("<request-2>"),
        world="strangers, later",
        expects={f"{FIRST}.status": "complete_with_error", f"{FIRST}.machines": []},
    ),
)


def refused(name: str, given: object, says: str) -> Row:
    return Row(name, ("2.3-1", "1.2-5"), OPERATION, given=given, exit=1, expects={"message": re.compile(says)})


REFUSED = (
    refused("ids-empty-object", {}, 'no "requests"'),
    refused("ids-empty-file", b"", "not JSON"),
    refused("ids-none", {"requests": []}, "empty"),
    refused("ids-null", {"requests": None}, "neither an array"),
    refused("ids-a-number", {"requests": [{"requestId": 7}]}, "requestId"),
    refused("ids-without-id", {"requests": [{"id": "x"}]}, "requestId"),
    refused("ids-an-array", ["req-1"], "not a JSON object"),
)

AWAY = (
    tells(
        "aws-refuses-all-reads",
        ("1.5-5", "2.3-35"),
        "running",
        ["executing", "executing"],
        world="blind",
        environ={"OHF_PROVIDER_RETRY_ATTEMPTS": "0"},
        says={"message": re.compile("Error Code: ")},
    ),
    tells(
        "aws-not-reached-when-settled",
        ("1.5-5",),
        "complete",
        ["succeed", "succeed"],
        world="settled",
        environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
    ),
    tells(
        "aws-not-reached-when-open",
        ("1.5-5",),
        "running",
        [],
        world="asked, memory lost",
        environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "OHF_PROVIDER_RETRY_ATTEMPTS": "0"},
        says={"message": re.compile("not reached")},
    ),
    Row(
        "unknown-while-aws-is-away",
        ("1.5-5",),
        OPERATION,
        given=status_of("<unknown-req-old>", "<unknown-ret-old>"),
        world="unknown ids",
        environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "OHF_PROVIDER_RETRY_ATTEMPTS": "0"},
        expects={"requests.*.status": ["running", "running"]},
    ),
)
ROWS = (*SHAPES, *UNKNOWN, *REFUSED, *AWAY)
