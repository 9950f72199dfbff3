"""Launch templates that are not ours: one version of one, to be read into the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.errors import ProviderError, ResourceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.aws.calls import Calls

_NOT_THERE: Final = frozenset(
    {
        "InvalidLaunchTemplateId.Malformed",
        "InvalidLaunchTemplateId.NotFound",
        "InvalidLaunchTemplateId.VersionNotFound",
        "InvalidLaunchTemplateName.MalformedException",
        "InvalidLaunchTemplateName.NotFoundException",
    }
)


@dataclass(frozen=True, slots=True)
class LaunchTemplateVersion:
    """A version of a launch template; `data` is EC2's ResponseLaunchTemplateData, user data in base64."""

    template_id: str
    name: str
    version: int
    data: Mapping[str, Any]


def launch_template_version(calls: Calls, named: str, version: int) -> LaunchTemplateVersion:
    """One version by the launch template's id (`lt-…`) or name; ResourceNotFoundError when there is none."""
    by = "LaunchTemplateId" if named.startswith("lt-") else "LaunchTemplateName"
    thing = f"version {version} of launch template {named}"
    asked = {by: named, "Versions": [str(version)]}
    try:
        answer = calls.call("ec2", "describe_launch_template_versions", "read", thing, **asked)
    except ProviderError as error:
        if error.aws_code not in _NOT_THERE:
            raise
        raise ResourceNotFoundError(error.message, hint=_hint(named)) from error
    for row in answer["LaunchTemplateVersions"]:
        if row["VersionNumber"] == version:
            return LaunchTemplateVersion(
                row["LaunchTemplateId"], row["LaunchTemplateName"], version, row["LaunchTemplateData"]
            )
    raise ResourceNotFoundError(f"read {thing}: there is no such version", hint=_hint(named))


def _hint(named: str) -> str:
    by = "ids" if named.startswith("lt-") else "names"
    return f"aws ec2 describe-launch-templates --launch-template-{by} {named} shows region, names and versions"
