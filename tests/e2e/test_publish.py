"""Published bodies: put on S3 once, read back, and the only thing that stacks are made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.human import Human
from tests.e2e.planned import planned
from tests.e2e.provider import NAME, Provider, live_machines, live_stacks
from tests.e2e.reviewed import TEMPLATE, approve, committed, edited, reviewed
from tests.local_aws import LocalAws

BUCKET, PREFIX = "grid-bodies", "prod/bodies"
ASK = {"template": {"templateId": TEMPLATE, "machineCount": 2}}


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    """Approvals are enforced, stacks are made from published bodies, and the bucket keeps versions."""
    human = Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    conf = reviewed(human, mode="enforce", unsigned=True, publish=True)
    edited(
        conf / "ohf.json",
        lambda one: one.setdefault("provider", {}).update(templateBucket=BUCKET, templatePrefix=PREFIX),
    )
    committed(conf)
    store = local_aws.client("s3")
    store.create_bucket(Bucket=BUCKET)
    store.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield human
    local_aws.reset()


def published(human: Human, *words: str, code: int = 0) -> list[dict[str, Any]]:
    return list(human.reads("publish", *words, code=code)["bodies"])


def store(human: Human) -> Any:
    return human.provider.aws.client("s3")


def key(digest: str) -> str:
    return f"{PREFIX}/{digest}.json"


def refused(human: Human, said: str) -> None:
    """Both faces and a plan refuse, nothing is created and nothing kept, and the audit file tells."""
    human.provider.aws.clear_calls()
    answer = human.provider.call("requestMachines", ASK, code=1)
    assert said in answer["message"]
    for words in (
        ("request", TEMPLATE, "2"),
        ("plan", TEMPLATE, "--count", "2", "--out", str(human.provider.folder / "x.plan")),
    ):
        assert "error[E410]" in human.hears(*words, code=4)[1]
    made = {one["action"] for one in human.provider.aws.calls()} & {"CreateStack", "CreateChangeSet"}
    assert made == set()
    assert not (human.provider.work / f"{NAME}-request_database.json").exists()
    lines = (human.provider.work / f"{NAME}-audit.jsonl").read_text().splitlines()
    told = [one for one in map(json.loads, lines) if one["what"] == "RequestRefused"]
    assert [one["status"] for one in told[-3:]] == ["E410"] * 3


def test_what_is_published_is_what_stacks_are_made_from(human: Human) -> None:
    digest = approve(human)["sha256"]
    (one,) = published(human)
    assert (one["templateId"], one["digest"], one["state"]) == (TEMPLATE, digest, "published")
    kept = store(human).get_object(Bucket=BUCKET, Key=key(digest))
    assert one["url"] == (
        f"https://{BUCKET}.s3.us-east-1.amazonaws.com/{key(digest)}?versionId={kept['VersionId']}"
    )
    assert kept["Body"].read() == (human.provider.conf / "approved" / f"{digest}.json").read_bytes()
    entry = human.provider.settle(human.provider.request(TEMPLATE, 2))
    assert (entry["status"], len(entry["machines"])) == ("complete", 2)
    (again,) = published(human)
    assert (again["state"], again["version"]) == ("there", one["version"])
    assert len(store(human).list_object_versions(Bucket=BUCKET)["Versions"]) == 1


def test_without_publishing_nothing_is_created(human: Human) -> None:
    approve(human)
    refused(human, "is not published")
    assert published(human, "--check", code=4)[0]["state"] == "missing"


def test_an_object_that_was_replaced_is_never_used(human: Human) -> None:
    digest = approve(human)["sha256"]
    published(human)
    store(human).put_object(Bucket=BUCKET, Key=key(digest), Body=b'{"Resources": {}}')
    refused(human, "was replaced")
    for words in ((), ("--check",)):
        assert published(human, *words, code=4)[0]["state"] == "replaced"
    assert published(human, "--replace")[0]["state"] == "published"
    assert human.provider.settle(human.provider.request(TEMPLATE, 2))["status"] == "complete"


def test_an_object_that_is_replaced_on_the_way_does_not_matter(human: Human) -> None:
    """Between our look and CloudFormation's: the version that was looked at is the one that is read."""
    digest = approve(human)["sha256"]
    published(human)
    plan = planned(human, TEMPLATE, 2)
    store(human).put_object(Bucket=BUCKET, Key=key(digest), Body=b'{"Resources": {}}')
    plan.apply()
    name = f"ohf-{plan.request_id}"
    body = human.provider.aws.client("cloudformation").get_template(StackName=name)["TemplateBody"]
    assert body == json.loads((human.provider.conf / "approved" / f"{digest}.json").read_text())
    assert human.provider.settle(plan.request_id)["status"] == "complete"


def test_under_enforce_a_bucket_has_to_keep_versions(human: Human) -> None:
    approve(human)
    store(human).put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    human.reads("publish")
    refused(human, "keeps no versions")


def test_under_warn_an_object_without_a_version_will_do(human: Human) -> None:
    approve(human)
    edited(human.provider.conf / "ohf.json", lambda one: one["approvals"].update(mode="warn"))
    edited(human.provider.conf / "ohf.json", lambda one: one["provider"].update(templateBucket="plain"))
    store(human).create_bucket(Bucket="plain")
    assert human.reads("publish")["versioned"] is False
    assert human.provider.settle(human.provider.request(TEMPLATE, 2))["status"] == "complete"


def test_without_a_bucket_nothing_is_published_or_created(human: Human) -> None:
    approve(human)
    edited(human.provider.conf / "ohf.json", lambda one: one["provider"].pop("templateBucket"))
    human.hears("publish", code=78)
    refused(human, "no bucket")


def test_what_may_not_be_sent_is_not_published(human: Human) -> None:
    assert published(human) == []
    assert "nothing of instant-ondemand is approved" in human.hears("publish", TEMPLATE, code=4)[1]
    digest = approve(human)["sha256"]
    human.provider.aws.advance(400 * 86400)
    (one,) = published(human, code=4)
    assert (one["state"], one["digest"]) == ("refused", digest)
    assert "Contents" not in store(human).list_objects_v2(Bucket=BUCKET)


def test_a_long_body_put_aside_is_pinned_too(human: Human) -> None:
    """Without publishing, what is too long for a call goes through the bucket in the version that was just put."""
    edited(human.provider.conf / "ohf.json", lambda one: one["approvals"].pop("publish"))

    def longer(document: Any) -> None:
        (entry,) = (one for one in document["templates"] if one["templateId"] == TEMPLATE)
        entry["subnetId"] = ",".join(f"subnet-0a1b2c3d4e5f7{number:04d}" for number in range(60))
        entry["vmType"] = ",".join(
            f"{a}.{b}" for a in ("m5", "c5", "r5") for b in ("large", "xlarge", "2xlarge", "4xlarge")
        )
        entry.pop("vmTypes", None)

    edited(human.provider.conf / "awsprov_templates.json", longer)
    committed(human.provider.conf)
    approve(human)
    human.provider.request(TEMPLATE, 2)
    assert len(live_stacks(human.provider.aws)) == 1
    store(human).put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    answer = human.provider.call("requestMachines", ASK, code=1)
    assert "keeps no versions" in answer["message"]
    assert len(live_stacks(human.provider.aws)) == 1
    assert len(live_machines(human.provider.aws)) <= 2


def test_words_that_make_no_sense_are_refused(human: Human) -> None:
    human.hears("publish", "--check", "--replace", code=64)
    human.hears("publish", "no-such-template", code=1)
