"""What is known of one request, read from AWS, memory, audit file, lock and configuration. Nothing is changed.

Each part is read by itself: what cannot be read is a gap with its reason, and the rest is told all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ohf_iac.app import calls_of
from ohf_iac.aws import cloudformation, ec2
from ohf_iac.aws.sent_bodies import sent_body
from ohf_iac.cfn import was_begun
from ohf_iac.config.lock_file import approved_body, load_lock
from ohf_iac.errors import OhfError, ResourceNotFoundError
from ohf_iac.operations.approved import rules_of, verifier
from ohf_iac.operations.ownership import check_requests
from ohf_iac.request import RETURN_TAG_PREFIX, TAG_DIGEST, TAG_TEMPLATE, id_kind, stack_name
from ohf_iac.review.audit_files import audit_files
from ohf_iac.review.deployed_stacks import deleted_stack
from ohf_iac.review.evidence.audit_part import AuditPart, audit_part
from ohf_iac.review.evidence.pack import Gap, sha256
from ohf_iac.review.proving import Proof, is_of, not_proven, proven
from ohf_iac.store.history import together
from ohf_iac.store.memory import Memory

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.approval.values import Entry, Lock
    from ohf_iac.aws.calls import Calls
    from ohf_iac.cfn import StackEvent
    from ohf_iac.machine import Instance
    from ohf_iac.observation import StackSeen
    from ohf_iac.request import RequestRecord, ReturnRecord
    from ohf_iac.review.drift.values import StackDrift

#: the files that only a stack fills
_OF_STACK: Final = ("stack.json", "body.json", "events.json")


@dataclass(slots=True)
class Facts:
    """All that was found. Texts and tuples are empty, and the rest is None, where a gap says why."""

    request_id: str
    owner: str
    gaps: list[Gap] = field(default_factory=list)
    record: RequestRecord | None = None
    returns: tuple[ReturnRecord, ...] = ()
    stack: StackSeen | None = None
    body: str = ""
    events: tuple[StackEvent, ...] = ()
    instances: tuple[Instance, ...] = ()
    entry: Entry | None = None
    approved: str = ""
    proof: Proof | None = None
    audit: AuditPart | None = None
    drift: StackDrift | None = None
    #: the first error behind the gaps: its code tells an AWS out of reach from one that denies
    failure: OhfError | None = None

    @property
    def digest(self) -> str:
        """That of the body as it was sent, "" where it is not known."""
        return sha256(self.body.encode("ascii")) if self.body else ""

    @property
    def template_id(self) -> str:
        """The template as the stack's tag tells it, else as this host remembers; "" where neither does."""
        tagged = self.stack.tags.get(TAG_TEMPLATE, "") if self.stack else ""
        return tagged or (self.record.request.template_id if self.record else "")

    @property
    def begun(self) -> bool:
        """Whether the stack ever was more than a change set, as far as anything tells."""
        return self.stack is None or bool(self.stack.outputs) or was_begun(self.events)

    def absent(self, name: str, reason: str) -> None:
        """Note that there is no such thing."""
        self.gaps.append(Gap(name, "absent", reason))

    @contextmanager
    def reading(self, *names: str) -> Iterator[None]:
        """A part that may fail: what it would have filled is then a gap, with the error as its reason."""
        try:
            yield
        except OhfError as error:
            self.failure = self.failure or error
            self.gaps += [Gap(name, "unread", error.message) for name in names]


@dataclass(frozen=True, slots=True)
class Known:
    """What the caller has read already: the stack's id ("": nobody looked), the audit files (None: not read)."""

    stack_id: str = ""
    audit: tuple[tuple[str, bytes], ...] | None = None


#: what is known by one who asks about a single request
NOTHING: Final = Known()


def facts_of(app: App, request_id: str, known: Known = NOTHING) -> Facts:
    """The facts of a request. ResourceNotFoundError where nobody knows it, ConfigurationError where it is another
    owner's."""
    found, memory = _begun(app, request_id, known.stack_id)
    _of_lock(app, found)
    with found.reading("machines.json"):
        found.instances = ec2.of_requests(calls_of(app), app.owner, [request_id])
    _of_audit(app, found, known.audit)
    _of_returns(app, found, memory)
    something = found.record or found.stack or found.audit or found.instances
    if not (something or any(one.lack == "unread" for one in found.gaps)):
        raise ResourceNotFoundError(
            f"gather evidence of {request_id}: neither AWS nor this host knows it",
            hint="AWS keeps deleted stacks for ninety days; ohf status",
        )
    return found


def stack_facts_of(app: App, request_id: str) -> Facts:
    """Of a request's facts those of stack, body, events and lock alone; errors as of `facts_of` but the first."""
    found, _ = _begun(app, request_id)
    _of_lock(app, found)
    return found


def _begun(app: App, request_id: str, stack_id: str = "") -> tuple[Facts, Memory]:
    if id_kind(request_id) != "req":
        raise ResourceNotFoundError(
            f"gather evidence of {request_id}: it is not the id of a request", hint="ohf status"
        )
    found = Facts(request_id, app.owner)
    memory = _remembered(app, found)
    with found.reading(*_OF_STACK):
        calls = calls_of(app)
        found.stack = _stack(calls, app.owner, found, stack_id)
        if found.stack is None:
            for name in _OF_STACK:
                found.absent(name, "CloudFormation knows no stack of it; deleted ones it keeps for ninety days")
        else:
            _of_stack(calls, found, found.stack)
    return found, memory


def _remembered(app: App, found: Facts) -> Memory:
    """The memory with what is archived of the request. ConfigurationError where the request is another owner's."""
    memory = Memory()
    with found.reading("request.json"):
        memory = app.store.read()
        if found.request_id not in memory.requests:
            memory = together(memory, app.store.past([found.request_id]))
        found.record = memory.requests.get(found.request_id)
        if found.record is None:
            found.absent("request.json", "this host does not remember the request; the stack tells what it was")
    check_requests(app, memory, [found.request_id])
    return memory


def _stack(calls: Calls, owner: str, found: Facts, stack_id: str) -> StackSeen | None:
    """The request's stack, live or deleted, by whatever of its tags are left."""
    if stack_id:
        seen = cloudformation.describe_stack(calls, stack_id)
        return seen if seen is not None and is_of(seen, owner) else None
    name = stack_name(found.request_id)
    remembered = found.record.stack_id if found.record else ""
    for one in (remembered, name) if remembered else (name,):
        seen = cloudformation.describe_stack(calls, one)
        if seen is not None and is_of(seen, owner):
            return seen
    return deleted_stack(calls, owner, name)


def _of_stack(calls: Calls, found: Facts, stack: StackSeen) -> None:
    with found.reading("body.json"):
        found.body = sent_body(calls, stack.stack_id)
    with found.reading("events.json"):
        events = cloudformation.stack_events(calls, stack.stack_id)
        found.events = tuple(sorted(events, key=lambda one: (one.at, one.event_id)))
        if not events:
            found.absent("events.json", "CloudFormation has no events of this stack any more")


def _of_lock(app: App, found: Facts) -> None:
    """The lock's entry of the body that was sent, the approved file, and the verdict on the stack."""
    settings = app.settings
    with found.reading("lock.json", "approved.json", "verdict.json"):
        lock = load_lock(settings)
        if lock is None:
            for name in ("lock.json", "approved.json", "verdict.json"):
                found.absent(name, f"there is no ohf.lock (approvals.mode is {settings.approvals.mode})")
            return
        found.proof = _proof(app, found, lock)
        found.entry = lock.entries.get(_digest_told(found))
        if found.entry is None:
            digest = _digest_told(found)
            told = f"ohf.lock has no entry of {digest[:12]}" if digest else "nothing tells the digest of its body"
            found.absent("lock.json", told)
            found.absent("approved.json", told)
            return
        with found.reading("approved.json"):
            found.approved = approved_body(settings, found.entry.digest)


def _proof(app: App, found: Facts, lock: Lock) -> Proof | None:
    if found.stack is None:
        lack = next((one for one in found.gaps if one.name == "stack.json"), None)
        found.gaps.append(Gap("verdict.json", lack.lack if lack else "absent", "there is no stack to be judged"))
        return None
    if not found.begun:
        found.absent("verdict.json", "its change set was never executed: nothing ran")
        return None
    if not found.body:
        why = next((one.reason for one in found.gaps if one.name == "body.json"), "its body is not known")
        return not_proven(found.stack, why)
    rules, verify = rules_of(app.settings), verifier(app.settings)
    return proven(found.stack, found.digest, app.owner, lock, rules, verify)


def _digest_told(found: Facts) -> str:
    """That of the body, else what the stack's tag or memory say of it."""
    tagged = found.stack.tags.get(TAG_DIGEST, "") if found.stack else ""
    return found.digest or tagged or (found.record.digest if found.record else "")


def _of_audit(app: App, found: Facts, read: tuple[tuple[str, bytes], ...] | None) -> None:
    """The request's audit lines, of this host: each keeps a file of its own."""
    with found.reading("audit.jsonl", "audit-chain.jsonl"):
        files = audit_files(app.settings) if read is None else read
        known = {one.machine_id for one in found.record.machines} if found.record else set()
        known |= {one.instance_id for one in found.instances}
        found.audit = audit_part(files, found.request_id, known)
        if found.audit is None:
            told = "no line of this host's audit file is about it" if files else "this host keeps no audit file"
            found.absent("audit.jsonl", told)
            found.absent("audit-chain.jsonl", told)


def _of_returns(app: App, found: Facts, memory: Memory) -> None:
    """The returns that named its machines: by their tags, by the audit's lines, and by what is remembered."""
    named = {
        key.removeprefix(RETURN_TAG_PREFIX)
        for one in found.instances
        for key in one.tags
        if key.startswith(RETURN_TAG_PREFIX)
    }
    named |= set(found.audit.returns) if found.audit else set()
    with found.reading("machines.json"):
        unknown = [one for one in sorted(named) if one not in memory.returns]
        memory = together(memory, app.store.past(unknown)) if unknown else memory
        ours = (one for one in memory.returns.values() if _returns_some(one, found.request_id))
        found.returns = tuple(sorted(ours, key=lambda one: one.return_id))


def _returns_some(record: ReturnRecord, request_id: str) -> bool:
    return any(one.request_id == request_id for one in record.machines)
