"""plan: a real change set on the stack of a request to come, saved to be judged, and applied once or removed.

Nothing is launched. The request's id is minted here; memory learns of it when the plan is applied.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ohf_iac.app import calls_of
from ohf_iac.aws import change_sets, cloudformation
from ohf_iac.clock import Deadline
from ohf_iac.errors import BusinessRuleError, CommandError, OhfError
from ohf_iac.operations.approved import outgoing
from ohf_iac.operations.delivering import delivered
from ohf_iac.operations.intending import check_limits, new_request
from ohf_iac.operations.requesting import template_of
from ohf_iac.request import stack_name
from ohf_iac.review.plan_file import SavedPlan, masked_parameters, redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.change_set import ChangeSetSeen
    from ohf_iac.hostfactory import MachineAsk
    from ohf_iac.operations.approved import Outgoing

#: a plan that is used, too old or removed, or that is not what it says
UNUSABLE: Final = "E114"
#: the change set's name: each stack has one
NAME: Final = "ohf-plan"
#: seconds between two looks at a change set that is being made
PACE: Final = 1.0
#: seconds that the removal of a plan that came to nothing may take
REMOVAL: Final = 30.0


def make_plan(app: App, ask: MachineAsk, ticket: str, seconds: int) -> SavedPlan:
    """Have AWS make the change set of a new request; the plan is good for `seconds`.

    Body, parameters, tags and role are those of any request, and under `enforce` the body has to be approved. The
    request's deadline counts from the end of the plan's validity, because both are fixed now. Whatever fails or
    breaks this off, nothing is left in AWS.
    """
    template = template_of(app, ask.template_id)
    check_limits(template, ask.units)
    request = new_request(app, template, ask)
    request = replace(request, deadline=request.deadline + seconds)
    sent = outgoing(app, template, request)
    calls = calls_of(app)
    caller = calls.call("sts", "get_caller_identity", "identify", "the caller")
    stack = stack_name(request.request_id)
    body = delivered(app, calls, template.template_id, ask.units, sent.stack.body)
    try:
        seen = _made(app, calls, stack, sent, body)
        _check_taken(seen, sent)
    except BaseException:
        _forgotten(app, calls, stack)
        raise
    role = app.settings.provider.service_role_arn
    return SavedPlan(
        request_id=request.request_id,
        template_id=request.template_id,
        units=request.units,
        ticket=ticket,
        owner=request.owner,
        account=str(caller["Account"]),
        region=calls.region,
        caller=str(caller["Arn"]),
        stack_id=seen.stack_id,
        change_set_id=seen.change_set_id,
        digest=sent.stack.digest,
        parameters=dict(seen.parameters),
        tags=dict(seen.tags),
        role_arn=role,
        body=redacted(sent.stack.body),
        changes=seen.changes,
        created_at=request.created_at,
        valid_until=request.created_at + seconds,
        deadline=request.deadline,
    )


def remove_plan(app: App, plan: SavedPlan) -> None:
    """Delete a plan's change set and its empty stack; may be repeated.

    BusinessRuleError when the request has begun. The change set goes first: once nobody can execute it any more, a
    stack that is still in review has no resources, and never will.
    """
    calls = calls_of(app)
    check_place(app, calls, plan)
    change_sets.delete_change_set(calls, plan.stack_id, plan.change_set_id)
    stack = cloudformation.describe_stack(calls, plan.stack_id)
    if stack is None or stack.phase in ("deleting", "deleted"):
        return
    if stack.phase != "review":
        raise BusinessRuleError(
            f"remove the plan of {plan.request_id}: it was applied, the request goes on",
            hint=f"ohf delete {plan.request_id} ends it",
            code=UNUSABLE,
        )
    cloudformation.delete_stack(
        calls, plan.stack_id, f"{plan.request_id}-unplanned", app.settings.provider.service_role_arn
    )


def check_place(app: App, calls: Calls, plan: SavedPlan) -> None:
    """BusinessRuleError for a plan of another owner, account or region than the configuration's."""
    account = str(calls.call("sts", "get_caller_identity", "identify", "the caller")["Account"])
    expected = {"owner": app.owner, "account": account, "region": calls.region}
    planned = {"owner": plan.owner, "account": plan.account, "region": plan.region}
    for name, value in expected.items():
        if planned[name] != value:
            raise BusinessRuleError(
                f"use the plan of {plan.request_id}: it is for {name} {planned[name]}, this provider's is {value}",
                hint="use it with the provider and the credentials that it was made with",
                code=UNUSABLE,
            )


def _made(app: App, calls: Calls, stack: str, sent: Outgoing, body: Mapping[str, str]) -> ChangeSetSeen:
    provider = app.settings.provider
    change_sets.create_change_set(
        calls,
        stack=stack,
        name=NAME,
        template=body,
        parameters=sent.parameters,
        tags=sent.tags,
        role_arn=provider.service_role_arn,
    )
    while True:
        seen = change_sets.describe_change_set(calls, stack, NAME)  # a new stack is invisible for a moment
        if seen is not None and seen.stage == "ready":
            return seen
        if seen is not None and seen.stage != "coming":
            raise CommandError(
                f"plan stack {stack}: {seen.reason or f'its change set is {seen.status}'}",
                hint="correct what AWS names in the catalogue",
            )
        app.sleep(PACE)


def _check_taken(seen: ChangeSetSeen, sent: Outgoing) -> None:
    """CommandError unless AWS shows what was sent; of parameters that were left to their defaults it shows more."""
    wanted = masked_parameters(sent.stack.body, sent.parameters)
    taken = {name: value for name, value in seen.parameters.items() if name in wanted}
    if taken != wanted or dict(seen.tags) != dict(sent.tags):
        raise CommandError(
            f"plan stack of {seen.stack_id}: the change set in AWS is not what was asked for",
            hint="somebody changed it: plan again",
        )


def _forgotten(app: App, calls: Calls, stack: str) -> None:
    """Remove what a plan that came to nothing may have left; what cannot be removed now, `ohf gc` finds."""
    time = Deadline.after(REMOVAL)
    try:
        cloudformation.delete_stack(
            calls.within(lambda: time.left), stack, f"{stack}-delete", app.settings.provider.service_role_arn
        )
    except OhfError as error:
        app.log.warning(f"stack {stack} is left: {error.message}", hint="ohf gc --apply removes it")
