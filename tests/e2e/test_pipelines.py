"""examples/pipelines: every command line in them runs, in a repository as they expect it, and does what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from tests.e2e.provider import EXAMPLE, ROOT, Provider

PIPELINES = ROOT / "examples" / "pipelines"
AUTHOR = ("-c", "user.name=Bob", "-c", "user.email=bob@example.com")
#: what is approved and requested in the repository of these tests
ONE = "instant-ondemand"


def in_yaml(value: Any, keys: tuple[str, ...]) -> Iterator[str]:
    """The command lines of a pipeline: what stands under keys such as `run` and `script`."""
    if isinstance(value, dict):
        for key, one in value.items():
            found = one if isinstance(one, list) else [one]
            yield from (str(line) for line in found if key in keys and isinstance(line, str))
            yield from in_yaml(one, keys)
    elif isinstance(value, list):
        for one in value:
            yield from in_yaml(one, keys)


def lines_of(name: str) -> tuple[str, ...]:
    """All command lines of `ohf` in a file, in their order."""
    text = (PIPELINES / name).read_text()
    if name == "Jenkinsfile":
        found = re.findall(r"sh '([^']*)'", text)
    else:
        document = yaml.safe_load(text)
        found = [line for part in in_yaml(document, ("run", "script")) for line in part.splitlines()]
    ours = tuple(line.strip() for line in found if re.match(r"\s*ohf\b", line))
    assert len(ours) == len(re.findall(r"(?:run: |- |sh ')ohf ", text)), "a line of ohf is not seen"
    return ours


def settings_of(name: str) -> dict[str, str]:
    """Host Factory's variables as a file sets them."""
    return dict(
        re.findall(r"^\s+(HF_[A-Z_]+)(?:: | = ')([a-z.]+)'?$", (PIPELINES / name).read_text(), re.MULTILINE)
    )


@dataclass(frozen=True, slots=True)
class Checkout:
    """A working copy of a repository with a provider's folder, rendered bodies and approvals, and its origin."""

    folder: Path
    provider: Provider

    def runs(self, line: str, variables: Mapping[str, str] = MappingProxyType({}), *, code: int = 0) -> str:
        """What a command line prints, run as a pipeline runs it."""
        environ = {
            **{key: value for key, value in self.provider.environ.items() if not key.startswith("HF_")},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "CI": "true",
            **variables,
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, f"{line} exits {done.returncode}: {done.stdout}{done.stderr}"
        assert "\x1b" not in done.stdout + done.stderr
        return done.stdout

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *AUTHOR, *words], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()


@pytest.fixture
def checkout(quick: Provider, tmp_path: Path) -> Checkout:
    folder = tmp_path / "checkout"
    shutil.copytree(EXAMPLE, folder / "provider")
    catalogue = folder / "provider" / "awsprov_templates.json"
    entries = json.loads(catalogue.read_text())
    entries["templates"] = [one for one in entries["templates"] if one["templateId"] == ONE]
    catalogue.write_text(json.dumps(entries, indent=2))
    settings = folder / "provider" / "ohf.json"
    settings.write_text(
        json.dumps({**json.loads(settings.read_text()), "approvals": {"mode": "enforce", "unsigned": True}})
    )
    quick.conf = folder / "provider"
    found = Checkout(folder, quick)
    found.git("init", "-q", "-b", "main")
    (folder / ".gitignore").write_text("*.xml\n*.sarif\n*.intoto.json\ndiff.md\n.ohf/\nevidence/\n")
    found.runs("ohf render --all -d rendered --conf provider")
    found.git("add", ".")
    found.git("commit", "-q", "-m", "The grid's templates")
    found.git("clone", "-q", "--bare", ".", str(tmp_path / "origin.git"))
    found.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    found.git("fetch", "-q", "origin")
    return found


def variables(checkout: Checkout, name: str) -> dict[str, str]:
    """What a pipeline and its machine set."""
    index = json.loads((checkout.folder / "rendered" / "index.json").read_text())
    return {
        **settings_of(name),
        "GITHUB_BASE_REF": "main",
        "GITHUB_STEP_SUMMARY": str(checkout.folder.parent / "summary.md"),
        "GITHUB_ACTOR": "alice",
        "AUTHOR": "bob",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": checkout.git("rev-parse", "origin/main"),
        "CHANGE_TARGET": "main",
        "TEMPLATE": ONE,
        "REVIEWED_SHA256": index["templates"][ONE]["sha256"],
        "TICKET": "CHG0041999",
    }


def approve(checkout: Checkout) -> None:
    for line in lines_of("approve.yml"):
        checkout.runs(line, variables(checkout, "approve.yml"))


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml", "Jenkinsfile"])
def test_every_line_runs(checkout: Checkout, name: str) -> None:
    approve(checkout)
    lines = lines_of(name)
    assert {line.split()[1] for line in lines} >= {"render", "lint", "diff", "verify", "rehearse"}
    checkout.provider.settle(checkout.provider.request(ONE, 1))
    for line in lines:
        checkout.runs(line, variables(checkout, name))
    written = {one.name for one in checkout.folder.iterdir()}
    assert {"lint.sarif", "lint.xml", "approvals.xml", "evidence.xml", "evidence", f"{ONE}.intoto.json"} <= written
    assert (checkout.git("status", "--porcelain").splitlines()) == ["?? provider/approved/", "?? provider/ohf.lock"]


def test_they_fail_where_they_have_to(checkout: Checkout) -> None:
    """A change that nobody rendered or approved does not pass."""
    approve(checkout)
    catalogue = checkout.folder / "provider" / "awsprov_templates.json"
    catalogue.write_text(catalogue.read_text().replace('"ami-0a1b2c3d4e5f60001"', '"ami-0a1b2c3d4e5f60009"'))
    render, _, diff, verify = lines_of("gitlab-ci.yml")[:4]
    environ = variables(checkout, "gitlab-ci.yml")
    checkout.runs(render, environ, code=1)
    checkout.runs(diff, environ)
    assert "0a1b2c3d4e5f60009" in (checkout.folder / "diff.md").read_text()
    checkout.runs(verify, environ, code=4)


def test_the_author_by_the_login_does_not_approve(checkout: Checkout) -> None:
    """git knows an address and GitHub a login: the one who wrote it is not a second person."""
    (line, *_) = lines_of("approve.yml")
    checkout.runs(line, {**variables(checkout, "approve.yml"), "GITHUB_ACTOR": "bob"}, code=4)


def test_the_hooks_of_pre_commit_run(checkout: Checkout) -> None:
    approve(checkout)
    hooks = {one["id"]: one for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    (repository,) = yaml.safe_load((PIPELINES / "pre-commit-config.yaml").read_text())["repos"]
    assert {one["id"] for one in repository["hooks"]} == set(hooks)
    for used in repository["hooks"]:
        checkout.runs(" ".join([hooks[used["id"]]["entry"], *used["args"]]))


def test_this_interpreter_finds_ohf() -> None:
    assert (Path(sys.executable).parent / "ohf").is_file()
