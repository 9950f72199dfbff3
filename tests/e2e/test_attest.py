"""`ohf attest`: statements about templates and requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ohf_cli.validation import schema_findings
from tests.e2e.human import Human
from tests.e2e.provider import EXAMPLE, ROOT, Provider, forget
from tests.e2e.reviewed import TEMPLATE, approve, edited, reviewed
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


@pytest.fixture
def conf(human: Human) -> Path:
    folder = reviewed(human, mode="warn", unsigned=True)
    approve(human, "--ticket", "CHG1")
    return folder


def statement(human: Human, subject: str) -> dict[str, Any]:
    told = json.loads(human.says("attest", subject))
    assert schema_findings("attestation", told) == ()
    return dict(told)


def dependency(told: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in told["predicate"]["buildDefinition"]["resolvedDependencies"] if one["name"] == name]
    return dict(found)


def external(told: dict[str, Any]) -> dict[str, Any]:
    return dict(told["predicate"]["buildDefinition"]["externalParameters"])


def templates() -> list[str]:
    return [one["templateId"] for one in json.loads((EXAMPLE / "awsprov_templates.json").read_text())["templates"]]


def test_every_template_has_its_statement_without_aws(human: Human) -> None:
    index = json.loads((ROOT / "examples" / "stacks" / "index.json").read_text())["templates"]
    for name in templates():
        told = statement(human, name)
        assert told["subject"] == [{"name": name, "digest": {"sha256": index[name]["sha256"]}}]
        assert "metadata" not in told["predicate"]["runDetails"]
        assert json.loads(human.says("attest", name)) == told
    assert human.provider.aws.calls() == []


def test_a_request_has_its_statement_live_and_deleted(human: Human, conf: Path) -> None:
    provider = human.provider
    entry = provider.settle(provider.request(TEMPLATE, 2))
    live = statement(human, entry["requestId"])
    lock = json.loads((conf / "ohf.lock").read_text())
    ((digest, approved),) = lock["entries"].items()
    assert live["subject"][0]["digest"]["sha256"] == digest
    assert live["subject"][0]["name"].startswith("arn:aws:cloudformation:")
    definition, run = live["predicate"]["buildDefinition"], live["predicate"]["runDetails"]
    assert definition["externalParameters"]["parameters"]["TargetCapacity"] == "2"
    assert definition["externalParameters"]["template"]["input"]["template_id"] == TEMPLATE
    assert dependency(live, "template input")["digest"]["sha256"] == approved["input"]
    assert dependency(live, "lock entry")["annotations"]["approvals"][0]["ticket"] == "CHG1"
    assert (run["ohf_verdict"]["verdict"], run["metadata"]["invocationId"]) == ("ok", entry["requestId"])
    assert run["metadata"]["startedOn"] <= run["metadata"]["finishedOn"]
    provider.settle(provider.give_back(entry["machines"]))
    provider.polls(600, step=60)
    forget(provider)
    assert statement(human, entry["requestId"]) == live


def test_a_body_of_yesterday_is_attested_without_an_input_of_today(human: Human, conf: Path) -> None:
    entry = human.provider.settle(human.provider.request(TEMPLATE, 1))
    edited(conf / "awsprov_templates.json", lambda told: told["templates"][0].update(maxNumber=7))
    assert (
        "input"
        in statement(human, entry["requestId"])["predicate"]["buildDefinition"]["externalParameters"]["template"]
    )

    def other(told: Any) -> None:
        next(one for one in told["templates"] if one["templateId"] == TEMPLATE).update(maxPerRequest=7)

    edited(conf / "awsprov_templates.json", other)
    told = statement(human, entry["requestId"])
    assert external(told)["template"] == {"templateId": TEMPLATE}
    assert dependency(told, "template input")["digest"]


def test_what_nobody_approved_is_attested_with_its_verdict(human: Human, conf: Path) -> None:
    assert conf.is_dir()
    entry = human.provider.settle(human.provider.request("asg-ondemand", 1))
    told = statement(human, entry["requestId"])["predicate"]["runDetails"]["ohf_verdict"]
    assert (told["verdict"], told["deviations"][0]["code"]) == ("violation", "E401")


def test_what_cannot_be_read_is_not_attested(human: Human) -> None:
    request_id = human.provider.request(TEMPLATE, 1)
    human.provider.settle(request_id)
    denied = {"action": "GetTemplate", "kind": "error", "status": 400, "code": "AccessDenied"}
    human.provider.aws.scenario(faults=[denied])
    out, err = human.hears("attest", request_id, code=77)
    assert (out, "E7701" in err) == ("", True)
    human.says("attest", f"req-{1:08x}-{1:016x}", code=1)
    human.says("attest", "nothing", code=1)


def test_no_secret_is_in_a_statement(human: Human, conf: Path) -> None:
    def secrets(told: Any) -> None:
        one = next(one for one in told["templates"] if one["templateId"] == TEMPLATE)
        one |= {"userData": "TOKEN=abcdef1234567890;ROLE=worker", "userDataScript": ""}
        one["instanceTags"] = "api_key=zyxwvu0987654321;team=grid"

    edited(conf / "awsprov_templates.json", secrets)
    request_id = human.provider.request(TEMPLATE, 1)
    human.provider.settle(request_id)
    for subject in (TEMPLATE, request_id):
        text = json.dumps(statement(human, subject))
        assert ("abcdef1234567890" in text, "zyxwvu0987654321" in text) == (False, False)
        assert "worker" in text


def test_a_file_and_usage(human: Human, tmp_path: Path) -> None:
    human.says("attest", TEMPLATE, "--to", str(tmp_path / "a.json"))
    human.says("attest", TEMPLATE, "--output-file", str(tmp_path / "b.json"))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    human.says("attest", TEMPLATE, "--to", str(tmp_path / "no" / "a.json"), code=1)
    human.says("attest", f"req-{1:08x}-{1:016x}", "--root", "x", code=64)
