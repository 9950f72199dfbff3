"""Is a pack what was written, and do its files agree with each other? From the files alone. Pure.

The manifest's hashes find whatever was changed by somebody who did not write the manifest anew. Who did is found
where files bind each other: the body by its digest, in the stack's tag and the lock; approvals by their signatures;
the verdict by being found again; audit lines by their chain. What nothing binds (events, machines) only a digest of
the manifest that was kept elsewhere protects.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ohf_iac.approval.decide import Rules, file_problem
from ohf_iac.approval.lock_text import parse_lock
from ohf_iac.approval.values import EMPTY, statement
from ohf_iac.bounded_json import parse_json
from ohf_iac.errors import OhfError, ValidationError
from ohf_iac.observation import StackSeen
from ohf_iac.render.canonical import canonical
from ohf_iac.request import TAG_DIGEST, stack_name
from ohf_iac.review.audit_chain import chain_of
from ohf_iac.review.evidence.audit_part import lines_of, own_lines
from ohf_iac.review.evidence.documents import epoch, verdict_document
from ohf_iac.review.evidence.pack import MANIFEST, SCHEMA, SUMS, sha256, sums_of
from ohf_iac.review.proving import proven
from ohf_iac.ssh_signature import armored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_iac.approval.decide import Verify
    from ohf_iac.approval.values import Approval, Entry, Lock

#: `gap`: the pack says that there is no such thing; `unknown`: it could not be read, or not be checked
State = Literal["ok", "differs", "gap", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one file, or of what one file says of another."""

    of: str
    state: State
    message: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found; `manifest` is the SHA-256 of the manifest, `about` what that tells."""

    manifest: str
    about: Mapping[str, Any]
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.state in ("differs", "unknown"))


def checked(contents: Mapping[str, bytes], verify: Verify | None, expected: str = "") -> Checked:
    """What is to be said of a pack's files by name.

    `verify` checks signatures; without it those that are there are `unknown`. `expected` is a digest of the
    manifest that was kept elsewhere. ValidationError where there is no manifest that can be read.
    """
    manifest = _manifest(contents)
    found = [*_of_manifest(contents, manifest, expected), *_of_files(contents, manifest)]
    if not any(one.state == "differs" for one in found):  # else the rest is about other files than were written
        found += _Contents(contents, manifest, verify).findings()
    return Checked(sha256(contents[MANIFEST]), manifest, tuple(found))


def _manifest(contents: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        found = parse_json(contents[MANIFEST].decode("ascii"))
    except KeyError as error:
        raise _none("it holds no manifest.json") from error
    except ValueError as error:
        raise _none(f"manifest.json cannot be read: {error}") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise _none(f"manifest.json is not of schema {SCHEMA}, which this version reads")
    texts = ("requestId", "owner", "sha256", "verdict", "auditHead")
    if not (all(isinstance(found.get(name), str) for name in texts) and _listed(found, "files", "sha256")):
        raise _none("manifest.json does not say what is in the pack")
    if not (_listed(found, "missing", "reason") and isinstance(found.get("approvals"), dict)):
        raise _none("manifest.json does not say what is missing")
    return found


def _listed(manifest: Mapping[str, Any], key: str, fact: str) -> bool:
    rows = manifest.get(key)
    return isinstance(rows, list) and all(
        isinstance(row, dict) and isinstance(row.get("name"), str) and isinstance(row.get(fact), str)
        for row in rows
    )


def _none(why: str) -> ValidationError:
    return ValidationError(f"check evidence: {why}", hint="name the folder or the zip file that ohf evidence wrote")


def _of_manifest(contents: Mapping[str, bytes], manifest: Mapping[str, Any], expected: str) -> Iterator[Finding]:
    digest = sha256(contents[MANIFEST])
    if expected and digest != expected:
        yield Finding(MANIFEST, "differs", f"it is {digest}, expected {expected}")
    sums = {name: sha256(content) for name, content in contents.items() if name != SUMS}
    if contents.get(SUMS) != sums_of(sums):
        yield Finding(SUMS, "differs", "it does not list the files as they are")
    for row in manifest["missing"]:
        yield Finding(row["name"], "gap" if row.get("lack") == "absent" else "unknown", row["reason"])


def _of_files(contents: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[Finding]:
    listed = {row["name"]: row for row in manifest["files"]}
    for name, row in sorted(listed.items()):
        if name not in contents:
            yield Finding(name, "differs", "it is not there")
        elif sha256(contents[name]) != row["sha256"] or len(contents[name]) != row.get("bytes"):
            yield Finding(name, "differs", "it is not the file that the manifest tells of")
        else:
            yield Finding(name, "ok")
    for name in sorted(contents.keys() - listed.keys() - {MANIFEST, SUMS}):
        yield Finding(name, "differs", "the manifest does not tell of it")


@dataclass(frozen=True, slots=True)
class _Contents:
    """What the files say of each other."""

    contents: Mapping[str, bytes]
    manifest: Mapping[str, Any]
    verify: Verify | None

    def findings(self) -> Iterator[Finding]:
        body = self.contents.get("body.json")
        yield from self._of_manifest()
        try:
            lock = parse_lock(self.contents["lock.json"].decode("ascii")) if "lock.json" in self.contents else EMPTY
            yield from self._of_body(body)
            yield from self._of_lock(lock, body)
            for entry in lock.entries.values():
                yield from self._of_approvals(entry)
            yield from self._of_verdict(lock, body)
        except (OhfError, ValueError, LookupError, TypeError, AttributeError) as error:
            yield Finding("pack", "differs", f"its files cannot be read: {getattr(error, 'message', error)}")
        yield from self._of_audit()

    def _of_manifest(self) -> Iterator[Finding]:
        """What the manifest tells of has a file, or is told to be missing."""
        told = {"body.json": "sha256", "verdict.json": "verdict", "audit.jsonl": "auditHead"}
        missing = {row["name"] for row in self.manifest["missing"]}
        if "audit.jsonl" in self.contents:
            told["audit-chain.jsonl"] = "auditHead"
        for name, fact in told.items():
            if self.manifest[fact] and name not in self.contents and name not in missing:
                yield Finding(name, "differs", "it is not there, and the manifest does not say why")

    def _of_body(self, body: bytes | None) -> Iterator[Finding]:
        stack = self._document("stack.json")
        if stack and stack["stack"] != stack_name(self.manifest["requestId"]):
            yield Finding("stack.json", "differs", "it is the stack of another request")
        if body is None:
            return
        digest = sha256(body)
        if canonical(parse_json(body.decode("ascii"))).encode("ascii") != body:
            yield Finding("body.json", "differs", "it is not in the form that is sent")
        told = {"manifest.json": self.manifest["sha256"]}
        if stack and self.manifest["verdict"] != "violation":  # one may be just that: the verdict says it
            told["stack.json"] = stack["tags"].get(TAG_DIGEST, "")
        for name, said in told.items():
            if said != digest:
                yield Finding("body.json", "differs", f"its digest is {digest[:12]}, {name} says {said[:12]}")

    def _of_lock(self, lock: Lock, body: bytes | None) -> Iterator[Finding]:
        approved = self.contents.get("approved.json")
        for entry in lock.entries.values():
            if body is not None and entry.digest != sha256(body):
                yield Finding("lock.json", "differs", f"its entry is of {entry.digest[:12]}, not of body.json")
            if approved is not None and (wrong := file_problem(entry, approved.decode("ascii"), sha256(approved))):
                yield Finding("approved.json", "differs", wrong)
        if None not in (approved, body) and approved != body:
            yield Finding("approved.json", "differs", "it is not body.json")

    def _of_approvals(self, entry: Entry) -> Iterator[Finding]:
        for number, one in enumerate(entry.approvals, 1):
            name = f"approvals/{number}.json"
            if self.contents.get(name) != statement(entry, one):
                yield Finding(name, "differs", "it is not what lock.json says")
            if not one.signature:
                continue
            if self.contents.get(f"{name}.sig") != armored(one.signature).encode("ascii"):
                yield Finding(f"{name}.sig", "differs", "it is not the signature in lock.json")
            yield self._signed(f"{name}.sig", entry, one)

    def _signed(self, name: str, entry: Entry, one: Approval) -> Finding:
        if self.verify is None:
            return Finding(name, "unknown", f"the signature of {one.by} was not checked: no allowed signers")
        wrong = self.verify(entry, one)
        return Finding(name, "differs" if wrong else "ok", wrong or f"signed by {one.by} at {one.at}")

    def _of_verdict(self, lock: Lock, body: bytes | None) -> Iterator[Finding]:
        """The verdict, found again from body, stack and lock."""
        stack, told = self._document("stack.json"), self._document("verdict.json")
        if told and told.get("verdict") != self.manifest["verdict"]:
            yield Finding("verdict.json", "differs", "it is not what manifest.json says")
        if not (stack and told) or body is None:
            return
        if self.verify is None and any(one.signature for entry in lock.entries.values() for one in entry.approvals):
            yield Finding("verdict.json", "unknown", f"{told['verdict']}, which rests on signatures: not checked")
            return
        rules = Rules(self.manifest["approvals"]["minApprovals"], self.manifest["approvals"]["unsigned"])
        verify = self.verify or _never_asked
        proof = proven(_stack(stack), sha256(body), self.manifest["owner"], lock, rules, verify)
        if json.loads(json.dumps(verdict_document(proof))) != told:
            yield Finding("verdict.json", "differs", f"the files give {proof.verdict}, it says {told['verdict']}")
        else:
            yield Finding("verdict.json", "ok", f"{proof.verdict}, found again from the files")

    def _of_audit(self) -> Iterator[Finding]:
        stretch = self.contents.get("audit-chain.jsonl")
        if stretch is None:
            return
        chain = chain_of([("audit-chain.jsonl", stretch)])
        for one in chain.breaks:
            yield Finding("audit-chain.jsonl", "differs", f"line {one.line}: {one.message}")
        if chain.head != self.manifest["auditHead"]:
            yield Finding("audit-chain.jsonl", "differs", "its last line is not the head that manifest.json tells")
        own = lines_of(self.contents.get("audit.jsonl", b""))
        if not own_lines(lines_of(stretch), own, self.manifest["requestId"]):
            yield Finding("audit.jsonl", "differs", "its lines are not those of the request in the chain")

    def _document(self, name: str) -> dict[str, Any]:
        """The document in a file, empty where there is none; ValueError for what is no such document."""
        if name not in self.contents:
            return {}
        found = parse_json(self.contents[name].decode("ascii"))
        if not isinstance(found, dict) or not found:
            raise ValueError(f"{name} holds no facts")
        return found


def _never_asked(_entry: Entry, _approval: Approval) -> str:
    return "nobody gave the keys to check it by"


def _stack(told: Mapping[str, Any]) -> StackSeen:
    return StackSeen(
        told["stackId"],
        told["stack"],
        told["status"],
        created_at=epoch(told["createdAt"]),
        parameters=told["parameters"],
        tags=told["tags"],
    )
