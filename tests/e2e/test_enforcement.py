"""Approvals under way: what is sent, what is refused, and that nothing else creates a stack."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.human import Human
from tests.e2e.provider import NAME, Provider
from tests.e2e.reviewed import TEMPLATE, approve, committed, configure, digest_of, edited, reviewed
from tests.local_aws import LocalAws

ASK = {"template": {"templateId": TEMPLATE, "machineCount": 2}}


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


def stack_of(human: Human, request_id: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """Body, parameters and tags of a request's stack, as AWS gives them."""
    client = human.provider.aws.client("cloudformation")
    (stack,) = client.describe_stacks(StackName=f"ohf-{request_id}")["Stacks"]
    body = client.get_template(StackName=f"ohf-{request_id}", TemplateStage="Original")["TemplateBody"]
    told = body if isinstance(body, str) else json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n"
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    return told, parameters, {one["Key"]: one["Value"] for one in stack["Tags"]}


def refused(human: Human, code: str) -> str:
    """Both faces refuse, nothing is called and nothing is kept, and the audit file tells; the message."""
    human.provider.aws.clear_calls()
    for fresh in (False, True):  # the second time is Host Factory's retry, as a process
        human.provider.fresh = fresh
        answer = human.provider.call("requestMachines", ASK, code=1)
        assert set(answer) == {"message"}
    _, err = human.hears("request", TEMPLATE, "2", code=4)
    assert f"error[{code}]" in err
    assert human.provider.aws.calls() == []
    assert not (human.provider.work / f"{NAME}-request_database.json").exists()
    lines = (human.provider.work / f"{NAME}-audit.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines][-3:]
    assert [(one["what"], one["status"]) for one in told] == [("RequestRefused", code)] * 3
    return str(answer["message"])


def test_what_is_approved_is_what_is_sent(human: Human) -> None:
    conf = reviewed(human, mode="enforce", unsigned=True)
    told = approve(human, "--ticket", "CHG1")
    body, parameters, tags = stack_of(human, human.requests(TEMPLATE, 2))
    assert body == (conf / "approved" / f"{told['sha256']}.json").read_text()
    assert hashlib.sha256(body.encode()).hexdigest() == told["sha256"] == tags["ohf:digest"]
    assert parameters["TargetCapacity"] == "2"
    assert len(tags["ohf:approval"]) == 12
    assert "ohf:break-glass" not in tags


def test_without_an_approval_no_face_creates_anything(human: Human) -> None:
    reviewed(human, mode="enforce", unsigned=True)
    assert "never approved" in refused(human, "E401")


def test_a_changed_template_is_refused_until_it_is_approved(human: Human) -> None:
    conf = reviewed(human, mode="enforce", unsigned=True)
    approve(human)
    edited(conf / "awsprov_templates.json", lambda told: entry(told).update(keyName="mine"))
    assert "changed since" in refused(human, "E403")
    committed(conf)
    approve(human)
    assert '"KeyName":"mine"' in stack_of(human, human.requests(TEMPLATE, 2))[0]
    edited(conf / "awsprov_templates.json", lambda told: entry(told).pop("keyName"))
    assert "KeyName" not in stack_of(human, human.requests(TEMPLATE, 2))[0]  # the first one still holds


def entry(told: Any) -> dict[str, Any]:
    """The template's entry in a catalogue."""
    found: list[dict[str, Any]] = told if isinstance(told, list) else told["templates"]
    return next(one for one in found if one["templateId"] == TEMPLATE)


def the_entry(conf: Path, change: Callable[[dict[str, Any]], object]) -> None:
    edited(conf / "ohf.lock", lambda told: change(next(iter(told["entries"].values()))))


def break_body(conf: Path) -> None:
    (file,) = (conf / "approved").iterdir()
    file.write_text(file.read_text().replace('"MaxValue":1000', '"MaxValue":9000'))


def lock_as_folder(conf: Path) -> None:
    (conf / "ohf.lock").unlink()
    (conf / "ohf.lock").mkdir()


def take_body(conf: Path) -> None:
    (file,) = (conf / "approved").iterdir()
    file.unlink()


FAULTS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "no lock": ("E401", lambda conf: (conf / "ohf.lock").unlink()),
    "half a lock": ("E406", lambda conf: (conf / "ohf.lock").write_text((conf / "ohf.lock").read_text()[:-40])),
    "a lock of a later schema": (
        "E406",
        lambda conf: edited(conf / "ohf.lock", lambda x: x.update(schema="ohf/lock/v2")),
    ),
    "a lock in conflict": ("E406", lambda conf: (conf / "ohf.lock").write_text("<<<<<<< HEAD\n{}\n>>>>>>> b\n")),
    "a lock that is a folder": ("E406", lambda conf: lock_as_folder(conf)),
    "expired": ("E402", lambda conf: the_entry(conf, lambda x: x["approvals"][0].update(expires="2026-01-01"))),
    "own work": (
        "E404",
        lambda conf: the_entry(conf, lambda x: x["approvals"][0].update(author=x["approvals"][0]["by"])),
    ),
    "unsigned": ("E405", lambda conf: configure(conf, mode="enforce")),
    "one of two": ("E407", lambda conf: configure(conf, mode="enforce", unsigned=True, minApprovals=2)),
    "a floating image": ("E408", lambda conf: the_entry(conf, lambda x: x.update(images=["{{resolve:ssm:/x}}"]))),
    "another body": ("E403", break_body),
    "no body": ("E406", take_body),
    "another envelope": (
        "E403",
        lambda conf: the_entry(conf, lambda x: x["envelope"]["TargetCapacity"].update(max=9)),
    ),
    "another input": ("E403", lambda conf: the_entry(conf, lambda x: x.update(input="0" * 64))),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_enforcement_fails_closed(human: Human, fault: str) -> None:
    code, spoil = FAULTS[fault]
    conf = reviewed(human, mode="enforce", unsigned=True)
    approve(human)
    spoil(conf)
    refused(human, code)


def test_a_body_of_another_renderer_is_sent_while_its_input_is_the_same(human: Human) -> None:
    """An upgrade that renders otherwise stops nobody: the renderer of the approved body said something else."""
    conf = reviewed(human, mode="enforce", unsigned=True)
    digest = approve(human)["sha256"]
    old = (conf / "approved" / f"{digest}.json").read_text()
    body = old.replace("Host Factory request for machines", "As an older version said: machines")
    assert body != old
    other = hashlib.sha256(body.encode()).hexdigest()
    (conf / "approved" / f"{digest}.json").unlink()
    (conf / "approved" / f"{other}.json").write_text(body)
    edited(conf / "ohf.lock", lambda told: told["entries"].update({other: told["entries"].pop(digest)}))
    assert digest_of(human) == digest  # what this version renders
    sent, _, tags = stack_of(human, human.requests(TEMPLATE, 1))
    assert (sent, tags["ohf:digest"]) == (body, other)


def test_a_body_that_declares_fewer_parameters_is_sent_with_those(human: Human) -> None:
    conf = reviewed(human, mode="enforce", unsigned=True)
    digest = approve(human)["sha256"]
    document = json.loads((conf / "approved" / f"{digest}.json").read_text())
    text = json.dumps(document).replace('{"Ref": "RcAccount"}', '"x"').replace("${RcAccount}", "x")
    document = json.loads(text)
    del document["Parameters"]["RcAccount"]
    body = json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n"
    other = hashlib.sha256(body.encode()).hexdigest()
    (conf / "approved" / f"{other}.json").write_text(body)

    def older(told: Any) -> None:
        found = told["entries"].pop(digest)
        del found["envelope"]["RcAccount"]
        told["entries"][other] = found

    edited(conf / "ohf.lock", older)
    assert "RcAccount" not in stack_of(human, human.requests(TEMPLATE, 1))[1]


@pytest.mark.parametrize("mode", ["warn", "enforce"])
def test_an_approved_file_needs_neither_troposphere_nor_jinja2(human: Human, mode: str) -> None:
    reviewed(human, mode=mode, unsigned=True)
    approve(human)
    source = human.provider.folder / "ask.json"
    source.write_text(json.dumps(ASK))
    program = (
        "import sys\n"
        "from ohf_cli import machine\n"
        "code = 1\n"
        "try:\n"
        "    code = machine.main()\n"
        "finally:\n"
        "    found = {'troposphere', 'jinja2', 'click', 'rich', 'jsonschema', 'yaml'} & set(sys.modules)\n"
        "    sys.stderr.write(' '.join(sorted(found)))\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "requestMachines", "-f", str(source)],
        env=human.provider.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_under_warn_an_unapproved_body_is_sent_and_logged(human: Human) -> None:
    reviewed(human, mode="warn", unsigned=True)
    digest = digest_of(human)
    body, _, tags = stack_of(human, human.requests(TEMPLATE, 1))
    assert hashlib.sha256(body.encode()).hexdigest() == digest
    assert "ohf:approval" not in tags
    (log,) = (human.provider.folder / "log").glob("*provider.log*")
    assert "not approved, sent all the same: request machines: template" in log.read_text()


def test_an_emergency_is_let_through_and_seen(human: Human) -> None:
    conf = reviewed(human, mode="enforce")
    edited(conf / "awsprov_templates.json", lambda told: entry(told).update(keyName="mine"))  # the author's own
    told = approve(human, "--break-glass", "image of March; does not boot", "--by", "bob@corp.example")
    assert told["approval"]["breakGlass"] == "image of March; does not boot"
    body, _, tags = stack_of(human, human.requests(TEMPLATE, 1))
    assert '"KeyName":"mine"' in body
    assert (tags["ohf:approval"], tags["ohf:break-glass"]) == ("break-glass", "image of March- does not boot")
    audit = (human.provider.work / f"{NAME}-audit.jsonl").read_text()
    assert '"BreakGlassUsed"' in audit
    human.provider.aws.advance(3 * 86400)
    refused_now = human.provider.call("requestMachines", ASK, code=1)
    assert "expired" in refused_now["message"]
