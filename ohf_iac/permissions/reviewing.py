"""What people who review need beside the host: change sets, and the bodies and the drift of stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.permissions.statement import Statement, equals, from_bodies, tagged, together
from ohf_iac.request import TAG_OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.permissions.needs import Needs

#: the names of stacks that rehearsals make
_REHEARSALS: Final = "ohf-rehearsal-*"


def review_statements(needs: Needs, names: str) -> Iterator[Statement]:
    """`ohf rehearse`, `plan`, `apply`, `diff`, `drift`, `verify --deployed`; `names` are those of requests' stacks.

    A rehearsal's change set may be made and deleted, and never executed.
    """
    ours, rehearsals = (needs.place.arn("cloudformation", f"stack/{one}/*") for one in (names, _REHEARSALS))
    both = (ours, rehearsals)
    owned = tagged("aws:RequestTag", TAG_OWNER, needs.owner)
    role = equals(cloudformation__RoleArn=needs.service_role) if needs.service_role else {}
    making = ("cloudformation:CreateChangeSet",)
    if needs.locked:  # what is rehearsed is never executed, and need not be approved
        yield Statement("MakePlans", making, (ours,), together(owned, role, from_bodies(needs)))
        yield Statement("MakeRehearsals", making, (rehearsals,), together(owned, role))
    else:
        yield Statement("MakeChangeSets", making, both, together(owned, role))
    yield Statement("TagRehearsals", ("cloudformation:TagResource",), (rehearsals,), owned)
    yield Statement("DeleteRehearsals", ("cloudformation:DeleteStack",), (rehearsals,), role)
    yield Statement("ApplyPlans", ("cloudformation:ExecuteChangeSet",), (ours,))
    work = [f"cloudformation:{verb}" for verb in ("DeleteChangeSet", "DescribeChangeSet", "ListChangeSets")]
    yield Statement("Review", (*work, "cloudformation:GetTemplate"), both)
    yield from _drift(ours)


def _drift(ours: str) -> Iterator[Statement]:
    """What drift detection takes (CloudFormation user guide, "Detect drift": permissions), and what it leaves open.

    Resources are read with the caller's permissions, which has those for its kinds anyway. A detection's status is
    asked by its id, and a launch template is read by an id that nobody knows beforehand: neither names a resource.
    """
    begin = [f"cloudformation:{verb}" for verb in ("DetectStackDrift", "DetectStackResourceDrift")]
    yield Statement("DetectDrift", (*begin, "cloudformation:DescribeStackResourceDrifts"), (ours,))
    follow = ("BatchDescribeTypeConfigurations", "DescribeStackDriftDetectionStatus")
    looks = tuple(f"cloudformation:{verb}" for verb in follow)
    yield Statement("FollowDrift", (*looks, "ec2:DescribeLaunchTemplateVersions"))
