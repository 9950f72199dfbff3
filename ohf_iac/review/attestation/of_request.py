"""What is known of the body that a request sent, for a statement about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohf_iac import VERSION
from ohf_iac.approval.inputs import input_hash, inputs_of
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.errors import ConfigurationError, ProviderError, ResourceNotFoundError, ValidationError
from ohf_iac.render import RENDERER_ABI, render
from ohf_iac.render.index import body_settings
from ohf_iac.request import TAG_TEMPLATE, TAG_VERSION
from ohf_iac.review.attestation.of_template import image_arn
from ohf_iac.review.attestation.statement import Attested, Run
from ohf_iac.review.evidence.documents import verdict_document
from ohf_iac.review.evidence.facts import stack_facts_of
from ohf_iac.review.plan_file import masked_parameters
from ohf_iac.stack import timestamp

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.config import Settings
    from ohf_iac.observation import StackSeen
    from ohf_iac.review.evidence.facts import Facts


def of_request(app: App, request_id: str) -> Attested:
    """What is known of the body that a request sent, live or deleted.

    ResourceNotFoundError where AWS knows no stack of it, ProviderError where stack or body cannot be read: nothing
    is said about what nobody saw.
    """
    found = stack_facts_of(app, request_id)
    stack = found.stack
    if stack is None or not found.body:
        raise _unseen(found)
    if not found.begun:
        raise ResourceNotFoundError(
            f"attest {request_id}: its change set was never executed, so that nothing ran", hint="ohf apply FILE"
        )
    template_id = stack.tags.get(TAG_TEMPLATE, "")
    known = _configured(app.settings, template_id, found.digest)
    entry = found.entry
    abi = entry.renderer_abi if entry else RENDERER_ABI if known and _ours(stack) else 0
    return Attested(
        name=stack.stack_id,
        template_id=template_id,
        body=found.body,
        parameters=masked_parameters(found.body, stack.parameters),
        inputs=known[0] if known else None,
        input_hash=known[1] if known else entry.input if entry else "",
        settings=body_settings(app.settings.template.defaults) if known else None,
        renderer_abi=abi,
        version=stack.tags.get(TAG_VERSION, ""),
        image_arn=image_arn(stack.stack_id.split(":")[3]),
        verdict=_verdict(found),
        entry=entry,
        script=known[2] if known else None,
        run=Run(request_id, timestamp(stack.created_at), _finished(found)),
    )


def _ours(stack: StackSeen) -> bool:
    """Whether this very version sent the stack: what another one rendered by is not known here."""
    return stack.tags.get(TAG_VERSION) == VERSION


def _finished(found: Facts) -> str:
    """When the stack was complete for the first time, by AWS's events; "" while it never was."""
    moments = [one.at for one in found.events if one.of_stack and one.status == "CREATE_COMPLETE"]
    return timestamp(int(min(moments))) if moments else ""


def _verdict(found: Facts) -> dict[str, Any]:
    """That of `ohf verify --deployed`, without the approvals, which stand with the lock entry."""
    if found.proof is None:
        why = next((one.reason for one in found.gaps if one.name == "verdict.json"), "")
        return {"verdict": "not judged", "deviations": [], "emergency": "", "note": why}
    told = verdict_document(found.proof)
    return {name: told[name] for name in ("verdict", "deviations", "emergency")}


def _configured(
    settings: Settings, template_id: str, digest: str
) -> tuple[dict[str, Any], str, bytes | None] | None:
    """Input, its hash and the script of a template that still gives this body; None where it does not."""
    try:
        catalogue, files = load_catalogue(settings), catalogue_files(settings)
        template = next((one for one in catalogue.templates if one.template_id == template_id), None)
        if template is None or render(template, settings.template.defaults, files).digest != digest:
            return None
    except (ConfigurationError, ValidationError):
        return None  # the catalogue of today says nothing of a body of then: the statement has no input
    defaults, name = settings.template.defaults, template.user_data_script
    return (
        inputs_of(template, defaults, files),
        input_hash(template, defaults, files),
        files[name] if name else None,
    )


def _unseen(found: Facts) -> ProviderError | ResourceNotFoundError:
    lack = next((one for one in found.gaps if one.name in ("stack.json", "body.json")), None)
    told = f"attest {found.request_id}: {lack.reason if lack else 'its body is not known'}"
    if lack is not None and lack.lack == "unread":
        code = found.failure.code if found.failure else ""
        return ProviderError(told, hint="run it again once AWS can be read; ohf doctor", code=code)
    return ResourceNotFoundError(told, hint=f"ohf status {found.request_id}")
