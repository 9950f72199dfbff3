"""The IAM policies of a provider instance, computed from its configuration and catalogue. No AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.config.catalogue_file import catalogue_files
from ohf_iac.config.references import reference_in
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
) -> Policies:
    """What a provider needs that serves these templates; see `Needs` for `instance_roles`.

    `service_role` and `account` stand in for the configured role and its account; without either, any account.
    """
    files = catalogue_files(settings)
    role = service_role or settings.provider.service_role_arn
    region = settings.provider.region
    place = Place(
        role.split(":")[1] if role else partition_of(region),
        region or "*",
        account or (role.split(":")[4] if role else "*"),
    )
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
    )
    return policies_of(needs, importing=importing, reviewing=reviewing)
