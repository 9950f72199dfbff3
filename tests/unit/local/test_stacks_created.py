"""Stacks coming up: order, events, failure and what it leads to."""

from __future__ import annotations

from typing import Any

import pytest

from ohf_iac.local import stack_orders, stack_reads
from ohf_iac.local.refusals import Refused
from tests.unit.local.stack_bench import Bench, bench, box, network, template

FAILED = "The following resource(s) failed to create: "


def failing(**params: Any) -> tuple[Bench, str]:
    """A stack whose A is refused while B is being made and after Net was."""
    here = bench()
    body = template(
        Net=network(), A=box(Refuse="No such thing", In={"Ref": "Net"}), B=box(Slow=60), C=box(x={"Ref": "A"})
    )
    return here, here.create(body, **params)


def test_resources_come_in_the_order_of_their_needs() -> None:
    here = bench()
    here.create(
        template(Box=box(In={"Fn::GetAtt": ["Net", "Name"]}), Net=network(), Late={**box(), "DependsOn": "Box"})
    )
    here.advance(60)
    assert here.events() == [
        ("s", "CREATE_IN_PROGRESS", "User Initiated"),
        ("Net", "CREATE_IN_PROGRESS", ""),
        ("Net", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Net", "CREATE_COMPLETE", ""),
        ("Box", "CREATE_IN_PROGRESS", ""),
        ("Box", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Box", "CREATE_COMPLETE", ""),
        ("Late", "CREATE_IN_PROGRESS", ""),
        ("Late", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Late", "CREATE_COMPLETE", ""),
        ("s", "CREATE_COMPLETE", ""),
    ]
    assert here.boxes.made["box-1"] == {"In": "net-1.name"}


def test_a_physical_id_is_known_while_the_resource_is_still_being_made() -> None:
    here = bench()
    here.create(template(Box=box(Slow=500)))
    here.advance(10)
    resource = stack_reads.describe_stack_resources(here.site, {"StackName": "s"})["StackResources"][0]
    assert (resource["PhysicalResourceId"], resource["ResourceStatus"]) == ("box-1", "CREATE_IN_PROGRESS")
    here.advance(600)
    assert here.status() == "CREATE_COMPLETE"


def test_no_two_events_share_a_moment_or_an_id() -> None:
    here = bench(times={"resourceStart": 0, "resourceDone": 0, "resourceDelete": 0})
    stack_id = here.create(template(Net=network(), Box=box(In={"Ref": "Net"})))
    here.advance(0)
    stack_orders.delete_stack(here.site, {"StackName": "s"})
    here.advance(0)
    events = stack_reads.describe_stack_events(here.site, {"StackName": stack_id})["StackEvents"]
    assert len({event["EventId"] for event in events}) == len({event["Timestamp"] for event in events}) == 14
    assert [event["Timestamp"] for event in events] == sorted((e["Timestamp"] for e in events), reverse=True)


def test_a_failure_cancels_the_others_and_rolls_back() -> None:
    here, _ = failing()
    here.advance(100)
    assert here.events()[6:] == [
        ("A", "CREATE_IN_PROGRESS", ""),
        ("A", "CREATE_FAILED", "No such thing"),
        ("B", "CREATE_FAILED", "Resource creation cancelled"),
        ("s", "ROLLBACK_IN_PROGRESS", f"{FAILED}[A, B]. Rollback requested by user."),
        ("A", "DELETE_COMPLETE", ""),
        ("Net", "DELETE_IN_PROGRESS", ""),
        ("B", "DELETE_IN_PROGRESS", ""),
        ("Net", "DELETE_COMPLETE", ""),
        ("B", "DELETE_COMPLETE", ""),
        ("s", "ROLLBACK_COMPLETE", ""),
    ]
    assert (here.boxes.made, here.networks.made) == ({}, {})


@pytest.mark.parametrize("params", [{"OnFailure": "DO_NOTHING"}, {"DisableRollback": True}])
def test_do_nothing_leaves_what_was_made(params: dict[str, Any]) -> None:
    here, _ = failing(**params)
    here.advance(100)
    assert here.events()[-1] == ("s", "CREATE_FAILED", f"{FAILED}[A, B]. ")
    assert (list(here.boxes.made), list(here.networks.made)) == (["box-1"], ["net-1"])


def test_on_failure_delete_leaves_a_readable_story() -> None:
    here, stack_id = failing(OnFailure="DELETE")
    here.advance(100)
    with pytest.raises(Refused, match="Stack with id s does not exist"):
        here.status()
    assert here.status(stack_id) == "DELETE_COMPLETE"
    assert ("s", "DELETE_IN_PROGRESS", f"{FAILED}[A, B]. Delete requested by user.") in here.events(stack_id)


def test_a_resource_that_breaks_while_being_made_fails_the_stack() -> None:
    here = bench()
    here.create(template(Box=box(Slow=30, Broken="did not stabilize")), OnFailure="DO_NOTHING")
    here.advance(100)
    assert ("Box", "CREATE_FAILED", "did not stabilize") in here.events()


def test_the_time_out_ends_a_creation() -> None:
    here = bench()
    here.create(template(Box=box(Slow=100_000)), TimeoutInMinutes=5)
    here.advance(299)
    assert here.status() == "CREATE_IN_PROGRESS"
    here.advance(60)
    reason = f"Stack creation time exceeded the specified timeout. {FAILED}[Box]. Rollback requested by user."
    assert ("s", "ROLLBACK_IN_PROGRESS", reason) in here.events()


def test_the_scenario_fails_a_creation_by_type_or_logical_id() -> None:
    here = bench(stacks={"failCreate": {"Box": "by name", "Test::Fake::Network": "by type"}})
    here.create(template(Box=box()), name="a", OnFailure="DO_NOTHING")
    here.create(template(Net=network()), name="b", OnFailure="DO_NOTHING")
    here.advance(10)
    assert ("Box", "CREATE_FAILED", "by name") in here.events("a")
    assert ("Net", "CREATE_FAILED", "by type") in here.events("b")


def test_an_unknown_attribute_fails_the_resource() -> None:
    here = bench()
    here.create(template(Net=network(), Box=box(In={"Fn::GetAtt": "Net.Colour"})), OnFailure="DO_NOTHING")
    here.advance(20)
    reason = "Requested attribute Colour does not exist in schema for Test::Fake::Network"
    assert ("Box", "CREATE_FAILED", reason) in here.events()


def test_outputs_and_conditions() -> None:
    here = bench()
    body = template(Net=network(), Rest={**box(), "Condition": "Wanted"})
    body["Parameters"] = {"N": {"Type": "Number", "Default": 0}}
    body["Conditions"] = {"Wanted": {"Fn::Not": [{"Fn::Equals": [{"Ref": "N"}, "0"]}]}}
    body["Outputs"] = {
        "NetId": {"Value": {"Ref": "Net"}, "Description": "the net"},
        "RestId": {"Value": {"Ref": "Rest"}, "Condition": "Wanted"},
    }
    here.create(body, name="without")
    here.create(body, name="with", Parameters=[{"ParameterKey": "N", "ParameterValue": "2"}])
    assert stack_reads.describe_stacks(here.site, {"StackName": "with"})["Stacks"][0]["Outputs"] is None
    here.advance(60)
    shown = {
        stack["StackName"]: {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        for stack in stack_reads.describe_stacks(here.site, {})["Stacks"]
    }
    assert shown == {"without": {"NetId": "net-1"}, "with": {"NetId": "net-2", "RestId": "box-1"}}


def test_events_come_in_pages_of_a_hundred() -> None:
    here = bench()
    here.create(template(**{f"Box{number}": box() for number in range(40)}))
    here.advance(60)
    first = stack_reads.describe_stack_events(here.site, {"StackName": "s"})
    second = stack_reads.describe_stack_events(here.site, {"StackName": "s", "NextToken": first["NextToken"]})
    assert (len(first["StackEvents"]), len(second["StackEvents"]), second["NextToken"]) == (100, 22, None)
    assert first["StackEvents"][0]["ResourceStatus"] == "CREATE_COMPLETE"
    assert second["StackEvents"][-1]["ResourceStatusReason"] == "User Initiated"
    with pytest.raises(Refused, match="NextToken"):
        stack_reads.describe_stack_events(here.site, {"StackName": "s", "NextToken": "made up"})
