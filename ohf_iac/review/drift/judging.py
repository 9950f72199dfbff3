"""Is a resource what its template says? In the words, groups and BROADENS of a comparison of bodies. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohf_iac.review.diff.changes import changes_between
from ohf_iac.review.drift.allowed import without_expected
from ohf_iac.review.drift.values import ResourceDrift

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.drift import Standing
    from ohf_iac.observation import StackSeen
    from ohf_iac.review.drift.values import By, State


def judged(standing: Standing, by: By, stack: StackSeen, now: float) -> ResourceDrift:
    """How a resource stands, expected differences set apart; `now` is an epoch second of AWS's time.

    What only one of both sides tells is a difference, so hand over what can be compared.
    """
    left, expected = without_expected(standing, stack, now)
    if left.found == "unknown":
        return _drift(left, "not checked", "nobody", why=left.reason or "CloudFormation does not check this type")
    changes = changes_between(_body(left, left.expected), _body(left, left.actual))
    if left.found == "deleted":
        return _drift(left, "deleted", by, expected=expected, why=left.reason)
    unexplained = left.found == "modified" and not changes and not expected
    why = left.reason or ("CloudFormation says that it was modified, and not in what" if unexplained else "")
    state: State = "drifted" if changes or unexplained else "in sync"
    return _drift(left, state, by, changes=changes, expected=expected, why=why)


def _drift(standing: Standing, state: State, by: By, **more: Any) -> ResourceDrift:
    return ResourceDrift(standing.logical_id, standing.physical_id, standing.resource_type, state, by, **more)


def _body(standing: Standing, properties: Mapping[str, Any]) -> dict[str, Any]:
    resource = {"Type": standing.resource_type, "Properties": dict(properties)}
    return {"Resources": {standing.logical_id: resource}}
