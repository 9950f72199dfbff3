"""`ohf diff`: templates against files, revisions, stacks and approvals, in each form of output."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.human import Human, alone
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import LocalAws

TEMPLATE = "instant-ondemand"
SCRIPT = "scripts/join-symphony.sh"


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    """Somebody at a copy of the example's configuration, which may be changed."""
    provider = Provider(tmp_path, local_aws)
    shutil.copytree(EXAMPLE, tmp_path / "conf")
    provider.conf = tmp_path / "conf"
    return Human(provider, capsys, monkeypatch)


def edit(human: Human, change: Callable[[dict[str, Any]], object], template_id: str = TEMPLATE) -> None:
    """Changes a template of the catalogue."""
    path = human.provider.conf / "awsprov_templates.json"
    document = json.loads(path.read_text())
    change(next(one for one in document["templates"] if one["templateId"] == template_id))
    path.write_text(json.dumps(document))


def changes(human: Human, *words: str) -> list[dict[str, Any]]:
    (found,) = human.reads("diff", *words)["diffs"]
    return list(found["changes"])


@pytest.fixture
def committed(human: Human) -> Callable[[str], None]:
    """Commits the configuration as it is, in a repository whose folder `grid/conf` it is."""
    folder = human.provider.folder
    (folder / "grid").mkdir()
    human.provider.conf = human.provider.conf.rename(folder / "grid" / "conf")

    def git(*words: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *words], cwd=folder / "grid", check=True, capture_output=True)

    def commit(tag: str) -> None:
        git("init", "-q")
        git("add", ".")
        git("commit", "-q", "-m", tag)
        git("tag", tag)

    return commit


def test_a_template_against_its_rendered_file(human: Human, tmp_path: Path) -> None:
    human.says("render", TEMPLATE, "-d", str(tmp_path / "out"))
    file = str(tmp_path / "out" / f"{TEMPLATE}.json")
    assert changes(human, file, TEMPLATE) == []
    edit(human, lambda one: one.update(httpTokens="optional", maxPerRequest=2000))
    found = {one["places"][0]: one for one in changes(human, file, TEMPLATE)}
    assert found["LaunchTemplate.MetadataOptions.HttpTokens"] == {
        "group": "security",
        "act": "changed",
        "places": ["LaunchTemplate.MetadataOptions.HttpTokens"],
        "before": "required",
        "after": "optional",
        "broadens": ["imdsv2-optional"],
    }
    assert found["parameter TargetCapacity.MaxValue"]["broadens"] == ["units"]
    told = human.says("diff", file, TEMPLATE)
    assert "verdict: needs approval (2 broadening)" in told
    assert "\x1b" not in told
    back = human.says("diff", TEMPLATE, file)
    assert "optional -> required" in back
    assert "imdsv2-optional" not in back


def test_templates_against_a_folder_of_files(human: Human, tmp_path: Path) -> None:
    out = tmp_path / "out"
    human.says("render", "--all", "-d", str(out))
    (out / "asg-mixed.json").unlink()
    edit(human, lambda one: one.update(keyName="mine"))
    found = {one["name"]: one for one in human.reads("diff", "--all", "--against", str(out))["diffs"]}
    assert [one["broadens"] for one in found[TEMPLATE]["changes"]] == [["key-pair"]]
    assert found["asg-mixed"]["before"]["sha256"] is None
    assert {name for name, one in found.items() if one["changes"]} == {TEMPLATE, "asg-mixed"}
    file = str(out / "instant-spot.json")
    assert changes(human, TEMPLATE, "--against", file) == changes(human, file, TEMPLATE)


def test_yaml_is_as_good_as_json(human: Human, tmp_path: Path) -> None:
    human.says("render", TEMPLATE, "--yaml", "-d", str(tmp_path / "out"))
    assert changes(human, str(tmp_path / "out" / f"{TEMPLATE}.yaml"), TEMPLATE) == []


def test_a_template_against_a_revision(human: Human, committed: Callable[[str], None]) -> None:
    committed("one")
    script = human.provider.conf / SCRIPT
    script.write_text(script.read_text() + "echo hunter2\n")
    edit(human, lambda one: one.update(imageId="ami-0a1b2c3d4e5f60009"))
    found = {one["places"][0]: one for one in changes(human, TEMPLATE, "--against", "git:one")}
    assert set(found) == {"LaunchTemplate.ImageId", "LaunchTemplate.UserData"}
    assert re.fullmatch(r"sha256:[0-9a-f]{64}, \d+ lines, \d+ bytes", found["LaunchTemplate.UserData"]["after"])
    for form in ("table", "json", "yaml", "markdown"):
        assert "hunter2" not in human.says("diff", TEMPLATE, "--against", "git:one", "--output", form)
    committed("two")
    assert changes(human, TEMPLATE, "--against", "git:two") == []
    assert changes(human, f"git:one:{TEMPLATE}", f"git:two:{TEMPLATE}") == list(found.values())


def test_the_repository_is_that_of_the_configuration(
    human: Human, committed: Callable[[str], None], tmp_path: Path
) -> None:
    """Whatever a hook of git sets, wherever the command is called, and where a link leads to the configuration."""
    committed("one")
    edit(human, lambda one: one.update(keyName="mine"))
    (tmp_path / "link").symlink_to(human.provider.conf)
    human.provider.conf = tmp_path / "link"
    human.provider.extra |= {"GIT_DIR": str(tmp_path / "nowhere"), "GIT_INDEX_FILE": str(tmp_path / "index")}
    (found,) = changes(human, TEMPLATE, "--against", "git:one")
    assert found["places"] == ["LaunchTemplate.KeyName"]


def test_a_revision_is_read_with_links_and_from_below_a_root(
    human: Human, committed: Callable[[str], None]
) -> None:
    conf = human.provider.conf
    (conf / "scripts" / "real.sh").write_text("echo one")
    (conf / "scripts" / "link.sh").symlink_to("real.sh")
    (conf.parent / "host" / "opt").mkdir(parents=True)
    (conf.parent / "host" / "opt" / "join.sh").write_text("echo one")
    edit(human, lambda one: one.update(userDataScript="scripts/link.sh"))
    edit(human, lambda one: one.update(userDataScript="/opt/join.sh"), "instant-spot")
    committed("one")
    (conf / "scripts" / "real.sh").write_text("echo two")
    (conf.parent / "host" / "opt" / "join.sh").write_text("echo two")
    for template in (TEMPLATE, "instant-spot"):
        root = ("--root", str(conf.parent / "host"))
        (found,) = changes(human, template, "--against", "git:one", *root)
        assert found["places"] == ["LaunchTemplate.UserData"]


def test_all_templates_against_a_revision_with_those_that_came_and_went(
    human: Human, committed: Callable[[str], None]
) -> None:
    committed("one")
    edit(human, lambda one: one.update(templateId="renamed"))
    edit(human, lambda one: one.update(providerApi="RunInstances"), "instant-spot")
    document = human.reads("diff", "--all", "--against", "git:one")
    verdicts = {one["name"]: one["verdict"].partition(" (")[0] for one in document["diffs"]}
    assert (verdicts[TEMPLATE], verdicts["renamed"]) == ("the body is gone", "needs approval")
    assert (verdicts["instant-spot"], verdicts["asg-ondemand"]) == ("the body is gone", "no differences")
    assert document["differences"]
    (refused,) = [one for one in document["diffs"] if one["name"] == "instant-spot"]
    assert refused["after"] == {"source": "configuration (refused)", "sha256": None}


def test_a_revision_that_is_not_there_is_told_in_a_sentence(human: Human, committed: Callable[[str], None]) -> None:
    assert "is in no git repository" in human.hears("diff", TEMPLATE, "--against", "git:HEAD", code=1)[1]
    committed("one")
    told = human.hears("diff", TEMPLATE, "--against", "git:nowhere", code=1)[1]
    assert "error[E122]" in told
    assert "nowhere" in told
    human.hears("diff", TEMPLATE, "--against", "git:--output=x", code=1)
    human.provider.conf.rename(human.provider.conf.parent / "moved")
    human.provider.conf = human.provider.conf.parent / "moved"
    assert "(at revision one)" in human.hears("diff", TEMPLATE, "--against", "git:one", code=78)[1]


def test_a_stack_alive_or_deleted_against_the_configuration(human: Human) -> None:
    request_id = human.requests(TEMPLATE, 1)
    stack = f"ohf-{request_id}"
    stack_id = human.provider.aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    assert changes(human, f"stack:{stack}", TEMPLATE) == []
    edit(human, lambda one: one.update(keyName="mine"))
    assert [one["broadens"] for one in changes(human, TEMPLATE, "--against", "deployed")] == [["key-pair"]]
    human.provider.aws.client("cloudformation").delete_stack(StackName=stack)
    human.provider.aws.advance(600)
    assert [one["broadens"] for one in changes(human, f"stack:{stack_id}", TEMPLATE)] == [["key-pair"]]
    assert "error[E132]" in human.hears("diff", "stack:nothing", TEMPLATE, code=1)[1]


def test_what_was_never_deployed_or_approved_is_held_against_nothing(human: Human) -> None:
    for against in ("deployed", "approved"):
        (found,) = human.reads("diff", TEMPLATE, "--against", against)["diffs"]
        assert found["before"] == {"source": against, "sha256": None}
        assert found["verdict"].startswith("needs approval")
    assert human.reads("diff", TEMPLATE) == human.reads("diff", TEMPLATE, "--against", "approved")


def test_a_body_that_is_named_and_not_there_is_no_empty_one(human: Human, committed: Callable[[str], None]) -> None:
    committed("one")
    for words in (("lock:none", TEMPLATE), (TEMPLATE, "--against", "lock:none"), ("git:HEAD:none", TEMPLATE)):
        assert "error[E113]" in human.hears("diff", *words, code=1)[1]


def test_the_exit_code_tells_of_differences_only_when_it_is_asked(human: Human, tmp_path: Path) -> None:
    human.says("render", TEMPLATE, "-d", str(tmp_path / "out"))
    file = str(tmp_path / "out" / f"{TEMPLATE}.json")
    human.says("diff", file, TEMPLATE, "--detailed-exitcode")
    human.says("diff", file, "asg-ondemand")
    assert "error[E202]" in human.hears("diff", file, "asg-ondemand", "--detailed-exitcode", code=2)[1]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("a.json",),
        ("--all", TEMPLATE),
        (TEMPLATE, "asg-ondemand", "--against", "approved"),
        (TEMPLATE, "--against", "yesterday"),
        (TEMPLATE, "--against", "git:"),
        ("git:x", TEMPLATE),
        ("stack:", TEMPLATE),
        (TEMPLATE, "--summary"),
    ],
)
def test_wrong_usage(human: Human, words: tuple[str, ...]) -> None:
    expected = 1 if words == ("a.json",) else 64
    human.hears("diff", *words, code=expected)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '"x"', '{"a": 1.5}', '{"a": "\\ud800"}'])
def test_a_file_that_is_no_body_is_told(human: Human, tmp_path: Path, text: str) -> None:
    (tmp_path / "body.json").write_text(text)
    assert "error[E111]" in human.hears("diff", str(tmp_path / "body.json"), TEMPLATE, code=1)[1]
    assert "error[E131]" in human.hears("diff", str(tmp_path / "none.json"), TEMPLATE, code=1)[1]


def test_markdown_is_a_comment_and_a_summary(human: Human, tmp_path: Path) -> None:
    human.says("render", "--all", "-d", str(tmp_path / "out"))
    edit(human, lambda one: one.update(keyName="mine", instanceTags={"a|b": "`<b>@octocat</b>` [x](y)"}))
    human.provider.extra["GITHUB_STEP_SUMMARY"] = str(tmp_path / "summary.md")
    (tmp_path / "summary.md").write_text("before\n")
    file = str(tmp_path / "out" / f"{TEMPLATE}.json")
    text = human.says("diff", file, TEMPLATE, "--output", "markdown", "--summary")
    assert (tmp_path / "summary.md").read_text() == "before\n" + text
    assert text.isprintable() or "\x1b" not in text
    assert "**BROADENS** <code>key-pair</code>" in text
    assert "@octocat" not in text
    assert "<b>" not in text
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in table} <= {4, 6}
    assert text.count("<details") == text.count("</details>") == 1


def test_several_formats_come_of_one_run(human: Human, tmp_path: Path) -> None:
    files = {form: tmp_path / form for form in ("json", "markdown", "table", "yaml")}
    words = [word for form, path in files.items() for word in ("--output-file", f"{form}={path}")]
    table = human.says("diff", TEMPLATE, *words)
    assert files["table"].read_text() == table
    assert json.loads(files["json"].read_text()) == human.reads("diff", TEMPLATE)
    assert files["markdown"].read_text().startswith("## Stack bodies\n")


def test_neither_aws_nor_a_home_nor_botocore_is_needed(human: Human, tmp_path: Path) -> None:
    human.says("render", TEMPLATE, "-d", str(tmp_path / "out"))
    program = (
        "import sys; from ohf_cli.human import called; called(sys.argv[1:]);"
        "print([name for name in sys.modules if 'boto' in name])"
    )
    file = str(tmp_path / "out" / f"{TEMPLATE}.json")
    environ = {"PATH": human.provider.environ["PATH"], "HF_PROVIDER_CONFDIR": str(human.provider.conf)}
    done = subprocess.run(
        [sys.executable, "-c", program, "diff", file, TEMPLATE],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert b"\x1b" not in alone(human.provider, "diff", file, "asg-ondemand").stdout
