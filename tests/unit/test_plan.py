"""Steps: what is changed in AWS, in which order, in batches that AWS takes."""

from __future__ import annotations

import re

import pytest

from ohf_iac.plan import (
    BuyRest,
    DeleteStack,
    FreezeFleet,
    FreezeSpotFleet,
    SuspendGroup,
    TagInstances,
    Terminate,
    batches,
    delete_stack,
    delete_token,
    freeze,
    return_steps,
    steps_for,
    tag,
    terminate,
)
from ohf_iac.request import Verdict
from ohf_iac.status.judge import Judgement
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, FLEET_REQUEST, INSTANT, SPOT_MAINTAIN, SPOT_REQUEST, Kind
from tests import seen
from tests.seen import REQUEST_ID, RETURN_ID, STACK_ID, glance, look, running

GROUP = f"ohf-{REQUEST_ID}"


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        (ASG, (SuspendGroup(GROUP),)),
        (FLEET_MAINTAIN, (FreezeFleet("fleet-1"), FreezeFleet("fleet-2"))),
        (SPOT_MAINTAIN, (FreezeSpotFleet("fleet-1"), FreezeSpotFleet("fleet-2"))),
        (INSTANT, ()),
        (FLEET_REQUEST, ()),
        (SPOT_REQUEST, ()),
    ],
)
def test_each_kind_has_its_freeze(kind: Kind, steps: tuple[object, ...]) -> None:
    assert freeze(kind, REQUEST_ID, ["fleet-1", "fleet-2"]) == steps


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (500, [500]), (501, [500, 1]), (1000, [500, 500])])
def test_tags_go_in_batches_of_five_hundred(count: int, sizes: list[int]) -> None:
    ids = [str(number) for number in range(count)]
    steps = tag(ids, "key", "value")
    assert [len(step.ids) for step in steps if isinstance(step, TagInstances)] == sizes


def test_ends_go_in_batches_of_a_thousand_and_in_order() -> None:
    ids = tuple(str(number) for number in range(1500))
    steps = [step for step in terminate(ids) if isinstance(step, Terminate)]
    assert [len(step.ids) for step in steps] == [1000, 500]
    assert tuple(one for step in steps for one in step.ids) == ids


def test_batches_keep_order_and_lose_nothing() -> None:
    assert batches("abcde", 2) == (("a", "b"), ("c", "d"), ("e",))


@pytest.mark.parametrize(
    ("verdict", "token"),
    [
        ("complete", f"{REQUEST_ID}-delete-complete"),
        ("complete_with_error", f"{REQUEST_ID}-delete-complete-with-error"),
    ],
)
def test_the_token_of_a_deletion_carries_the_verdict_in_letters_that_cloudformation_takes(
    verdict: Verdict, token: str
) -> None:
    assert delete_token(REQUEST_ID, verdict) == token
    assert re.fullmatch(r"[a-zA-Z0-9][-a-zA-Z0-9]{0,127}", token)


def test_a_stack_is_deleted_by_its_id_where_we_know_it() -> None:
    assert delete_stack(seen.record(verdict="complete")) == DeleteStack(STACK_ID, f"{REQUEST_ID}-delete-complete")
    assert delete_stack(seen.record(stack_id="")).stack == GROUP


def test_a_stack_without_a_verdict_is_no_success() -> None:
    assert delete_stack(seen.record()).token.endswith("complete-with-error")


def test_a_return_freezes_marks_ends_and_deletes_in_this_order() -> None:
    first, second = running(1, 2)
    ids = (first.instance_id, second.instance_id)
    deletion = DeleteStack(STACK_ID, "token")
    steps = return_steps(
        RETURN_ID, (first, second), {REQUEST_ID: (SuspendGroup(GROUP),), "other": (FreezeFleet("f"),)}, [deletion]
    )
    assert steps == (
        SuspendGroup(GROUP),
        FreezeFleet("f"),
        TagInstances(ids, f"ohf:return:{RETURN_ID}", ""),
        Terminate(ids),
        deletion,
    )


def test_the_rest_is_bought_from_the_stack_that_was_seen() -> None:
    judgement = Judgement("buy-rest", rest=2)
    wanted = BuyRest(STACK_ID, 2, f"{REQUEST_ID}-rest")
    assert steps_for(seen.record(stack_id=""), look(), judgement) == (wanted,)
    assert steps_for(seen.record(), look(stack=None), judgement) == (wanted,)


@pytest.mark.parametrize("wish", ["wait", "look"])
def test_waiting_and_looking_change_nothing(wish: str) -> None:
    judgement = Judgement(wish, tag=("i-1",), doomed=("i-1",))  # type: ignore[arg-type]
    assert steps_for(seen.record(), glance(*running(1)), judgement) == ()


def test_nothing_is_frozen_where_nothing_was_ever_seen() -> None:
    assert steps_for(seen.record(), look(stack=None), Judgement("settle", verdict="complete_with_error")) == ()
