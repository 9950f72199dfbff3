"""`ohf render`: files for review, their index, and the bytes that are sent."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from ohf_iac.render.index import index_text
from tests.e2e.human import Human
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


def test_all_templates_are_written_with_an_index_and_no_aws_call(human: Human, tmp_path: Path) -> None:
    human.provider.aws.clear_calls()
    human.says("render", "--all", "-d", str(tmp_path / "out"))
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert index["schema"] == "ohf/index/v1"
    assert (tmp_path / "out" / "index.json").read_text() == index_text(index)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        ["index.json", *(one["file"] for one in index["templates"].values())]
    )
    for entry in index["templates"].values():
        text = (tmp_path / "out" / entry["file"]).read_text()
        body = json.loads(text)
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n"
        assert text == json.dumps(body, indent=2, sort_keys=True) + "\n"
        assert (hashlib.sha256(canonical.encode()).hexdigest(), len(canonical)) == (entry["sha256"], entry["bytes"])
    assert human.provider.aws.calls() == []
    assert list((tmp_path / "work").iterdir()) == []


def test_what_is_printed_canonically_has_the_digest_of_the_index(human: Human) -> None:
    index = human.reads("render", "--all")
    printed = human.says("render", "asg-ondemand", "--canonical")
    assert hashlib.sha256(printed.encode()).hexdigest() == index["templates"]["asg-ondemand"]["sha256"]


def test_what_is_sent_is_what_was_rendered(human: Human) -> None:
    request_id = human.requests("instant-ondemand", 1)
    sent = human.provider.aws.client("cloudformation").get_template(StackName=f"ohf-{request_id}")["TemplateBody"]
    assert json.loads(human.says("render", "instant-ondemand")) == sent
    (shown,) = human.reads("status")["requests"]
    assert shown["digest"] == human.reads("render", "--all")["templates"]["instant-ondemand"]["sha256"]


def test_yaml_says_the_same(human: Human, tmp_path: Path) -> None:
    human.says("render", "instant-spot", "--yaml", "-d", str(tmp_path / "out"))
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    text = (tmp_path / "out" / index["templates"]["instant-spot"]["file"]).read_text()
    assert yaml.safe_load(text) == json.loads(human.says("render", "instant-spot"))


def test_a_refused_template_fails_the_rendering_of_all_and_of_itself_alone(human: Human, tmp_path: Path) -> None:
    document = json.loads((EXAMPLE / "awsprov_templates.json").read_text())
    refused = {**document["templates"][1], "templateId": "refused", "providerApi": "RunInstances"}
    conf = tmp_path / "conf"
    conf.mkdir()
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": [refused, document["templates"][1]]}))
    human.provider.conf = conf
    told = human.hears("render", "--all", "-d", str(tmp_path / "out"), code=1)
    assert "refused" in told[1]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.json", "instant-spot.json"]
    assert "providerApi" in human.hears("render", "refused", code=1)[1]
    assert "providerApi" in human.says("templates", "validate", code=1)
    human.says("render", "instant-spot")


def test_a_folder_that_cannot_be_written_is_named(human: Human, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in human.hears("render", "--all", "-d", str(tmp_path / "file"), code=1)[1]


def test_settings_that_do_not_fit_the_schema_are_all_named_at_once(human: Human, tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    conf.mkdir()
    (conf / "ohf.json").write_text(json.dumps({"limits": {"deadline": "long"}, "events": {"log": 3}}))
    human.provider.conf = conf
    told = human.hears("render", "--all", code=78)[1]
    assert "limits.deadline" in told
    assert "events.log" in told
