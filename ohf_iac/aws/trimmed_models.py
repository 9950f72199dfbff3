"""Where botocore finds service models that hold no more than the operations we call.

A client of EC2 costs most of its time to read a model of seven hundred operations, of which two dozen are ours.
`model_build` writes trimmed ones when the project is built, with a manifest of what they were made from; they count
as long as botocore is that version and its files have those sizes. Otherwise botocore reads its own.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

import botocore
import botocore.loaders

if TYPE_CHECKING:
    from collections.abc import Mapping

#: service to the operations that this program calls; tests hold it to what the code names
OPERATIONS: Final[Mapping[str, frozenset[str]]] = {
    "autoscaling": frozenset(
        {
            "CreateOrUpdateTags",
            "DescribeAutoScalingGroups",
            "DescribeAutoScalingInstances",
            "DescribeScalingActivities",
            "SuspendProcesses",
        }
    ),
    "cloudformation": frozenset(
        {
            "CreateChangeSet",
            "CreateStack",
            "DeleteChangeSet",
            "DeleteStack",
            "DescribeChangeSet",
            "DescribeStackDriftDetectionStatus",
            "DescribeStackEvents",
            "DescribeStackResourceDrifts",
            "DescribeStackResources",
            "DescribeStacks",
            "DetectStackDrift",
            "ExecuteChangeSet",
            "GetTemplate",
            "ListChangeSets",
            "ListStacks",
            "UpdateStack",
        }
    ),
    "ec2": frozenset(
        {
            "CreateTags",
            "DeleteLaunchTemplate",
            "DescribeFleetHistory",
            "DescribeFleetInstances",
            "DescribeFleets",
            "DescribeInstanceStatus",
            "DescribeInstances",
            "DescribeLaunchTemplateVersions",
            "DescribeLaunchTemplates",
            "DescribeSpotFleetInstances",
            "DescribeSpotFleetRequestHistory",
            "DescribeSpotFleetRequests",
            "DescribeSpotInstanceRequests",
            "DescribeTags",
            "ModifyFleet",
            "ModifySpotFleetRequest",
            "TerminateInstances",
        }
    ),
    "s3": frozenset({"GetObject", "PutObject"}),
    "sts": frozenset({"AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity"}),
}
FOLDER: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "models")
MANIFEST: Final = "manifest.json"


def usable(folder: str = FOLDER) -> bool:
    """Whether the trimmed models were made from the botocore that is installed, as it is."""
    try:
        with open(os.path.join(folder, MANIFEST), encoding="utf-8") as file:
            made = json.load(file)
        stock = os.path.join(os.path.dirname(botocore.__file__), "data")
        return made["botocore"] == botocore.__version__ and all(
            os.stat(os.path.join(stock, name)).st_size == size for name, size in made["sizes"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def loader(folder: str = FOLDER) -> botocore.loaders.Loader:
    """A loader of service models: trimmed ones where they are those of this botocore, else its own."""
    # what a user put into ~/.aws/models, botocore's place for that, is meant to be read
    own = os.path.isdir(botocore.loaders.Loader.CUSTOMER_DATA_PATH)
    return _Loader(extra_search_paths=[folder]) if not own and usable(folder) else botocore.loaders.Loader()


class _Loader(botocore.loaders.Loader):
    """botocore resolves endpoints another way where their list is not its own; the trimmed one is."""

    def is_builtin_path(self, path: str) -> bool:
        return bool(super().is_builtin_path(path)) or path.startswith(self.search_paths[0])
