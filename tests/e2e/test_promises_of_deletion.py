"""`ohf delete`: what it promises of machines that will not end, and of the answer that outlives memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohf_iac.request import stack_name
from tests.e2e.human import QUICK, Human
from tests.e2e.provider import Provider, forget, live_machines, live_stacks
from tests.local_aws import LocalAws

PASSING = {"clock": {"perCall": 2}}


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    local_aws.reset(profile="realistic", **PASSING)
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


def protect(aws: LocalAws, machine_id: str, *, switch: bool = True) -> None:
    """Let EC2 refuse to end a machine, or end that."""
    aws.client("ec2").modify_instance_attribute(InstanceId=machine_id, DisableApiTermination={"Value": switch})


@pytest.mark.parametrize("settled", [True, False], ids=["settled", "never-polled"])
@pytest.mark.parametrize("template", ["instant-ondemand", "asg-ondemand"])
def test_a_stack_in_which_a_machine_lives_is_not_deleted(human: Human, template: str, settled: bool) -> None:
    """Deleting the stack would take the machine along, or leave it behind where nobody knows of it."""
    provider, aws = human.provider, human.provider.aws
    request_id = human.requests(template, 2)
    aws.advance(300)
    if settled:
        provider.settle(request_id)
    kept = live_machines(aws)[0]["InstanceId"]
    protect(aws, kept)
    aws.clear_calls()
    told = human.hears("delete", request_id, "--yes", *QUICK, code=1)[1]
    assert kept in told
    provider.settle(request_id)
    provider.polls(300, step=60)
    assert "DeleteStack" not in {one["action"] for one in aws.calls()}
    assert [one["InstanceId"] for one in live_machines(aws)] == [kept]
    assert live_stacks(aws) == [stack_name(request_id)]
    protect(aws, kept, switch=False)
    done = human.reads("delete", request_id, "--yes", *QUICK)
    assert done["stack"] == "gone"
    assert live_machines(aws) == []


@pytest.mark.parametrize("template", ["instant-ondemand", "asg-ondemand", "spotfleet-maintain"])
def test_a_full_request_that_nobody_polled_is_complete_when_it_is_deleted(human: Human, template: str) -> None:
    """It settles first: the deletion's token is all that tells its verdict once memory is lost."""
    provider = human.provider
    request_id = human.requests(template, 2)
    provider.aws.advance(300)
    assert len(live_machines(provider.aws)) == 2
    done = human.reads("delete", request_id, "--yes", *QUICK)
    assert (done["machines"], done["stack"]) == (2, "gone")
    for seconds in (0, 7200):
        provider.aws.advance(seconds)
        forget(provider)
        assert provider.settle(request_id)["status"] == "complete"
