"""Stacks that are no more: CloudFormation lists them for ninety days and tells of each by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ohf_iac.aws.calls import Calls


def deleted_since(calls: Calls, since: float, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """Name and id of the stacks that were deleted at epoch second `since` or later, whose name is `wanted`.

    Of whatever owner: the list knows no tags. One without a moment of deletion counts as deleted now.
    """
    for page in calls.pages(
        "cloudformation", "list_stacks", "list", "deleted stacks", StackStatusFilter=["DELETE_COMPLETE"]
    ):
        for one in page["StackSummaries"]:
            deleted_at = one.get("DeletionTime")
            if wanted(one["StackName"]) and (deleted_at is None or deleted_at.timestamp() >= since):
                yield one["StackName"], one["StackId"]
