"""`ohf evidence`: packs of requests, live and deleted, and of all requests of a span."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ohf_cli.validation import schema_findings
from tests.e2e.bad_servers import refusing
from tests.e2e.evidenced import check, packed
from tests.e2e.human import Human
from tests.e2e.provider import Provider, forget
from tests.e2e.reviewed import APPROVER, TEMPLATE, approve, reviewed, ssh_key
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
    folder = reviewed(human, mode="enforce", allowedSigners="allowed_signers")
    approve(human, "--sign", str(ssh_key(folder, APPROVER)), "--ticket", "CHG1")
    return folder


@pytest.fixture
def request_id(human: Human, conf: Path) -> str:
    """An approved request that is settled, one of whose machines was returned."""
    assert conf.is_dir()
    provider = human.provider
    entry = provider.settle(provider.request(TEMPLATE, 2))
    provider.settle(provider.give_back(entry["machines"][:1]))
    return str(entry["requestId"])


def test_a_pack_holds_all_that_is_known_and_proves_it(human: Human, request_id: str) -> None:
    pack, told = packed(human, request_id)
    names = {one["name"] for one in told["files"]}
    assert {"body.json", "approved.json", "lock.json", "stack.json", "events.json", "machines.json"} <= names
    assert {"audit.jsonl", "audit-chain.jsonl", "verdict.json", "findings.json", "request.json"} <= names
    assert {"approvals/1.json", "approvals/1.json.sig", "allowed_signers", "README.txt"} <= names
    assert (told["verdict"], [one["name"] for one in told["missing"]]) == ("ok", ["drift.json"])
    manifest = json.loads((pack / "manifest.json").read_text())
    assert schema_findings("evidence", manifest) == ()
    machines = json.loads((pack / "machines.json").read_text())
    assert len(machines["machines"]) == 2
    assert len(machines["returns"][0]["machines"]) == 1
    found = check(human, pack)
    assert (found["ok"], found["manifestSha256"]) == (True, told["manifestSha256"])
    check(human, pack, "--expect-sha256", told["manifestSha256"])


def test_the_same_facts_give_the_same_bytes_in_a_folder_and_in_a_file(human: Human, request_id: str) -> None:
    first, told = packed(human, request_id, "first")
    second, again = packed(human, request_id, "second.zip")
    third, _ = packed(human, request_id, "third.zip")
    assert (told["manifestSha256"], second.read_bytes()) == (again["manifestSha256"], third.read_bytes())
    with zipfile.ZipFile(second) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
        assert {one.date_time[0] for one in archive.infolist()} == {1980}
    assert inside == {str(one.relative_to(first)): one.read_bytes() for one in first.rglob("*") if one.is_file()}
    assert check(human, second)["ok"]
    assert {stat.S_IMODE(one.stat().st_mode) for one in first.rglob("*") if one.is_file()} == {0o600}
    assert {stat.S_IMODE(one.stat().st_mode) for one in (first, first / "approvals")} == {0o700}
    assert stat.S_IMODE(second.stat().st_mode) == 0o600


def test_standard_tools_check_it(human: Human, request_id: str, conf: Path) -> None:
    pack, told = packed(human, request_id)
    subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=pack, check=True)
    assert hashlib.sha256((pack / "body.json").read_bytes()).hexdigest() == told["sha256"]
    signed = ["-I", APPROVER, "-s", "approvals/1.json.sig", "-f", str(conf / "allowed_signers")]
    subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-n", "ohf", *signed],
        cwd=pack,
        input=(pack / "approvals" / "1.json").read_bytes(),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    lines = (pack / "audit-chain.jsonl").read_bytes().splitlines()
    for before, line in pairwise(lines):
        assert json.loads(line)["prev"] == hashlib.sha256(before).hexdigest()
    human.says("verify", "--audit", "--head", json.loads((pack / "manifest.json").read_text())["auditHead"])


def test_a_deleted_request_is_proven_without_memory(human: Human, request_id: str) -> None:
    provider = human.provider
    provider.settle(provider.give_back(provider.status(request_id)["machines"][1:]))
    provider.polls(600, step=60)
    provider.aws.advance(40 * 86400)
    remembered, _ = packed(human, request_id, "remembered")
    assert len(json.loads((remembered / "machines.json").read_text())["returns"]) == 2
    forget(provider)
    pack, told = packed(human, request_id)
    assert (told["verdict"], json.loads((pack / "stack.json").read_text())["status"]) == ("ok", "DELETE_COMPLETE")
    assert {(one["name"], one["lack"]) for one in told["missing"]} == {
        ("request.json", "absent"),
        ("audit.jsonl", "absent"),
        ("audit-chain.jsonl", "absent"),
    }
    assert check(human, pack)["ok"]


def test_what_cannot_be_read_is_in_the_manifest_with_its_reason(human: Human, request_id: str) -> None:
    denied = {"action": "GetTemplate", "kind": "error", "status": 400, "code": "AccessDenied"}
    human.provider.aws.scenario(faults=[denied])
    pack, told = packed(human, request_id, code=1)
    lacks = {one["name"]: one for one in told["missing"]}
    assert (lacks["body.json"]["lack"], "AccessDenied" in lacks["body.json"]["reason"]) == ("unread", True)
    assert (told["verdict"], told["sha256"]) == ("not proven", "")
    assert (pack / "approved.json").is_file()
    found = check(human, pack, code=4)
    assert {one["of"] for one in found["checks"] if one["state"] == "unknown"} == {"body.json"}
    assert "UNREAD" in human.says("evidence", request_id, "--to", str(pack) + "2", code=1)


def test_without_aws_there_is_what_this_host_knows(human: Human, request_id: str) -> None:
    with refusing() as url:
        human.provider.extra["AWS_ENDPOINT_URL"] = url
        _, told = packed(human, request_id, code=1)
    names = {one["name"] for one in told["files"]}
    assert {"request.json", "lock.json", "approved.json", "audit.jsonl", "machines.json"} <= names
    unread = {one["name"] for one in told["missing"] if one["lack"] == "unread"}
    assert {"stack.json", "body.json", "events.json", "verdict.json", "machines.json"} <= unread


def test_what_nobody_approved_is_told_and_its_pack_is_as_it_was_written(human: Human) -> None:
    human.provider.settle(request_id := human.provider.request(TEMPLATE, 1))
    pack, told = packed(human, request_id)
    assert (told["verdict"], {one["name"] for one in told["missing"]}) == (
        "",
        {"lock.json", "approved.json", "verdict.json", "drift.json"},
    )
    human.says("evidence", "--check", str(pack))
    reviewed(human, mode="off")
    approve(human, template="asg-ondemand")
    pack, told = packed(human, request_id, "again")
    assert told["verdict"] == "violation"
    human.says("evidence", "--check", str(pack), code=0)


def test_drift_of_a_live_stack_is_told_where_it_was_asked_for(human: Human) -> None:
    reviewed(human, mode="warn", unsigned=True)
    approve(human, template="maintain-spot")
    human.provider.settle(request_id := human.provider.request("maintain-spot", 1))
    client = human.provider.aws.client("cloudformation")
    rows = client.describe_stack_resources(StackName=f"ohf-{request_id}")["StackResources"]
    fleet = next(one["PhysicalResourceId"] for one in rows if one["LogicalResourceId"] == "Capacity")
    ec2 = human.provider.aws.client("ec2")
    ec2.modify_fleet(FleetId=fleet, TargetCapacitySpecification={"TotalTargetCapacity": 5})
    target = human.provider.folder / "pack"
    told = human.reads("evidence", request_id, "--to", str(target), "--drift")
    found = json.loads((target / "drift.json").read_text())
    assert (told["verdict"], told["missing"], found["verdict"]) == ("ok", [], "drifted")
    assert "TotalTargetCapacity" in found["deviations"][0]["message"]
    check(human, target)
    denied = {"action": "DetectStackDrift", "kind": "error", "status": 400, "code": "AccessDenied"}
    human.provider.aws.scenario(faults=[denied])
    human.says("evidence", request_id, "--to", f"{target}.zip", "--drift", code=1)


def test_all_requests_of_a_span_are_in_one_folder(human: Human, request_id: str, conf: Path) -> None:
    provider = human.provider
    gone = provider.settle(provider.request(TEMPLATE, 1))
    provider.settle(provider.give_back(gone["machines"]))
    provider.polls(600, step=60)
    human.says("plan", TEMPLATE, "--count", "1", "--out", str(provider.folder / "a.plan"))
    target = provider.folder / "week"
    told = human.reads("evidence", "--since", "7d", "--to", str(target))
    assert {one["requestId"]: one["verdict"] for one in told["packs"]} == {
        request_id: "ok",
        gone["requestId"]: "ok",
    }
    subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=target, check=True)
    for one in told["packs"]:
        assert check(human, target / one["file"])["manifestSha256"] == one["manifestSha256"]
    provider.aws.advance(8 * 86400)
    assert len(human.reads("evidence", "--since", "7d", "--to", str(provider.folder / "next"))["packs"]) == 1
    human.says("evidence", "--since", "7d", "--to", str(target), code=1)
    assert conf.is_dir()


def test_usage(human: Human, tmp_path: Path) -> None:
    nobody = f"req-{1:08x}-{1:016x}"
    (tmp_path / "there").mkdir()
    (tmp_path / "piped").mkdir()
    os.mkfifo(tmp_path / "piped" / "manifest.json")
    (tmp_path / "text.zip").write_text("no zip")
    for words, code in (
        (("evidence",), 64),
        (("evidence", nobody), 64),
        (("evidence", nobody, "--to", "x", "--check", "y"), 64),
        (("evidence", nobody, "--to", "x", "--expect-sha256", "y"), 64),
        (("evidence", "--check", "x", "--expect-sha256", "y"), 64),
        (("evidence", "--check", "x", "--drift"), 64),
        (("evidence", "--since", "1d", "--drift", "--to", "x"), 64),
        (("evidence", nobody, "--to", str(tmp_path / "pack")), 1),
        (("evidence", "nothing", "--to", str(tmp_path / "pack")), 1),
        (("evidence", nobody, "--to", str(tmp_path / "there")), 1),
        (("evidence", nobody, "--to", str(tmp_path / "no" / "pack")), 1),
        (("evidence", "--check", str(tmp_path / "there")), 1),
        (("evidence", "--check", str(tmp_path / "piped")), 1),
        (("evidence", "--check", str(tmp_path / "text.zip")), 1),
        (("evidence", "--check", str(tmp_path / "none.zip")), 1),
    ):
        human.says(*words, code=code)
    assert not (tmp_path / "pack").exists()
