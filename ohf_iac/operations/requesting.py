"""requestMachines: one call, one request, one stack.

Order matters: everything that can be refused is refused before anything is written; the intent is durable before
CreateStack is called; nothing is read from AWS after it. Nothing created: an error (exit 1, no id). Possibly
created: the id, and the polls tell.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ohf_iac import commands
from ohf_iac.app import calls_of
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.errors import BusinessRuleError, OhfError, ProviderError, ResourceNotFoundError, StorageError
from ohf_iac.operations.intending import check_limits, keep_intent, new_request
from ohf_iac.operations.remembering import keep_request
from ohf_iac.request import RequestRecord
from ohf_iac.stack import parameters_for, tags_for

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.hostfactory import MachineAsk
    from ohf_iac.stack import RenderedStack
    from ohf_iac.template.host_template import HostTemplate


def request_machines(app: App, ask: MachineAsk) -> tuple[str, str]:
    """Create the stack of a new request; its id and a message."""
    template = template_of(app, ask.template_id)
    check_limits(template, ask.units)
    rendered = rendered_stack(app, template)
    calls = calls_of(app)
    request = new_request(app, template, ask)
    record = RequestRecord(request, digest=rendered.digest)
    keep_intent(app, calls, template, record)
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
