"""All policies of a provider instance, and what a reader of them must know."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.permissions.caller import caller_statements, publisher_statements, secret_statements
from ohf_iac.permissions.needs import gathered
from ohf_iac.permissions.service_role import service_role_statements, trust
from ohf_iac.permissions.statement import document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_iac.permissions.needs import Needs

#: characters without blanks that IAM takes: in a managed policy, and in all inline policies of a role together
MANAGED_LIMIT: Final = 6_144
INLINE_LIMIT: Final = 10_240


@dataclass(frozen=True, slots=True)
class Policies:
    """IAM documents: of the host's credentials, of CloudFormation's service role, and who may work as that role.

    `role_name` is the service role's, "" where none is configured. `notes` are sentences for people. `publisher` is
    for whoever publishes bodies, empty where nothing is published.
    """

    caller: Mapping[str, Any]
    service: Mapping[str, Any]
    trust: Mapping[str, Any]
    role_name: str
    notes: tuple[str, ...]
    publisher: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def policies_of(needs: Needs, *, importing: bool = False, reviewing: bool = False) -> Policies:
    """The policies of a provider instance.

    `importing`: people import launch templates with its credentials; `reviewing`: they rehearse, plan and verify.
    """
    caller = document(caller_statements(needs, importing=importing, reviewing=reviewing))
    service = document(service_role_statements(needs))
    return Policies(
        caller,
        service,
        trust(),
        needs.service_role.rpartition("/")[2],
        tuple(_notes(needs, caller, service)),
        document(publisher_statements(needs)) if needs.published else {},
    )


def _notes(needs: Needs, caller: Mapping[str, Any], service: Mapping[str, Any]) -> Iterator[str]:
    if not needs.service_role:
        yield (
            "provider.serviceRoleArn is not set: CloudFormation works with the caller's permissions, and the "
            "caller's policy holds the service role's statements too"
        )
    if needs.locked and needs.has_rest:
        yield (
            "heterogeneous templates get no on-demand rest: UpdateStack is left out, because IAM cannot tell an "
            "update with the previous template from one with another"
        )
    if needs.published:
        yield f"whoever may write {needs.bodies} decides what runs: let the pipeline alone be publisher"
    if "*" in (needs.place.account, needs.place.region):
        yield "* stands for a region or account that is not known: set AWS_REGION, give --account"
    if needs.assumed_role:
        yield (
            f"the caller's policy is for {needs.assumed_role}, which the host assumes; its own credentials need "
            "sts:AssumeRole on that"
            + "".join(f", and {'; '.join(one.actions)} on {one.resources[0]}" for one in secret_statements(needs))
        )
    for one in needs.foreign_templates:
        yield (
            f"{one.template.template_id}: its launch template is not ours, so that any image and group may be "
            "used; where it names an instance profile, --instance-role lt-...=ROLE allows its role"
        )
    profiles = gathered(needs.specs, lambda one: [one.template.instance_profile.rpartition("/")[2]])
    if guessed := [one for one in profiles if one not in needs.instance_roles]:
        yield (
            f"the role in an instance profile is taken to bear its name ({', '.join(guessed)}); "
            "--instance-role PROFILE=ROLE tells another"
        )
    yield from _too_long("caller", caller)
    yield from _too_long("service role", service)


def _too_long(whose: str, written: Mapping[str, Any]) -> Iterator[str]:
    size = len(json.dumps(written, separators=(",", ":")))
    if size > MANAGED_LIMIT:
        way = f"inline policies may have {INLINE_LIMIT}" if size <= INLINE_LIMIT else "split it"
        yield f"the {whose}'s policy has {size} characters; a managed policy may have {MANAGED_LIMIT}, {way}"
