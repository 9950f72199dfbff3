"""The doctor's checks, each with the illness that it is for. AWS is one small server, or nowhere."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ohf_iac.app import app_for
from ohf_iac.operations.doctor import Finding, examine

CALLER = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::123456789012:user/grid</Arn><UserId>A</UserId><Account>123456789012</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
TEMPLATE = {
    "templateId": "t",
    "maxNumber": 1,
    "imageId": "ami-0a1b2c3d4e5f60001",
    "vmType": "m5.large",
    "subnetId": "subnet-0a1b2c3d4e5f60001",
    "securityGroupIds": ["sg-0a1b2c3d4e5f60001"],
    "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "1"], "nram": ["Numeric", "1024"]},
}


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A healthy provider, of which AWS alone cannot be reached."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("conf", "work", "log"):
        (tmp_path / name).mkdir()
    catalogue(tmp_path, TEMPLATE)
    services = ("EC2", "CLOUDFORMATION", "AUTOSCALING", "STS")
    return {
        "HF_PROVIDER_NAME": "ohf",
        **{f"HF_PROVIDER_{name.upper()}DIR": str(tmp_path / name) for name in ("conf", "work", "log")},
        "OHF_PROVIDER_REGION": "us-east-1",
        "OHF_PROVIDER_RETRY_ATTEMPTS": "0",
        **{f"OHF_PROVIDER_{name}_ENDPOINT": "http://127.0.0.1:9" for name in services},
    }


@pytest.fixture
def sts() -> Iterator[tuple[str, list[float]]]:
    """An STS, and the seconds by which its clock is ahead, to be set by the test."""
    ahead = [0.0]

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", formatdate(time.time() + ahead[0], usegmt=True))
            self.send_header("Content-Length", str(len(CALLER)))
            self.end_headers()
            self.wfile.write(CALLER)

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", ahead
        server.shutdown()


def catalogue(folder: Path, *templates: dict[str, object]) -> None:
    (folder / "conf" / "awsprov_templates.json").write_text(json.dumps({"templates": templates}))


def found(environ: dict[str, str], *shape: str) -> dict[str, Finding]:
    return {one.code: one for one in examine(app_for(environ), environ, shape)}


def of_every_kind() -> list[dict[str, object]]:
    """Templates for which every API is asked."""
    others = ({"providerApi": "ASG"}, {"providerApi": "SpotFleet", "priceType": "spot"})
    return [TEMPLATE, *({**TEMPLATE, **one, "templateId": one["providerApi"]} for one in others)]


def test_a_healthy_provider_without_aws(environ: dict[str, str], tmp_path: Path) -> None:
    catalogue(tmp_path, *of_every_kind())
    severities = {code: one.severity for code, one in found(environ).items()}
    assert [code for code, severity in severities.items() if severity != "fail"] == [
        "D101",
        "D102",
        "D103",
        "D104",
        "D105",
        "D203",
    ]
    assert [code for code, severity in severities.items() if severity == "fail"] == [
        *("D201", "D202", "D301", "D302", "D303", "D304", "D305", "D306", "D401")
    ]


def test_what_no_template_needs_is_not_asked(environ: dict[str, str]) -> None:
    """Least policies allow it only to those who do."""
    unused = {code: one.text for code, one in found(environ).items() if "not asked" in one.text}
    assert list(unused) == ["D304", "D305", "D306"]
    assert "of kind ASG" in unused["D306"]


def test_every_finding_that_is_not_ok_tells_what_to_do(environ: dict[str, str]) -> None:
    assert [one.code for one in found(environ).values() if one.severity != "ok" and not one.fix] == []


def test_an_unknown_key_is_told(environ: dict[str, str]) -> None:
    finding = found(environ | {"OHF_LIMITS_DEADLIEN": "3"})["D101"]
    assert (finding.severity, "OHF_LIMITS_DEADLIEN" in finding.text) == ("warn", True)


def test_a_clock_file_that_is_ignored_is_told(environ: dict[str, str]) -> None:
    far = environ | {"OHF_CLOCK_FILE": "clock", "OHF_PROVIDER_EC2_ENDPOINT": "https://ec2.example.com"}
    finding = found(far)["D101"]
    assert (finding.severity, finding.fix) == ("warn", "unset OHF_CLOCK_FILE")


def test_a_refused_template_warns_and_a_catalogue_of_them_fails(environ: dict[str, str], tmp_path: Path) -> None:
    refused = {**TEMPLATE, "templateId": "r", "providerApi": "RunInstances"}
    catalogue(tmp_path, TEMPLATE, refused)
    assert found(environ)["D102"].severity == "warn"
    catalogue(tmp_path, refused)
    assert found(environ)["D102"].severity == "fail"


def test_a_catalogue_that_is_empty_or_missing_fails(environ: dict[str, str], tmp_path: Path) -> None:
    catalogue(tmp_path)
    assert found(environ)["D102"].severity == "fail"
    (tmp_path / "conf" / "ohf.json").write_text("{}")  # a folder without any configuration is refused before
    (tmp_path / "conf" / "awsprov_templates.json").unlink()
    assert [found(environ)[code].severity for code in ("D102", "D103")] == ["fail", "fail"]


def test_what_the_schema_finds_is_told(environ: dict[str, str]) -> None:
    assert found(environ, "templates[0].maxNumber: wrong")["D102"].text == "templates[0].maxNumber: wrong"


def test_groups_without_a_service_role_warn(environ: dict[str, str], tmp_path: Path) -> None:
    catalogue(tmp_path, {**TEMPLATE, "providerApi": "ASG"})
    assert found(environ)["D103"].severity == "warn"
    role = {"OHF_PROVIDER_SERVICE_ROLE_ARN": "arn:aws:iam::123456789012:role/ohf"}
    assert found(environ | role)["D103"].severity == "ok"


def test_approvals_that_are_missing_warn_and_under_enforce_fail(environ: dict[str, str]) -> None:
    assert found(environ)["D105"].text.startswith("off")
    for mode, severity in (("warn", "warn"), ("enforce", "fail")):
        finding = found(environ | {"OHF_APPROVALS_MODE": mode})["D105"]
        assert (finding.severity, finding.fix) == (severity, "ohf verify")
        assert "template t was never approved" in finding.text


def test_a_lock_that_cannot_be_used_fails(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "conf" / "ohf.lock").write_text("{")
    assert found(environ | {"OHF_APPROVALS_MODE": "warn"})["D105"].severity == "fail"


def test_folders_that_are_missing_are_told(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "log").rmdir()
    assert found(environ)["D104"].fix == f"mkdir -p {tmp_path / 'log'}"


def test_damaged_memory_is_told_and_set_aside(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "work" / "ohf-request_database.json").write_text("{broken")
    assert found(environ)["D104"].severity == "warn"


@pytest.mark.parametrize(
    ("ahead", "severity"), [(0, "ok"), (-60, "warn"), (120, "warn"), (400, "fail"), (-400, "fail")]
)
def test_the_clock_is_held_against_that_of_aws(
    environ: dict[str, str], sts: tuple[str, list[float]], ahead: float, severity: str
) -> None:
    url, offset = sts
    offset[0] = ahead
    findings = found(environ | {"OHF_PROVIDER_STS_ENDPOINT": url})
    assert findings["D201"].text == "arn:aws:iam::123456789012:user/grid in us-east-1, by env"
    assert findings["D202"].severity == severity


def test_files_that_others_may_read_are_told_with_the_command_that_mends_them(
    environ: dict[str, str], tmp_path: Path
) -> None:
    assert found(environ)["D203"].severity == "ok"
    ours, theirs = tmp_path / "work" / "ohf-audit.jsonl", tmp_path / "work" / "other-audit.jsonl"
    for file in (ours, theirs):
        file.touch()
        file.chmod(0o644)
    check = found(environ)["D203"]
    assert (check.severity, check.fix) == ("warn", f"chmod 600 {ours}")
    keys = tmp_path / "keys"
    keys.write_text("[default]\n")
    keys.chmod(0o644)
    check = found({**environ, "OHF_PROVIDER_CREDENTIALS_FILE": str(keys)})["D203"]
    assert (check.severity, check.fix) == ("fail", f"chmod 600 {keys}")


@pytest.mark.parametrize("variable", ["HF_PROVIDER_WORKDIR", "HF_PROVIDER_CONFDIR"])
def test_folders_that_everybody_may_write_to_are_told(environ: dict[str, str], variable: str) -> None:
    folder = Path(environ[variable])
    folder.chmod(0o1777)
    check = found(environ)["D203"]
    assert (check.severity, check.fix) == ("warn", f"chmod o-w {folder}")
