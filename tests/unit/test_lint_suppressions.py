"""Suppressions: they hold until their day has ended, are never silent, and are looked after."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ohf_iac.review.findings import Finding, at_or_above
from tests.lint_files import SOUND, of_rule, review

KEYED = {**SOUND, "templateId": "keyed", "keyName": "ops"}
OTHER = {**KEYED, "templateId": "other"}
UNTIL = "2027-01-31"


def nothing(_body: str) -> tuple[()]:
    """A linter of bodies that finds nothing: with it the whole of lint was asked."""
    return ()


def own(*suppressions: dict[str, str]) -> dict[str, Any]:
    return {"lint": {"suppress": [{"reason": "CHG1", "until": UNTIL, **one} for one in suppressions]}}


def found_in(settings: dict[str, Any], today: str = "2027-01-01") -> tuple[Finding, ...]:
    return review([KEYED, OTHER], settings, check=nothing, today=today)[0].findings


def test_a_suppression_of_all_templates_holds_for_all() -> None:
    found = found_in(own({"rule": "OHF-S008"}))
    assert [(one.template, one.reason, one.until) for one in found] == [
        ("keyed", "CHG1", UNTIL),
        ("other", "CHG1", UNTIL),
    ]
    assert at_or_above(found, "info") == ()


def test_a_suppression_of_one_template_holds_for_that_one() -> None:
    found = found_in(own({"rule": "OHF-S008", "template": "keyed"}))
    assert [(one.template, one.suppressed) for one in found] == [("keyed", True), ("other", False)]


@pytest.mark.parametrize(("today", "holds"), [(UNTIL, True), ("2027-02-01", False)])
def test_it_holds_on_its_last_day_and_counts_again_on_the_next(today: str, holds: bool) -> None:
    found = found_in(own({"rule": "OHF-S008"}), today)
    assert all(one.suppressed == holds for one in found if one.rule == "OHF-S008")
    assert [one.rule for one in found if one.rule.startswith("OHF-L")] == ([] if holds else ["OHF-L001"])


def test_an_expired_one_is_told_where_it_stands() -> None:
    settings = own({"rule": "OHF-S001", "template": "keyed"}, {"rule": "OHF-S008"})
    (one,) = [one for one in found_in(settings, "2028-01-01") if one.rule == "OHF-L001" and "S008" in one.message]
    assert one.file == "ohf.json"
    lines = json.dumps(settings, indent=2).splitlines()
    assert one.line == [number for number, line in enumerate(lines, start=1) if line.strip() == "{"][-1]
    assert "CHG1" in one.message
    assert UNTIL in one.message


def test_one_that_is_for_nothing_is_told_where_the_whole_was_looked_at() -> None:
    settings = own({"rule": "OHF-S008", "template": "gone"})
    idle = [one for one in found_in(settings) if one.rule == "OHF-L002"]
    assert [one.template for one in idle] == ["gone"]
    partly, _ = review([KEYED], settings)  # without a linter of bodies: it may be for one of its findings
    assert of_rule(partly, "OHF-L002", "gone") == []


@pytest.mark.parametrize("rule", ["OHF-L001", "OHF-L002"])
def test_what_is_told_of_suppressions_cannot_be_suppressed(rule: str) -> None:
    settings = own({"rule": rule}, {"rule": "OHF-S005"}, {"rule": "OHF-S006", "until": "2020-01-01"})
    found = found_in(settings)
    assert any(one.rule == rule for one in found)
    assert not any(one.suppressed for one in found if one.rule == rule)


def test_a_refusal_may_be_suppressed_like_anything_else() -> None:
    refused = {**SOUND, "templateId": "refused", "subnetId": "nowhere"}
    found = review([SOUND, refused], own({"rule": "OHF-T001", "template": "refused"}), check=nothing)[0].findings
    assert [(one.rule, one.suppressed) for one in found] == [("OHF-T001", True)]
