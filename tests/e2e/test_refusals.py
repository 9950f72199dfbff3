"""What cannot be done is said, and leaves no trace in AWS or in the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ohf_cli.human import command
from tests.e2e.provider import Provider, live_stacks

READING = ("Describe", "List", "Get")


def ask(template: str, count: Any) -> dict[str, Any]:
    return {"template": {"templateId": template, "machineCount": count}}


def catalogue_with(provider: Provider, folder: Path, text: str) -> Provider:
    """The provider with another catalogue."""
    conf = folder / "conf"
    conf.mkdir()
    (conf / "awsprov_config.json").write_text('{"AWS_REGION": "us-east-1"}')
    (conf / "awsprov_templates.json").write_text(text)
    provider.conf = conf
    return provider


def entry(template_id: str, **fields: Any) -> dict[str, Any]:
    """A template that can be served, unless `fields` spoil it."""
    return {
        "templateId": template_id,
        "maxNumber": 4,
        "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "2"], "nram": ["Numeric", "8192"]},
        "imageId": "ami-0a1b2c3d4e5f60001",
        "vmType": "m5.large",
        "subnetId": "subnet-0a1b2c3d4e5f60001",
        "securityGroupIds": ["sg-0a1b2c3d4e5f60001"],
        **fields,
    }


def status_json(provider: Provider) -> str:
    """What `ohf status --output json` prints."""
    done = CliRunner().invoke(command, ["status", "--output", "json"], env=provider.environ)
    assert done.exit_code == 0, done.output
    return done.output


def untouched(provider: Provider, operation: str, document: object, *fragments: str) -> None:
    """The call exits 1 with a message that holds the fragments; nothing changed, in AWS or in our memory."""
    before = status_json(provider)
    provider.aws.clear_calls()
    answer = provider.call(operation, document, code=1)
    assert set(answer) == {"message"}
    for fragment in fragments:
        assert fragment in answer["message"]
    changing = [one["action"] for one in provider.aws.calls() if not one["action"].startswith(READING)]
    assert changing == []
    assert status_json(provider) == before


@pytest.mark.parametrize(
    ("document", "fragment"),
    [
        pytest.param(ask("nothing-like-it", 1), "nothing-like-it", id="unknown template"),
        pytest.param(ask("instant-ondemand", 0), "at least 1", id="count 0"),
        pytest.param(ask("instant-ondemand", -3), "at least 1", id="negative"),
        pytest.param(ask("instant-ondemand", 2.5), "whole number", id="fractional"),
        pytest.param(ask("instant-ondemand", "many"), "not a whole number", id="no number"),
        pytest.param(ask("instant-ondemand", 100_000), "asked for", id="above every limit"),
        pytest.param({"template": {"machineCount": 1}}, "templateId", id="no template id"),
        pytest.param({}, "template", id="empty"),
        pytest.param('{"template": ', "not JSON", id="broken JSON"),
        pytest.param("[1, 2]", "JSON object", id="no object"),
    ],
)
def test_a_request_that_makes_no_sense(quick: Provider, document: object, fragment: str) -> None:
    untouched(quick, "requestMachines", document, fragment)


def test_live_machines_count_towards_the_maximum(quick: Provider, tmp_path: Path) -> None:
    provider = catalogue_with(quick, tmp_path, json.dumps({"templates": [entry("four")]}))
    provider.settle(provider.request("four", 3))
    untouched(provider, "requestMachines", ask("four", 2), "maxNumber is 4", "3 of template four")
    second = provider.settle(provider.request("four", 1))
    assert second["status"] == "complete"


def test_machines_still_asked_for_count_towards_the_maximum(quick: Provider, tmp_path: Path) -> None:
    provider = catalogue_with(quick, tmp_path, json.dumps({"templates": [entry("four")]}))
    provider.request("four", 3)
    untouched(provider, "requestMachines", ask("four", 2), "maxNumber is 4")


def test_a_refused_template_is_left_out_and_the_others_go_on(quick: Provider, tmp_path: Path) -> None:
    catalogue = {"templates": [entry("good"), entry("bad", providerApi="RunInstances")]}
    provider = catalogue_with(quick, tmp_path, json.dumps(catalogue))
    answer = provider.call("getAvailableTemplates", {})
    assert [one["templateId"] for one in answer["templates"]] == ["good"]
    assert "bad" in answer["message"]
    assert "RunInstances" in answer["message"]
    untouched(provider, "requestMachines", ask("bad", 1), "bad", "RunInstances")
    assert provider.settle(provider.request("good", 1))["status"] == "complete"


@pytest.mark.parametrize(
    ("catalogue", "fragment"),
    [
        pytest.param('{"templates": [', "awsprov_templates.json", id="broken"),
        pytest.param('{"templates": []}', "template", id="empty"),
        pytest.param(json.dumps({"templates": [entry("x", tenancy="host")]}), "host", id="all refused"),
    ],
)
def test_a_catalogue_that_serves_nothing(quick: Provider, tmp_path: Path, catalogue: str, fragment: str) -> None:
    provider = catalogue_with(quick, tmp_path, catalogue)
    untouched(provider, "getAvailableTemplates", {}, fragment)


def test_no_catalogue_at_all(quick: Provider, tmp_path: Path) -> None:
    provider = catalogue_with(quick, tmp_path, "{}")
    (provider.conf / "awsprov_templates.json").unlink()
    untouched(provider, "getAvailableTemplates", {}, "awsprov_templates")
    untouched(provider, "requestMachines", ask("x", 1), "awsprov_templates")


def test_an_input_file_that_is_not_there(provider: Provider) -> None:
    source = provider.folder / "hf_in_Ab3xYz"
    provider.call("getAvailableTemplates", {})
    source.unlink()
    code, text = provider._script("requestMachines", source)
    assert code == 1
    assert "No such file" in json.loads(text)["message"]
    assert live_stacks(provider.aws) == []


def test_wrong_use_of_the_command(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "log").mkdir()
    code, text = provider._script("getAvailableTemplates", tmp_path / "absent")
    assert code == 1
    assert set(json.loads(text)) == {"message"}
