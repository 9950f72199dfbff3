"""What is known of the body that a template gives, for a statement about it. No AWS, and nothing that asks it."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ohf_iac import VERSION
from ohf_iac.approval.decide import Refused, judged
from ohf_iac.approval.inputs import input_hash, inputs_of
from ohf_iac.config.lock_file import lock_or_empty
from ohf_iac.operations.approved import rules_of, verifier
from ohf_iac.permissions.needs import Place, partition_of
from ohf_iac.render import RENDERER_ABI, render
from ohf_iac.render.index import body_settings
from ohf_iac.review.attestation.statement import Attested
from ohf_iac.template.user_data import JINJA_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ohf_iac.approval.values import Entry
    from ohf_iac.config import Settings
    from ohf_iac.template.host_template import HostTemplate


def of_template(settings: Settings, template: HostTemplate, files: Mapping[str, bytes], now: float) -> Attested:
    """What is known of the body that a template gives now; asks no AWS. `now` decides which approvals hold."""
    defaults = settings.template.defaults
    stack = render(template, defaults, files)
    entry = lock_or_empty(settings).entries.get(stack.digest)
    libraries = {"troposphere": version("troposphere")}
    if template.user_data_script.endswith(JINJA_SUFFIX):
        libraries["jinja2"] = version("jinja2")
    return Attested(
        name=template.template_id,
        template_id=template.template_id,
        body=stack.body,
        parameters={},
        inputs=inputs_of(template, defaults, files),
        input_hash=input_hash(template, defaults, files),
        settings=body_settings(defaults),
        renderer_abi=RENDERER_ABI,
        version=VERSION,
        image_arn=image_arn(settings.provider.region),
        verdict=_standing(settings, entry, now),
        entry=entry,
        script=files[template.user_data_script] if template.user_data_script else None,
        libraries=libraries,
    )


def _standing(settings: Settings, entry: Entry | None, now: float) -> dict[str, Any]:
    """Whether the lock lets the body through now."""
    if entry is None:
        return {"verdict": "not approved", "deviations": [], "emergency": ""}
    verdict = judged(entry, rules_of(settings), now, verifier(settings))
    if isinstance(verdict, Refused):
        deviation = {"code": verdict.code, "message": verdict.reason}
        return {"verdict": "not approved", "deviations": [deviation], "emergency": ""}
    return {"verdict": "ok", "deviations": [], "emergency": verdict.break_glass}


def image_arn(region: str) -> Callable[[str], str]:
    """A function from an image's id to its ARN in a region."""
    place = Place(partition_of(region), region, "")
    return lambda image: place.ec2(f"image/{image}")
