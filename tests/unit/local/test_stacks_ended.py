"""Stacks going away: by DeleteStack, stuck, retried, forced, protected, forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from ohf_iac.local import stack_orders, stack_reads
from ohf_iac.local.refusals import Refused
from tests.unit.local.stack_bench import Bench, bench, box, network, template

FAILED = "The following resource(s) failed to delete: "


def standing(**scenario: Any) -> tuple[Bench, str]:
    """A complete stack of a box in a network."""
    here = bench(**scenario)
    stack_id = here.create(template(Net=network(), Box=box(In={"Ref": "Net"})))
    here.advance(30)
    return here, stack_id


def delete(here: Bench, name: str = "s", **params: Any) -> None:
    stack_orders.delete_stack(here.site, {"StackName": name, **params})


def test_dependents_go_first() -> None:
    here, stack_id = standing()
    delete(here)
    here.advance(30)
    assert here.events(stack_id)[-6:] == [
        ("s", "DELETE_IN_PROGRESS", "User Initiated"),
        ("Box", "DELETE_IN_PROGRESS", ""),
        ("Box", "DELETE_COMPLETE", ""),
        ("Net", "DELETE_IN_PROGRESS", ""),
        ("Net", "DELETE_COMPLETE", ""),
        ("s", "DELETE_COMPLETE", ""),
    ]
    assert here.boxes.log + here.networks.log == ["create Box", "delete Box", "create Net", "delete Net"]


def test_a_deleted_stack_is_read_by_id_and_frees_its_name() -> None:
    here, stack_id = standing()
    delete(here)
    here.advance(30)
    with pytest.raises(Refused, match="Stack with id s does not exist"):
        here.status("s")
    assert here.status(stack_id) == "DELETE_COMPLETE"
    assert here.create(template(Net=network())) != stack_id


def test_what_is_gone_or_going_is_no_error() -> None:
    here, stack_id = standing()
    delete(here, "never-was")
    delete(here)
    before = here.events(stack_id)
    delete(here)
    assert here.events(stack_id) == before
    here.advance(30)
    delete(here)
    delete(here, stack_id)
    assert here.status(stack_id) == "DELETE_COMPLETE"


def test_deleting_during_creation_cancels_it() -> None:
    here = bench()
    stack_id = here.create(
        template(Net=network(), Box=box(Slow=600, In={"Ref": "Net"}), Last=box(x={"Ref": "Box"}))
    )
    here.advance(10)
    delete(here)
    here.advance(1000)
    assert here.status(stack_id) == "DELETE_COMPLETE"
    assert ("Box", "CREATE_FAILED", "Resource creation cancelled") in here.events(stack_id)
    assert not any(name == "Last" for name, *_ in here.events(stack_id))
    assert here.boxes.made == {}


def test_a_failed_deletion_can_be_repeated() -> None:
    here, stack_id = standing(stacks={"failDelete": {"Box": {"reason": "in use", "times": 1}}})
    delete(here)
    here.advance(30)
    assert here.events()[-2:] == [("Box", "DELETE_FAILED", "in use"), ("s", "DELETE_FAILED", f"{FAILED}[Box]. ")]
    assert list(here.networks.made) == ["net-1"]
    delete(here)
    here.advance(30)
    assert here.status(stack_id) == "DELETE_COMPLETE"


def test_retaining_and_forcing_need_a_failed_deletion() -> None:
    here, stack_id = standing(stacks={"failDelete": {"Box": "in use"}})
    for params in ({"RetainResources": ["Box"]}, {"DeletionMode": "FORCE_DELETE_STACK"}):
        with pytest.raises(Refused, match="DELETE_FAILED"):
            delete(here, **params)
    delete(here)
    here.advance(30)
    with pytest.raises(Refused, match="valid state"):
        delete(here, RetainResources=["Net"])
    delete(here, RetainResources=["Box"])
    here.advance(30)
    assert ("Box", "DELETE_SKIPPED", "") in here.events(stack_id)
    assert here.status(stack_id) == "DELETE_COMPLETE"
    assert (list(here.boxes.made), list(here.networks.made)) == (["box-1"], [])


def test_forcing_skips_what_cannot_be_deleted() -> None:
    here, stack_id = standing(stacks={"failDelete": {"Box": "in use"}})
    delete(here)
    here.advance(30)
    delete(here, DeletionMode="FORCE_DELETE_STACK")
    here.advance(30)
    assert ("Box", "DELETE_SKIPPED", "in use") in here.events(stack_id)
    assert here.status(stack_id) == "DELETE_COMPLETE"


def test_a_rollback_that_cannot_delete_fails() -> None:
    here = bench(stacks={"failDelete": {"Net": "in use"}})
    here.create(template(Net=network(), Box=box(Refuse="no", In={"Ref": "Net"})))
    here.advance(60)
    assert here.events()[-1] == ("s", "ROLLBACK_FAILED", f"{FAILED}[Net]. ")


def test_a_deletion_policy_retains() -> None:
    here = bench()
    stack_id = here.create(template(Net={**network(), "DeletionPolicy": "Retain"}))
    here.advance(30)
    delete(here)
    here.advance(30)
    assert here.events(stack_id)[-2:] == [("Net", "DELETE_SKIPPED", ""), ("s", "DELETE_COMPLETE", "")]
    assert list(here.networks.made) == ["net-1"]


def test_termination_protection() -> None:
    here = bench()
    stack_id = here.create(template(Net=network()), EnableTerminationProtection=True)
    here.advance(30)
    with pytest.raises(Refused, match=r"Stack \[s\] cannot be deleted while TerminationProtection is enabled"):
        delete(here)
    assert here.status() == "CREATE_COMPLETE"
    stack_orders.protect(here.site, {"StackName": "s", "EnableTerminationProtection": False})
    delete(here)
    here.advance(30)
    assert here.status(stack_id) == "DELETE_COMPLETE"


def test_a_token_belongs_to_one_kind_of_operation() -> None:
    here = bench()
    here.create(template(Net=network()), ClientRequestToken="first")
    here.advance(30)
    with pytest.raises(Refused, match="first") as refused:
        delete(here, ClientRequestToken="first")
    assert refused.value.code == "TokenAlreadyExistsException"
    delete(here, ClientRequestToken="second")
    delete(here, ClientRequestToken="second")


def test_deletion_events_carry_the_deletions_token() -> None:
    here, stack_id = standing()
    delete(here, ClientRequestToken="bye-1")
    here.advance(30)
    events = stack_reads.describe_stack_events(here.site, {"StackName": stack_id})["StackEvents"]
    assert [event["ClientRequestToken"] for event in events[:6]] == ["bye-1"] * 6
    assert events[-1]["ClientRequestToken"] is None


def test_deleted_stacks_are_forgotten_when_their_time_is_over() -> None:
    here, stack_id = standing(forget={"deletedStacks": 1000})
    delete(here)
    here.advance(900)
    assert here.status(stack_id) == "DELETE_COMPLETE"
    here.advance(200)
    with pytest.raises(Refused, match="does not exist"):
        here.status(stack_id)
    assert stack_reads.list_stacks(here.site, {})["StackSummaries"] == []
