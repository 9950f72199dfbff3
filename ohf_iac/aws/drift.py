"""Drift detection of CloudFormation: begun, followed, read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ohf_iac.aws.translate import known
from ohf_iac.drift import FOUND, STAGES, Detection, Difference, Standing, with_differences
from ohf_iac.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.aws.calls import Calls


def begin_detection(calls: Calls, stack: str) -> str:
    """Have a stack's drift detected; the detection's id, "" while another one is under way.

    That other one's id is not to be had, and it may have begun before what has to be found: ask again.
    """
    try:
        answer = calls.call(
            "cloudformation", "detect_stack_drift", "detect drift of", f"stack {stack}", StackName=stack
        )
    except ProviderError as error:
        if "already in progress" in error.message:
            return ""
        raise
    return str(answer["StackDriftDetectionId"])


def detection_seen(calls: Calls, detection_id: str) -> Detection:
    """How far a detection is."""
    answer = calls.call(
        "cloudformation",
        "describe_stack_drift_detection_status",
        "follow",
        f"drift detection {detection_id}",
        StackDriftDetectionId=detection_id,
    )
    known(STAGES, answer["DetectionStatus"], "a drift detection")
    return Detection(answer["DetectionStatus"], answer.get("DetectionStatusReason", ""))


def standings(calls: Calls, stack: str) -> tuple[Standing, ...]:
    """The resources that the last detection checked; of others CloudFormation says nothing."""
    found: list[Standing] = []
    for page in calls.pages(
        "cloudformation", "describe_stack_resource_drifts", "read", f"drift of {stack}", StackName=stack
    ):
        found += [_standing(row) for row in page["StackResourceDrifts"]]
    return tuple(found)


def _standing(row: Mapping[str, Any]) -> Standing:
    status = row["StackResourceDriftStatus"]
    known(FOUND, status, f"the drift of {row['LogicalResourceId']}")
    expected = json.loads(row.get("ExpectedProperties") or "{}")
    differences = [
        Difference(one["PropertyPath"], one["DifferenceType"], one["ActualValue"])
        for one in row.get("PropertyDifferences", [])
    ]
    return Standing(
        logical_id=row["LogicalResourceId"],
        physical_id=row.get("PhysicalResourceId", ""),
        resource_type=row["ResourceType"],
        found=FOUND[status],
        expected=expected,
        actual=with_differences(expected, differences),
        reason=row.get("DriftStatusReason", ""),
    )
