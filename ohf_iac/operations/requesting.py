"""requestMachines: one call, one request, one stack.

Order matters: everything that can be refused is refused before anything is written; the intent is durable before
CreateStack is called; nothing is read from AWS after it. Nothing created: an error (exit 1, no id). Possibly
created: the id, and the polls tell.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ohf_iac import commands
from ohf_iac.app import announce, calls_of
from ohf_iac.aws import ec2
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.errors import BusinessRuleError, OhfError, ProviderError, ResourceNotFoundError, StorageError
from ohf_iac.events import request_changes
from ohf_iac.operations.remembering import keep_request
from ohf_iac.request import TAG_REQUEST, Request, RequestRecord, new_id
from ohf_iac.stack import parameters_for, tags_for
from ohf_iac.status.tally import units_of
from ohf_iac.store.memory import unsettled, with_due_chores, with_request
from ohf_iac.template.host_template import on_demand_units

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.hostfactory import MachineAsk
    from ohf_iac.machine import Instance
    from ohf_iac.stack import RenderedStack
    from ohf_iac.store.memory import Memory
    from ohf_iac.template.host_template import HostTemplate


def request_machines(app: App, ask: MachineAsk) -> tuple[str, str]:
    """Create the stack of a new request; its id and a message."""
    template = template_of(app, ask.template_id)
    _check_limits(template, ask.units)
    rendered = rendered_stack(app, template)
    calls = calls_of(app)
    request = _request(app, template, ask)
    record = RequestRecord(request, digest=rendered.digest)
    _keep_intent(app, calls, template, record)
    try:
        stack_id = commands.create_stack(
            calls,
            request.request_id,
            rendered,
            parameters_for(template, request),
            tags_for(request, rendered.digest, extra=app.settings.template.defaults.tags),
            app.settings.provider.service_role_arn,
            app.settings.provider.template_bucket,
        )
    except OhfError as error:
        return _failed(app, record, error)
    _remember_created(app, record, stack_id)
    return request.request_id, f"{ask.units} of {template.template_id} requested"


def template_of(app: App, template_id: str) -> HostTemplate:
    """A template that can be served; an error that says why not."""
    catalogue = load_catalogue(app.settings)
    template = catalogue.find(template_id)
    if template is not None:
        return template
    refusal = catalogue.refusal(template_id)
    if refusal is not None:
        raise BusinessRuleError(f"request machines: {refusal.message}", hint="correct the catalogue")
    raise ResourceNotFoundError(
        f"request machines: template {template_id} is not in the catalogue", hint="ohf templates list"
    )


def rendered_stack(app: App, template: HostTemplate) -> RenderedStack:
    """The body that is sent for a template."""
    # troposphere takes longer to import than CreateStack to be answered
    from ohf_iac.render import render

    return render(template, app.settings.template.defaults, catalogue_files(app.settings))


def _check_limits(template: HostTemplate, units: int) -> None:
    if template.max_number == 0:
        raise BusinessRuleError(
            f"request machines: template {template.template_id} is disabled (maxNumber is 0)",
            hint="set maxNumber in the catalogue",
        )
    if units > template.max_per_request:
        raise BusinessRuleError(
            f"request machines: {units} asked for, template {template.template_id} gives at most "
            f"{template.max_per_request} in one request",
            hint="raise maxPerRequest in the catalogue",
        )
    if 0 < template.max_number < units:
        raise BusinessRuleError(
            f"request machines: {units} asked for, maxNumber of template {template.template_id} "
            f"is {template.max_number}",
            hint="ask for fewer, or raise maxNumber in the catalogue",
        )


def _keep_intent(app: App, calls: Calls, template: HostTemplate, record: RequestRecord) -> None:
    """Keep the intent if maxNumber allows it: what lives of the template and what is asked for counts (design §5).

    Counted and written in one change of the store, or two calls at once would both find room for the last machine.
    """
    if template.max_number < 0:
        keep_request(app, None, record)
        return
    since = int(app.now())
    live = ec2.live_of_template(calls, app.owner, template.template_id)

    def edit(memory: Memory) -> Memory:
        used = units_of(record.request, live) + _units_to_come(memory, template, live, since)
        if used + record.request.units > template.max_number:
            raise BusinessRuleError(
                f"request machines: {record.request.units} asked for, {used} of template {template.template_id} "
                f"are in use or asked for, maxNumber is {template.max_number}",
                hint="return machines, or raise maxNumber in the catalogue",
            )
        return with_request(memory, record)

    app.store.change(edit)
    announce(app, request_changes(None, record, int(app.now())))


def _units_to_come(memory: Memory, template: HostTemplate, live: tuple[Instance, ...], since: int) -> int:
    """Units asked for that were not seen live: of open requests, and of those that settled since the look.

    An open request with a chore has been frozen, because nobody asks for it: nothing more comes of it.
    """
    open_ones = [
        one for one in unsettled(memory) if one.request.template_id == template.template_id and not one.chore_at
    ]
    asked = 0
    for record in open_ones:
        own = [one for one in live if one.tags.get(TAG_REQUEST) == record.request.request_id]
        asked += max(0, record.request.units - units_of(record.request, own))
    known = {one.instance_id for one in live}
    fresh = [
        machine
        for record in with_due_chores(memory, float("inf"))
        if record.settled_at >= since and record.request.template_id == template.template_id
        for machine in record.machines
        if machine.result == "succeed" and machine.machine_id not in known
    ]
    return asked + sum(template.weights.get(one.instance_type, 1) for one in fresh)


def _request(app: App, template: HostTemplate, ask: MachineAsk) -> Request:
    now = app.now()
    return Request(
        request_id=new_id("req", now, app.random_hex()),
        template_id=template.template_id,
        kind=template.kind,
        units=ask.units,
        owner=app.owner,
        created_at=int(now),
        deadline=int(now) + template.validity,
        price_type=template.price_type,
        rc_account=ask.rc_account,
        on_demand_units=on_demand_units(template, ask.units),
        own_template=not template.launch_template_id,
        weights=template.weights,
    )


def _failed(app: App, record: RequestRecord, error: OhfError) -> tuple[str, str]:
    """CreateStack failed: an error when nothing can have been created, else the id."""
    if isinstance(error, ProviderError) and error.sent:
        app.log.warning(f"stack possibly created: {error.message}", request_id=record.request.request_id)
        return record.request.request_id, f"requested; AWS did not confirm: {error.message}"
    now = int(app.now())
    message = error.message
    keep_request(
        app,
        record,
        replace(record, stack="abandoned", verdict="complete_with_error", settled_at=now, message=message),
    )
    raise error


def _remember_created(app: App, record: RequestRecord, stack_id: str) -> None:
    """The stack exists: a store that fails now must not hide it from Host Factory."""
    try:
        keep_request(app, record, replace(record, stack="created", stack_id=stack_id))
    except StorageError as error:
        app.log.error(f"stack id not remembered: {error.message}", request_id=record.request.request_id)
