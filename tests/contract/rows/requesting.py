"""Contract §2.2: requestMachines."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from tests.contract.row import Row, ask

OPERATION: Final = "requestMachines"
MADE = {"requestId": "<request-new>"}
CREATED = ("CreateStack",)


def accepted(name: str, shows: tuple[str, ...], given: object, **more: Any) -> Row:
    return Row(name, shows, OPERATION, given=given, expects=MADE, changes=CREATED, **more)


def refused(name: str, shows: tuple[str, ...], given: object, says: str, **more: Any) -> Row:
    return Row(name, shows, OPERATION, given=given, exit=1, expects={"message": re.compile(says)}, **more)


ACCEPTED = (
    accepted("request-as-symphony-writes-it", ("2.2-1", "2.2-2", "2.2-6", "2.2-7", "1.1-3"), ask("grid", 2)),
    accepted("request-old-symphony", ("2.2-1", "1.3-5"), ask("grid", 2), flavor="old-symphony"),
    accepted(
        "request-as-lsf-writes-it",
        ("2.2-3", "2.2-4", "1.6-2"),
        ask("grid", 2, rc_account="default", userData={}),
        flavor="lsf",
    ),
    accepted(
        "request-with-account-and-user-data",
        ("2.2-3", "2.2-4"),
        ask("grid", 1, rc_account="project_a", user_data={}),
    ),
    *(
        accepted(f"request-{template}", ("2.2-6", "2.2-9"), ask(template, 2))
        for template in (
            "patient",
            "kept",
            "group",
            "spot-request",
            "spot-kept",
            "spot-now",
            "shared",
            "spot-first",
        )
    ),
    accepted("request-weighted-units", ("2.2-2",), ask("weighted", 10)),
    accepted("request-beside-one-that-runs", ("2.2-6",), ask("grid", 1), world="asked"),
    accepted("request-up-to-the-maximum", ("2.1-4",), ask("four", 1), world="full"),
    Row(
        "request-possibly-made",
        ("2.2-8", "2.2-13"),
        OPERATION,
        given=ask("grid", 1),
        world="reply lost",
        expects={"requestId": "<request-new>", "message": re.compile("did not confirm")},
        changes=CREATED,
    ),
)

#: what every tolerated shape of the input is understood as: five machines of a template that gives four
FIVE = ask("four", 5)
UNDERSTOOD = "5 asked for, maxNumber of template four is 4"
SHAPES = (
    refused("request-dry-run-key", ("2.2-5",), FIVE | {"dry-run": True}, UNDERSTOOD),
    refused("request-unknown-keys", ("2.2-5",), {**FIVE, "x": [1], "machines": []}, UNDERSTOOD),
    refused("request-count-as-text", ("2.2-2",), ask("four", "5"), UNDERSTOOD),
    refused("request-count-as-float", ("2.2-2",), ask("four", 5.0), UNDERSTOOD),
    refused("request-template-in-array", ("2.2-1",), {"template": [FIVE["template"]]}, UNDERSTOOD),
    refused(
        "request-template-id-misspelled",
        ("2.2-1",),
        {"template": {"templateID": "four", "machineCount": 5}},
        UNDERSTOOD,
    ),
    refused("request-byte-order-mark", ("2.2-1",), b"\xef\xbb\xbf" + json.dumps(FIVE).encode(), UNDERSTOOD),
    refused("request-compact", ("2.2-1",), json.dumps(FIVE, separators=(",", ":")), UNDERSTOOD),
)
REFUSED = (
    refused("request-without-template", ("2.2-10", "2.2-8", "1.2-5"), {"note": 1}, '"template"'),
    refused("request-empty-object", ("2.2-10",), {}, '"template"'),
    refused("request-empty-file", ("2.2-10",), b"", "not JSON"),
    refused("request-an-array", ("2.2-10",), [1], "not a JSON object"),
    refused("request-machines-instead", ("2.2-10",), {"machines": [{"name": "x"}]}, '"template"'),
    refused("request-template-null", ("2.2-10",), {"template": None}, '"template"'),
    refused("request-two-templates", ("2.2-10",), {"template": [ask("grid", 1), ask("grid", 1)]}, '"template"'),
    refused("request-without-id", ("2.2-10",), {"template": {"machineCount": 1}}, "templateId"),
    refused(
        "request-id-a-number",
        ("2.2-10",),
        ask("grid", 1) | {"template": {"templateId": 7, "machineCount": 1}},
        "Id",
    ),
    refused("request-unknown-template", ("2.2-11", "2.2-8"), ask("nothing-like-it", 1), "nothing-like-it"),
    refused("request-count-missing", ("2.2-12",), {"template": {"templateId": "grid"}}, "machineCount.*missing"),
    refused("request-count-null", ("2.2-12",), ask("grid", None), "null, not a number"),
    refused("request-count-zero", ("2.2-12",), ask("grid", 0), "at least 1"),
    refused("request-count-negative", ("2.2-12",), ask("grid", -3), "at least 1"),
    refused("request-count-fraction", ("2.2-12",), ask("grid", 2.5), "2.5, not a whole number"),
    refused("request-count-word", ("2.2-12",), ask("grid", "many"), "not a whole number"),
    refused("request-count-true", ("2.2-12",), ask("grid", True), "true, not a number"),
    refused("request-disabled-template", ("2.1-4", "1.6-8"), ask("disabled", 1), "disabled"),
    refused("request-above-maximum", ("2.1-4",), ask("four", 5), "maxNumber"),
    refused(
        "request-above-what-is-left", ("2.1-4",), ask("four", 2), "3 of template four.*maxNumber", world="full"
    ),
    refused("request-above-one-request", ("2.2-12",), ask("small-steps", 4), "at most 3"),
    refused("request-denied", ("1.6-14", "2.2-8"), ask("grid", 1), "Error Code: AccessDenied", world="denied"),
    refused(
        "request-limited",
        ("1.6-14", "2.2-8"),
        ask("grid", 1),
        "Error Code: LimitExceeded",
        world="limited",
        flavor="lsf",
    ),
    refused(
        "request-aws-not-reached",
        ("2.2-8", "1.2-2"),
        ask("grid", 1),
        "not reached",
        environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "OHF_PROVIDER_RETRY_ATTEMPTS": "0"},
    ),
)
ROWS = (*ACCEPTED, *SHAPES, *REFUSED)
