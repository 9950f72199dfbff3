"""What is no evidence: a silent AWS, another region, a group that somebody took away."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohf_iac.request import stack_name
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, SPOT_MAINTAIN, Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import Provider, live_machines
from tests.local_aws import IMAGE, LocalAws

SILENT = {"service": "ec2", "action": "Describe*", "kind": "error", "status": 500}


@pytest.fixture
def provider(local_aws: LocalAws, tmp_path: Path) -> Provider:
    """The example provider, tried once per call."""
    return Provider(tmp_path, local_aws, extra={"OHF_PROVIDER_RETRY_ATTEMPTS": "0"})


def test_a_foreign_host_that_was_named_while_aws_was_silent_is_left_alone(provider: Provider) -> None:
    aws = provider.aws
    started = aws.client("ec2").run_instances(ImageId=IMAGE, InstanceType="m5.large", MinCount=1, MaxCount=1)
    foreign = started["Instances"][0]["InstanceId"]
    aws.advance(60)
    aws.scenario(faults=[SILENT])
    return_id = provider.give_back([{"name": "theirs", "machineId": foreign}])
    assert provider.status(return_id)["status"] == "running"
    aws.scenario()
    assert provider.settle(return_id)["status"] == "complete"
    assert [one["InstanceId"] for one in live_machines(aws)] == [foreign]


def test_another_region_ends_no_request(provider: Provider) -> None:
    """The administrator mistypes the region: nothing is to be seen there, and nothing follows from that."""
    aws = provider.aws
    request_id = provider.request(TEMPLATES[ASG], 3)
    aws.advance(120)
    provider.extra["AWS_REGION"] = provider.extra["AWS_DEFAULT_REGION"] = "eu-west-1"
    provider.extra["OHF_PROVIDER_REGION"] = "eu-west-1"
    elsewhere = provider.status(request_id)
    assert (elsewhere["status"], elsewhere["machines"]) == ("running", [])
    assert "region" in elsewhere["message"]
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "OHF_PROVIDER_REGION"):
        del provider.extra[name]
    entry = provider.settle(request_id)
    assert (entry["status"], len(entry["machines"])) == ("complete", 3)


@pytest.mark.parametrize("kind", [ASG, FLEET_MAINTAIN, SPOT_MAINTAIN])
def test_a_stack_that_somebody_deletes_settles_its_short_request(provider: Provider, kind: Kind) -> None:
    aws = provider.aws
    aws.scenario(capacity={"*": 2})
    request_id = provider.request(TEMPLATES[kind], 3)
    aws.advance(120)
    assert provider.status(request_id)["status"] == "running"
    aws.client("cloudformation").delete_stack(StackName=stack_name(request_id))
    entry = provider.settle(request_id, patience=1800)
    assert entry["status"] == "complete_with_error"
    assert [one["result"] for one in entry["machines"]] == ["fail", "fail"]
    assert live_machines(aws) == []
