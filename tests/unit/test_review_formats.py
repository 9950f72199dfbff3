"""Findings as SARIF, JUnit and GitHub's workflow commands: what a reader gets back is what was found."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohf_iac.review.findings import LEVELS, Finding, Related, RuleFacts, at_or_above, fingerprints, in_order
from ohf_iac.review.github import workflow_commands
from ohf_iac.review.junit import Case, Failure, cases_of, junit
from ohf_iac.review.lint import rules_of
from ohf_iac.review.sarif import sarif
from tests.lint_files import SOUND, review

NASTY = "50% \x1b[31m of\r\n\"a\", <b> & ]]> :: 'c' \ud7ff \ue000 \x00 é"
FINDING = Finding(
    rule="OHF-S003",
    level="error",
    message=NASTY,
    template="grid",
    field="httpTokens",
    file="conf/a b,c:d.json",
    line=7,
    column=3,
    fix="Set it.",
    doc="docs/lint.md#ohf-s003",
    title="IMDSv2 is not required",
    place="Resources.LaunchTemplate",
)
NOTE = Finding("OHF-R001", "info", "untold", "grid", "requestValidity", "conf/t.json", 2, 1)
QUIET = Finding("OHF-S008", "warning", "a key", "grid", file="t.json", line=3, reason="CHG1", until="2027-01-31")
SCRIPT = Finding(
    "OHF-S011", "warning", "curl", "grid", file="t.json", line=4, related=Related("s.sh", 9, "curl|sh")
)
PLACELESS = Finding("X1", "error", "no place", title="Of cfn-lint", doc="https://example.com/X1")
ALL = (FINDING, NOTE, QUIET, SCRIPT, PLACELESS)
#: what readers of SARIF 2.1.0 need of what is written (sections 3.13, 3.14, 3.27, 3.28, 3.35)
NEEDED: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "pattern": "^https://"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name", "rules"],
                                "properties": {
                                    "rules": {
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id", "shortDescription", "defaultConfiguration"],
                                            "properties": {
                                                "id": {"type": "string", "minLength": 1},
                                                "name": {"pattern": "^[A-Za-z][A-Za-z0-9]*$"},
                                                "helpUri": {"pattern": "^https://"},
                                                "help": {"required": ["text"]},
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "required": ["ruleId", "ruleIndex", "level", "message", "partialFingerprints"],
                            "properties": {
                                "level": {"enum": ["error", "warning", "note"]},
                                "message": {"required": ["text"], "properties": {"text": {"minLength": 1}}},
                                "partialFingerprints": {"minProperties": 1},
                                "suppressions": {
                                    "items": {"required": ["kind"], "properties": {"kind": {"const": "external"}}}
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def run_of(findings: tuple[Finding, ...] = ALL) -> dict[str, Any]:
    document = json.loads(sarif("ohf lint", "1.0", findings, rules_of(findings)))
    jsonschema.validate(document, NEEDED)
    run: dict[str, Any] = document["runs"][0]
    return run


def findings_of_every_rule() -> tuple[Finding, ...]:
    loose = {
        "templateId": "loose",
        "maxNumber": -1,
        "httpTokens": "optional",
        "keyName": "k",
        "colour": "blue",
        "userData": "DB_PASSWORD=hunter22x",
        "imageId": "/p",
        "vmType": "m5.large",
        "priceType": "spot",
    }
    refused = {**SOUND, "templateId": "refused", "subnetId": "nowhere"}
    own = {"lint": {"suppress": [{"rule": "OHF-S008", "reason": "CHG1", "until": "2027-01-31"}]}}
    found, _ = review([SOUND, loose, refused], own)
    assert len({one.rule for one in found.findings}) > 8
    return found.findings


#: of OASIS' published schema the definitions and properties that we write, without its texts; all else is forbidden
AS_USED = Path(__file__).parents[1] / "fixtures" / "sarif-2.1.0-as-used.json"


def invalid(schema: Any) -> list[str]:
    """What the schema has against what we write of no finding, of some, and of every rule."""
    checker = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    texts = (sarif("ohf lint", "1.0", one, rules_of(one)) for one in ((), ALL, findings_of_every_rule()))
    return [error.message for text in texts for error in checker.iter_errors(json.loads(text))]


def test_sarif_is_valid_against_what_the_published_schema_says_of_it() -> None:
    schema = json.loads(AS_USED.read_text("utf-8"))
    assert invalid(schema) == []
    schema["definitions"]["result"]["required"] += ["guid"]
    assert "'guid' is a required property" in invalid(schema)


def test_sarif_is_valid_against_the_published_schema_itself() -> None:
    name = os.environ.get("OHF_SARIF_SCHEMA")
    if not name:
        pytest.skip("OHF_SARIF_SCHEMA names no copy of OASIS' sarif-schema-2.1.0.json")
    whole, used = json.loads(Path(name).read_text("utf-8")), json.loads(AS_USED.read_text("utf-8"))
    assert invalid(whole) == []
    assert facts(whole, used) == used
    for one, definition in used["definitions"].items():
        assert facts(whole["definitions"][one], definition) == definition


def facts(published: dict[str, Any], used: dict[str, Any]) -> dict[str, Any]:
    """What the published schema says of the properties in `used`, without texts and defaults."""
    kept = {key: value for key, value in published.items() if key not in ("description", "title", "$id")}
    kept["properties"] = {one: _bare(published["properties"][one]) for one in used["properties"]}
    return kept | ({"definitions": used["definitions"]} if "definitions" in used else {})


def _bare(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _bare(value) for key, value in node.items() if key not in ("description", "default")}
    return [_bare(one) for one in node] if isinstance(node, list) else node


def test_sarif_tells_each_finding_with_its_rule_and_place() -> None:
    run = run_of()
    rules = run["tool"]["driver"]["rules"]
    assert [one["ruleId"] for one in run["results"]] == [one.rule for one in ALL]
    for result, finding in zip(run["results"], ALL, strict=True):
        assert rules[result["ruleIndex"]]["id"] == finding.rule
        assert finding.message in result["message"]["text"]
    (place,) = run["results"][0]["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "conf/a%20b%2Cc%3Ad.json"},
        "region": {"startLine": 7, "startColumn": 3},
    }
    assert place["logicalLocations"] == [{"name": "grid", "kind": "object"}]
    assert [one["level"] for one in run["results"]] == ["error", "note", "warning", "warning", "error"]
    assert "locations" not in run["results"][4]


def test_a_suppressed_finding_stays_in_sarif_with_its_reason() -> None:
    results = run_of()["results"]
    assert results[2]["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "CHG1 (until 2027-01-31)"}
    ]
    assert all("suppressions" not in results[place] for place in (0, 1, 3, 4))


def test_the_line_of_a_script_is_a_related_location() -> None:
    (related,) = run_of()["results"][3]["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"] == {"uri": "s.sh"}
    assert related["physicalLocation"]["region"] == {"startLine": 9}


def test_rules_have_a_page_that_can_be_opened_or_a_text() -> None:
    rules = run_of(findings_of_every_rule())["tool"]["driver"]["rules"]
    assert all("helpUri" in one or one["help"]["text"] for one in rules)
    assert sum("helpUri" in one for one in rules) > len(rules) / 2


def test_fingerprints_stay_while_lines_and_words_move() -> None:
    other = Finding(
        "OHF-S003",
        "warning",
        "other words",
        "grid",
        "httpTokens",
        "elsewhere/a b,c:d.json",
        70,
        30,
        place="Resources.LaunchTemplate",
    )
    assert list(fingerprints([other])) == list(fingerprints([FINDING]))
    every = findings_of_every_rule()
    assert len({*fingerprints(every)}) == len(every)
    assert len({*fingerprints([SCRIPT, SCRIPT, FINDING, SCRIPT])}) == 4


def commands_read(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as GitHub's runner reads it: its properties and its message unescaped."""
    found = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert found is not None

    def unescaped(text: str) -> str:
        for written, meant in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            text = text.replace(written, meant)
        return text

    pairs = (part.partition("=") for part in found[2].split(","))
    return found[1], {name: unescaped(value) for name, _, value in pairs}, unescaped(found[3])


def test_github_gets_a_command_per_finding_that_counts() -> None:
    lines = list(workflow_commands(ALL))
    assert all("\n" not in line and "\r" not in line and "\x1b" not in line for line in lines)
    command, properties, message = commands_read(lines[0])
    assert command == "error"
    assert properties == {"file": "conf/a b,c:d.json", "line": "7", "col": "3", "title": "OHF-S003 grid"}
    seen = NASTY
    for char in "\x1b\ud7ff\ue000\x00":
        seen = seen.replace(char, ascii(char)[1:-1])
    assert message == f"httpTokens: {seen}\nfix: Set it."
    assert [commands_read(line)[0] for line in lines] == ["error", "notice", "warning", "error"]
    assert lines[3] == "::error title=X1::no place"


RULES = (RuleFacts("OHF-S003", "error", "IMDSv2"), RuleFacts("OHF-S008", "warning", "Key pair"))


def test_junit_has_a_case_per_template_and_rule() -> None:
    found = (FINDING, NOTE, QUIET)
    text = junit("ohf lint", tuple(cases_of(found, at_or_above(found, "error"), ("grid", "other"), RULES)))
    suite = ElementTree.fromstring(text)[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "1", "1")
    cases = {(one.get("classname"), one.get("name")): one for one in suite}
    failed = cases["ohf lint.grid", "OHF-S003 IMDSv2"]
    assert (failed.get("file"), failed.get("line")) == ("conf/a b,c:d.json", "7")
    assert [child.tag for child in failed] == ["failure"]
    assert failed[0].get("type") == "OHF-S003"
    assert "\\x1b[31m" in (failed[0].get("message") or "")
    skipped = cases["ohf lint.grid", "OHF-S008 Key pair"]
    assert [child.tag for child in skipped] == ["skipped", "system-out"]
    assert skipped[0].get("message") == "CHG1"
    assert [child.tag for child in cases["ohf lint.grid", "OHF-R001"]] == ["system-out"]
    assert list(cases["ohf lint.other", "OHF-S003 IMDSv2"]) == []


@given(st.text(), st.text())
def test_junit_can_be_read_whatever_it_holds(message: str, text: str) -> None:
    case = Case("thing", message, text, 1, (Failure(message, "kind", text),), note=text)
    document = junit("suite", (case,))
    (failure, *_), *_ = ElementTree.fromstring(document.encode("utf-8", "surrogatepass"))[0]
    if message.isprintable():
        assert failure.get("message") == message


def test_the_same_findings_make_the_same_bytes_in_whatever_order() -> None:
    texts = {sarif("t", "1", in_order(ones), rules_of(ALL)) for ones in (ALL, ALL[::-1])}
    assert len(texts) == 1


@pytest.mark.parametrize(("fail_on", "count"), [("error", 2), ("warning", 3), ("info", 4), ("never", 0)])
def test_what_fails_a_check(fail_on: Any, count: int) -> None:
    assert len(at_or_above(ALL, fail_on)) == count
    assert LEVELS == ("error", "warning", "info")
