"""The schemas of the answers are strict: what Host Factory would misread, they refuse.

Each answer of `golden/` is spoilt in one place at a time: by hand below, in the ways in which other providers have
gone wrong, and then everywhere, by leaving out, adding and changing the type of whatever there is.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract.test_documents import ANSWERS, OPERATIONS, validator

Path_ = list[Any]
GOLDEN = Path(__file__).parent / "golden"
REQUEST: Path_ = ["requests", 0]
MACHINE: Path_ = [*REQUEST, "machines", 0]
FAILED: Path_ = ["requests", 2, "machines", 0]
TEMPLATE: Path_ = ["templates", 0]
RECLAIM: Path_ = ["requests", 0]
#: one value of each type of JSON
OTHERS: tuple[Any, ...] = (None, True, 7, 1.5, "text", [], {})


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text())


def place(document: Any, path: Path_) -> Any:
    for key in path:
        document = document[key]
    return document


@cache
def schema_of(name: str) -> Draft202012Validator:
    return validator(ANSWERS[name][0], "output")


def accepts(name: str, document: Any) -> bool:
    return schema_of(name).is_valid(document)


def spoilt(name: str, path: Path_, value: Any) -> Any:
    """A golden answer in which one thing is not as it must be."""
    return pytest.param(name, path, value, id=f"{name} {'.'.join(map(str, path))} = {json.dumps(value)}")


SPOILT = [
    spoilt("statuses", [*REQUEST, "status"], "failed"),
    spoilt("statuses", [*REQUEST, "status"], "Running"),
    spoilt("statuses", [*REQUEST, "status"], "completed"),
    spoilt("statuses", [*REQUEST, "status"], "partial"),
    spoilt("statuses", [*REQUEST, "status"], "warning"),
    spoilt("statuses", [*REQUEST, "requestId"], ""),
    spoilt("statuses", [*MACHINE, "result"], "success"),
    spoilt("statuses", [*MACHINE, "result"], "succeeded"),
    spoilt("statuses", [*MACHINE, "result"], "failed"),
    spoilt("statuses", [*MACHINE, "status"], "RUNNING"),
    spoilt("statuses", [*MACHINE, "status"], "deleted"),
    spoilt("statuses", [*MACHINE, "status"], "shutting_down"),
    spoilt("statuses", [*MACHINE, "status"], ""),
    spoilt("statuses", [*MACHINE, "launchtime"], "1700000061"),
    spoilt("statuses", [*MACHINE, "launchtime"], 1700000061.5),
    spoilt("statuses", [*MACHINE, "launchtime"], 1700000061000),
    spoilt("statuses", [*MACHINE, "launchtime"], -1),
    spoilt("statuses", [*MACHINE, "launchtime"], "2023-11-14T22:14:21Z"),
    spoilt("statuses", [*MACHINE, "launchTime"], 1700000061),
    spoilt("statuses", [*MACHINE, "privateIpAddress"], ""),
    spoilt("statuses", [*MACHINE, "publicIpAddress"], ""),
    spoilt("statuses", [*MACHINE, "ipAddress"], "10.0.1.9"),
    spoilt("statuses", [*MACHINE, "cloudHostId"], ""),
    spoilt("statuses", [*MACHINE, "instanceTags"], {"site": "lab"}),
    spoilt("statuses", [*MACHINE, "lifeCycleType"], "scheduled"),
    spoilt("statuses", [*MACHINE, "priceType"], "on-demand"),
    spoilt("statuses", [*MACHINE, "ncores"], "2"),
    spoilt("statuses", [*MACHINE, "nthreads"], -4),
    spoilt("statuses", [*MACHINE, "result"], "fail"),
    spoilt("statuses", ["requests", 0, "machines", 1, "status"], "terminated"),
    spoilt("statuses", [*FAILED, "message"], ""),
    spoilt("statuses", ["requests"], {}),
    spoilt("statuses", ["requests"], []),
    spoilt("statuses", [*REQUEST, "machines"], {}),
    spoilt("statuses", ["status"], "complete"),
    spoilt("requested", ["requestId"], "ret-6553f100-0123456789abcdef"),
    spoilt("requested", ["requestId"], "6553f100-0123456789abcdef"),
    spoilt("requested", ["requestId"], "req-6553F100-0123456789ABCDEF"),
    spoilt("requested", ["requestId"], ""),
    spoilt("requested", ["status"], "running"),
    spoilt("not-requested", ["message"], ""),
    spoilt("not-requested", ["requestId"], None),
    spoilt("not-requested", ["error"], "why"),
    spoilt("returned", ["requestId"], "req-6553f100-0123456789abcdef"),
    spoilt("returned", ["machines"], []),
    spoilt("reclaims", ["status"], "running"),
    spoilt("reclaims", ["status"], "complete_with_error"),
    spoilt("reclaims", [*RECLAIM, "gracePeriod"], -1),
    spoilt("reclaims", [*RECLAIM, "gracePeriod"], 12.5),
    spoilt("reclaims", [*RECLAIM, "gracePeriod"], "87"),
    spoilt("reclaims", [*RECLAIM, "name"], "ip-10-0-1-9.ec2.internal"),
    spoilt("templates", ["templates"], []),
    spoilt("templates", ["templates"], {}),
    spoilt("templates", ["success"], True),
    spoilt("templates", ["total_count"], 1),
    spoilt("templates", [*TEMPLATE, "templateId"], ""),
    spoilt("templates", [*TEMPLATE, "templateId"], "a b"),
    spoilt("templates", [*TEMPLATE, "templateId"], "x" * 65),
    spoilt("templates", [*TEMPLATE, "maxNumber"], "10"),
    spoilt("templates", [*TEMPLATE, "maxNumber"], -2),
    spoilt("templates", [*TEMPLATE, "maxNumber"], 10001),
    spoilt("templates", [*TEMPLATE, "maxNumber"], 2.5),
    spoilt("templates", [*TEMPLATE, "attributes"], [["ncpus", "4"]]),
    spoilt("templates", [*TEMPLATE, "attributes", "ncpus"], ["Numeric", 4]),
    spoilt("templates", [*TEMPLATE, "attributes", "ncpus"], ["Numeric"]),
    spoilt("templates", [*TEMPLATE, "attributes", "ncpus"], ["Numeric", "4", "5"]),
    spoilt("templates", [*TEMPLATE, "attributes", "ncpus"], [["Numeric", "4"]]),
    spoilt("templates", [*TEMPLATE, "attributes", "ncpus"], "4"),
    spoilt("templates", [*TEMPLATE, "attributes", "ncpus"], None),
]


@pytest.mark.parametrize(("name", "path", "value"), SPOILT)
def test_what_host_factory_would_misread_is_refused(name: str, path: Path_, value: Any) -> None:
    document = golden(name)
    assert accepts(name, document)
    place(document, path[:-1])[path[-1]] = value
    assert not accepts(name, document)


def test_the_table_spoils_answers_of_every_operation() -> None:
    assert {ANSWERS[one.values[0]][0] for one in SPOILT} == set(OPERATIONS)
    assert len(SPOILT) >= 60


def paths(value: Any, path: Path_) -> Iterator[Path_]:
    """Every place in a document whose content is bound; the fields of templates beyond the known ones are not."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in members:
        if _is_template(path) and key not in ("templateId", "maxNumber", "attributes"):
            continue
        yield [*path, key]
        yield from paths(part, [*path, key])


def _is_template(path: Path_) -> bool:
    return len(path) == 2 and path[0] == "templates"


def fits(name: str, document: Any, path: Path_, value: Any) -> bool:
    """Whether a document is still accepted with this value in one place."""
    changed = copy.deepcopy(document)
    place(changed, path[:-1])[path[-1]] = value
    return accepts(name, changed)


@pytest.mark.parametrize("name", ANSWERS)
def test_nothing_can_be_left_out(name: str) -> None:
    """Apart from single attributes; and an answer of which the message alone is left is a failure."""
    document = golden(name)
    loose = []
    for path in paths(document, []):
        changed = copy.deepcopy(document)
        within = place(changed, path[:-1])
        if isinstance(within, dict):
            del within[path[-1]]
            loose += [path] if accepts(name, changed) and set(changed) != {"message"} else []
    assert [path for path in loose if path[-2:-1] != ["attributes"]] == []


@pytest.mark.parametrize("name", ANSWERS)
def test_nothing_can_be_added(name: str) -> None:
    document = golden(name)
    places: list[Path_] = [[], *paths(document, [])]
    objects = [path for path in places if isinstance(place(document, path), dict) and not _is_template(path)]
    assert [path for path in objects if fits(name, document, [*path, "more"], 1)] == []


@pytest.mark.parametrize("name", ANSWERS)
def test_nothing_can_be_of_another_type(name: str) -> None:
    """A text stays a text, and a number a number; an address may become null, or null an address."""
    document = golden(name)
    loose = []
    for path in paths(document, []):
        found = place(document, path)
        others = [one for one in OTHERS if type(one) is not type(found)]
        loose += [(path, one) for one in others if fits(name, document, path, one)]
    assert [(path, one) for path, one in loose if path[-1] not in ("privateIpAddress", "publicIpAddress")] == []
    assert all(one in (None, "text") for _, one in loose)
