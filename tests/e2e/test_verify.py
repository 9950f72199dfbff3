"""`ohf verify`: whatever is changed behind the lock's back is found. (Stacks that exist: test_verify_deployed.)"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.human import Human
from tests.e2e.provider import Provider
from tests.e2e.reviewed import APPROVER, TEMPLATE, approve, edited, reviewed, ssh_key
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


@pytest.fixture
def conf(human: Human) -> Path:
    """A configuration whose template is approved and signed."""
    folder = reviewed(human, mode="enforce", allowedSigners="allowed_signers")
    approve(human, "--sign", str(ssh_key(folder, APPROVER)), "--ticket", "CHG1")
    return folder


def the_entry(conf: Path, change: Callable[[dict[str, Any]], object]) -> None:
    edited(conf / "ohf.lock", lambda told: change(next(iter(told["entries"].values()))))


def the_approval(conf: Path, **changed: str) -> None:
    the_entry(conf, lambda entry: entry["approvals"][0].update(changed))


def another_signature(conf: Path) -> None:
    def change(entry: dict[str, Any]) -> None:
        told = entry["approvals"][0]["signature"]
        entry["approvals"][0]["signature"] = told[:-8] + ("AAAA" if told[-8:-4] != "AAAA" else "BBBB") + told[-4:]

    the_entry(conf, change)


def another_signer(conf: Path) -> None:
    (conf / "allowed_signers").unlink()
    ssh_key(conf, APPROVER, "intruder")


def another_body(conf: Path) -> None:
    (file,) = (conf / "approved").iterdir()
    file.write_text(file.read_text().replace("ami-0a1b2c3d4e5f60001", "ami-0a1b2c3d4e5f60666"))


def another_digest(conf: Path) -> None:
    edited(conf / "ohf.lock", lambda told: told["entries"].update({"0" * 64: told["entries"].popitem()[1]}))


TAMPERING: dict[str, tuple[Callable[[Path], object], str]] = {
    "lock entry": (lambda conf: the_entry(conf, lambda entry: entry.update(rendererAbi=99)), "E405"),
    "lock entry's digest": (another_digest, "E4"),
    "lock entry's envelope": (
        lambda conf: the_entry(conf, lambda entry: entry["envelope"]["TargetCapacity"].update(max=9000)),
        "E40",
    ),
    "expiry": (lambda conf: the_approval(conf, expires="2099-12-31"), "E405"),
    "ticket": (lambda conf: the_approval(conf, ticket="CHG2"), "E405"),
    "author": (lambda conf: the_approval(conf, author="carol@corp.example"), "E405"),
    "body": (another_body, "E403"),
    "body taken away": (lambda conf: next((conf / "approved").iterdir()).unlink(), "E406"),
    "signature": (another_signature, "E405"),
    "signature taken away": (
        lambda conf: the_entry(conf, lambda entry: entry["approvals"][0].pop("signature")),
        "E405",
    ),
    "allowed signers": (another_signer, "E405"),
    "allowed signers taken away": (lambda conf: (conf / "allowed_signers").unlink(), "E405"),
}


@pytest.mark.usefixtures("conf")
def test_what_nobody_touched_is_verified(human: Human) -> None:
    assert f"{APPROVER} CHG1 until" in human.says("verify", TEMPLATE)
    told = human.reads("verify", TEMPLATE)
    assert (told["ok"], told["mode"], len(told["checks"])) == (True, "enforce", 1)


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found(human: Human, conf: Path, what: str) -> None:
    tamper, code = TAMPERING[what]
    tamper(conf)
    told = human.reads("verify", TEMPLATE, code=4)
    assert not told["ok"]
    assert any(one["code"].startswith(code) for one in told["checks"]), told
    # and what verify finds is not sent
    assert human.hears("request", TEMPLATE, "1", code=4)


def test_tampering_with_an_approval_that_is_not_needed_is_found_too(human: Human, conf: Path) -> None:
    approve(human, "--by", "carol@corp.example", "--sign", str(ssh_key(conf, "carol@corp.example", "second")))
    human.says("verify", TEMPLATE)
    the_approval(conf, ticket="CHG2")
    assert "UNSIGNED" in human.says("verify", TEMPLATE, code=4)


def test_a_changed_configuration_is_found(human: Human, conf: Path) -> None:
    def change(told: Any) -> None:
        entries = told if isinstance(told, list) else told["templates"]
        next(one for one in entries if one["templateId"] == TEMPLATE).update(imageId="ami-0a1b2c3d4e5f60666")

    edited(conf / "awsprov_templates.json", change)
    assert "CHANGED" in human.says("verify", TEMPLATE, code=4)


@pytest.mark.usefixtures("conf")
def test_an_emergency_is_told_for_ever(human: Human) -> None:
    approve(human, "--break-glass", "nothing boots", "--by", "bob@corp.example")
    assert "break glass by bob@corp.example" in human.says("verify", TEMPLATE)
    human.provider.aws.advance(3 * 86400)
    told = human.reads("verify", TEMPLATE)
    assert [one["emergency"] for one in told["checks"]] == ["", "nothing boots"]


@pytest.mark.usefixtures("conf")
def test_a_pipeline_gets_every_check_as_junit(human: Human, tmp_path: Path) -> None:
    human.says("verify", "--output-file", f"junit={tmp_path / 'a.xml'}", code=4)
    (suite,) = ElementTree.parse(tmp_path / "a.xml").getroot()
    cases = {case.get("classname"): [one.get("type") for one in case] for case in suite}
    assert cases[f"ohf verify.{TEMPLATE}"] == []
    assert cases["ohf verify.asg-ondemand"] == ["E401"]
    assert len(json.loads(human.says("verify", "--output", "json", code=4))["checks"]) == len(suite)
