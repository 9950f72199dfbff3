"""`ohf approve`: who may, what is written, and what git makes of it."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ohf_cli.validation import schema_findings
from tests.e2e.human import Human, alone, on_terminal
from tests.e2e.provider import Provider
from tests.e2e.reviewed import (
    APPROVER,
    AUTHOR,
    TEMPLATE,
    approve,
    committed,
    digest_of,
    edited,
    git,
    reviewed,
    ssh_key,
)
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


def test_an_approval_writes_the_body_and_the_lock(human: Human) -> None:
    conf = reviewed(human)
    human.provider.aws.clear_calls()
    told = approve(human, "--ticket", "CHG0041999", "--expires", "2027-01-31")
    body = (conf / "approved" / f"{told['sha256']}.json").read_bytes()
    assert hashlib.sha256(body).hexdigest() == told["sha256"]
    lock = json.loads((conf / "ohf.lock").read_text())
    assert schema_findings("lock", lock) == ()
    (entry,) = lock["entries"].values()
    assert entry["envelope"]["TargetCapacity"] == {"min": 1, "max": 1000}
    assert entry["images"] == ["ami-0a1b2c3d4e5f60001"]
    (approval,) = entry["approvals"]
    assert approval == told["approval"]
    expected = {"by": APPROVER, "author": AUTHOR, "ticket": "CHG0041999", "expires": "2027-01-31"}
    assert {name: approval[name] for name in expected} == expected
    assert human.provider.aws.calls() == []


def test_a_signature_before_anybody_is_allowed_to_sign_says_what_is_missing(human: Human) -> None:
    conf = reviewed(human)
    approve(human, "--sign", str(ssh_key(conf, APPROVER)))
    (check, *_) = human.reads("verify", TEMPLATE, code=4)["checks"]
    assert "approvals.allowedSigners names no file" in check["message"]
    assert check["fix"].startswith("name the signers' file in approvals.allowedSigners")


def test_whoever_wrote_it_cannot_approve_it(human: Human) -> None:
    conf = reviewed(human)
    for words in (("--by", AUTHOR), ("--by", f"Bob <{AUTHOR.upper()}>"), ("--author", APPROVER)):
        told = approve(human, *words, code=4)
        assert told["error"]["code"] == "E404"
    edited(conf / "ohf.json", lambda document: document.setdefault("template", {}).update(maxPerRequest=7))
    assert approve(human, code=4)["error"]["code"] == "E404"  # changed here and not committed: the approver's own
    assert not (conf / "ohf.lock").exists()
    committed(conf)
    assert approve(human)["approval"]["author"] == AUTHOR


def test_whoever_changed_the_script_last_wrote_it_too(human: Human) -> None:
    conf = reviewed(human)
    script = next((conf / "scripts").glob("*.sh"))
    name = f"scripts/{script.name}"

    def with_script(told: Any) -> None:
        entries = told if isinstance(told, list) else told["templates"]
        next(one for one in entries if one["templateId"] == TEMPLATE).update(userDataScript=name)

    edited(conf / "awsprov_templates.json", with_script)
    committed(conf)
    script.write_text(script.read_text() + "# mine\n")
    git(conf, "-c", f"user.email={APPROVER}", "commit", "-q", "-a", "-m", "mine")
    assert approve(human, code=4)["error"]["code"] == "E404"
    assert approve(human, "--by", "carol@corp.example")["approval"]["author"] == APPROVER


def test_what_somebody_approved_while_the_question_stood_is_kept(human: Human) -> None:
    conf = reviewed(human)
    digest = digest_of(human)
    words = [sys.executable, "-m", "ohf_cli", "approve", TEMPLATE, "--conf", str(conf)]
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, env=human.provider.environ, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        seen = b""
        while b"[y/N]" not in seen:
            seen += os.read(ours, 65536)
        approve(human, "--by", "carol@corp.example")
        os.write(ours, b"y\n")
        assert process.wait(timeout=60) == 0
    os.close(ours)
    os.close(theirs)
    lock = json.loads((conf / "ohf.lock").read_text())
    assert [one["by"] for one in lock["entries"][digest]["approvals"]].count(APPROVER) == 1
    assert len(lock["entries"][digest]["approvals"]) == 2


def test_where_nobody_knows_the_author_one_has_to_be_named(human: Human) -> None:
    conf = reviewed(human)
    subprocess.run(["rm", "-r", str(conf / ".git")], check=True)
    assert approve(human, "--by", APPROVER, code=4)["error"]["code"] == "E404"
    assert approve(human, "--by", APPROVER, "--author", AUTHOR)["approval"]["author"] == AUTHOR


def test_yes_needs_the_digest_that_was_reviewed(human: Human) -> None:
    conf = reviewed(human)
    _, err = human.hears("approve", TEMPLATE, "--yes", code=64)
    assert "--expect-sha256" in err
    _, err = human.hears("approve", TEMPLATE, code=64)
    assert "no terminal" in err
    digest = digest_of(human)
    for wrong in ("0" * 64, digest[:12], digest.upper()):
        told = human.reads("approve", TEMPLATE, "--yes", "--expect-sha256", wrong, code=4)
        assert told["error"]["code"] == "E403"
    assert not (conf / "ohf.lock").exists()
    assert not (conf / "approved").exists()


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 130)])
def test_on_a_terminal_it_shows_and_asks(human: Human, typed: str, code: int) -> None:
    conf = reviewed(human)
    found, seen = on_terminal(human.provider, "approve", TEMPLATE, typed=typed, NO_COLOR="1")
    assert found == code, seen
    *_, findings = seen.replace("\r", "").split("\nwithin  ")
    assert findings.count("\nlint    ") >= 2
    assert all(len(line) <= 80 for line in findings.splitlines() if line.startswith(("lint ", " " * 8)))
    assert f"You are {APPROVER}. Author: {AUTHOR}" in seen
    assert "OK: four eyes." in seen
    assert "TargetCapacity <= 1000" in seen
    assert (conf / "ohf.lock").exists() == (code == 0)


def test_the_change_since_the_last_approval_is_shown_with_what_lint_finds(human: Human) -> None:
    conf = reviewed(human)
    approve(human)

    def wider(told: Any) -> None:
        entries = told if isinstance(told, list) else told["templates"]
        next(one for one in entries if one["templateId"] == TEMPLATE).update(
            maxPerRequest=2000, httpTokens="optional"
        )

    edited(conf / "awsprov_templates.json", wider)
    committed(conf)
    human.provider.aws.advance(60)
    told = approve(human)
    assert any(one.startswith("error OHF-S") for one in told["approval"]["findings"]), told["approval"]["findings"]
    edited(conf / "awsprov_templates.json", strict)
    committed(conf)
    done = alone(human.provider, "approve", TEMPLATE, "--yes", "--expect-sha256", digest_of(human))
    seen = done.stderr.decode()
    assert "HttpTokens" in seen
    assert "optional -> required" in seen
    assert "TargetCapacity 1 to 2000" in seen


def strict(told: Any) -> None:
    entries = told if isinstance(told, list) else told["templates"]
    next(one for one in entries if one["templateId"] == TEMPLATE).pop("httpTokens")


def test_a_second_approval_is_added_and_two_may_be_needed(human: Human) -> None:
    conf = reviewed(human, mode="enforce", unsigned=True, minApprovals=2)
    approve(human)
    assert human.says("verify", TEMPLATE, code=4).count("TOO FEW") == 1
    told = approve(human, "--by", "carol@corp.example")
    assert told["approvals"] == 2
    human.says("verify", TEMPLATE)
    again = json.loads((conf / "ohf.lock").read_text())
    assert len(next(iter(again["entries"].values()))["approvals"]) == 2


def test_days_that_are_none_or_have_passed_are_refused(human: Human) -> None:
    reviewed(human)
    for day in ("2027-02-30", "tomorrow", "2020-01-01"):
        assert approve(human, "--expires", day, code=1)["error"]["code"] == "E111"


def test_git_merges_what_two_branches_approved(human: Human) -> None:
    """Where git cannot, because both stand in one place of the file, the lock's error says how to go on."""
    conf = reviewed(human, unsigned=True)
    for template in ("spotfleet-request", "asg-ondemand", "asg-mixed"):
        approve(human, template=template)
    committed(conf)
    places = sorted(json.loads((conf / "ohf.lock").read_text())["entries"])
    others = {template: digest_of(human, template) for template in ("maintain-spot", "request-spot", TEMPLATE)}
    before = {template: sum(place < digest for place in places) for template, digest in others.items()}
    first = next(iter(others))
    second = next(template for template in others if before[template] != before[first])
    git(conf, "checkout", "-q", "-b", "side")
    approve(human, template=first)
    committed(conf)
    git(conf, "checkout", "-q", "-")
    approve(human, template=second)
    committed(conf)
    git(conf, "merge", "-q", "-m", "merge", "side")
    assert set(json.loads((conf / "ohf.lock").read_text())["entries"]) == {*places, others[first], others[second]}
    human.says("verify", first)
    human.says("verify", second)


def test_a_signature_is_made_and_checked_before_anything_is_written(human: Human) -> None:
    conf = reviewed(human, mode="enforce", allowedSigners="allowed_signers")
    key = ssh_key(conf, APPROVER)
    other = ssh_key(human.provider.folder, "mallory@corp.example", "other")
    told = approve(human, "--sign", str(other), code=4)
    assert told["error"]["code"] == "E405"
    assert not (conf / "ohf.lock").exists()
    assert len(approve(human, "--sign", str(key))["approval"]["signature"]) > 100
    human.requests(TEMPLATE, 1)


def test_nothing_of_it_needs_a_home_or_the_network(human: Human) -> None:
    conf = reviewed(human, unsigned=True)
    digest = digest_of(human)
    words = ["approve", TEMPLATE, "--yes", "--expect-sha256", digest, "--by", APPROVER, "--conf", str(conf)]
    program = (
        "import sys\nfrom ohf_cli.human import main\n"
        f"sys.argv = ['ohf', *{words!r}]\ncode = main()\n"
        "assert not {'botocore', 'boto3', 'socket'} & set(sys.modules), 'network'\nsys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
