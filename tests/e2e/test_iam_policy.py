"""`ohf iam-policy` as people call it: one document on stdout, what they must know on stderr, no AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from ohf_cli.validation import schema_findings
from tests.e2e.human import Human
from tests.e2e.provider import ROOT, Provider

ROLE = "arn:aws:iam::123456789012:role/ohf-cloudformation"


@pytest.fixture
def human(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, local_aws: Any
) -> Human:
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


def printed(human: Human, *words: str) -> tuple[Any, str]:
    out, err = human.hears("iam-policy", *words, code=0)
    return json.loads(out), err


def test_all_three_stand_in_one_document_and_notes_on_stderr(human: Human) -> None:
    document, told = printed(human)
    assert next(iter(document)) == "schema"
    assert schema_findings("policies", document) == ()
    assert [f"note: {one}" for one in document["notes"]] == told.splitlines()
    assert human.provider.aws.calls() == []


@pytest.mark.parametrize(
    ("role", "file"), [("caller", "provider"), ("service", "service-role"), ("trust", "service-role-trust")]
)
def test_one_of_them_is_what_iam_takes(human: Human, role: str, file: str) -> None:
    document, _ = printed(human, "--role", role, "--service-role", ROLE)
    assert document == json.loads((ROOT / "examples" / "iam" / f"{file}.json").read_text())
    assert set(document) == {"Version", "Statement"}


def test_some_templates_need_less(human: Human) -> None:
    few, _ = printed(human, "--template", "instant-ondemand", "--template", "asg-ondemand", "--role", "caller")
    assert "ec2:DescribeSpotFleetRequests" not in json.dumps(few)
    assert "autoscaling:SuspendProcesses" in json.dumps(few)
    human.hears("iam-policy", "--template", "no-such-template", code=1)


def test_the_template_of_cloudformation_is_sound(human: Human, tmp_path: Path) -> None:
    document, _ = printed(human, "--format", "cfn", "--service-role", ROLE)
    file = tmp_path / "roles.json"
    file.write_text(json.dumps(document))
    found = cfnlint.lint_file(file, config=cfnlint.ManualArgs(regions=["us-east-1"]))
    assert [str(one) for one in found] == []
    assert set(document["Resources"]) == {"CallerPolicy", "ServiceRole"}


def test_terraform_gets_its_own_syntax(human: Human) -> None:
    document, _ = printed(human, "--format", "terraform", "--role", "service")
    assert set(document["resource"]) == {"aws_iam_role", "aws_iam_role_policy"}


def test_what_is_not_known_is_told(human: Human) -> None:
    assert "--account" in printed(human)[1]
    assert "--account" not in printed(human, "--account", "123456789012")[1]
    assert "serviceRoleArn" not in printed(human, "--service-role", ROLE)[1]
    assert "grid-worker" not in printed(human, "--instance-role", "grid-worker=other")[1]


@pytest.mark.parametrize(
    "words",
    [
        ("--service-role", "ohf-cloudformation"),
        ("--account", "12"),
        ("--instance-role", "grid-worker"),
        ("--format", "xml"),
    ],
)
def test_words_that_make_no_sense_are_refused(human: Human, words: tuple[str, ...]) -> None:
    human.hears("iam-policy", *words, code=64)
