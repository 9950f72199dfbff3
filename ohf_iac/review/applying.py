"""apply: the change set of a plan executed, once, if it still is what was planned and may still be sent.

The same order as requestMachines: everything that can be refused is refused before anything is written, the intent
is durable before the call. AWS executes a change set once, so that of several who apply a plan at a time one starts
the stack; the token of that operation tells who it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, cast

from ohf_iac.app import calls_of
from ohf_iac.approval.decide import Refused
from ohf_iac.approval.deployed import judge_deployed
from ohf_iac.aws import change_sets, cloudformation
from ohf_iac.config.lock_file import lock_or_empty
from ohf_iac.errors import ApprovalError, BusinessRuleError, OhfError, ProviderError, StorageError
from ohf_iac.operations.approved import check_digest
from ohf_iac.operations.delivering import tell_refusal
from ohf_iac.operations.intending import check_limits, keep_intent
from ohf_iac.operations.remembering import keep_request
from ohf_iac.operations.requesting import template_of
from ohf_iac.render.canonical import digest
from ohf_iac.request import TAG_KIND, TAG_PRICE_TYPE, TAG_RC_ACCOUNT, Request, RequestRecord, minted_at
from ohf_iac.review.plan_file import redacted
from ohf_iac.review.planning import UNUSABLE, check_place
from ohf_iac.store.memory import without_intent
from ohf_iac.template.host_template import on_demand_units

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.review.plan_file import SavedPlan
    from ohf_iac.store.memory import Memory
    from ohf_iac.template.host_template import HostTemplate
    from ohf_iac.template.kinds import Kind

Started = Literal["by us", "by another", "no", "unknown"]
_STILL_VALID: Final = "nothing changed; the plan is still valid"


@dataclass(frozen=True, slots=True)
class Applied:
    """A plan that was applied; `sure` is False where AWS did not confirm it: then the polls tell."""

    request_id: str
    message: str
    sure: bool = True


def apply_plan(app: App, plan: SavedPlan) -> Applied:
    """Begin the request that a plan is for.

    BusinessRuleError (E114) for a plan that is used, too old, removed, made elsewhere, or not what AWS holds;
    ApprovalError under `enforce` for a body that may not be sent (any more): nothing is changed then, and a plan
    that was valid stays so. ProviderError when AWS surely did not execute it.
    """
    _check_standing(plan, app.now())
    calls = calls_of(app)
    check_place(app, calls, plan)
    template = template_of(app, plan.template_id)
    check_limits(template, plan.units)
    _check_content(calls, plan)
    _check_standing(plan, calls.moment())
    _check_approval(app, plan)
    record = RequestRecord(_request(plan, template), digest=plan.digest)
    keep_intent(app, calls, template, record, lambda memory: _check_open(memory, plan))
    token = f"{plan.request_id}-apply-{app.random_hex()}"
    try:
        change_sets.execute_change_set(calls, plan.stack_id, plan.change_set_id, token)
    except ProviderError as error:
        return _failed(app, calls, plan, record, token, error)
    return _started(app, plan, record)


def _check_standing(plan: SavedPlan, now: float) -> None:
    standing = plan.standing(now)
    if standing != "valid":
        raise _unusable(plan, f"it is {standing}", "ohf show tells more; a new plan: ohf plan TEMPLATE --count N")


def _check_content(calls: Calls, plan: SavedPlan) -> None:
    """What AWS would execute is what was planned, to the last byte of body, parameters and tags."""
    seen = change_sets.describe_change_set(calls, plan.stack_id, plan.change_set_id)
    stack = cloudformation.describe_stack(calls, plan.stack_id)
    if stack is not None and stack.phase not in ("review", "deleting", "deleted"):
        raise _used(plan)
    if seen is None or stack is None or stack.phase != "review":
        raise _unusable(plan, "its change set is gone", "make a new one: ohf plan TEMPLATE --count N")
    if seen.use == "used":
        raise _used(plan)
    if seen.stage != "ready" or seen.use != "open":
        raise _unusable(plan, f"its change set is {seen.status}, {seen.execution}", "make a new plan")
    body = change_sets.change_set_body(calls, plan.stack_id, plan.change_set_id)
    differing = [
        name
        for name, planned, found in (
            ("change set", plan.change_set_id, seen.change_set_id),
            ("stack", plan.stack_id, seen.stack_id),
            ("digest", plan.digest, digest(body)),
            ("body", plan.body, redacted(body)),
            ("changes", plan.changes, seen.changes),
            ("parameters", dict(plan.parameters), dict(seen.parameters)),
            ("tags", dict(plan.tags), dict(seen.tags)),
        )
        if planned != found
    ]
    if differing:
        raise _unusable(
            plan,
            f"{', '.join(differing)} in AWS {'is' if len(differing) == 1 else 'are'} not as planned",
            "somebody changed the file or the change set: make a new plan",
        )


def _check_approval(app: App, plan: SavedPlan) -> None:
    """Under `enforce` the body in AWS, its parameters and tags have to be approved at this moment."""
    mode = app.settings.approvals.mode
    if mode == "off":
        return
    try:
        refusal = _refusal(app, plan)
    except ApprovalError as broken:
        refusal = Refused(broken.code, broken.message, broken.hint)
    if refusal is None:
        return
    if mode == "warn":
        app.log.warning(f"not approved, applied all the same: {refusal.reason}", template_id=plan.template_id)
        return
    message = f"apply plan: {refusal.reason} ({_STILL_VALID})"
    error = ApprovalError(message, hint=refusal.hint, code=refusal.code)
    tell_refusal(app, plan.template_id, plan.units, error)
    raise error


def _refusal(app: App, plan: SavedPlan) -> Refused | None:
    verdict = check_digest(app, plan.template_id, plan.digest, plan.parameters, app.now())
    if isinstance(verdict, Refused):
        return verdict
    entry = lock_or_empty(app.settings).entries.get(plan.digest)
    deviations = judge_deployed(entry, plan.parameters, plan.tags, plan.digest, app.now())
    if not deviations:
        return None
    return Refused(deviations[0].code, deviations[0].text, f"make a new plan: ohf plan {plan.template_id}")


def _request(plan: SavedPlan, template: HostTemplate) -> Request:
    """The request that the change set is for; what the catalogue says of its machines is today's, as for any."""
    return Request(
        request_id=plan.request_id,
        template_id=plan.template_id,
        kind=cast("Kind", plan.tags[TAG_KIND]),
        units=plan.units,
        owner=plan.owner,
        created_at=minted_at(plan.request_id) or plan.created_at,
        deadline=plan.deadline,
        price_type=plan.tags.get(TAG_PRICE_TYPE, "ondemand"),
        rc_account=plan.tags.get(TAG_RC_ACCOUNT, "default"),
        on_demand_units=on_demand_units(template, plan.units),
        own_template="LaunchTemplate" in plan.body.get("Resources", {}),
        weights=template.weights,
    )


def _check_open(memory: Memory, plan: SavedPlan) -> None:
    """A request that has ended in memory, because nobody applied its plan in time, does not begin any more."""
    record = memory.requests.get(plan.request_id)
    if record is not None and (record.settled or record.cancelled_at or record.stack in ("deleting", "gone")):
        raise _unusable(plan, "its request has ended", "make a new one: ohf plan TEMPLATE --count N")


def _failed(
    app: App, calls: Calls, plan: SavedPlan, record: RequestRecord, token: str, error: ProviderError
) -> Applied:
    """The execution failed, or its answer did: AWS tells whether the stack was started, and by whom."""
    started = _who_started(calls, plan, token)
    if started == "by us":
        return _started(app, plan, record)
    if started == "by another":
        raise _used(plan) from error
    if error.sent or started == "unknown":
        app.log.warning(f"stack possibly started: {error.message}", request_id=plan.request_id)
        return Applied(plan.request_id, f"applied; AWS did not confirm: {error.message}", sure=False)
    try:
        app.store.change(lambda memory: without_intent(memory, plan.request_id))
    except StorageError as trouble:
        app.log.warning(f"intent not withdrawn: {trouble.message}", request_id=plan.request_id)
    if error.aws_code in change_sets.NOT_EXECUTABLE:
        raise _unusable(plan, "its change set is gone", "make a new one: ohf plan TEMPLATE --count N") from error
    error.message = f"{error.message} ({_STILL_VALID})"
    raise error


def _who_started(calls: Calls, plan: SavedPlan, token: str) -> Started:
    try:
        stack = cloudformation.describe_stack(calls, plan.stack_id)
        if stack is None or stack.phase == "review":
            return "no"
        events = cloudformation.stack_events(calls, plan.stack_id)
    except OhfError:
        return "unknown"
    if any(one.token == token for one in events):
        return "by us"
    begun = any(one.of_stack and one.status == "CREATE_IN_PROGRESS" for one in events)
    return "by another" if begun else "no"  # the plan was removed meanwhile


def _started(app: App, plan: SavedPlan, record: RequestRecord) -> Applied:
    """The stack has begun: a store that fails now must not hide that."""
    try:
        keep_request(app, record, replace(record, stack="created", stack_id=plan.stack_id))
    except StorageError as error:
        app.log.error(f"stack id not remembered: {error.message}", request_id=plan.request_id)
    app.log.info(
        f"plan applied, ticket {plan.ticket or 'none'}, planned by {plan.caller}", request_id=plan.request_id
    )
    return Applied(plan.request_id, f"{plan.units} of {plan.template_id} requested")


def _used(plan: SavedPlan) -> BusinessRuleError:
    return _unusable(plan, "it was applied already", f"ohf status {plan.request_id}")


def _unusable(plan: SavedPlan, cause: str, hint: str) -> BusinessRuleError:
    return BusinessRuleError(f"apply the plan of {plan.request_id}: {cause}", hint=hint, code=UNUSABLE)
