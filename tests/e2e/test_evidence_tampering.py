"""`ohf evidence --check`: what somebody changed in a pack is found."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ohf_iac.review.evidence.pack import sums_of, text_of
from tests.e2e.evidenced import check, packed
from tests.e2e.human import Human
from tests.e2e.provider import Provider
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
                (copy / name).write_bytes((copy / name).read_bytes() + b"\n")
            else:
                (copy / name).unlink()
            if (name, what) == ("manifest.json", "removed"):
                human.says("evidence", "--check", str(copy), code=1)
            else:
                differ = {one["of"] for one in check(human, copy, code=4)["checks"] if one["state"] == "differs"}
                assert differ == (
                    {"SHA256SUMS"} if name in ("manifest.json", "SHA256SUMS") else {name, "SHA256SUMS"}
                )
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
    found = human.reads("evidence", "--check", str(pack), code=4)
    unknown = [one["of"] for one in found["checks"] if one["state"] == "unknown"]
    assert (found["ok"], unknown) == (False, ["approvals/1.json.sig", "verdict.json"])
    out, err = human.hears("evidence", "--check", str(pack), code=4)
    assert "NOT PROVEN" in out
    assert "--allowed-signers" in err
    (tmp_path / "nobody").write_text("")
    human.says("evidence", "--check", str(pack), "--allowed-signers", str(tmp_path / "nobody"), code=4)
