"""Anybody proves what ran, with tools that are not ours: the AWS command line, jq and sha256sum.

The digest of the body that CloudFormation gives back is the one that `ohf render` printed, of live stacks and of
deleted ones. A twin in plain Python runs everywhere; the tools come from `.ci/run`, or from PATH.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.human import Human
from tests.e2e.provider import EXAMPLE, ROOT, Provider
from tests.e2e.reviewed import edited
from tests.local_aws import LocalAws

AWS_CLI = shutil.which("aws", path=str(ROOT / ".ci-tools" / "aws" / "bin")) or shutil.which("aws") or ""
MISSING = [name for name, found in (("aws", AWS_CLI), ("jq", shutil.which("jq"))) if not found]
#: beyond ASCII, beyond the basic plane, and what escapes
ODD_TAGS = {"Größe": "naïve – 機械 🦉", "quote": "a 'b' \"c\" \\ / \u2028 <&>"}
TEMPLATES = ("instant-ondemand", "asg-ondemand")


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


def by_hand(aws: LocalAws, stack: str) -> str:
    """What docs/change-control.md tells everybody to type."""
    command = (
        f"{shlex.quote(AWS_CLI)} cloudformation get-template --stack-name {shlex.quote(stack)}"
        " --template-stage Original --query TemplateBody --output json | jq -caS . | sha256sum"
    )
    environ = aws.environ() | {"AWS_PAGER": "", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["/bin/sh", "-c", command], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()[0]


def in_python(aws: LocalAws, stack: str) -> str:
    """The same with the SDK alone; nothing of ours."""
    body = aws.client("cloudformation").get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{text}\n".encode("ascii")).hexdigest()


WAYS = [
    pytest.param(
        by_hand, id="aws-jq", marks=pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)}")
    ),
    pytest.param(in_python, id="python"),
]


def with_odd_tags(human: Human) -> dict[str, str]:
    """A configuration with tags outside ASCII; the digests that `ohf render` prints of it."""
    conf = human.provider.folder / "conf"
    shutil.copytree(EXAMPLE, conf)
    human.provider.conf = conf

    def change(told: dict[str, list[dict[str, object]]]) -> None:
        for entry in told["templates"]:
            entry["instanceTags"] = ODD_TAGS

    edited(conf / "awsprov_templates.json", change)
    edited(conf / "ohf.json", lambda told: told.update(template={"tags": {"Abteilung": "Zürich"}}))
    printed = human.reads("render", "--all")["templates"]
    return {name: one["sha256"] for name, one in printed.items()}


@pytest.mark.parametrize("way", WAYS)
def test_the_digest_of_what_ran_is_the_one_that_render_printed(
    human: Human, way: Callable[[LocalAws, str], str]
) -> None:
    printed, aws = with_odd_tags(human), human.provider.aws
    made = {name: human.provider.request(name, 1) for name in TEMPLATES}
    stacks = {one["StackName"]: one["StackId"] for one in aws.client("cloudformation").describe_stacks()["Stacks"]}
    for name, request_id in made.items():
        assert way(aws, f"ohf-{request_id}") == printed[name]
        entry = human.provider.settle(request_id)
        human.provider.settle(human.provider.give_back(entry["machines"]))
    human.provider.polls(300, step=100)
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == []
    for name, request_id in made.items():
        assert way(aws, stacks[f"ohf-{request_id}"]) == printed[name]


def test_the_manual_tells_what_was_typed() -> None:
    page = (ROOT / "docs" / "change-control.md").read_text().replace("\\\n", "")
    assert "--template-stage Original --query TemplateBody --output json" in page
    assert "| jq -caS . | sha256sum" in page
