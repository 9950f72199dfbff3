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
from ohf_iac.config.catalogue_file import load_catalogue
from ohf_iac.errors import BusinessRuleError, OhfError, ProviderError, ResourceNotFoundError, StorageError
from ohf_iac.operations.approved import outgoing
from ohf_iac.operations.delivering import delivered
from ohf_iac.operations.intending import check_limits, keep_intent, new_request
from ohf_iac.operations.remembering import keep_request
from ohf_iac.request import RequestRecord

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.hostfactory import MachineAsk
    from ohf_iac.template.host_template import HostTemplate


def request_machines(app: App, ask: MachineAsk) -> tuple[str, str]:
    """Create the stack of a new request; its id and a message."""
    template = template_of(app, ask.template_id)
    check_limits(template, ask.units)
    request = new_request(app, template, ask)
    sent = outgoing(app, template, request)
    calls = calls_of(app)
    body = delivered(app, calls, template.template_id, ask.units, sent.stack.body)
    record = RequestRecord(request, digest=sent.stack.digest)
    keep_intent(app, calls, template, record)
    try:
        stack_id = commands.create_stack(
            calls,
            request.request_id,
            body,
            sent.parameters,
            sent.tags,
            app.settings.provider.service_role_arn,
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
