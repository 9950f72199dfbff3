"""Resource handlers held against the policy of whoever they work for: the stack's role, or the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException

from ohf_iac.local.authorization import refusal_words, via_cloudformation
from ohf_iac.local.handler_permissions import handler_asks
from ohf_iac.local.refusals import Refused
from ohf_iac.local.resource_properties import handler_refusal
from ohf_iac.local.stack_record import Site, Stack, StackResource, context_of

LINKED, SERVICE = "iam:CreateServiceLinkedRole", "iam:AWSServiceName"


def check_handler(
    site: Site, stack: Stack, resource: StackResource, verb: str, properties: Mapping[str, Any]
) -> None:
    """Raises ResourceRefused, in the handler's words, unless all that the handler needs is permitted."""
    authorization, role = site.world.authorization, stack.terms.role_arn or ""
    principal = role or site.caller
    if principal not in authorization.policies:
        return
    try:
        asks = handler_asks(site.region, resource.type, verb, properties, resource.physical_id)
    except ServiceException:
        return  # a launch template that is not there: the handler itself is about to meet that
    denied = authorization.refuses(principal, asks if role else via_cloudformation(asks))
    if denied is not None:
        service = "AutoScaling" if "AutoScaling" in resource.type else "Ec2"
        refusal = Refused("AccessDenied", refusal_words(site.region.account, principal, denied))
        raise handler_refusal(site.world, context_of(site, stack, resource.logical_id), service, refusal)
    for one in asks:
        if one.action == LINKED:
            site.world.linked_roles.update((site.region.account, name) for name in one.context[SERVICE])
