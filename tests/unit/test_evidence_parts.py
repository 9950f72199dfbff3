"""Parts of evidence packs, from values alone: the audit lines, the masks, the manifest."""

from __future__ import annotations

import base64
import json

import pytest

from ohf_iac.approval.values import Approval, Entry
from ohf_iac.chained_file import line_hash
from ohf_iac.errors import ValidationError
from ohf_iac.observation import StackSeen
from ohf_iac.request import Request, RequestRecord
from ohf_iac.review.attestation.statement import Attested, statement_of
from ohf_iac.review.evidence import audit_part as module
from ohf_iac.review.evidence.audit_part import audit_part, joined, own_lines
from ohf_iac.review.evidence.checking import checked
from ohf_iac.review.evidence.documents import pack_of
from ohf_iac.review.evidence.facts import Facts
from ohf_iac.review.evidence.pack import Gap, Pack, PackFile
from ohf_iac.template.kinds import INSTANT

OURS, OTHER = "req-00000001-0000000000000001", "req-00000002-0000000000000002"
RETURN, THEIRS = "ret-00000003-0000000000000003", "ret-00000004-0000000000000004"
RULES = {"mode": "off", "minApprovals": 1, "unsigned": True}


def chain(*told: dict[str, object]) -> list[bytes]:
    """Lines as the audit file has them, each with the hash of the one before it, or of the one that it says."""
    lines: list[bytes] = []
    for one in told:
        back = int(str(one.pop("back", 1)))
        prev = line_hash(lines[-back]) if len(lines) >= back else ""
        lines.append(json.dumps({**one, "prev": prev}).encode())
    return lines


LIFE = chain(
    {"what": "AwsCall", "request_id": "of AWS"},
    {"what": "RequestCreated", "request_id": OURS},
    {"what": "RequestCreated", "request_id": OTHER},
    {"what": "MachineCreated", "request_id": OURS, "machine_id": "i-1"},
    {"what": "MachineCreated", "request_id": OTHER, "machine_id": "i-2"},
    {"what": "ReturnRequested", "return_id": RETURN, "machines": 1},
    {"what": "ReturnRequested", "return_id": THEIRS, "machines": 1},
    {"what": "MachineTerminated", "return_id": RETURN, "machine_id": "i-1"},
    {"what": "MachineTerminated", "return_id": THEIRS, "machine_id": "i-2"},
)


def test_the_lines_of_a_request_are_those_of_its_machines_and_returns_too() -> None:
    found = audit_part([("a.1", joined(LIFE[:4])), ("a", joined(LIFE[4:]))], OURS, ())
    assert found is not None
    assert found.own == tuple(LIFE[one] for one in (1, 3, 5, 7))
    assert (found.stretch, found.chain.breaks, found.returns) == (tuple(LIFE[1:8]), (), frozenset({RETURN}))
    assert found.chain.head == line_hash(LIFE[7])
    assert own_lines(found.stretch, found.own, OURS)
    assert not own_lines(found.stretch, found.own[1:], OURS)
    assert not own_lines(found.stretch, (*found.own, b"{}"), OURS)
    assert not own_lines(found.stretch, tuple(reversed(found.own)), OURS)


def test_a_machine_that_memory_alone_knows_counts() -> None:
    lines = chain(
        {"what": "MachineInterrupted", "machine_id": "i-9"}, {"what": "RequestCreated", "request_id": OTHER}
    )
    found = audit_part([("a", joined(lines))], OURS, ["i-9"])
    assert found is not None
    assert found.own == (lines[0],)


def test_nothing_about_it_is_none() -> None:
    assert audit_part([("a", joined(LIFE[:1]) + b"cut off"), ("b", b"")], OURS, ()) is None


def test_a_stretch_begins_earlier_where_a_line_without_the_lock_follows_what_was_before() -> None:
    lines = chain(
        {"what": "AwsCall"},
        {"what": "AwsCall"},
        {"what": "RequestCreated", "request_id": OURS},
        {"what": "AwsCall", "unlocked": True, "back": 2},
        {"what": "RequestSettled", "request_id": OURS, "back": 1},
    )
    found = audit_part([("a", joined(lines))], OURS, ())
    assert found is not None
    assert (found.stretch, found.chain.breaks) == (tuple(lines), ())


def test_a_break_in_the_stretch_stays_one() -> None:
    lines = [*LIFE[:2], *LIFE[3:]]
    found = audit_part([("a", joined(lines))], OURS, ())
    assert found is not None
    assert len(found.chain.breaks) == 1


def test_a_stretch_that_is_too_long_is_a_gap_that_says_how_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 100)
    facts = Facts(OURS, "grid", audit=audit_part([("a", joined(LIFE))], OURS, ()))
    pack = pack_of(facts, RULES, None, b"")
    assert "audit-chain.jsonl" not in pack.contents
    (gap,) = [one for one in pack.manifest["missing"] if one["name"] == "audit-chain.jsonl"]
    assert line_hash(LIFE[7]) in gap["reason"]


def body(**parameters: object) -> str:
    return json.dumps({"Parameters": parameters, "Resources": {}}, sort_keys=True, separators=(",", ":")) + "\n"


def facts(**tags: str) -> Facts:
    stack = StackSeen(
        "arn:aws:cloudformation:us-east-1:123456789012:stack/s/1",
        f"ohf-{OURS}",
        "CREATE_COMPLETE",
        parameters={"Word": "hunter2", "Owner": "grid"},
        tags=tags,
    )
    request = Request(OURS, "t", INSTANT, 1, "grid", 1, 2)
    message = "https://joe:hunter3@example.org refused"
    return Facts(OURS, "grid", record=RequestRecord(request, message=message), stack=stack, body=BODY)


BODY = body(Word={"Type": "String", "NoEcho": True}, Owner={"Type": "String"})


def test_values_with_noecho_and_secrets_are_masked_and_the_body_is_not() -> None:
    found = facts(api_key="zyxwvu0987654321", team="grid")
    contents = pack_of(found, RULES, {"found": "AKIAABCDEFGHIJKLMNOP in a tag"}, b"").contents
    text = b"".join(contents.values()).decode()
    for secret in ("hunter2", "hunter3", "zyxwvu0987654321", "AKIAABCDEFGHIJKLMNOP"):
        assert secret not in text
    assert json.loads(contents["stack.json"])["tags"]["team"] == "grid"
    assert contents["body.json"].decode() == BODY


def test_a_gap_is_told_once_and_never_instead_of_a_file() -> None:
    gap = Gap("a.json", "unread", "no")
    pack = Pack({}, (PackFile("b.json", b"{}", "AWS"),), (gap, gap))
    assert [one["name"] for one in pack.manifest["missing"]] == ["a.json"]
    found = facts()
    found.absent("body.json", "nothing")
    assert "body.json" not in {one["name"] for one in pack_of(found, RULES, None, b"").manifest["missing"]}


@pytest.mark.parametrize(
    "manifest", [None, b"", b"[]", b"{}", b'{"schema": "ohf/evidence/v2"}', b"\xff", b"[" * 99999]
)
def test_what_is_no_manifest_is_refused(manifest: bytes | None) -> None:
    with pytest.raises(ValidationError, match="check evidence"):
        checked({} if manifest is None else {"manifest.json": manifest}, None)


def test_files_of_any_shape_differ_and_stop_nobody() -> None:
    """A pack that is whole by its hashes, with contents that mean nothing."""
    found = facts()
    for name in ("stack.json", "body.json", "lock.json", "verdict.json", "audit-chain.jsonl"):
        for content in (b"", b"[]", b"{}", b"null", b"\xff\xfe", b'{"tags": 3}', b"[" * 9999):
            files = {one.name: one for one in pack_of(found, RULES, None, b"").files}
            files[name] = PackFile(name, content, "AWS")
            whole = Pack(pack_of(found, RULES, None, b"").about, tuple(files.values()), ())
            assert checked(whole.contents, None).wrong, (name, content)


def test_an_image_that_is_looked_up_is_told_as_floating() -> None:
    images = {
        "resolve:ssm:/aws/image": "uri",
        "{{resolve:ssm:/aws/image}}": "uri",
        "an image": "content",
        "ami-1": "uri",
    }
    for image, key in images.items():
        resource = {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {"ImageId": image}}}
        text = json.dumps({"Resources": {"LaunchTemplate": resource}})
        told = statement_of(Attested("t", "t", text, {}, None, "", None, 0, "", lambda one: f"arn:{one}", {}))
        (found,) = told["predicate"]["buildDefinition"]["resolvedDependencies"]
        assert key in found
        assert found.get("annotations", {}).get("floating", False) == (image != "ami-1")
        assert key == "uri" or base64.b64decode(found["content"]).decode() == image


def test_an_emergency_is_in_the_statement_with_its_reason() -> None:
    approval = Approval("bob", "2026-01-01T00:00:00Z", "2026-01-02", break_glass="nothing boots")
    entry = Entry("0" * 64, "t", INSTANT, "1" * 64, 1, {}, (), {}, (approval,))
    what = Attested("t", "t", "{}\n", {}, None, "", None, 0, "", str, {"emergency": "nothing boots"}, entry)
    told = statement_of(what)["predicate"]
    (lock,) = told["buildDefinition"]["resolvedDependencies"]
    assert lock["annotations"]["approvals"][0]["breakGlass"] == "nothing boots"
    assert told["runDetails"]["ohf_verdict"]["emergency"] == "nothing boots"
