"""`ohf evidence`: packs of requests, live and deleted, and what is found when somebody changed one."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ohf_cli.validation import schema_findings
from ohf_iac.review.evidence.pack import sums_of, text_of
from tests.e2e.bad_servers import refusing
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


def packed(human: Human, request_id: str, name: str = "pack", code: int = 0) -> tuple[Path, dict[str, Any]]:
    target = human.provider.folder / name
    told = human.reads("evidence", request_id, "--to", str(target), code=code)
    return target, told


def signers(human: Human) -> tuple[str, str]:
    return "--allowed-signers", str(human.provider.conf / "allowed_signers")


def check(human: Human, pack: Path, *words: str, code: int = 0) -> dict[str, Any]:
    return dict(human.reads("evidence", "--check", str(pack), *signers(human), *words, code=code))


def test_a_pack_holds_all_that_is_known_and_proves_it(human: Human, request_id: str) -> None:
    pack, told = packed(human, request_id)
    names = {one["name"] for one in told["files"]}
    assert {"body.json", "approved.json", "lock.json", "stack.json", "events.json", "machines.json"} <= names
    assert {"audit.jsonl", "audit-chain.jsonl", "verdict.json", "findings.json", "request.json"} <= names
    assert {"approvals/1.json", "approvals/1.json.sig", "allowed_signers", "README.txt"} <= names
    assert (told["verdict"], told["missing"]) == ("ok", [])
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


def rewritten(pack: Path, name: str, content: bytes | None) -> None:
    """Change a file as somebody does who writes manifest and sums anew."""
    target = pack / name
    if content is None:
        target.unlink()
    else:
        target.write_bytes(content)
    manifest = json.loads((pack / "manifest.json").read_text())
    rows = [one for one in manifest["files"] if (pack / one["name"]).exists()]
    for one in rows:
        found = (pack / one["name"]).read_bytes()
        one |= {"sha256": hashlib.sha256(found).hexdigest(), "bytes": len(found)}
    manifest["files"] = rows
    (pack / "manifest.json").write_bytes(text_of(manifest))
    sums = {
        str(one.relative_to(pack)): hashlib.sha256(one.read_bytes()).hexdigest()
        for one in pack.rglob("*")
        if one.is_file() and one.name != "SHA256SUMS"
    }
    (pack / "SHA256SUMS").write_bytes(sums_of(sums))


def test_a_change_of_any_file_is_found(human: Human, request_id: str) -> None:
    pack, told = packed(human, request_id)
    names = sorted(str(one.relative_to(pack)) for one in pack.rglob("*") if one.is_file())
    assert len(names) >= 17
    for name in names:
        for what in ("changed", "removed"):
            copy = human.provider.folder / "copy"
            shutil.copytree(pack, copy)
            if what == "changed":
                (copy / name).write_bytes((copy / name).read_bytes().replace(b"e", b"3", 1))
            else:
                (copy / name).unlink()
            lost = (name, what) == ("manifest.json", "removed")
            human.says("evidence", "--check", str(copy), *signers(human), code=1 if lost else 4)
            shutil.rmtree(copy)
    (pack / "more.json").write_text("{}")
    found = {one["of"]: one["state"] for one in check(human, pack, code=4)["checks"]}
    assert (found["more.json"], found["body.json"]) == ("differs", "ok")
    assert told["verdict"] == "ok"


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode())

    return change


def without_a_line(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[:2] + lines[3:])


#: what somebody does who writes manifest and sums anew -> the files, and where it is found all the same
REWRITTEN: dict[str, tuple[dict[str, Callable[[bytes], bytes]], str]] = {
    "body": ({"body.json": replaced('"MaxValue":1000', '"MaxValue":9000')}, "body.json"),
    "approved body": ({"approved.json": replaced('"MaxValue":1000', '"MaxValue":9000')}, "approved.json"),
    "both bodies": (
        {name: replaced('"MaxValue":1000', '"MaxValue":9000') for name in ("body.json", "approved.json")},
        "body.json",
    ),
    "parameter": ({"stack.json": replaced('"TargetCapacity": "2"', '"TargetCapacity": "2000"')}, "verdict.json"),
    "tag": ({"stack.json": replaced('"ohf:owner": "', '"ohf:owner": "x')}, "verdict.json"),
    "stack of another request": (
        {"stack.json": replaced('"stack": "ohf-req-', '"stack": "ohf-req-f')},
        "stack.json",
    ),
    "ticket": ({"lock.json": replaced("CHG1", "CHG2")}, "approvals/1.json"),
    "ticket everywhere": (
        {name: replaced("CHG1", "CHG2") for name in ("lock.json", "approvals/1.json", "verdict.json")},
        "approvals/1.json.sig",
    ),
    "envelope": ({"lock.json": replaced('"max": 1000', '"max": 9000')}, "approved.json"),
    "statement": ({"approvals/1.json": replaced("CHG1", "CHG2")}, "approvals/1.json"),
    "signature": ({"approvals/1.json.sig": replaced("U1NIU0lH", "U1NIU0lI")}, "approvals/1.json.sig"),
    "verdict": ({"verdict.json": replaced('"verdict": "ok"', '"verdict": "violation"')}, "verdict.json"),
    "audit line": ({"audit.jsonl": replaced("RequestSettled", "RequestCreated")}, "audit.jsonl"),
    "audit line left out": ({"audit.jsonl": without_a_line}, "audit.jsonl"),
    "chain": ({"audit-chain.jsonl": replaced("RequestSettled", "RequestCreated")}, "audit-chain.jsonl"),
    "chain with a line less": ({"audit-chain.jsonl": without_a_line}, "audit-chain.jsonl"),
}
#: what nothing in the pack binds: a digest of the manifest that was kept elsewhere finds it
UNBOUND = ("events.json", "machines.json", "request.json", "findings.json", "allowed_signers", "README.txt")


def test_whoever_writes_the_manifest_anew_is_found_where_files_bind(human: Human, request_id: str) -> None:
    pack, told = packed(human, request_id)
    for what, (changes, place) in REWRITTEN.items():
        copy = human.provider.folder / what
        shutil.copytree(pack, copy)
        for name, change in changes.items():
            rewritten(copy, name, change((copy / name).read_bytes()))
        found = check(human, copy, code=4)
        assert place in {one["of"] for one in found["checks"] if one["state"] == "differs"}, (what, found)
    for name in UNBOUND:
        copy = human.provider.folder / f"unbound-{name}"
        shutil.copytree(pack, copy)
        rewritten(copy, name, (copy / name).read_bytes() + b"\n")
        check(human, copy)
        found = check(human, copy, "--expect-sha256", told["manifestSha256"], code=4)
        assert [one["of"] for one in found["checks"] if one["state"] == "differs"] == ["manifest.json"]


def test_signatures_that_nobody_could_check_are_not_proven(human: Human, request_id: str, tmp_path: Path) -> None:
    pack, _ = packed(human, request_id)
    out, err = human.hears("evidence", "--check", str(pack), code=4)
    assert "NOT PROVEN" in out
    assert "--allowed-signers" in err
    (tmp_path / "nobody").write_text("")
    human.says("evidence", "--check", str(pack), "--allowed-signers", str(tmp_path / "nobody"), code=4)


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
        {"lock.json", "approved.json", "verdict.json"},
    )
    human.says("evidence", "--check", str(pack))
    reviewed(human, mode="off")
    approve(human, template="asg-ondemand")
    pack, told = packed(human, request_id, "again")
    assert told["verdict"] == "violation"
    human.says("evidence", "--check", str(pack), code=0)


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
    for words, code in (
        (("evidence",), 64),
        (("evidence", nobody), 64),
        (("evidence", nobody, "--to", "x", "--check", "y"), 64),
        (("evidence", nobody, "--to", "x", "--expect-sha256", "y"), 64),
        (("evidence", "--check", "x", "--expect-sha256", "y"), 64),
        (("evidence", nobody, "--to", str(tmp_path / "pack")), 1),
        (("evidence", "nothing", "--to", str(tmp_path / "pack")), 1),
        (("evidence", nobody, "--to", str(tmp_path / "there")), 1),
        (("evidence", nobody, "--to", str(tmp_path / "no" / "pack")), 1),
        (("evidence", "--check", str(tmp_path / "there")), 1),
        (("evidence", "--check", str(tmp_path / "none.zip")), 1),
    ):
        human.says(*words, code=code)
    assert not (tmp_path / "pack").exists()
