"""`ohf.lock`: sorted keys, one fact per line, entries by digest, so that git merges what two branches approved."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.approval.decide import BROKEN
from ohf_iac.approval.values import MOST_APPROVALS, Approval, Entry, Lock, approval_document
from ohf_iac.bounded_json import OutOfBoundsError, parse_json
from ohf_iac.errors import ApprovalError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA: Final = "ohf/lock/v1"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_FACTS: Final[Mapping[str, type]] = {
    "template": str,
    "kind": str,
    "input": str,
    "rendererAbi": int,
    "envelope": dict,
    "images": list,
    "resources": dict,
    "approvals": list,
}
_TEXTS: Final = ("by", "at", "expires", "ticket", "author", "breakGlass", "signature")
_REQUIRED: Final = ("by", "at", "expires")
_FORMS: Final = {"at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "expires": re.compile(r"\d{4}-\d\d-\d\d")}


class _UnfitError(ValueError):
    """What is wrong with a lock, as the end of a sentence."""


def lock_text(lock: Lock) -> str:
    """A lock as it is written: ASCII, one final newline; the same lock gives the same bytes."""
    entries = {
        digest: {**entry.facts, "approvals": [approval_document(one) for one in entry.approvals]}
        for digest, entry in lock.entries.items()
    }
    return json.dumps({"schema": SCHEMA, "entries": entries}, sort_keys=True, indent=1, ensure_ascii=True) + "\n"


def parse_lock(text: str, name: str = "ohf.lock") -> Lock:
    """The lock in a text; ApprovalError (E406) says what is wrong with one that cannot be used.

    Nothing is guessed: an unknown schema, key or shape refuses the whole, or a newer lock's restriction would be
    read as none.
    """
    if any(line.startswith(("<<<<<<<", ">>>>>>>")) for line in text.splitlines()):
        raise _broken(
            name, "holds git's conflict marks", "keep the entries of both sides, each once, then ohf verify"
        )
    try:
        return Lock(_entries(_unique(text)))
    except OutOfBoundsError as error:
        raise _broken(name, f"is too large: it {error}") from error
    except ValueError as error:
        raise _broken(name, str(error)) from error


def _broken(name: str, what: str, hint: str = "restore it from version control; then ohf verify") -> ApprovalError:
    return ApprovalError(f"read {name}: it {what}", hint=hint, code=BROKEN)


def _unique(text: str) -> Any:
    """The document, refused where a key stands twice: readers of JSON disagree which of them counts."""
    document = parse_json(text)

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in found}) != len(found):
            raise _UnfitError("holds a key twice in one object")
        return dict(found)

    json.loads(text, object_pairs_hook=pairs)
    return document


def _entries(document: Any) -> dict[str, Entry]:
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise _UnfitError(f"is not of schema {SCHEMA}, which this version reads")
    if set(document) != {"schema", "entries"} or not isinstance(document["entries"], dict):
        raise _UnfitError("must hold schema and entries, and nothing else")
    return {digest: _entry(digest, told) for digest, told in document["entries"].items()}


def _entry(digest: str, told: Any) -> Entry:
    where = f"at entry {digest[:12]}"
    if not _DIGEST.fullmatch(digest):
        raise _UnfitError(f"has an entry whose key is no SHA-256 {where}")
    if not isinstance(told, dict) or set(told) != set(_FACTS):
        raise _UnfitError(f"must hold {', '.join(_FACTS)} and nothing else {where}")
    for name, kind in _FACTS.items():
        if type(told[name]) is not kind:
            raise _UnfitError(f"has a {name} of the wrong type {where}")
    if not all(isinstance(one, str) for one in told["images"]):
        raise _UnfitError(f"has images that are no texts {where}")
    if not all(_bounds_fit(bounds) for bounds in told["envelope"].values()):
        raise _UnfitError(f"has an envelope of the wrong shape {where}")
    if not 0 < len(told["approvals"]) <= MOST_APPROVALS:
        raise _UnfitError(f"must hold 1 to {MOST_APPROVALS} approvals {where}")
    return Entry(
        digest=digest,
        template=told["template"],
        kind=told["kind"],
        input=told["input"],
        renderer_abi=told["rendererAbi"],
        envelope=told["envelope"],
        images=tuple(told["images"]),
        resources=told["resources"],
        approvals=tuple(sorted((_approval(one, where) for one in told["approvals"]), key=lambda x: (x.at, x.by))),
    )


def _bounds_fit(bounds: Any) -> bool:
    """Whether bounds of a parameter are what `envelope_of` makes of a body: comparing with others would fail."""
    if not isinstance(bounds, dict) or not set(bounds) <= {"min", "max", "pattern", "values", "default"}:
        return False
    if not all(type(bounds[word]) is int for word in ("min", "max") if word in bounds):
        return False
    if not isinstance(bounds.get("values", []), list):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Host Factory's scripts keep stderr empty
            re.compile(bounds.get("pattern", ""))
    except (re.error, TypeError, RecursionError, OverflowError, Warning):
        return False
    return True


def _approval(told: Any, where: str) -> Approval:
    if not isinstance(told, dict) or not set(told) <= {*_TEXTS, "findings"} or not set(_REQUIRED) <= set(told):
        raise _UnfitError(f"has an approval of the wrong shape {where}")
    if not all(isinstance(told.get(name, ""), str) for name in _TEXTS):
        raise _UnfitError(f"has an approval with a value that is no text {where}")
    if not all(form.fullmatch(told[name]) for name, form in _FORMS.items()) or not told["by"]:
        raise _UnfitError(f"has an approval without a name, or with a moment or day that is none {where}")
    findings = told.get("findings", [])
    if not isinstance(findings, list) or not all(isinstance(one, str) for one in findings):
        raise _UnfitError(f"has findings that are no list of texts {where}")
    return Approval(
        by=told["by"],
        at=told["at"],
        expires=told["expires"],
        ticket=told.get("ticket", ""),
        author=told.get("author", ""),
        findings=tuple(findings),
        break_glass=told.get("breakGlass", ""),
        signature=told.get("signature", ""),
    )
