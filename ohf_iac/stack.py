"""A stack as we want it, before CloudFormation's words: what a body says, and what a request adds to it.

The body depends on the host template and the settings alone; a request adds parameters and stack tags.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from ohf_iac import VERSION
from ohf_iac import request as names
from ohf_iac.template.host_template import on_demand_units
from ohf_iac.template.kinds import ASG, EXPIRING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.request import Request
    from ohf_iac.template.defaults import TemplateDefaults
    from ohf_iac.template.host_template import HostTemplate
    from ohf_iac.template.kinds import Kind

REQUEST_ID: Final = "RequestId"
TEMPLATE_ID: Final = "TemplateId"
OWNER: Final = "Owner"
RC_ACCOUNT: Final = "RcAccount"
TARGET: Final = "TargetCapacity"
ON_DEMAND: Final = "OnDemandCapacity"
REST: Final = "RestCapacity"
VALID_UNTIL: Final = "ValidUntil"

#: Seconds before the deadline at which a fleet stops by itself, so that nothing launches after it.
EXPIRY_MARGIN: Final = 60

Purchase = Literal["ondemand", "spot", "both"]


@dataclass(frozen=True, slots=True)
class Pool:
    """A pair of type and subnet that a fleet may launch from; "" leaves one to the launch template."""

    instance_type: str
    subnet: str
    weight: int = 0
    priority: int | None = None
    max_price: str = ""  # dollars per unit and hour of spot capacity


@dataclass(frozen=True, slots=True)
class StackSpec:
    """Everything that a body says, in our words."""

    template: HostTemplate
    parameters: tuple[str, ...]
    purchase: Purchase
    pools: tuple[Pool, ...]
    rest_pools: tuple[Pool, ...]  # of the on-demand rest of a heterogeneous request
    owns_launch_template: bool
    shared_tags: Mapping[str, str]  # of the launch template, the fleet or the group
    script: bytes | None
    provider_name: str
    cluster_name: str


@dataclass(frozen=True, slots=True)
class RenderedStack:
    """A body that can be sent: canonical JSON with one final newline, and its SHA-256 in hex."""

    template_id: str
    kind: Kind
    body: str
    digest: str


def spec_for(template: HostTemplate, defaults: TemplateDefaults, files: Mapping[str, bytes]) -> StackSpec:
    """What the stacks of a template say; `files` holds the script that it names."""
    fleet = template.fleet_config
    return StackSpec(
        template=template,
        parameters=parameters_of(template),
        purchase=purchase_of(template),
        pools=_pools(template, template.instance_types, template.spot_price),
        rest_pools=_pools(template, template.on_demand_types, "") if template.price_type == "heterogeneous" else (),
        owns_launch_template=not (template.launch_template_id or (fleet and fleet.foreign_version)),
        shared_tags=defaults.tags,
        script=files[template.user_data_script] if template.user_data_script else None,
        provider_name=defaults.provider_name,
        cluster_name=defaults.cluster_name,
    )


def purchase_of(template: HostTemplate) -> Purchase:
    """How the capacity is bought, apart from the on-demand rest of a heterogeneous request."""
    part, whole = template.on_demand_share
    if part == 0:
        return "spot"
    return "ondemand" if part == whole else "both"


def percent_on_demand(template: HostTemplate) -> int | None:
    """The on-demand share in whole percent; None when it is no whole percentage."""
    part, whole = template.on_demand_share
    percent, remainder = divmod(part * 100, whole)
    return None if remainder else percent


def parameters_of(template: HostTemplate) -> tuple[str, ...]:
    """The parameters that the template's body declares."""
    declared = [REQUEST_ID, TEMPLATE_ID, OWNER, RC_ACCOUNT, TARGET]
    by_percentage = template.kind == ASG and percent_on_demand(template) is not None
    if purchase_of(template) == "both" and not by_percentage:
        declared.append(ON_DEMAND)
    if template.price_type == "heterogeneous":
        declared.append(REST)
    if template.kind in EXPIRING:
        declared.append(VALID_UNTIL)
    return tuple(declared)


def parameters_for(template: HostTemplate, request: Request) -> dict[str, str]:
    """The parameters of a request's stack as CloudFormation takes them: texts, those that the body declares."""
    known = {
        REQUEST_ID: request.request_id,
        TEMPLATE_ID: request.template_id,
        OWNER: request.owner,
        RC_ACCOUNT: request.rc_account,
        TARGET: str(request.units),
        ON_DEMAND: str(on_demand_units(template, request.units)),
        REST: "0",
        VALID_UNTIL: timestamp(request.deadline - EXPIRY_MARGIN),
    }
    return {name: known[name] for name in parameters_of(template)}


def timestamp(epoch: int) -> str:
    """Epoch seconds as EC2's fleets take a time: ISO 8601, UTC, ending in Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def tags_for(
    request: Request,
    digest: str,
    *,
    approval: str = "",
    extra: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """The tags of a request's stack; `extra` is the `tags` setting, and ours win.

    Tags without a value are left out, because CreateStack refuses them.
    """
    tags = {
        **extra,
        names.TAG_OWNER: request.owner,
        names.TAG_REQUEST: request.request_id,
        names.TAG_TEMPLATE: request.template_id,
        names.TAG_KIND: request.kind,
        names.TAG_DEADLINE: str(request.deadline),
        names.TAG_PRICE_TYPE: request.price_type,
        names.TAG_RC_ACCOUNT: request.rc_account,
        names.TAG_DIGEST: digest,
        names.TAG_VERSION: VERSION,
        names.TAG_APPROVAL: approval,
    }
    return {key: value for key, value in tags.items() if value}


def _pools(template: HostTemplate, types: tuple[str, ...], price: str) -> tuple[Pool, ...]:
    """Types × subnets, types first; a single empty pool when there is neither."""
    return tuple(
        Pool(name, subnet, template.weights.get(name, 0), template.priorities.get(name), price)
        for name in types or ("",)
        for subnet in template.subnets or ("",)
    )
