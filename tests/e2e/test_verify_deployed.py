"""`ohf verify --deployed`: what really ran, live and deleted, is held against the lock."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.human import Human
from tests.e2e.provider import Provider, forget
from tests.e2e.reviewed import APPROVER, TEMPLATE, approve, configure, edited, reviewed, ssh_key
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


@pytest.fixture
def conf(human: Human) -> Path:
    """A configuration whose template is approved and signed."""
    folder = reviewed(human, mode="warn", allowedSigners="allowed_signers")
    approve(human, "--sign", str(ssh_key(folder, APPROVER)), "--ticket", "CHG1")
    return folder


@pytest.fixture
def stack(human: Human, conf: Path) -> str:
    """The name of an approved request's stack."""
    assert conf.is_dir()
    request_id = human.provider.request(TEMPLATE, 1)
    human.provider.settle(request_id)
    return f"ohf-{request_id}"


def cloudformation(human: Human) -> Any:
    return human.provider.aws.client("cloudformation")


def seen(human: Human, stack: str) -> Any:
    (found,) = cloudformation(human).describe_stacks(StackName=stack)["Stacks"]
    return found


def deleted(human: Human, stack: str) -> str:
    """The id of the stack, now deleted."""
    stack_id = str(seen(human, stack)["StackId"])
    cloudformation(human).delete_stack(StackName=stack)
    human.provider.aws.advance(600)
    return stack_id


def proofs(human: Human, *words: str, code: int = 0) -> list[dict[str, Any]]:
    return list(human.reads("verify", "--deployed", *words, code=code)["stacks"])


def update(human: Human, stack: str, **changed: Any) -> None:
    """Somebody changes the stack in AWS."""
    now = seen(human, stack)
    values = {one["ParameterKey"]: one["ParameterValue"] for one in now["Parameters"]} | changed.pop("values", {})
    tags = {one["Key"]: one["Value"] for one in now["Tags"]} | changed.pop("tags", {})
    cloudformation(human).update_stack(
        StackName=stack,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items() if value],
        **({"UsePreviousTemplate": True} | changed),
    )
    human.provider.aws.advance(600)


def widened(human: Human, stack: str) -> None:
    """Another body, which lets more machines be asked for, of another image."""
    body = cloudformation(human).get_template(StackName=stack)["TemplateBody"]
    body["Parameters"]["TargetCapacity"]["MaxValue"] = 100_000
    body["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]["ImageId"] = "ami-0a1b2c3d4e5f60666"
    update(human, stack, UsePreviousTemplate=False, TemplateBody=json.dumps(body))


TAMPERING: dict[str, tuple[Callable[[Human, str], object], str]] = {
    "tag of the digest": (lambda h, s: update(h, s, tags={"ohf:digest": "0" * 64}), "ohf:digest"),
    "tag of the approval": (lambda h, s: update(h, s, tags={"ohf:approval": "0" * 12}), "ohf:approval"),
    "tag of the approval taken away": (lambda h, s: update(h, s, tags={"ohf:approval": ""}), "ohf:approval"),
    "tag of the owner": (lambda h, s: update(h, s, tags={"ohf:owner": "somebody"}), "ohf:owner"),
    "tag of the owner taken away": (lambda h, s: update(h, s, tags={"ohf:owner": ""}), "ohf:owner"),
    "tag of the template": (lambda h, s: update(h, s, tags={"ohf:template-id": "asg-ondemand"}), "template-id"),
    "tag of the request": (
        lambda h, s: update(h, s, tags={"ohf:request-id": "req-00000001-0000000000000001"}),
        "ohf:request-id",
    ),
    "parameter of the template": (lambda h, s: update(h, s, values={"TemplateId": "asg-ondemand"}), "TemplateId"),
    "parameter of the owner": (lambda h, s: update(h, s, values={"Owner": "somebody"}), "Owner"),
    "parameter of the request": (
        lambda h, s: update(h, s, values={"RequestId": "req-00000001-0000000000000001"}),
        "parameter RequestId",
    ),
    "body": (widened, "not in ohf.lock"),
}


def test_what_was_approved_is_proven_live_and_deleted(human: Human, stack: str) -> None:
    (live,) = proofs(human)
    assert (live["stack"], live["verdict"], live["deleted"], live["template"]) == (stack, "ok", False, TEMPLATE)
    assert live["approvals"][0]["ticket"] == "CHG1"
    stack_id = deleted(human, stack)
    forget(human.provider)
    (gone,) = proofs(human)
    assert (gone["stackId"], gone["verdict"], gone["deleted"]) == (stack_id, "ok", True)
    assert gone["sha256"] == live["sha256"]
    assert "1 stack, 0 violations" in human.says("verify", "--deployed")
    human.provider.aws.advance(2 * 86400)
    assert proofs(human, "--since", "1d") == []


@pytest.mark.parametrize("what", TAMPERING)
@pytest.mark.parametrize("then", ["live", "deleted"])
def test_tampering_with_a_stack_is_found(human: Human, stack: str, what: str, then: str) -> None:
    tamper, word = TAMPERING[what]
    tamper(human, stack)
    if then == "deleted":
        deleted(human, stack)
    (found,) = proofs(human, code=4)
    assert found["verdict"] == "violation"
    assert any(word in one["message"] for one in found["deviations"]), found["deviations"]


def test_what_nobody_approved_is_found(human: Human, stack: str) -> None:
    other = human.provider.request("asg-ondemand", 1)
    found = {one["stack"]: one for one in proofs(human, code=4)}
    assert [found[stack]["verdict"], found[f"ohf-{other}"]["verdict"]] == ["ok", "violation"]
    out, err = human.hears("verify", "--deployed", code=4)
    assert "NOT APPROVED" in out
    assert "error[E409]" in err


def test_a_stack_of_another_installation_is_not_ours_to_judge(human: Human, stack: str, conf: Path) -> None:
    configure(conf, mode="off")
    edited(conf / "ohf.json", lambda told: told.update(provider={"owner": "other"}))
    theirs = human.provider.request(TEMPLATE, 1)
    assert [one["stack"] for one in proofs(human, code=4)] == [f"ohf-{theirs}"]
    assert stack


def test_a_stack_that_cannot_be_read_is_not_proven(human: Human, stack: str) -> None:
    denied = {"action": "GetTemplate", "kind": "error", "status": 400, "code": "AccessDenied"}
    human.provider.aws.scenario(faults=[denied])
    (found,) = proofs(human, code=4)
    assert (found["stack"], found["verdict"], found["sha256"]) == (stack, "not proven", "")
    out, err = human.hears("verify", "--deployed", code=4)
    assert "NOT PROVEN" in out
    assert "error[E411]" in err


def test_an_emergency_is_told_for_ever(human: Human, conf: Path) -> None:
    configure(conf, mode="enforce")
    approve(human, "--break-glass", "nothing boots", "--by", "bob@corp.example", template="asg-ondemand")
    request_id = human.provider.request("asg-ondemand", 1)
    human.provider.settle(request_id)
    deleted(human, f"ohf-{request_id}")
    human.provider.aws.advance(30 * 86400)
    (found,) = proofs(human)
    assert (found["verdict"], found["emergency"]) == ("ok", "nothing boots")
    assert "BREAK GLASS" in human.says("verify", "--deployed")


def test_an_approval_that_is_over_was_good_when_it_was_used(human: Human, stack: str) -> None:
    human.provider.aws.advance(89 * 86400)
    assert [one["verdict"] for one in proofs(human)] == ["ok"]
    human.provider.aws.advance(30 * 86400)
    human.says("verify", TEMPLATE, code=4)
    assert [one["stack"] for one in proofs(human)] == [stack]


@pytest.mark.usefixtures("stack")
def test_a_forged_signature_is_found_in_what_ran(human: Human, conf: Path) -> None:
    edited(
        conf / "ohf.lock",
        lambda told: next(iter(told["entries"].values()))["approvals"][0].update(by="mallory@corp.example"),
    )
    (found,) = proofs(human, code=4)
    assert "E405" in [one["code"] for one in found["deviations"]]


@pytest.mark.usefixtures("conf")
def test_plans_and_rehearsals_that_never_ran_are_left_out(human: Human, tmp_path: Path) -> None:
    human.says("rehearse", TEMPLATE)
    for name in ("a", "b"):
        human.says("plan", TEMPLATE, "--count", "1", "--out", str(tmp_path / name))
    human.says("plan", "rm", str(tmp_path / "a"))
    assert proofs(human) == []


@pytest.mark.usefixtures("stack")
def test_a_pipeline_gets_every_stack_as_junit(human: Human, tmp_path: Path) -> None:
    human.provider.request("asg-ondemand", 1)
    human.says("verify", "--deployed", "--output-file", f"junit={tmp_path / 'a.xml'}", code=4)
    (suite,) = ElementTree.parse(tmp_path / "a.xml").getroot()
    assert {case.get("name") for case in suite if not case.findall("failure")} == {"approved", "drift"}
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")


def test_usage(human: Human) -> None:
    human.says("verify", TEMPLATE, "--deployed", code=64)
    human.says("verify", "--deployed", "--since", "yesterday", code=64)
