"""Batches under a policy that looks at tags: one machine that is gone or not ours denies them all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ohf_iac.aws import ec2
from ohf_iac.aws.calls import Calls
from ohf_iac.errors import ProviderError
from ohf_iac.request import TAG_OWNER
from ohf_iac.template.kinds import INSTANT
from tests.integration.gateway import OWNER, Made, calls_to, counted, make
from tests.local_aws import ACCOUNT, IMAGE, LocalAws

KEY = f"AKIA{ACCOUNT}HOST"
GONE = "i-00000000000000001"
OWNED = {"StringEquals": {f"ec2:ResourceTag/{TAG_OWNER}": OWNER}}


def allow(aws: LocalAws, *actions: str) -> None:
    """From now on the host may look, and do these on what bears the owner's tag."""
    looks = {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}
    acts = {"Effect": "Allow", "Action": list(actions), "Resource": "*", "Condition": OWNED}
    aws.control("PUT", "policies", {"policies": {KEY: {"Statement": [looks, *([acts] if actions else [])]}}})


@pytest.fixture
def made(local_aws: LocalAws, calls: Calls) -> Iterator[Made]:
    """Six machines of ours; afterwards nobody is restricted."""
    yield make(local_aws, calls, INSTANT, 6).settle_down()
    local_aws.control("PUT", "policies", {})


@pytest.fixture
def host(made: Made, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The door of a host that may end and mark what is its owner's."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    allow(made.aws, "ec2:TerminateInstances", "ec2:CreateTags")
    return calls_to(made.aws)


def ours(made: Made) -> list[str]:
    found = ec2.of_requests(made.calls, OWNER, [made.request.request_id])
    return [one.instance_id for one in found if one.live]


def states(made: Made) -> list[str]:
    return sorted(one.state for one in ec2.of_requests(made.calls, OWNER, [made.request.request_id]))


def nobodys(made: Made, **tags: str) -> str:
    """A machine without our tag, or with another owner's."""
    given = [{"Key": key.replace("__", ":"), "Value": value} for key, value in tags.items()]
    marks = [{"ResourceType": "instance", "Tags": given}] if given else []
    client = made.aws.client("ec2")
    (row,) = client.run_instances(
        ImageId=IMAGE, InstanceType="m5.large", MinCount=1, MaxCount=1, TagSpecifications=marks
    )["Instances"]
    return str(row["InstanceId"])


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_machine_that_has_vanished_is_found_by_describing_and_dropped(
    made: Made, host: Calls, place: int
) -> None:
    ids = ours(made)
    ids.insert(place, GONE)
    with counted(made.aws) as actions:
        assert ec2.terminate(host, ids) == {}
    assert actions == ["TerminateInstances", "DescribeInstances", "TerminateInstances"]
    assert states(made) == ["shutting-down"] * 6


def test_a_machine_that_lost_its_tags_is_dropped(made: Made, host: Calls) -> None:
    ids = ours(made)
    made.aws.client("ec2").delete_tags(Resources=ids[:1], Tags=[{"Key": TAG_OWNER}])
    ec2.tag(host, ids, "ohf:settled", "complete")
    marked = {one.instance_id for one in ec2.with_tag_key(made.calls, OWNER, "ohf:settled")}
    assert marked == set(ids[1:])


def test_a_launch_template_that_is_gone_is_dropped(made: Made, host: Calls) -> None:
    ec2.tag(host, [*ours(made), "lt-00000000000000001"], "ohf:settled", "complete")
    assert len(ec2.with_tag_key(made.calls, OWNER, "ohf:settled")) == 6


def test_a_machine_of_another_owner_alone_is_refused(made: Made, host: Calls) -> None:
    theirs = nobodys(made, ohf__owner="theirs")
    refused = ec2.terminate(host, [*ours(made)[:3], theirs, *ours(made)[3:]])
    assert list(refused) == [theirs]
    assert "not authorized to perform: ec2:TerminateInstances" in refused[theirs]
    assert states(made) == ["shutting-down"] * 6
    assert ec2.by_id(made.calls, [theirs])[0].live


def test_the_others_have_their_tag_when_one_is_refused(made: Made, host: Calls) -> None:
    theirs = nobodys(made, ohf__owner="theirs")
    with pytest.raises(ProviderError) as denied:
        ec2.tag(host, [theirs, *ours(made)], "ohf:settled", "complete")
    assert denied.value.aws_code == "UnauthorizedOperation"
    assert len(ec2.with_tag_key(made.calls, OWNER, "ohf:settled")) == 6


@pytest.mark.parametrize("count", [1, 2, 6])
def test_a_missing_permission_is_told_after_few_calls(made: Made, host: Calls, count: int) -> None:
    allow(made.aws)
    ids = ours(made)[:count]
    with counted(made.aws) as actions, pytest.raises(ProviderError) as denied:
        ec2.terminate(host, ids)
    assert denied.value.aws_code == "UnauthorizedOperation"
    assert denied.value.code == "E7701"
    assert len(actions) <= 8
    assert states(made) == ["running"] * 6
