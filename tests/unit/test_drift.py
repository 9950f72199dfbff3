"""Drift's pure parts: differences put together, bodies filled in, what is beside what, and what a life brings."""

from __future__ import annotations

from typing import Any

import pytest

from ohf_iac.aws.resource_properties import TemplateVersion
from ohf_iac.drift import Difference, Standing, with_differences
from ohf_iac.observation import StackSeen
from ohf_iac.review.drift.allowed import FLEET, GROUP, SPOT_FLEET
from ohf_iac.review.drift.beside import beside
from ohf_iac.review.drift.filled import UNKNOWN, Scope, filled
from ohf_iac.review.drift.judging import judged
from ohf_iac.review.drift.looking import _versions
from ohf_iac.review.drift.values import ResourceDrift, StackDrift

ARN = "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/ohf-req-1/abc"
UNTIL = "2026-11-24T01:00:00Z"
AT_UNTIL = 1795482000.0
STACK = StackSeen(ARN, "ohf-req-1", "CREATE_COMPLETE", parameters={"ValidUntil": UNTIL})


@pytest.mark.parametrize(
    ("expected", "differences", "actual"),
    [
        ({"A": "1"}, [("/A", "NOT_EQUAL", "2")], {"A": "2"}),
        ({"A": 1}, [("/A", "NOT_EQUAL", "2")], {"A": 2}),
        ({"A": True}, [("/A", "NOT_EQUAL", "false")], {"A": False}),
        ({"A": "x"}, [("/A", "NOT_EQUAL", "true")], {"A": "true"}),
        ({"A": {"B": "x"}}, [("/A/B", "NOT_EQUAL", "y")], {"A": {"B": "y"}}),
        ({"A": {"B": "x"}}, [("/A", "NOT_EQUAL", '{"B": "z"}')], {"A": {"B": "z"}}),
        ({"A": ["x", "y", "z"]}, [("/A/0", "REMOVE", "null"), ("/A/2", "REMOVE", "null")], {"A": ["y"]}),
        ({"A": ["x"]}, [("/A/1", "ADD", "y")], {"A": ["x", "y"]}),
        ({"A": ["x"]}, [("/A/0", "NOT_EQUAL", "w"), ("/A/1", "ADD", '{"K": 1}')], {"A": ["w", {"K": 1}]}),
        ({"A": "x"}, [("/A", "REMOVE", "null")], {}),
        ({"A": "x"}, [("/B", "ADD", "y")], {"A": "x", "B": "y"}),
        ({"A/B": "x"}, [("/A~1B", "NOT_EQUAL", "y")], {"A/B": "y"}),
        (
            {"T": [{"Key": "k", "Value": "v"}]},
            [("/T/0/Value", "NOT_EQUAL", "w")],
            {"T": [{"Key": "k", "Value": "w"}]},
        ),
        ({"A": "x"}, [("/A/B/0", "NOT_EQUAL", "odd")], {"A": "x"}),
    ],
)
def test_differences_put_on_top_of_what_is_expected(
    expected: dict[str, Any], differences: list[tuple[str, str, str]], actual: dict[str, Any]
) -> None:
    before = repr(expected)
    assert with_differences(expected, [Difference(*one) for one in differences]) == actual
    assert repr(expected) == before


SCOPE = Scope({"RequestId": "req-1", "TargetCapacity": "3"}, {"LaunchTemplate": "lt-1"}, ARN, "ohf-req-1")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"Ref": "TargetCapacity"}, "3"),
        ({"Ref": "LaunchTemplate"}, "lt-1"),
        ({"Fn::GetAtt": ["LaunchTemplate", "LatestVersionNumber"]}, "1"),
        ({"Fn::Sub": "ohf-${RequestId}"}, "ohf-req-1"),
        ({"Fn::Sub": "a ${!b} ${RequestId}"}, "a ${b} req-1"),
        (
            {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/x"},
            "arn:aws-cn:iam::123456789012:role/x",
        ),
        ({"Ref": "AWS::Region"}, "cn-north-1"),
        ({"Ref": "Nobody"}, UNKNOWN),
        ({"Fn::Sub": "${Nobody}"}, UNKNOWN),
        ({"Fn::Base64": "x"}, UNKNOWN),
        ({"Fn::If": ["A", "b", "c"]}, UNKNOWN),
        ({"A": {"Ref": "Nobody"}, "B": [1, {"Ref": "Nobody"}]}, {"B": [1]}),
    ],
)
def test_a_body_is_filled_in_and_what_it_does_not_tell_is_left_out(value: Any, found: Any) -> None:
    assert filled(value, SCOPE) == found


@pytest.mark.parametrize(
    ("expected", "shown", "found"),
    [
        ({"A": "1", "B": False}, {"A": 1, "C": "more"}, {"A": "1", "B": False}),
        ({"A": True}, {"A": "true"}, {"A": True}),
        ({"A": "3"}, {"A": 3.0}, {"A": "3"}),
        ({"A": True}, {}, {}),
        ({"A": ["x"]}, {"A": ["x", "y"]}, {"A": ["x", "y"]}),
        ({"A": ["x", "y"]}, {"A": ["x"]}, {"A": ["x"]}),
        ({"A": ["x", "y", "z"]}, {"A": ["z", "x", "w"]}, {"A": ["x", "w", "z"]}),
        ({"A": [{"T": "a"}, {"T": "b"}]}, {"A": [{"T": "b", "P": 1}, {"T": "a"}]}, {"A": [{"T": "a"}, {"T": "b"}]}),
        ({"MaxPrice": "0.05"}, {"MaxPrice": "0.050000"}, {"MaxPrice": "0.05"}),
        ({"MaxPrice": "0.05"}, {"MaxPrice": "0.06"}, {"MaxPrice": "0.06"}),
        (
            {"AllocationStrategy": "capacity-optimized"},
            {"AllocationStrategy": "capacityOptimized"},
            {"AllocationStrategy": "capacity-optimized"},
        ),
        ({"Name": "a-b"}, {"Name": "aB"}, {"Name": "aB"}),
        ({"A": "NaN"}, {"A": "NaN"}, {"A": "NaN"}),
        (
            [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
            [{"Key": "z", "Value": "9"}, {"Key": "b", "Value": "3"}],
            [{"Key": "b", "Value": "3"}],
        ),
    ],
)
def test_what_a_service_shows_is_cut_to_what_the_template_writes(expected: Any, shown: Any, found: Any) -> None:
    assert beside(expected, shown) == found


def drift(kind: str, expected: dict[str, Any], actual: dict[str, Any], now: float = 0) -> ResourceDrift:
    return judged(Standing("Capacity", "id", kind, "modified", expected, actual), "cloudformation", STACK, now)


def fleet(total: int, policy: str = "no-termination") -> dict[str, Any]:
    targets = {"TotalTargetCapacity": total, "OnDemandTargetCapacity": 0}
    return {"TargetCapacitySpecification": targets, "ExcessCapacityTerminationPolicy": policy}


def spot_fleet(total: int) -> dict[str, Any]:
    return {"SpotFleetRequestConfigData": {"TargetCapacity": total}}


@pytest.mark.parametrize(
    ("kind", "before", "after", "state"),
    [
        (GROUP, {"DesiredCapacity": "3"}, {"DesiredCapacity": "1"}, "in sync"),
        (GROUP, {"DesiredCapacity": "3", "MaxSize": "3"}, {"DesiredCapacity": "0", "MaxSize": "0"}, "in sync"),
        (GROUP, {"DesiredCapacity": "3"}, {"DesiredCapacity": "4"}, "drifted"),
        (GROUP, {"MaxSize": "3"}, {"MaxSize": "30"}, "drifted"),
        (GROUP, {"MinSize": "0"}, {"MinSize": "1"}, "drifted"),
        (GROUP, {"DesiredCapacity": "3"}, {"DesiredCapacity": "-1"}, "drifted"),
        (GROUP, {"DesiredCapacity": "3"}, {"DesiredCapacity": "few"}, "drifted"),
        (GROUP, {"DesiredCapacity": "3"}, {}, "drifted"),
        (GROUP, {"NewInstancesProtectedFromScaleIn": False}, {"NewInstancesProtectedFromScaleIn": True}, "drifted"),
        (FLEET, fleet(3), fleet(0), "in sync"),
        (FLEET, fleet(3), fleet(4), "drifted"),
        (FLEET, fleet(3, "termination"), fleet(3), "in sync"),
        (FLEET, fleet(3), fleet(0, "termination"), "drifted"),
        (SPOT_FLEET, spot_fleet(3), spot_fleet(0), "in sync"),
        (SPOT_FLEET, spot_fleet(3), spot_fleet(4), "drifted"),
        (GROUP, {"Tags": []}, {"Tags": [{"Key": "ohf:settled", "Value": "complete"}]}, "in sync"),
        (GROUP, {"Tags": []}, {"Tags": [{"Key": "ohf:owner", "Value": "x"}]}, "drifted"),
        ("AWS::EC2::LaunchTemplate", {"TotalTargetCapacity": 3}, {"TotalTargetCapacity": 0}, "drifted"),
    ],
)
def test_what_a_life_brings_with_it_is_no_drift_kind_by_kind(
    kind: str, before: dict[str, Any], after: dict[str, Any], state: str
) -> None:
    found = drift(kind, before, after)
    assert (found.state, bool(found.changes)) == (state, state == "drifted")
    assert bool(found.expected) == (state == "in sync") or found.changes


def test_what_is_expected_hides_nothing_beside_it() -> None:
    found = drift(FLEET, {**fleet(3), "Type": "maintain"}, {**fleet(0), "Type": "request"})
    assert [one.places for one in found.changes] == [("Capacity.Type",)]
    assert [one.place for one in found.expected] == ["Capacity.TargetCapacitySpecification.TotalTargetCapacity"]


@pytest.mark.parametrize(
    ("name", "kind", "now", "state"),
    [
        ("Capacity", FLEET, AT_UNTIL, "in sync"),
        ("Capacity", SPOT_FLEET, AT_UNTIL, "in sync"),
        ("Capacity", FLEET, AT_UNTIL - 1, "deleted"),
        ("Capacity", GROUP, AT_UNTIL, "deleted"),
        ("OnDemandRest", FLEET, AT_UNTIL, "deleted"),
        ("LaunchTemplate", "AWS::EC2::LaunchTemplate", AT_UNTIL, "deleted"),
    ],
)
def test_a_fleet_is_gone_by_itself_only_after_its_end(name: str, kind: str, now: float, state: str) -> None:
    found = judged(Standing(name, "id", kind, "deleted"), "cloudformation", STACK, now)
    assert (found.state, bool(found.expected)) == (state, state == "in sync")


def test_what_cloudformation_calls_modified_and_does_not_explain_is_drift() -> None:
    assert drift(GROUP, {"A": "1"}, {"A": "1"}).state == "drifted"


def test_what_nobody_saw_is_never_in_sync() -> None:
    unknown = judged(Standing("X", "", "AWS::S3::Bucket", "unknown"), "nobody", STACK, 0)
    good = ResourceDrift("Y", "", GROUP, "in sync", "cloudformation")
    assert unknown.state == "not checked"
    assert StackDrift(STACK, (good, unknown)).verdict == "not checked"
    assert StackDrift(STACK, (good,), unread="denied").verdict == "unknown"
    assert StackDrift(STACK, (good,)).verdict == "in sync"
    assert StackDrift(STACK, (ResourceDrift("Z", "", GROUP, "deleted", "ohf"),), unread="x").verdict == "drifted"


MADE = TemplateVersion(1, True, {"ImageId": "ami-1"})


@pytest.mark.parametrize(
    ("versions", "numbers", "image", "reason"),
    [
        ((MADE,), ("1", "1"), "ami-1", False),
        ((MADE, TemplateVersion(2, False, {"ImageId": "ami-2"})), ("1", "2"), "ami-2", False),
        (
            (
                MADE._replace(default=False),
                TemplateVersion(2, True, {"ImageId": "ami-2"}),
                TemplateVersion(3, False, {"ImageId": "ami-3"}),
            ),
            ("2", "3"),
            "ami-2",
            False,
        ),
        ((TemplateVersion(2, True, {"ImageId": "ami-2"}),), ("2", "2"), None, True),
    ],
)
def test_a_launch_template_is_what_its_stack_made_while_its_first_version_is_the_only_one(
    versions: tuple[TemplateVersion, ...], numbers: tuple[str, str], image: str | None, reason: bool
) -> None:
    expected, actual, why = _versions(versions)
    assert (actual["DefaultVersionNumber"], actual["LatestVersionNumber"]) == numbers
    assert {expected["DefaultVersionNumber"], expected["LatestVersionNumber"]} == {"1"}
    assert actual.get("LaunchTemplateData", {}).get("ImageId") == image
    assert bool(why) == reason
