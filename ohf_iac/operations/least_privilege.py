"""The IAM policies of a provider instance, computed from its configuration and catalogue. No AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.config.catalogue_file import catalogue_files
from ohf_iac.config.references import reference_in
from ohf_iac.errors import ConfigurationError
from ohf_iac.permissions.needs import Needs, Place, partition_of
from ohf_iac.permissions.policies import policies_of
from ohf_iac.stack import spec_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.config import Settings
    from ohf_iac.permissions.policies import Policies
    from ohf_iac.template.host_template import HostTemplate


def least_privilege(
    settings: Settings,
    templates: Iterable[HostTemplate],
    instance_roles: Mapping[str, str],
    *,
    account: str = "",
    service_role: str = "",
    importing: bool = False,
    reviewing: bool = False,
    locked: bool = False,
) -> Policies:
    """What a provider needs that serves these templates; see `Needs` for `instance_roles`.

    `service_role` and `account` stand in for the configured role and its account; without either, any account.
    `locked`: AWS itself is to refuse stacks that are not made from published bodies; ConfigurationError where
    bucket, region or service role are not known.
    """
    files = catalogue_files(settings)
    role = service_role or settings.provider.service_role_arn
    region = settings.provider.region
    place = Place(
        role.split(":")[1] if role else partition_of(region),
        region or "*",
        account or (role.split(":")[4] if role else "*"),
    )
    if locked:
        _check_lockable(settings, role)
    specs = tuple(spec_for(one, settings.template.defaults, files) for one in templates)
    needs = Needs(
        place,
        settings.provider.owner,
        specs,
        role,
        settings.provider.template_bucket,
        instance_roles,
        settings.provider.assume_role_arn,
        reference_in(settings.provider.proxy_password),
        settings.provider.template_prefix,
        settings.approvals.publish or locked,
        locked,
    )
    return policies_of(needs, importing=importing, reviewing=reviewing)


def _check_lockable(settings: Settings, role: str) -> None:
    provider = settings.provider
    missing = {
        "provider.templateBucket": provider.template_bucket,
        "provider.region": provider.region,
        "provider.serviceRoleArn": role,
    }
    for name, value in missing.items():
        if not value:
            raise ConfigurationError(
                f"lock the policies: {name} is not set", hint=f"set {name} in ohf.json: the conditions name it"
            )
