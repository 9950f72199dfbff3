"""Stacks changed: in place, with resources added and removed, and back again after a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ohf_iac.local import stack_orders, stack_reads, template_reads
from ohf_iac.local.refusals import Refused
from tests.unit.local.stack_bench import Bench, bench, box, network, template


def rest_template() -> dict[str, Any]:
    body = template(Net=network(Size={"Ref": "Size"}), Rest={**box(N={"Ref": "Rest"}), "Condition": "Wanted"})
    body["Parameters"] = {
        "Rest": {"Type": "Number", "Default": "0", "MinValue": 0, "MaxValue": 9},
        "Size": {"Type": "Number", "Default": "1"},
    }
    body["Conditions"] = {"Wanted": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Rest"}, "0"]}]}}
    body["Outputs"] = {"RestId": {"Value": {"Ref": "Rest"}, "Condition": "Wanted"}}
    return body


def standing(body: dict[str, Any], **params: Any) -> Bench:
    here = bench()
    here.create(body, **params)
    here.advance(30)
    return here


def given(**values: str | None) -> list[dict[str, Any]]:
    return [
        {"ParameterKey": key, **({"UsePreviousValue": True} if value is None else {"ParameterValue": value})}
        for key, value in values.items()
    ]


def update(here: Bench, **params: Any) -> None:
    stack_orders.update_stack(here.site, {"StackName": "s", **params})


def test_a_condition_that_turns_true_adds_its_resource() -> None:
    here = standing(rest_template(), Parameters=given(Size="4"))
    update(here, UsePreviousTemplate=True, Parameters=given(Rest="2", Size=None), ClientRequestToken="rest")
    assert here.status() == "UPDATE_IN_PROGRESS"
    here.advance(30)
    assert here.events()[-6:] == [
        ("s", "UPDATE_IN_PROGRESS", "User Initiated"),
        ("Rest", "CREATE_IN_PROGRESS", ""),
        ("Rest", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("Rest", "CREATE_COMPLETE", ""),
        ("s", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", ""),
        ("s", "UPDATE_COMPLETE", ""),
    ]
    assert here.boxes.made == {"box-1": {"N": "2"}}
    stack = stack_reads.describe_stacks(here.site, {"StackName": "s"})["Stacks"][0]
    values = {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack["Parameters"]}
    assert values == {"Rest": "2", "Size": "4"}
    assert [output["OutputKey"] for output in stack["Outputs"]] == ["RestId"]


def test_a_condition_that_turns_false_takes_its_resource_away() -> None:
    here = standing(rest_template(), Parameters=given(Rest="2"))
    update(here, UsePreviousTemplate=True)
    here.advance(30)
    assert here.status() == "UPDATE_COMPLETE"
    assert here.boxes.made == {}
    resources = stack_reads.list_stack_resources(here.site, {"StackName": "s"})["StackResourceSummaries"]
    assert [resource["LogicalResourceId"] for resource in resources] == ["Net"]


def test_only_what_differs_is_changed() -> None:
    here = standing(template(Net=network(), A=box(In={"Ref": "Net"}, Size=1), B=box()))
    update(here, TemplateBody=json.dumps(template(Net=network(), A=box(In={"Ref": "Net"}, Size=2), B=box())))
    here.advance(30)
    assert here.boxes.log == ["create B", "create A", "update A"]
    assert [event for event in here.events() if event[1].startswith("UPDATE") and event[0] != "s"] == [
        ("A", "UPDATE_IN_PROGRESS", ""),
        ("A", "UPDATE_COMPLETE", ""),
    ]


def test_nothing_to_do_is_refused() -> None:
    here = standing(rest_template(), Tags=[{"Key": "k", "Value": "v"}])
    for params in ({}, {"Tags": [{"Key": "k", "Value": "v"}]}, {"Parameters": given(Rest=None, Size=None)}):
        with pytest.raises(Refused, match=r"^ValidationError: No updates are to be performed\.$"):
            update(here, UsePreviousTemplate=True, **params)
    update(here, UsePreviousTemplate=True, Tags=[{"Key": "k", "Value": "w"}])
    here.advance(30)
    assert here.status() == "UPDATE_COMPLETE"


def test_an_update_waits_for_nobody() -> None:
    here = bench()
    here.create(rest_template())
    stack_id = stack_reads.describe_stacks(here.site, {})["Stacks"][0]["StackId"]
    with pytest.raises(Refused) as refused:
        update(here, UsePreviousTemplate=True, Parameters=given(Rest="1"))
    assert refused.value.message == f"Stack:{stack_id} is in CREATE_IN_PROGRESS state and can not be updated."
    with pytest.raises(Refused, match=r"Stack \[none\] does not exist"):
        stack_orders.update_stack(here.site, {"StackName": "none", "UsePreviousTemplate": True})


def test_a_stack_being_updated_cannot_be_deleted() -> None:
    here = standing(rest_template())
    update(here, UsePreviousTemplate=True, Parameters=given(Rest="1"))
    with pytest.raises(Refused, match="cannot be deleted while in status UPDATE_IN_PROGRESS"):
        stack_orders.delete_stack(here.site, {"StackName": "s"})


def test_a_failed_update_goes_back() -> None:
    here = standing(template(Net=network(Size=1), Box=box(In={"Ref": "Net"})))
    wanted = template(Net=network(Size=2), Box=box(In={"Ref": "Net"}, Refuse="no"))
    update(here, TemplateBody=json.dumps(wanted))
    here.advance(60)
    assert here.events()[-9:] == [
        ("Box", "UPDATE_IN_PROGRESS", ""),
        ("Box", "UPDATE_FAILED", "no"),
        ("s", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [Box]. "),
        ("Net", "UPDATE_IN_PROGRESS", ""),
        ("Net", "UPDATE_COMPLETE", ""),
        ("Box", "UPDATE_IN_PROGRESS", ""),
        ("Box", "UPDATE_COMPLETE", ""),
        ("s", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", ""),
        ("s", "UPDATE_ROLLBACK_COMPLETE", ""),
    ]
    assert here.networks.made == {"net-1": {"Size": 1}}
    body = template_reads.get_template(here.site, {"StackName": "s"})["TemplateBody"]
    assert json.loads(body)["Resources"]["Net"] == network(Size=1)


def test_a_resource_added_by_a_failed_update_is_taken_away_again() -> None:
    here = standing(template(Net=network()))
    update(here, TemplateBody=json.dumps(template(Net=network(), Box=box(Broken="no luck"))))
    here.advance(60)
    events = here.events()
    assert ("s", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Box]. ") in events
    assert events[-1] == ("s", "UPDATE_ROLLBACK_COMPLETE", "")
    assert here.boxes.made == {}


def test_without_rollback_a_failed_update_stays() -> None:
    here = standing(template(Net=network()))
    update(here, TemplateBody=json.dumps(template(Net=network(Refuse="no"))), DisableRollback=True)
    here.advance(60)
    assert here.events()[-1] == ("s", "UPDATE_FAILED", "The following resource(s) failed to update: [Net]. ")
