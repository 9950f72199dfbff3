"""How a body reaches CloudFormation, as the settings say; a refusal is told to the observers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.app import announce
from ohf_iac.aws.bodies import Shelf, sendable
from ohf_iac.errors import ApprovalError
from ohf_iac.events import RequestRefused

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.config import Settings


def shelf_of(settings: Settings) -> Shelf:
    """Where bodies lie in S3; under `enforce` an object that may be replaced unseen is not good enough."""
    provider, approvals = settings.provider, settings.approvals
    return Shelf(provider.template_bucket, provider.template_prefix, approvals.publish, approvals.mode == "enforce")


def delivered(app: App, calls: Calls, template_id: str, units: int, body: str) -> dict[str, str]:
    """The body of a request as it is sent; ApprovalError where what is published is not it, which is audited."""
    try:
        return sendable(calls, f"send the body of {template_id}", body, shelf_of(app.settings))
    except ApprovalError as error:
        tell_refusal(app, template_id, units, error)
        raise


def tell_refusal(app: App, template_id: str, units: int, error: ApprovalError) -> None:
    """A refusal for the audit file; it bears no request's id, because there is no request."""
    refused = RequestRefused(
        int(app.now()), template_id=template_id, status=error.code, units=units, message=error.message
    )
    announce(app, (refused,))
