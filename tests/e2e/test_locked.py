"""Locked policies: AWS itself refuses a stack that is not made from a published body; life goes on otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.human import Human
from tests.e2e.permitted import KEY, ROLE, client_of, denied
from tests.e2e.planned import planned
from tests.e2e.provider import Provider, live_stacks
from tests.e2e.reviewed import approve, committed, edited, reviewed
from tests.local_aws import LocalAws

BUCKET, PREFIX = "grid-bodies", "prod"
TEMPLATES = ("instant-ondemand", "asg-ondemand", "maintain-spot", "spotfleet-request")
URL = f"https://{BUCKET}.s3.us-east-1.amazonaws.com"


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    """A provider that creates from published bodies, which an administrator has published; nobody is locked yet."""
    human = Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    conf = reviewed(human, mode="enforce", unsigned=True, publish=True)

    def settings(document: dict[str, Any]) -> None:
        more = {"templateBucket": BUCKET, "templatePrefix": PREFIX, "serviceRoleArn": ROLE, "owner": "ohf"}
        document.setdefault("provider", {}).update(more)

    edited(conf / "ohf.json", settings)
    committed(conf)
    store = local_aws.client("s3")
    store.create_bucket(Bucket=BUCKET)
    store.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for template in TEMPLATES:
        approve(human, template=template)
    human.says("publish")
    yield human
    local_aws.control("PUT", "policies", {})
    local_aws.reset()


def lock(human: Human, *more: str) -> None:
    """Put the printed policies in force for the host's key, and work with that."""
    words = [word for template in TEMPLATES for word in ("--template", template)]
    printed = json.loads(human.hears("iam-policy", "--locked", *words, *more, code=0)[0])
    policies = {KEY: printed["caller"], ROLE: printed["service"]}
    human.provider.aws.control("PUT", "policies", {"policies": policies})
    human.provider.extra["AWS_ACCESS_KEY_ID"] = KEY


@pytest.mark.parametrize("template", TEMPLATES)
def test_normal_life_runs(human: Human, template: str) -> None:
    lock(human)
    provider = human.provider
    entry = provider.settle(provider.request(template, 2))
    assert (entry["status"], len(entry["machines"])) == ("complete", 2)
    assert provider.settle(provider.give_back(entry["machines"]))["status"] == "complete"
    provider.polls(300, step=100)
    assert live_stacks(provider.aws) == []
    assert denied(provider.aws) == []


def test_reviewers_plan_and_rehearse(human: Human) -> None:
    lock(human, "--with-review")
    human.says("rehearse", "instant-ondemand")
    plan = planned(human)
    plan.apply()
    assert human.provider.settle(plan.request_id)["status"] == "complete"
    assert denied(human.provider.aws) == []


def test_whoever_has_the_hosts_keys_creates_nothing_else(human: Human) -> None:
    aws = human.provider.aws
    store, body = aws.client("s3"), '{"Resources": {}}'
    version = store.put_object(Bucket=BUCKET, Key="elsewhere/a.json", Body=body.encode())["VersionId"]
    (kept, *_) = (one["Key"] for one in store.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX)["Contents"])
    lock(human, "--with-review")
    client, host_store = client_of(aws, "cloudformation"), client_of(aws, "s3")
    named: dict[str, Any] = {
        "StackName": "ohf-req-65000000-0123456789abcdef",
        "RoleARN": ROLE,
        "Tags": [{"Key": "ohf:owner", "Value": "ohf"}],
    }
    ways: list[dict[str, str]] = [
        {"TemplateBody": body},
        {"TemplateURL": f"{URL}/elsewhere/a.json?versionId={version}"},
        {"TemplateURL": f"{URL}/{kept}"},
        {"TemplateURL": f"https://others.s3.us-east-1.amazonaws.com/{kept}?versionId=1"},
    ]
    change_set = {"ChangeSetName": "c", "ChangeSetType": "CREATE"}
    for way in ways:
        with pytest.raises(ClientError, match="AccessDenied"):
            client.create_stack(**named, **way)
        with pytest.raises(ClientError, match="AccessDenied"):
            client.create_change_set(**change_set, **named, **way)
    with pytest.raises(ClientError, match="AccessDenied"):
        host_store.put_object(Bucket=BUCKET, Key=kept, Body=body)
    with pytest.raises(ClientError, match="AccessDenied"):
        host_store.delete_object(Bucket=BUCKET, Key=kept)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.update_stack(StackName=named["StackName"], TemplateBody=body)
    assert live_stacks(aws) == []


def test_a_rehearsal_is_never_executed(human: Human) -> None:
    aws = human.provider.aws
    lock(human, "--with-review")
    aws.scenario(faults=[{"action": "DeleteStack", "kind": "error", "status": 400, "code": "AccessDenied"}])
    human.hears("rehearse", "instant-ondemand", code=1)
    aws.scenario()
    (left,) = live_stacks(aws)
    client = client_of(aws, "cloudformation")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.execute_change_set(StackName=left, ChangeSetName="rehearsal")


def test_the_publisher_publishes_and_does_nothing_else(human: Human) -> None:
    aws = human.provider.aws
    aws.client("s3").delete_object(
        Bucket=BUCKET, Key=aws.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"][0]["Key"]
    )
    policy = json.loads(human.hears("iam-policy", "--role", "publisher", code=0)[0])
    aws.control("PUT", "policies", {"policies": {KEY: policy}})
    human.provider.extra["AWS_ACCESS_KEY_ID"] = KEY
    states = sorted(one["state"] for one in human.reads("publish")["bodies"])
    assert states == ["published", "there", "there", "there"]
    assert denied(aws) == []
    human.hears("request", "instant-ondemand", "1", code=77)


@pytest.mark.parametrize("missing", ["templateBucket", "serviceRoleArn"])
def test_what_the_conditions_name_has_to_be_known(human: Human, missing: str) -> None:
    edited(human.provider.conf / "ohf.json", lambda document: document["provider"].pop(missing))
    assert f"provider.{missing} is not set" in human.hears("iam-policy", "--locked", code=78)[1]


def test_what_locking_takes_away_is_told(human: Human) -> None:
    printed, told = human.hears("iam-policy", "--locked", code=0)
    assert "heterogeneous templates get no on-demand rest" in told
    assert "cloudformation:UpdateStack" not in printed
    human.hears("iam-policy", "--role", "publisher", "--format", "cfn", code=64)
    edited(human.provider.conf / "ohf.json", lambda document: document["approvals"].pop("publish"))
    human.hears("iam-policy", "--role", "publisher", code=64)
