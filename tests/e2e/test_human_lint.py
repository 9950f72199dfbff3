"""`ohf lint` as people and pipelines call it: formats, files, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ohf_cli.edge import run
from ohf_cli.human import called
from ohf_cli.validation import schema_findings

ENTRY: dict[str, Any] = {
    "templateId": "grid",
    "maxNumber": 10,
    "maxPerRequest": 10,
    "requestValidity": "00:30",
    "imageId": "ami-0a1b2c3d4e5f60001",
    "vmType": "m5.large",
    "subnetId": "subnet-0a1b2c3d4e5f60001",
    "securityGroupIds": ["sg-0a1b2c3d4e5f60001"],
    "rootDeviceName": "/dev/xvda",
    "attributes": {
        "type": ["String", "X86_64"],
        "ncpus": ["Numeric", "1"],
        "ncores": ["Numeric", "1"],
        "nram": ["Numeric", "8192"],
    },
}
LOOSE = {**ENTRY, "httpTokens": "optional"}


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tmp_path


def catalogue(conf: Path, *entries: dict[str, Any], **own: Any) -> None:
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": entries}, indent=2))
    (conf / "ohf.json").write_text(json.dumps(own, indent=2))


def lint(conf: Path, *words: str, house: bool = True) -> int:
    """The exit code of `ohf lint`; with `house`, cfn-lint is left out."""
    return run(called, ["lint", "--conf", str(conf), *(["--house-only"] if house else []), *words])


def document(capsys: pytest.CaptureFixture[str]) -> Any:
    found = json.loads(capsys.readouterr().out)
    assert schema_findings("lint", found) == ()
    return found


def test_a_sound_catalogue_passes_cfn_lint_and_the_house(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(conf, ENTRY)
    assert lint(conf, "--fail-on", "info", "-o", "json", house=False) == 0
    found = document(capsys)
    assert found["findings"] == []
    assert found["cfnLint"]
    assert found["templates"] == ["grid"]


def test_a_grave_finding_exits_3_and_names_its_line(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(conf, ENTRY, {**LOOSE, "templateId": "loose"})
    assert lint(conf) == 3
    told = capsys.readouterr()
    assert "ohf: error[E301]: " in told.err
    assert "OHF-S003" in told.out
    lines = (conf / "awsprov_templates.json").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if '"httpTokens"' in text)
    assert f"awsprov_templates.json:{line}:" in told.out


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 3), ("info", 3), ("never", 0)])
def test_fail_on_says_what_is_grave(
    conf: Path, capsys: pytest.CaptureFixture[str], fail_on: str, code: int
) -> None:
    catalogue(conf, {**ENTRY, "keyName": "grid"})
    assert lint(conf, "--fail-on", fail_on) == code
    assert "OHF-S008" in capsys.readouterr().out


def test_one_run_writes_several_formats(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(conf, LOOSE)
    files = {form: conf / f"lint.{form}" for form in ("sarif", "junit", "json", "text")}
    words = [word for form, path in files.items() for word in ("--output-file", f"{form}={path}")]
    assert lint(conf, "-o", "github", *words) == 3
    assert capsys.readouterr().out.startswith("::error file=awsprov_templates.json,line=")
    assert json.loads(files["sarif"].read_text())["runs"][0]["results"][0]["ruleId"] == "OHF-S003"
    assert ElementTree.fromstring(files["junit"].read_text()).get("failures") == "1"
    assert schema_findings("lint", json.loads(files["json"].read_text())) == ()
    assert "OHF-S003" in files["text"].read_text()


@pytest.mark.parametrize("word", ["sarif", "pdf=x", "=x", "sarif="])
def test_output_files_need_a_format_and_a_name(conf: Path, capsys: pytest.CaptureFixture[str], word: str) -> None:
    catalogue(conf, ENTRY)
    assert lint(conf, "--output-file", word) == 64
    assert "FORMAT=FILE" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(conf, ENTRY)
    assert lint(conf, "--output-file", f"sarif={conf}/nowhere/lint.sarif") == 1
    assert "nowhere/lint.sarif" in capsys.readouterr().err


def test_an_unknown_template_is_told(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(conf, ENTRY)
    assert lint(conf, "other") == 1
    assert "find template other" in capsys.readouterr().err


def test_a_refused_template_is_a_finding(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(conf, ENTRY, {**ENTRY, "templateId": "bad", "subnetId": "nowhere"})
    assert lint(conf, "-o", "json") == 3
    (found,) = document(capsys)["findings"]
    assert (found["rule"], found["template"], found["field"]) == ("OHF-T001", "bad", "subnetId")
    lines = (conf / "awsprov_templates.json").read_text().splitlines()
    assert lines[found["line"] - 1][found["column"] - 1 :].startswith('"subnetId": "nowhere"')
