"""What pipelines get of drift."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from ohf_cli.drift_screen import drift_reports
from ohf_iac.observation import StackSeen
from ohf_iac.review.drift.values import ResourceDrift, StackDrift
from ohf_iac.review.proving import DRIFTED


def test_a_failed_case_bears_the_code_that_verify_gives_to_drift() -> None:
    gone = ResourceDrift("Capacity", "fleet-1", "AWS::EC2::EC2Fleet", "deleted", "ohf")
    drift = StackDrift(StackSeen("arn", "ohf-req-1", "CREATE_COMPLETE"), (gone,))
    told = drift_reports((drift,), lambda _change, _template: None)["junit"]()
    (failure,) = ElementTree.fromstring(told).iter("failure")
    assert failure.get("type") == DRIFTED == "E414"
