"""An in-toto statement with SLSA provenance about one body. Pure.

in-toto attestation framework, Statement v1 and ResourceDescriptor; SLSA v1.0, provenance. What our fields mean is
docs/attestation.md. The same facts give the same bytes.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.approval.envelope import floating, images_of
from ohf_iac.approval.inputs import FORM
from ohf_iac.approval.values import entry_hash
from ohf_iac.review.diff.hidden import script_of
from ohf_iac.review.evidence.pack import sha256
from ohf_iac.review.masking import masked_by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ohf_iac.approval.values import Entry

#: names that are nobody's host: a UUID of this project alone, and in the fragment what is meant
_PROJECT: Final = "urn:uuid:7ebf4855-6ff3-47f2-8629-ef7c049ba6a6"
BODY: Final = f"{_PROJECT}#ohf/body/v1"
STACK: Final = f"{_PROJECT}#ohf/stack/v1"
BUILDER: Final = f"{_PROJECT}#ohf/builder/v1"
_STATEMENT: Final = "https://in-toto.io/Statement/v1"
_PROVENANCE: Final = "https://slsa.dev/provenance/v1"
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")


@dataclass(frozen=True, slots=True)
class Run:
    """The request that sent the body: moments are RFC 3339 in UTC by AWS's clock, "" where AWS does not tell."""

    request_id: str
    started: str
    finished: str


@dataclass(frozen=True, slots=True)
class Attested:
    """What is known of a body and of how it came to be.

    `name` is the template's id, or the stack's ARN where there is a `run`. `inputs` are what of catalogue and
    settings reaches the body (`approval.inputs`), None where the configuration gives another body now; `input_hash`
    is their hash, "" where nothing tells it. `renderer_abi` is 0, `version` "" where that is not known. `image_arn`
    makes an ARN of an image's id. `libraries` are names and versions. `verdict` is a document for readers.
    """

    name: str
    template_id: str
    body: str
    parameters: Mapping[str, str]
    inputs: Mapping[str, Any] | None
    input_hash: str
    settings: Mapping[str, Any] | None
    renderer_abi: int
    version: str
    image_arn: Callable[[str], str]
    verdict: Mapping[str, Any]
    entry: Entry | None = None
    script: bytes | None = None
    libraries: Mapping[str, str] = field(default_factory=dict)
    run: Run | None = None


def statement_of(what: Attested) -> dict[str, Any]:
    """The statement; what is not known is left out, and no value in it is a secret by its form or its name."""
    internal: dict[str, Any] = {"rendererAbi": what.renderer_abi} if what.renderer_abi else {}
    internal |= {"settings": masked_by_name(what.settings)} if what.settings is not None else {}
    template: dict[str, Any] = {"templateId": what.template_id}
    template |= {"input": masked_by_name(what.inputs)} if what.inputs is not None else {}
    run = {"builder": {"id": BUILDER, **({"version": {"ohf_iac": what.version}} if what.version else {})}}
    return {
        "_type": _STATEMENT,
        "subject": [{"name": what.name, "digest": {"sha256": sha256(what.body.encode("ascii"))}}],
        "predicateType": _PROVENANCE,
        "predicate": {
            "buildDefinition": {
                "buildType": STACK if what.run else BODY,
                "externalParameters": {"template": template, "parameters": masked_by_name(dict(what.parameters))},
                **({"internalParameters": internal} if internal else {}),
                "resolvedDependencies": list(_dependencies(what)),
            },
            "runDetails": {
                **run,
                **({"metadata": _metadata(what.run)} if what.run else {}),
                "ohf_verdict": masked_by_name(what.verdict),
            },
        },
    }


def _metadata(run: Run) -> dict[str, str]:
    told = {"invocationId": run.request_id, "startedOn": run.started, "finishedOn": run.finished}
    return {name: value for name, value in told.items() if value}


def _dependencies(what: Attested) -> Iterator[dict[str, Any]]:
    for image in images_of(what.body):
        yield _image(image, what.image_arn)
    if what.entry is not None:
        yield _lock_entry(what.entry)
    for name, version in sorted(what.libraries.items()):
        yield {"name": name, "uri": f"pkg:pypi/{name}@{version}"}
    if what.version:
        note = {"annotations": {"rendererAbi": what.renderer_abi}} if what.renderer_abi else {}
        yield {"name": "renderer", "uri": f"pkg:generic/ohf_iac@{what.version}", **note}
    if what.input_hash:
        yield {"name": "template input", "digest": {"sha256": what.input_hash}, "annotations": {"form": FORM}}
    for script in _scripts(json.loads(what.body)):
        yield {"name": "user data", "digest": {"sha256": sha256(script)}, "annotations": {"bytes": len(script)}}
    if what.script is not None:
        yield {"name": "user data script", "digest": {"sha256": sha256(what.script)}}


def _image(image: str, arn: Callable[[str], str]) -> dict[str, Any]:
    if not floating(image):
        return {"name": "image", "uri": arn(image)}
    place = image.removeprefix("{{").removesuffix("}}")
    note = {"annotations": {"floating": True}}
    if _URI.fullmatch(place):
        return {"name": "image", "uri": place, **note}
    return {"name": "image", "content": base64.b64encode(image.encode()).decode("ascii"), **note}


def _lock_entry(entry: Entry) -> dict[str, Any]:
    approvals = [
        {
            "by": one.by,
            "at": one.at,
            "expires": one.expires,
            "ticket": one.ticket,
            "breakGlass": one.break_glass,
            "signed": bool(one.signature),
        }
        for one in entry.approvals
    ]
    note = {"approvals": approvals, "envelope": {name: dict(bounds) for name, bounds in entry.envelope.items()}}
    return {"name": "lock entry", "digest": {"sha256": entry_hash(entry)}, "annotations": note}


def _scripts(value: object) -> Iterator[bytes]:
    if isinstance(value, dict):
        for name, one in value.items():
            if name == "UserData":
                yield script_of(one)
            else:
                yield from _scripts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _scripts(one)
