"""`ohf render --check` and `--root`: a pipeline holds what was committed against what the host renders."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.render.index import index_text
from tests.e2e.human import Human
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


@pytest.fixture
def folder(human: Human, tmp_path: Path) -> Path:
    """The example's stacks as somebody committed them."""
    human.says("render", "--all", "-d", str(tmp_path / "out"))
    return tmp_path / "out"


def checked(human: Human, folder: Path, *more: str, code: int) -> list[tuple[str, str]]:
    """The files that are not current, each with its state; nothing may be written."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else None
    document: dict[str, Any] = human.reads("render", "--all", "-d", str(folder), "--check", *more, code=code)
    assert ({path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else None) == before, (
        "a check wrote"
    )
    return [(one["file"], one["state"]) for one in document["files"]]


def test_a_folder_that_was_just_written_is_current(human: Human, folder: Path) -> None:
    assert checked(human, folder, code=0) == []


def test_stale_missing_and_left_over_files_are_named(human: Human, folder: Path) -> None:
    stack = json.loads((folder / "asg-ondemand.json").read_text())
    stack["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]["KeyName"] = "mine"
    (folder / "asg-ondemand.json").write_text(json.dumps(stack, indent=2, sort_keys=True) + "\n")
    (folder / "instant-spot.json").unlink()
    (folder / "gone.json").write_text("{}")
    (folder / "README.md").write_text("what is no stack is nobody's affair")
    assert checked(human, folder, code=1) == [
        ("asg-ondemand.json", "differs"),
        ("gone.json", "left over"),
        ("instant-spot.json", "missing"),
    ]
    printed, told = human.hears("render", "--all", "-d", str(folder), "--check", code=1)
    assert "left over  gone.json" in printed
    assert re.search(
        r"differs +asg-ondemand.json +~ LaunchTemplate.KeyName +mine -> grid-key +BROADENS key-pair", printed
    )
    assert "error[E140]" in told
    assert f"ohf render --all -d {folder}, remove gone.json" in told


def test_a_folder_that_is_not_there_misses_every_file(human: Human, tmp_path: Path) -> None:
    found = checked(human, tmp_path / "nothing", code=1)
    assert ("index.json", "missing") in found
    assert {state for _, state in found} == {"missing"}


def test_a_file_that_was_formatted_anew_is_stale(human: Human, folder: Path) -> None:
    (folder / "asg-ondemand.json").write_bytes((folder / "asg-ondemand.json").read_bytes().replace(b"\n", b"\r\n"))
    assert checked(human, folder, code=1) == [("asg-ondemand.json", "differs")]
    told = human.says("render", "--all", "-d", str(folder), "--check", code=1)
    assert "what is committed says the same and is written otherwise" in told


def test_what_differs_is_told_in_few_lines_and_without_scripts(human: Human, folder: Path) -> None:
    file = folder / "instant-ondemand.json"
    stack = json.loads(file.read_text())
    data = stack["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    data["UserData"] = {"Fn::Base64": "export SECRET=hunter2"}
    data |= {f"Unknown{number}": number for number in range(20)}
    file.write_text(json.dumps(stack, indent=2, sort_keys=True) + "\n")
    (folder / "asg-mixed.json").write_text("no JSON")
    index = json.loads((folder / "index.json").read_text())
    index["templates"]["instant-spot"]["sha256"] = "0" * 64
    (folder / "index.json").write_text(index_text(index))
    document = human.reads("render", "--all", "-d", str(folder), "--check", code=1)
    told = {one["file"]: one["changes"] for one in document["files"]}
    assert told["asg-mixed.json"] == ["what is committed is no JSON object"]
    assert "hunter2" not in json.dumps(document)
    assert told["instant-ondemand.json"][0].startswith("~ LaunchTemplate.UserData  sha256:")
    assert told["instant-ondemand.json"][-1] == "and 13 more"
    (line,) = told["index.json"]
    assert line.startswith("~ templates.instant-spot.sha256  000")


def test_each_form_is_checked_as_it_was_written(human: Human, tmp_path: Path) -> None:
    for form in ("--yaml", "--canonical"):
        folder = tmp_path / form
        human.says("render", "--all", "-d", str(folder), form)
        assert checked(human, folder, form, code=0) == []
        assert checked(human, folder, code=1) != []


def catalogue_with(human: Human, folder: Path, script: str) -> None:
    """A configuration of one template whose script has an absolute path."""
    document = json.loads((EXAMPLE / "awsprov_templates.json").read_text())
    entry = {**document["templates"][1], "userDataScript": script}
    (folder / "conf").mkdir(exist_ok=True)
    (folder / "conf" / "awsprov_templates.json").write_text(json.dumps({"templates": [entry]}))
    human.provider.conf = folder / "conf"


def test_a_root_stands_for_the_host_s(human: Human, tmp_path: Path) -> None:
    host = tmp_path / "host" / "opt" / "grid"
    host.mkdir(parents=True)
    (host / "join.sh").write_bytes(b"#!/bin/sh\necho joined\n")
    catalogue_with(human, tmp_path, str(host / "join.sh"))
    on_host = human.says("render", "--all", "--output", "json")
    catalogue_with(human, tmp_path, "/opt/grid/../grid/join.sh")
    assert "userDataScript" in human.hears("render", "--all", code=1)[1] + human.says("templates", "list")
    assert human.says("render", "--all", "--root", str(tmp_path / "host"), "--output", "json") == on_host


def test_nothing_above_the_root_is_read(human: Human, tmp_path: Path) -> None:
    (tmp_path / "secret.sh").write_text("echo secret")
    (tmp_path / "root").mkdir()
    catalogue_with(human, tmp_path, "/../secret.sh")
    human.says("render", "--all", "--root", str(tmp_path / "root"), code=1)


@pytest.mark.parametrize("words", [("--all", "--check"), ("asg-ondemand", "-d", "out", "--check")])
def test_a_check_needs_all_templates_and_a_folder(human: Human, words: tuple[str, ...]) -> None:
    assert "error[E6401]" in human.hears("render", *words, code=64)[1]


def test_a_template_that_would_hide_the_index_is_refused(human: Human, tmp_path: Path) -> None:
    document = json.loads((EXAMPLE / "awsprov_templates.json").read_text())
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "awsprov_templates.json").write_text(
        json.dumps({"templates": [{**document["templates"][1], "templateId": "index"}]})
    )
    human.provider.conf = tmp_path / "conf"
    human.says("render", "index")
    assert "error[E112]" in human.hears("render", "--all", "-d", str(tmp_path / "out"), code=1)[1]
