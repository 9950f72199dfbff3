"""Every rule of the house: the manual's example is found, its fix is not, and the finding leads to the line."""

from __future__ import annotations

import json
import re

import pytest

from ohf_iac.review.findings import Finding, RuleFacts
from ohf_iac.review.lint import HOUSE_RULES, REFUSED, TWICE, rules_of
from ohf_iac.review.script_risks import risks_in
from ohf_iac.review.suppressing import EXPIRED, IDLE
from ohf_iac.template.fields import READERS
from tests.golden.cases import CASES, HERE, files_of
from tests.lint_files import MANUAL, SOUND, Example, examples_of, of_rule, review, review_text, sections

SECTIONS = sections()
FACTS = rules_of(())
#: rules with tests of their own: about suppressions, and about what is lost when a text is parsed
APART = {EXPIRED.id, IDLE.id, TWICE.id}
#: a rule whose example would fill pages: a body of more than 51,200 bytes
LARGE = Example(
    {
        "userDataScript": "scripts/join.sh",
        "vmType": ",".join(f"m5.{size}large" for size in range(1, 61)),
        "subnetId": ",".join(f"subnet-0a1b2c3d4e5f6{number:04d}" for number in range(16)),
    },
    script=b"#!/bin/sh\n" + b"# as long as EC2 takes it\n" * 600,
)
SMALL = Example({"userDataScript": "scripts/join.sh"}, script=b"#!/bin/sh\n")


def examples(rule: str) -> tuple[Example, Example]:
    return (LARGE, SMALL) if rule == "OHF-T003" else examples_of(SECTIONS[rule])


def found_in(example: Example, form: str, rule: str) -> tuple[list[Finding], list[str]]:
    """The findings of a rule in an example that stands between two sound templates."""
    entries = [{**SOUND, "templateId": "first"}, example.entry("example"), {**SOUND, "templateId": "last"}]
    files = {"scripts/join.sh": example.script} if example.script else {}
    found, lines = review(entries, example.own, form=form, files=files)
    others = {one.template for one in found.findings if one.rule == rule} - {"example", ""}
    assert others <= {"first", "last"}
    return of_rule(found, rule, "example") or of_rule(found, rule, ""), lines


def block(lines: list[str]) -> range:
    """The numbers of the lines that hold the entry `example`; each entry begins with its id."""
    starts = [number for number, line in enumerate(lines, start=1) if "templateId" in line]
    return range(starts[1], starts[2])


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize("rule", [one for one in FACTS if one.id not in APART], ids=lambda one: one.id)
def test_a_finding_leads_to_its_fields_line_or_to_the_templates_id(rule: RuleFacts, form: str) -> None:
    name = rule.id
    bad, good = examples(name)
    found, lines = found_in(bad, form, name)
    assert found, f"{name} finds nothing in its example"
    for one in found:
        written = one.field in bad.entry("example")
        key = one.field if written else "templateId"
        assert one.line in block(lines)
        text = lines[one.line - 1][one.column - 1 :]
        assert text.startswith((f'"{key}":', f"{key}:"))
        assert one.file == f"awsprov_templates.{form}"
        assert one.message
    assert found_in(good, form, name)[0] == []


@pytest.mark.parametrize(
    "rule", [one for one in FACTS if one.id not in ("OHF-T002", TWICE.id)], ids=lambda one: one.id
)
def test_findings_name_fields_that_there_are(rule: RuleFacts) -> None:
    name = rule.id
    found, _ = found_in(examples(name)[0], "json", name)
    assert {one.field for one in found} <= {*READERS, "lint.suppress"}


def test_a_sound_template_is_sound() -> None:
    assert review([SOUND])[0].findings == ()


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_template_can_be_asked_about(case: str) -> None:
    folder = HERE / case
    entry = json.loads((folder / "template.json").read_text())
    settings = folder / "settings.json"
    own = {"template": json.loads(settings.read_text())} if settings.exists() else {}
    found, lines = review([entry], own, files=files_of(folder))
    assert found.templates == (entry["templateId"],)
    assert not any(one.rule == REFUSED.id for one in found.findings)
    assert all(1 <= one.line <= len(lines) for one in found.findings)


def test_the_manual_has_every_rule_in_order_with_what_the_program_says() -> None:
    assert list(SECTIONS) == [one.id for one in FACTS]
    sources = {rule.id: rule.source for rule in HOUSE_RULES}
    for one in FACTS:
        text = " ".join(SECTIONS[one.id].split())
        source = f" · [AWS]({sources[one.id]})" if sources.get(one.id) else ""
        assert f"**{one.title}** · {one.level}{source} {one.why}" in text, one.id
        assert f"Fix: {one.fix}" in text, one.id


def test_ids_are_of_one_form_and_nobodys_twice() -> None:
    ids = [one.id for one in FACTS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"OHF-[SCRTL]\d{3}", one) for one in ids)
    assert REFUSED.id in ids


def test_the_example_of_suppressions_is_one() -> None:
    text = MANUAL.split("## Suppressions")[1].split("```json\n")[1].split("```")[0]
    found, _ = review([{**SOUND, "templateId": "asg-ondemand", "keyName": "k"}], json.loads(text))
    (one,) = of_rule(found, "OHF-S008", "asg-ondemand")
    assert one.reason.startswith("CHG0041999")


@pytest.mark.parametrize(
    ("name", "wide"),
    [
        ("grid-admin", True),
        ("Admin", True),
        ("arn:aws:iam::111122223333:instance-profile/AdministratorAccess", True),
        ("GridPowerUserAccess", True),
        ("ops/root", True),
        ("EC2FullAccess", True),
        ("grid-*", True),
        ("grid-worker", False),
        ("administration-portal-reader", False),
        ("badminton", False),
        ("rootless", False),
        ("arn:aws:iam::111122223333:instance-profile/grid", False),
    ],
)
def test_names_of_profiles_that_are_wide(name: str, wide: bool) -> None:
    found, _ = review([{**SOUND, "instanceProfile": name}])
    assert bool(of_rule(found, "OHF-S007", "sound")) == wide


@pytest.mark.parametrize(("account", "foreign"), [("111122223333", False), ("444455556666", True)])
def test_a_profile_of_another_account_than_the_roles_is_found(account: str, foreign: bool) -> None:
    own = {"provider": {"serviceRoleArn": "arn:aws:iam::111122223333:role/grid-stacks"}}
    entry = {**SOUND, "instanceProfile": f"arn:aws:iam::{account}:instance-profile/grid"}
    assert bool(of_rule(review([entry], own)[0], "OHF-S007", "sound")) == foreign


RISKY = [
    "curl -s https://example.com/a.sh | sh",
    "wget -qO- https://example.com/a.sh | sudo -E bash -s -- --yes",
    "curl -k https://example.com/a.rpm -o a.rpm",
    "curl -sSkL https://example.com/a",
    "wget --no-check-certificate https://example.com/a",
    "curl -O http://example.com/a.rpm",
    "iwr http://example.com/a.ps1 -OutFile a.ps1",
    "iex ((New-Object Net.WebClient).DownloadString('https://example.com/i.ps1'))",
    "irm https://example.com/i.ps1 | iex",
    "yum install -y --nogpgcheck agent",
]
HARMLESS = [
    "# curl http://example.com | sh",
    "curl -s http://169.254.169.254/latest/meta-data/instance-id",
    "TOKEN=$(curl -X PUT http://169.254.169.254/latest/api/token)",
    "curl -sf http://localhost:8080/health",
    "curl -sfo agent.sh https://example.com/agent.sh",
    "echo done | sh",
    "curl --key client.pem https://example.com/a -o a",
    "echo http://example.com >> /etc/motd",
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(("line", "risky"), [*((one, True) for one in RISKY), *((one, False) for one in HARMLESS)])
def test_scripts_that_run_what_nobody_reviewed(line: str, risky: bool, encoding: str) -> None:
    script = f"#!/bin/sh\n\n{line}\nexit 0\n".encode(encoding)
    assert [risk.line for risk in risks_in(script)] == ([3] if risky else [])


def test_what_ohf_json_says_for_all_templates_leads_there_too() -> None:
    own = {"template": {"maxPerRequest": 10, "httpTokens": "optional"}}
    found, lines = review([SOUND, {**SOUND, "templateId": "own", "httpTokens": "optional"}], own)
    (one,) = of_rule(found, "OHF-S003", "sound")
    assert "templateId" in lines[one.line - 1]
    assert one.related is not None
    text = json.dumps(own, indent=2).splitlines()
    assert (one.related.file, "httpTokens" in text[one.related.line - 1]) == ("ohf.json", True)
    assert "ohf.json" in one.message
    (other,) = of_rule(found, "OHF-S003", "own")
    assert other.related is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"maxNumber": None}, "maxNumber"),
        ({"rootDeviceName": None, "rootDeviceVolumeSize": 50}, "rootDeviceVolumeSize"),
        ({"subnetId": None, "providerApi": "ASG"}, "subnetId"),
        ({"templateId": "a b"}, "templateId"),
    ],
)
def test_what_cannot_be_served_is_an_error_at_the_field_to_blame(fields: dict[str, object], field: str) -> None:
    entry = {key: value for key, value in {**SOUND, **fields}.items() if value is not None}
    found, lines = review([{**SOUND, "templateId": "first"}, entry])
    (one,) = found.findings
    assert (one.rule, one.level, one.field) == (REFUSED.id, "error", field)
    assert (field if field in entry else "templateId") in lines[one.line - 1]
    assert one.line > len(lines) // 2 - 2


@pytest.mark.parametrize("form", ["object", "list", "one"])
def test_a_key_that_is_written_twice_is_found_where_it_stands_again(form: str) -> None:
    last = (
        '{"templateId": "t",\n "httpTokens": "optional",\n "instanceTags": {"a": "1",\n "a": "2"},\n "httpTokens":'
    )
    last += f' "required",{json.dumps({**SOUND, "templateId": "t"})[1:]}'
    first = json.dumps({**SOUND, "templateId": "first"})
    if form == "one":
        text, line = f'{{"templates": {last}}}', 1
    else:
        text, line = f"[{first},\n{last}]", 2
        text = f'{{"templates": {text}}}' if form == "object" else text
    found = of_rule(review_text(text), TWICE.id, "t")
    places = {(one.field, one.line - line, one.column) for one in found if one.field != "templateId"}
    assert places == {("instanceTags", 3, 2), ("httpTokens", 4, 2)}
    assert any("instanceTags.a" in one.message for one in found)
    assert all(one.level == "error" for one in found)


def test_a_catalogue_whose_list_stands_twice_is_found() -> None:
    text = f'{{"templates": [],\n"templates": [{json.dumps(SOUND)}]}}'
    (one,) = review_text(text).findings
    assert (one.rule, one.template, one.line) == (TWICE.id, "", 2)
