"""The files of a pack, made of what is known of a request. Pure.

The body stands in it as it was sent, because it is the evidence: user data are in it. Elsewhere values of NoEcho
parameters are masked, and what is a secret by its form.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ohf_iac import VERSION
from ohf_iac.approval.lock_text import lock_text
from ohf_iac.approval.values import Lock, approval_document, statement
from ohf_iac.log import stamp
from ohf_iac.render import RENDERER_ABI
from ohf_iac.request import RETURN_TAG_PREFIX, TAG_VERSION
from ohf_iac.review.evidence.audit_part import joined
from ohf_iac.review.evidence.pack import Gap, Pack, PackFile, names_of, of_source
from ohf_iac.review.evidence.readme import README, README_TEXT
from ohf_iac.review.masking import masked, masked_by_name
from ohf_iac.review.plan_file import masked_parameters
from ohf_iac.review.proving import Proof, with_drift
from ohf_iac.ssh_signature import armored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_iac.approval.values import Entry
    from ohf_iac.machine import Instance, Machine
    from ohf_iac.observation import StackSeen
    from ohf_iac.request import RequestRecord, ReturnRecord
    from ohf_iac.review.drift.values import StackDrift
    from ohf_iac.review.evidence.facts import Facts


def pack_of(found: Facts, rules: Mapping[str, Any], findings: Mapping[str, Any] | None, signers: bytes) -> Pack:
    """The pack of a request; `rules` are those of section `approvals`, by which the verdict was found.

    `findings` are those of the house's rules (None: a gap says why), `signers` the file of allowed signers, if any.
    """
    files = tuple(_files(found, findings, signers))
    gaps = tuple(one for one in (*found.gaps, *_gaps(found)) if _counts(one, names_of(files)))
    return Pack(_about(found, rules), files, gaps)


def _about(found: Facts, rules: Mapping[str, Any]) -> dict[str, Any]:
    stack, record = found.stack, found.record
    return {
        "requestId": found.request_id,
        "template": found.template_id,
        "owner": found.owner,
        "stackId": stack.stack_id if stack else (record.stack_id if record else ""),
        "sha256": found.digest,
        "verdict": found.proof.verdict if found.proof else "",
        "approvals": dict(rules),
        "auditHead": found.audit.chain.head if found.audit else "",
        "versions": {
            "ohf_iac": VERSION,
            "rendererAbi": RENDERER_ABI,
            "sentBy": stack.tags.get(TAG_VERSION, "") if stack else "",
        },
    }


def _files(found: Facts, findings: Mapping[str, Any] | None, signers: bytes) -> Iterator[PackFile]:
    yield PackFile(README, README_TEXT.encode("ascii"), "this tool")
    documents: dict[str, tuple[Any, str]] = {
        "request.json": (_request(found.record) if found.record else None, "memory"),
        "stack.json": (_stack(found.stack, found.body) if found.stack else None, "AWS"),
        "events.json": (_events(found), "AWS"),
        "machines.json": (_machines(found) if found.instances or found.record else None, "AWS and memory"),
        "findings.json": (findings, "configuration"),
        "drift.json": (_drift(found.drift) if found.drift else None, "AWS"),
        "verdict.json": (verdict_document(found.proof) if found.proof else None, "this tool"),
    }
    for name, (document, source) in documents.items():
        if document:
            yield of_source(name, masked(document), source)
    bodies = {"body.json": (found.body, "AWS"), "approved.json": (found.approved, "approved/")}
    yield from (PackFile(name, text.encode("ascii"), source) for name, (text, source) in bodies.items() if text)
    if found.entry:
        yield from _of_entry(found.entry, signers)
    if found.audit:
        yield PackFile("audit.jsonl", joined(found.audit.own), "audit file")
        if not found.audit.too_long:
            yield PackFile("audit-chain.jsonl", joined(found.audit.stretch), "audit file")


def _gaps(found: Facts) -> Iterator[Gap]:
    """What of the files that are there is not whole."""
    if found.audit and found.audit.too_long:
        told = f"the request's first and last line are more than {len(found.audit.stretch)} lines apart"
        yield Gap("audit-chain.jsonl", "absent", f"{told}: ohf verify --audit --head {found.audit.chain.head}")
    if found.audit and not any(b'"RequestCreated"' in line for line in found.audit.own):
        yield Gap("audit.jsonl", "absent", "this host's audit file does not tell how the request began")
    if found.drift and found.drift.unread:
        yield Gap("drift.json", "unread", found.drift.unread)
    if not found.instances:
        told = "EC2 shows no machine of it now: it forgets terminated ones after an hour"
        yield Gap("machines.json", "absent", told)


def _counts(gap: Gap, names: frozenset[str]) -> bool:
    """Whether a gap is told: one without its file, or one that says what of a file is missing."""
    partly = gap.name in ("machines.json", "audit.jsonl", "findings.json")
    return gap.name not in names or gap.lack == "unread" or partly


def _of_entry(entry: Entry, signers: bytes) -> Iterator[PackFile]:
    """The entry as a lock of its own, and for each signature what ssh-keygen needs to check it."""
    yield PackFile("lock.json", lock_text(Lock({entry.digest: entry})).encode("ascii"), "ohf.lock")
    if signers:
        yield PackFile("allowed_signers", signers, "configuration")
    for number, one in enumerate(entry.approvals, 1):
        yield PackFile(f"approvals/{number}.json", statement(entry, one), "ohf.lock")
        if one.signature:
            yield PackFile(f"approvals/{number}.json.sig", armored(one.signature).encode("ascii"), "ohf.lock")


def _request(record: RequestRecord) -> dict[str, Any]:
    request = record.request
    return {
        "requestId": request.request_id,
        "template": request.template_id,
        "kind": request.kind,
        "units": request.units,
        "owner": request.owner,
        "account": request.rc_account,
        "priceType": request.price_type,
        "createdAt": stamp(request.created_at),
        "deadline": stamp(request.deadline),
        "status": record.verdict or "running",
        "settledAt": stamp(record.settled_at) if record.settled_at else "",
        "cancelledAt": stamp(record.cancelled_at) if record.cancelled_at else "",
        "message": record.message,
        "sha256": record.digest,
    }


def _stack(stack: StackSeen, body: str) -> dict[str, Any]:
    parameters = dict(stack.parameters)
    return {
        "stack": stack.name,
        "stackId": stack.stack_id,
        "status": stack.status,
        "reason": stack.reason,
        "createdAt": stamp(stack.created_at),
        "parameters": masked_by_name(masked_parameters(body, parameters) if body else parameters),
        "tags": masked_by_name(dict(stack.tags)),
        "outputs": masked_by_name(dict(stack.outputs)),
    }


def _events(found: Facts) -> list[dict[str, Any]]:
    return [
        {
            "at": stamp(one.at),
            "eventId": one.event_id,
            "logicalId": one.logical_id,
            "type": one.resource_type,
            "physicalId": one.physical_id,
            "status": one.status,
            "reason": one.reason,
            "token": one.token,
        }
        for one in found.events
    ]


def _machines(found: Facts) -> dict[str, Any]:
    """Each machine as it was told of, and as EC2 shows it now; then the returns that named some."""
    told = {one.machine_id: one for one in (found.record.machines if found.record else ())}
    seen = {one.instance_id: one for one in found.instances}
    return {
        "machines": [
            {
                "machineId": one,
                "told": _told(told[one]) if one in told else None,
                "seen": _seen(seen[one]) if one in seen else None,
            }
            for one in sorted(told.keys() | seen.keys())
        ],
        "returns": [_return(one, found.request_id) for one in found.returns],
    }


def _told(machine: Machine) -> dict[str, Any]:
    return {
        "name": machine.name,
        "result": machine.result,
        "status": machine.status,
        "type": machine.instance_type,
        "priceType": machine.price_type,
        "privateIp": machine.private_ip,
        "launchedAt": stamp(machine.launch_time) if machine.launch_time else "",
        "message": machine.message,
    }


def _seen(instance: Instance) -> dict[str, Any]:
    returns = [key.removeprefix(RETURN_TAG_PREFIX) for key in instance.tags if key.startswith(RETURN_TAG_PREFIX)]
    return {
        "state": instance.state,
        "name": instance.name,
        "type": instance.instance_type,
        "zone": instance.zone,
        "launchedAt": stamp(instance.launch_time) if instance.launch_time else "",
        "reason": instance.reason,
        "returns": sorted(returns),
        "tags": masked_by_name(dict(instance.tags)),
    }


def _return(record: ReturnRecord, request_id: str) -> dict[str, Any]:
    return {
        "returnId": record.return_id,
        "askedAt": stamp(record.created_at),
        "settledAt": stamp(record.settled_at) if record.settled_at else "",
        "status": record.verdict or "running",
        "machines": sorted(one.machine_id for one in record.machines if one.request_id == request_id),
    }


def _drift(drift: StackDrift) -> dict[str, Any]:
    """How the live stack stands beside its template, as `ohf drift` tells it."""
    told = with_drift(Proof(drift.stack), drift).of_drift
    return {
        "verdict": drift.verdict,
        "reason": drift.unread or drift.idle,
        "resources": [
            {"logicalId": one.logical_id, "physicalId": one.physical_id, "state": one.state}
            for one in drift.resources
        ],
        "deviations": [{"code": one.code, "message": one.text} for one in told],
    }


def verdict_document(proof: Proof) -> dict[str, Any]:
    """What `ohf verify --deployed --no-drift` says of the stack."""
    return {
        "verdict": proof.verdict,
        "sha256": proof.digest,
        "deviations": [{"code": one.code, "message": one.text} for one in proof.deviations],
        "emergency": proof.emergency,
        "approvals": [approval_document(one) for one in proof.entry.approvals] if proof.entry else [],
    }


def epoch(text: str) -> int:
    """The epoch second of a moment as `_stack` writes it; ValueError."""
    return int(datetime.fromisoformat(text).timestamp())
