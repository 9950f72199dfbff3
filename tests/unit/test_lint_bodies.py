"""From places in bodies back to the catalogue's fields, and cfn-lint's findings led there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ohf_iac.review.body_fields import field_behind
from ohf_iac.review.cfn_lint import BodyFinding, cfn_linter
from ohf_iac.review.lint import rules_of
from ohf_iac.template.fields import ALIASES
from tests.golden.cases import rendered
from tests.lint_files import SOUND, of_rule, review
from tests.unit.field_rows import ROWS, Row

#: the two parts of a body that rows name for short
PARTS = {
    "LT": "Resources.LaunchTemplate.Properties.LaunchTemplateData",
    "FLEET": "Resources.Capacity.Properties",
    "Parameters": "Parameters",
}
#: the stack's own launch template, in a group without a policy: a priceType leads there, and no field says it
OWN_TEMPLATE = "FLEET.LaunchTemplate.LaunchTemplateId"
#: a golden body of each kind, each with all that its kind can say
ONE_OF_EACH = ("asg-mixed-full", "instant-spot-full", "maintain-heterogeneous", "spotfleet-request-heterogeneous")


def path_of(place: str) -> tuple[str | int, ...]:
    head, _, rest = place.partition(".")
    return tuple(int(word) if word.isdigit() else word for word in f"{PARTS[head]}.{rest}".split("."))


def places(row: Row) -> list[str]:
    """Where a row's value comes out, over all kinds."""
    found = (outcome[0] for outcome in row.at.values() if isinstance(outcome, tuple))
    return sorted({place for place in found if place.partition(".")[0] in PARTS and place != OWN_TEMPLATE})


@pytest.mark.parametrize(
    ("row", "place"),
    [(row, place) for row in ROWS for place in places(row)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_where_a_field_comes_out_leads_back_to_it(row: Row, place: str) -> None:
    field = ALIASES.get(row.name, row.name)
    assert field_behind(path_of(place), {field: row.value}) == field


def test_of_a_field_that_nobody_wrote_the_likeliest_is_named() -> None:
    assert field_behind(path_of("LT.InstanceType"), {}) == "vmType"
    assert field_behind(path_of("LT.InstanceType"), {"vmTypes": {"m5.large": 1}}) == "vmTypes"


def test_what_a_fleet_file_says_leads_to_it() -> None:
    path = path_of("FLEET.LaunchTemplateConfigs.0.Overrides.0.InstanceType")
    assert field_behind(path, {"ec2FleetConfig": "fleet.json"}) == "ec2FleetConfig"
    assert field_behind(path_of("LT.ImageId"), {"ec2FleetConfig": "fleet.json"}) == "imageId"


def test_what_no_field_says_leads_to_none() -> None:
    for path in (
        (),
        ("Resources",),
        ("Resources", "Capacity"),
        ("Outputs", "CapacityId", "Value"),
        path_of(OWN_TEMPLATE),
    ):
        assert field_behind(path, {"vmType": "m5.large"}) == ""


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize(
    ("path", "key"),
    [
        (("Resources", "LaunchTemplate", "Properties", "LaunchTemplateData", "ImageId"), "imageId"),
        (("Resources", "LaunchTemplate", "Properties", "LaunchTemplateData", "KeyName"), "templateId"),
        (("Resources", "LaunchTemplate"), "templateId"),
        ((), "templateId"),
    ],
)
def test_a_linters_finding_stands_at_its_fields_line(form: str, path: tuple[str | int, ...], key: str) -> None:
    finding = BodyFinding("E1", "error", "Title", "is wrong", path, "https://example.com/E1")
    found, lines = review([SOUND], form=form, check=lambda _body: (finding,))
    (one,) = found.findings
    assert lines[one.line - 1][one.column - 1 :].startswith((f'"{key}":', f"{key}:"))
    assert one.place == ".".join(map(str, path))
    assert rules_of(found.findings)[-1].doc == "https://example.com/E1"


@pytest.fixture(scope="module")
def linter() -> Any:
    return cfn_linter("eu-west-1")


def test_cfn_lint_is_content_with_what_is_rendered(linter: Any) -> None:
    assert [(name, one) for name in ONE_OF_EACH for one in linter(rendered(name).body)] == []


def test_cfn_lints_findings_name_field_and_line(linter: Any) -> None:
    entry = {**SOUND, "templateId": "wrong", "imageId": "ami-xyz", "vmType": "m99.huge", "kmsKeyId": "no key"}
    found, lines = review([SOUND, entry], check=linter)
    assert {one.template for one in found.findings} == {"wrong"}
    for rule, field in (("E1152", "imageId"), ("E3628", "vmType"), ("E3017", "kmsKeyId")):
        for one in of_rule(found, rule, "wrong"):
            assert one.field == field
            assert f'"{field}"' in lines[one.line - 1]
            assert len(one.message) <= 400
    assert len(of_rule(found, "E3628", "wrong")) == 2  # the launch template's, and the fleet's override


def test_cfn_lint_forgets_one_body_before_the_next(linter: Any) -> None:
    wrong = {**SOUND, "templateId": "wrong", "imageId": "ami-xyz"}
    found, _ = review([wrong, SOUND, {**wrong, "templateId": "again"}], check=linter)
    assert [one.template for one in found.findings] == ["wrong", "again"]


def test_a_region_that_cfn_lint_does_not_know_is_no_reason_to_fail() -> None:
    assert cfn_linter("xx-nowhere-9")(rendered(ONE_OF_EACH[0]).body) == ()


def test_settings_of_cfn_lint_that_lie_about_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".cfnlintrc").write_text("ignore_checks: [E]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    found, _ = review([{**SOUND, "imageId": "ami-xyz"}], check=cfn_linter("eu-west-1"))
    assert [one.rule for one in found.findings] == ["E1152"]
