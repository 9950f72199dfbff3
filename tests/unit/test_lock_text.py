"""`ohf.lock` as text: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohf_cli.validation import schema_findings
from ohf_iac.approval.lock_text import lock_text, parse_lock
from ohf_iac.approval.values import EMPTY, Approval, Lock, with_approval
from ohf_iac.errors import ApprovalError
from tests.unit.approvals import ALICE, CAROL, entry_with, lock_of

ENTRY = entry_with(ALICE, CAROL)
LOCK = lock_of(
    ENTRY, entry_with(replace(ALICE, findings=("a", "b"), break_glass="x"), imageId="ami-0a1b2c3d4e5f60002")
)
texts = st.text(max_size=20)
approvals = st.builds(
    Approval,
    by=st.text(min_size=1, max_size=20),
    at=st.just("2026-11-23T08:31:00Z"),
    expires=st.dates().map(str),
    ticket=texts,
    author=texts,
    findings=st.lists(st.text(min_size=1, max_size=5), max_size=3).map(tuple),
    break_glass=texts,
    signature=texts,
)


def test_what_is_written_is_read_again() -> None:
    assert parse_lock(lock_text(LOCK)) == LOCK
    assert parse_lock(lock_text(EMPTY)) == EMPTY
    assert schema_findings("lock", json.loads(lock_text(LOCK))) == ()


@given(given_ones=st.lists(approvals, min_size=1, max_size=4))
def test_whatever_an_approval_says_is_read_again(given_ones: list[Approval]) -> None:
    lock = EMPTY
    for one in given_ones:
        lock = with_approval(lock, ENTRY, one)
    text = lock_text(lock)
    assert text.isascii()
    again = parse_lock(text)
    assert lock_text(again) == text
    assert set(next(iter(again.entries.values())).approvals) == set(given_ones)


def test_the_same_lock_gives_the_same_bytes_a_fact_per_line() -> None:
    turned = Lock(dict(reversed(list(LOCK.entries.items()))))
    assert lock_text(turned) == lock_text(LOCK)
    lines = lock_text(LOCK).splitlines()
    assert '   "input": "' + ENTRY.input + '",' in lines
    assert max(line.count('": ') for line in lines) == 1


def first(document: Any) -> Any:
    return next(iter(document["entries"].values()))


def bounds_of(document: Any) -> Any:
    return first(document)["envelope"]["TargetCapacity"]


WRONG: dict[str, Callable[[Any], object]] = {
    "another schema": lambda told: told.update(schema="ohf/lock/v2"),
    "no schema": lambda told: told.pop("schema"),
    "a key that nobody knows": lambda told: told.update(version=1),
    "a fact that nobody knows": lambda told: first(told).update(limit=5),
    "a fact that is missing": lambda told: first(told).pop("input"),
    "a fact of another type": lambda told: first(told).update(rendererAbi=True),
    "an envelope of another shape": lambda told: first(told)["envelope"].update(Owner=3),
    "an envelope with a word that nobody knows": lambda told: bounds_of(told).update(step=5),
    "a bound that is no number": lambda told: bounds_of(told).update(max="many"),
    "a pattern that is none": lambda told: bounds_of(told).update(pattern="("),
    "a pattern that Python warns of": lambda told: bounds_of(told).update(pattern="[a--b]"),
    "a pattern that is no text": lambda told: bounds_of(told).update(pattern=5),
    "values that are no list": lambda told: bounds_of(told).update(values="a"),
    "an image that is no text": lambda told: first(told).update(images=[3]),
    "no approvals": lambda told: first(told).update(approvals=[]),
    "too many approvals": lambda told: first(told).update(approvals=first(told)["approvals"] * 11),
    "an approval by nobody": lambda told: first(told)["approvals"][0].update(by=""),
    "an approval without a name": lambda told: first(told)["approvals"][0].pop("by"),
    "an approval with a wish": lambda told: first(told)["approvals"][0].update(force=True),
    "a day that is none": lambda told: first(told)["approvals"][0].update(expires="never"),
    "a moment that is none": lambda told: first(told)["approvals"][0].update(at="2026"),
    "findings that are no list": lambda told: first(told)["approvals"][0].update(findings="x"),
    "a digest that is none": lambda told: told["entries"].update(x=first(told)),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_understood_is_refused_as_a_whole(what: str) -> None:
    document = json.loads(lock_text(LOCK))
    WRONG[what](document)
    with pytest.raises(ApprovalError) as caught:
        parse_lock(json.dumps(document))
    assert caught.value.code == "E406"
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"schema": "ohf/lock/v1", "entries": []}',
        '{"schema": "ohf/lock/v1", "entries": {}, "entries": {}}',
        lock_text(LOCK).replace('"template"', '"input": "x", "template"', 1),
        "<<<<<<< HEAD\n" + lock_text(LOCK),
        "[" * 100_000,
        '{"schema": "ohf/lock/v1", "entries": ' + "9" * 5000 + "}",
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_lock_is_refused(text: str) -> None:
    with pytest.raises(ApprovalError) as caught:
        parse_lock(text)
    assert caught.value.code == "E406"
