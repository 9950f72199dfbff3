"""The decision: who is let through, who is refused, and with which code; and the judgement of what was deployed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ohf_iac.approval.decide import Allowed, Refused, Rules, decide, decide_digest
from ohf_iac.approval.deployed import emergency_of, judge_deployed
from ohf_iac.approval.values import (
    EMPTY,
    Approval,
    Entry,
    Lock,
    approval_tag,
    same_person,
    statement,
    with_approval,
)
from tests.unit.approvals import ALICE, CAROL, NOW, bad, entry_with, good, lock_of

UNSIGNED = Rules(unsigned=True)
EMERGENCY = replace(
    ALICE, by="bob@corp", break_glass="nothing boots", at="2026-11-23T10:00:00Z", expires="2026-11-24"
)
GIVEN = {
    "RequestId": "req-6b04d44e-6032f72de1b294ee",
    "TemplateId": "t1",
    "Owner": "grid",
    "TargetCapacity": "5",
}


def decided(entry: Entry, rules: Rules = UNSIGNED, now: float = NOW, lock: Lock | None = None) -> Allowed | Refused:
    return decide(lock or lock_of(entry), entry.template, entry.input, rules, now, good)


def code_of(verdict: Allowed | Refused) -> str:
    return verdict.code if isinstance(verdict, Refused) else ""


@pytest.mark.parametrize(
    ("approvals", "rules", "code"),
    [
        ((ALICE,), UNSIGNED, ""),
        ((ALICE,), Rules(), "E405"),
        ((replace(ALICE, signature="s"),), Rules(), ""),
        ((), UNSIGNED, "E401"),
        ((replace(ALICE, expires="2026-11-24"),), UNSIGNED, ""),  # its last day
        ((replace(ALICE, expires="2026-11-23"),), UNSIGNED, "E402"),
        ((replace(ALICE, by="Bob <BOB@corp>"),), UNSIGNED, "E404"),
        ((ALICE,), Rules(2, True), "E407"),
        ((ALICE, replace(ALICE, at="2026-11-23T09:00:00Z")), Rules(2, True), "E407"),  # twice the same person
        ((ALICE, CAROL), Rules(2, True), ""),
        ((ALICE, replace(CAROL, expires="2026-01-01")), Rules(2, True), "E407"),
        ((EMERGENCY,), Rules(3), ""),
        ((replace(EMERGENCY, expires="2026-11-23"),), UNSIGNED, "E402"),
    ],
)
def test_an_entry_is_judged(approvals: tuple[Approval, ...], rules: Rules, code: str) -> None:
    assert code_of(decided(entry_with(*approvals), rules)) == code


def test_a_signature_that_does_not_hold_is_refused_even_where_none_is_needed() -> None:
    entry = entry_with(replace(ALICE, signature="s"))
    verdict = decide(lock_of(entry), "t1", entry.input, UNSIGNED, NOW, bad)
    assert code_of(verdict) == "E405"


def test_an_emergency_counts_alone_and_only_where_nothing_else_does() -> None:
    alone = decided(entry_with(EMERGENCY))
    assert isinstance(alone, Allowed)
    assert (alone.tag, alone.break_glass) == ("break-glass", "nothing boots")
    both = decided(entry_with(ALICE, EMERGENCY))
    assert isinstance(both, Allowed)
    assert both.break_glass == ""
    assert both.tag == approval_tag(entry_with(ALICE, EMERGENCY))


def test_what_is_not_in_the_lock_was_never_approved_and_what_changed_has_changed() -> None:
    entry = entry_with(ALICE)
    assert code_of(decide(EMPTY, "t1", entry.input, UNSIGNED, NOW, good)) == "E401"
    assert code_of(decide(lock_of(entry), "t2", entry.input, UNSIGNED, NOW, good)) == "E401"
    assert code_of(decide(lock_of(entry), "t1", "0" * 64, UNSIGNED, NOW, good)) == "E403"


def test_an_image_that_is_looked_up_is_refused() -> None:
    assert code_of(decided(entry_with(ALICE, imageId="/ohf/images/grid"))) == "E408"


def test_of_several_bodies_of_one_input_the_one_approved_last_is_sent() -> None:
    old = entry_with(ALICE)
    new = replace(old, digest="f" * 64, approvals=(CAROL,))
    verdict = decided(old, lock=lock_of(old, new))
    assert isinstance(verdict, Allowed)
    assert verdict.entry.digest == new.digest
    expired = replace(new, approvals=(replace(CAROL, expires="2026-01-01"),))
    verdict = decided(old, lock=lock_of(old, expired))
    assert isinstance(verdict, Allowed)
    assert verdict.entry.digest == old.digest


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, ""),
        ({"TargetCapacity": "1001"}, "E403"),
        ({"TargetCapacity": "0"}, "E403"),
        ({"TargetCapacity": "5x"}, "E403"),
        ({"Owner": "a b"}, "E403"),
        ({"RequestId": "ohf"}, "E403"),
        ({"Extra": "1"}, "E403"),
    ],
)
def test_a_digest_is_let_through_with_parameters_inside_its_envelope(changed: dict[str, str], code: str) -> None:
    entry = entry_with(ALICE)
    given = {**GIVEN, **changed}
    assert code_of(decide_digest(lock_of(entry), "t1", entry.digest, given, UNSIGNED, NOW, good)) == code
    assert code_of(decide_digest(lock_of(entry), "t2", entry.digest, given, UNSIGNED, NOW, good)) == "E401"
    assert code_of(decide_digest(lock_of(entry), "t1", "0" * 64, given, UNSIGNED, NOW, good)) == "E401"


def test_parameters_without_value_and_default_are_outside() -> None:
    entry = entry_with(ALICE)
    given = {name: value for name, value in GIVEN.items() if name != "Owner"}
    assert code_of(decide_digest(lock_of(entry), "t1", entry.digest, given, UNSIGNED, NOW, good)) == "E403"


def test_a_deployed_stack_as_approved_deviates_in_nothing() -> None:
    entry = entry_with(ALICE)
    assert judge_deployed(entry, GIVEN, tags(entry), entry.digest, NOW) == ()
    later = with_approval(lock_of(entry), entry, CAROL).entries[entry.digest]
    assert judge_deployed(later, GIVEN, tags(entry), entry.digest, NOW) == ()  # approved once more since


@pytest.mark.parametrize(
    ("parameters", "changed", "now", "code"),
    [
        ({"TargetCapacity": "5000"}, {}, NOW, "E403"),
        ({"TemplateId": "t2"}, {}, NOW, "E403"),
        ({}, {"ohf:approval": "0" * 12}, NOW, "E403"),
        ({}, {"ohf:approval": ""}, NOW, "E403"),
        ({}, {"ohf:digest": "0" * 64}, NOW, "E403"),
        ({}, {"ohf:template-id": "t2"}, NOW, "E403"),
        ({}, {"ohf:approval": "break-glass"}, NOW, "E401"),
        ({}, {}, NOW + 400 * 86400, "E402"),
    ],
)
def test_what_deviates_of_a_deployed_stack_is_told(
    parameters: dict[str, str], changed: dict[str, str], now: float, code: str
) -> None:
    entry = entry_with(ALICE)
    found = judge_deployed(entry, {**GIVEN, **parameters}, {**tags(entry), **changed}, entry.digest, now)
    assert [one.code for one in found] == [code]


def test_a_body_that_is_not_in_the_lock_was_not_approved() -> None:
    assert [one.code for one in judge_deployed(None, GIVEN, {}, "0" * 64, NOW)] == ["E401"]
    entry = entry_with(ALICE)
    assert "E403" in [one.code for one in judge_deployed(entry, GIVEN, tags(entry), "0" * 64, NOW)]


def test_the_emergency_of_a_stack_is_found_again() -> None:
    entry = entry_with(EMERGENCY)
    told = {**tags(entry), "ohf:approval": "break-glass"}
    assert judge_deployed(entry, GIVEN, told, entry.digest, NOW) == ()
    assert emergency_of(entry, told) == "nothing boots"
    assert emergency_of(None, told) == "no reason is in ohf.lock"
    assert emergency_of(entry, tags(entry)) == ""


def test_the_tag_changes_with_whatever_the_entry_says() -> None:
    entry = entry_with(ALICE)
    others = [
        replace(entry, template="t2"),
        replace(entry, envelope={}),
        replace(entry, approvals=(replace(ALICE, ticket="CHG2"),)),
        replace(entry, approvals=(replace(ALICE, expires="2099-01-01"),)),
        replace(entry, approvals=(ALICE, CAROL)),
    ]
    assert len({approval_tag(one) for one in (entry, *others)}) == len(others) + 1
    assert approval_tag(replace(entry, approvals=(replace(ALICE, signature="s"),))) == approval_tag(entry)


def test_a_statement_says_everything_but_the_signature() -> None:
    entry = entry_with(ALICE)
    assert statement(entry, replace(ALICE, signature="s")) == statement(entry, ALICE)
    for one in (replace(ALICE, by="x"), replace(ALICE, at="x"), replace(ALICE, findings=("x",)), CAROL):
        assert statement(entry, one) != statement(entry, ALICE)
    assert statement(replace(entry, approvals=()), ALICE) == statement(entry, ALICE)  # others do not spoil it
    assert statement(replace(entry, input="0"), ALICE) != statement(entry, ALICE)


def test_people_are_compared_by_their_addresses() -> None:
    assert same_person("Alice <ALICE@corp>") == same_person(" alice@corp ")
    assert same_person("alice") != same_person("bob")


def tags(entry: Entry) -> dict[str, str]:
    """The tags of a stack that was created as this entry stands."""
    return {"ohf:digest": entry.digest, "ohf:template-id": entry.template, "ohf:approval": approval_tag(entry)}
