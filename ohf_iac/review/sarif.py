"""Findings as SARIF 2.1.0, which code scanning of GitHub, Azure and editors reads. Pure.

Properties are those of OASIS' "Static Analysis Results Interchange Format Version 2.1.0"; section numbers stand in
comments. The same findings give the same bytes: no time, no host, no absolute path.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ohf_iac.review.findings import fingerprints

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ohf_iac.review.findings import Finding, Level, RuleFacts

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final[dict[Level, str]] = {"error": "error", "warning": "warning", "info": "note"}
#: the name of our fingerprint; another way to make it gets another number
_FINGERPRINT: Final = "ohf/v1"


def sarif(tool: str, version: str, findings: Iterable[Finding], rules: Sequence[RuleFacts]) -> str:
    """One run, with a final newline; `rules` are all that were asked, those of every finding among them."""
    places = {rule.id: place for place, rule in enumerate(rules)}
    listed = tuple(findings)
    marks = fingerprints(listed)
    results = [_result(one, places[one.rule], mark) for one, mark in zip(listed, marks, strict=True)]
    driver = {"name": tool, "semanticVersion": version, "rules": [_rule(one) for one in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: RuleFacts) -> dict[str, Any]:
    """§3.49; a page of the manual is no absolute URI, so it stands in the help's text."""
    described: dict[str, Any] = {
        "id": rule.id,
        "name": _name(rule.title),
        "shortDescription": {"text": rule.title or rule.id},
        "fullDescription": {"text": rule.why or rule.title or rule.id},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
    }
    if rule.doc.startswith("https://"):
        described["helpUri"] = rule.doc
    told = " ".join(part for part in (rule.why, rule.fix) if part)
    if told:
        described["help"] = {"text": told}
    return described


def _name(title: str) -> str:
    """An identifier out of a title (§3.49.7): `VolumeNotEncrypted`."""
    words = "".join(char if char.isalnum() else " " for char in title).split()
    return "".join(word[0].upper() + word[1:] for word in words) or "Finding"


def _result(finding: Finding, rule: int, mark: str) -> dict[str, Any]:
    """§3.27"""
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": _LEVELS[finding.level],
        "message": {"text": _told(finding)},
        "partialFingerprints": {_FINGERPRINT: mark},
        "properties": {"template": finding.template, "field": finding.field, "place": finding.place},
    }
    if finding.file:
        result["locations"] = [_location(finding.file, finding.line, finding.column, finding.template)]
    if finding.related is not None:
        related = finding.related
        location = _location(related.file, related.line, 0, "")
        result["relatedLocations"] = [{"id": 1, **location, "message": {"text": related.message}}]
    if finding.suppressed:  # §3.35: "external" is in a file of its own, as ours are
        told = f"{finding.reason} (until {finding.until})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": told}]
    return result


def _told(finding: Finding) -> str:
    head = f"{finding.template}: {finding.told}" if finding.template else finding.told
    return f"{head}. {finding.fix}" if finding.fix else head


def _location(file: str, line: int, column: int, template: str) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(file)}}
    if line:
        place["region"] = {"startLine": line, **({"startColumn": column} if column else {})}
    location: dict[str, Any] = {"physicalLocation": place}
    if template:
        location["logicalLocations"] = [{"name": template, "kind": "object"}]
    return location
