"""Launch templates: a version of one that is not ours, to be read into the catalogue; ours, listed and deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.errors import ProviderError, ResourceNotFoundError
from ohf_iac.observation import LaunchTemplateSeen
from ohf_iac.request import TAG_OWNER

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


def templates_of_owner(calls: Calls, owner: str, name: str = "") -> tuple[LaunchTemplateSeen, ...]:
    """The launch templates that carry the tag of this owner, all or that of a name."""
    found: list[LaunchTemplateSeen] = []
    filters = {f"tag:{TAG_OWNER}": owner, **({"launch-template-name": name} if name else {})}
    for page in calls.pages(
        "ec2",
        "describe_launch_templates",
        "list",
        "launch templates of this provider",
        Filters=[{"Name": key, "Values": [value]} for key, value in filters.items()],
    ):
        found += [
            LaunchTemplateSeen(
                row["LaunchTemplateId"],
                row["LaunchTemplateName"],
                int(row["CreateTime"].timestamp()),
                {one["Key"]: one["Value"] for one in row.get("Tags", [])},
            )
            for row in page["LaunchTemplates"]
        ]
    return tuple(found)


def delete_template(calls: Calls, template_id: str) -> None:
    """Delete a launch template; one that is gone is left so."""
    try:
        calls.call(
            "ec2",
            "delete_launch_template",
            "delete",
            f"launch template {template_id}",
            LaunchTemplateId=template_id,
        )
    except ProviderError as error:
        if error.aws_code not in _NOT_THERE:
            raise


def _hint(named: str) -> str:
    by = "ids" if named.startswith("lt-") else "names"
    return f"aws ec2 describe-launch-templates --launch-template-{by} {named} shows region, names and versions"
