"""Orphans: each kind provoked, found by `ohf gc` without memory, collected, gone; and none where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ohf_iac.request import new_id, rehearsal_id, stack_name
from ohf_iac.template.kinds import ASG, FLEET_REQUEST, INSTANT, KINDS, Kind
from tests.e2e.human import Human
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import Provider, forget, live_machines, live_stacks
from tests.local_aws import LocalAws

#: longer than any example template's validity and the grace together
LONG = 4 * 3600
OWNED = {"ohf:owner": "ohf"}
BODY = '{"Resources": {"T": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {}}}}}'


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    local_aws.reset(profile="realistic")
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


def reasons(human: Human, *words: str) -> dict[str, str]:
    """What gc finds: reasons by name or, of what bears none, id."""
    found = human.reads("gc", *words)["orphans"]
    return {one["id"] if one["thing"] == "machine" else one["name"]: one["reason"] for one in found}


def collected(human: Human) -> None:
    """A dry run changes nothing; what it finds is collected, and then there is none."""
    before = (live_stacks(human.provider.aws), live_machines(human.provider.aws))
    found = human.reads("gc")
    assert found["dryRun"]
    assert before == (live_stacks(human.provider.aws), live_machines(human.provider.aws))
    done = human.reads("gc", "--apply")
    assert [one["outcome"] for one in done["orphans"]] == ["collected"] * len(found["orphans"])
    human.provider.aws.advance(600)
    assert reasons(human) == {}


def minted(aws: LocalAws, number: int = 1) -> str:
    """An id that no call of ours has minted."""
    return new_id("req", aws.now(), f"{number:016x}")


def listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def launched(aws: LocalAws, tags: Mapping[str, str]) -> str:
    """A machine that somebody launched with these tags; its id."""
    specification = {"ResourceType": "instance", "Tags": listed(tags)}
    answer = aws.client("ec2").run_instances(
        ImageId="ami-0a1b2c3d4e5f60001",
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[specification],
    )
    return str(answer["Instances"][0]["InstanceId"])


def left_template(aws: LocalAws, name: str, tags: Mapping[str, str]) -> None:
    aws.client("ec2").create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"ImageId": "ami-0a1b2c3d4e5f60001", "InstanceType": "m5.large"},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": listed(tags)}],
    )


def reviewed(aws: LocalAws, name: str, tags: Mapping[str, str]) -> None:
    """A change set that nobody executes, and the stack that it leaves."""
    aws.client("cloudformation").create_change_set(
        StackName=name,
        ChangeSetName="look",
        ChangeSetType="CREATE",
        TemplateBody=BODY,
        Tags=listed(tags),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_whose_answer_nobody_heard(human: Human, kind: Kind) -> None:
    provider, aws = human.provider, human.provider.aws
    request_id = provider.request(TEMPLATES[kind], 3)
    forget(provider)
    aws.advance(3600)
    assert reasons(human) == {}
    aws.advance(LONG)
    assert len(live_machines(aws)) == 3
    assert reasons(human) == {stack_name(request_id): "never-settled"}
    collected(human)
    assert live_machines(aws) == []
    assert live_stacks(aws) == []
    assert provider.status(request_id)["status"] == "complete_with_error"


def test_the_same_with_memory(human: Human) -> None:
    """Chores freeze what nobody asks for, but only gc ends it: a poll might still come."""
    provider, aws = human.provider, human.provider.aws
    request_id = provider.request("asg-ondemand", 3)
    aws.advance(2700)
    provider.polls(120, step=60)
    (group,) = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert {one["ProcessName"] for one in group["SuspendedProcesses"]} >= {"Launch", "ReplaceUnhealthy"}
    aws.advance(LONG)
    provider.polls(120, step=60)
    assert len(live_machines(aws)) == 3
    assert reasons(human) == {stack_name(request_id): "never-settled"}
    collected(human)
    assert live_machines(aws) == []
    entry = provider.status(request_id)
    assert (entry["status"], entry["machines"]) == ("complete_with_error", [])
    assert "collected by ohf gc" in entry["message"]


def test_a_creation_that_failed(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    aws.scenario(profile="realistic", stacks={"failCreate": {"Capacity": "no such thing"}})
    request_id = provider.request("instant-ondemand", 2)
    forget(provider)
    aws.advance(LONG)
    assert reasons(human) == {stack_name(request_id): "failed"}
    collected(human)
    assert live_stacks(aws) == []


def test_a_deletion_that_failed(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    aws.scenario(
        profile="realistic", stacks={"failDelete": {"LaunchTemplate": {"reason": "it is in use", "times": 1}}}
    )
    request_id = provider.request("instant-ondemand", 2)
    provider.settle(provider.give_back(provider.settle(request_id)["machines"]))
    forget(provider)
    aws.advance(LONG)
    found = human.reads("gc")["orphans"]
    assert [(one["name"], one["reason"]) for one in found] == [(stack_name(request_id), "failed")]
    assert "DELETE_FAILED" in found[0]["evidence"]
    assert provider.status(request_id)["status"] == "complete"
    forget(provider)
    collected(human)
    assert live_stacks(aws) == []
    assert provider.status(request_id)["status"] == "complete"


@pytest.mark.parametrize("kind", KINDS)
def test_a_settled_request_without_machines(human: Human, kind: Kind) -> None:
    provider, aws = human.provider, human.provider.aws
    request_id = provider.request(TEMPLATES[kind], 2)
    entry = provider.settle(request_id)
    forget(provider)
    aws.client("ec2").terminate_instances(InstanceIds=[one["machineId"] for one in entry["machines"]])
    aws.advance(LONG)
    assert reasons(human) == {stack_name(request_id): "empty"}
    collected(human)
    assert live_stacks(aws) == []
    assert provider.status(request_id)["status"] == "complete"


def test_a_change_set_that_nobody_executed(human: Human) -> None:
    aws = human.provider.aws
    name = stack_name(minted(aws))
    reviewed(aws, name, OWNED)
    assert reasons(human) == {}
    aws.advance(LONG)
    assert reasons(human) == {name: "unexecuted"}
    collected(human)
    assert name not in live_stacks(aws)


def test_a_machine_that_came_after_the_answer(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    request_id = provider.request("instant-ondemand", 2)
    told = {one["machineId"] for one in provider.settle(request_id)["machines"]}
    forget(provider)
    aws.advance(60)
    late = launched(aws, {**OWNED, "ohf:request-id": request_id})
    aws.advance(LONG)
    assert reasons(human) == {late: "late"}
    collected(human)
    assert {one["InstanceId"] for one in live_machines(aws)} == told


def test_a_machine_that_outlived_its_return(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    entry = provider.settle(provider.request("instant-ondemand", 2))
    returned = entry["machines"][0]["machineId"]
    key = f"ohf:return:{new_id('ret', aws.now(), '1' * 16)}"
    aws.client("ec2").create_tags(Resources=[returned], Tags=[{"Key": key, "Value": ""}])
    forget(provider)
    assert reasons(human) == {}
    aws.advance(LONG)
    assert reasons(human) == {returned: "returned"}
    collected(human)
    assert [one["InstanceId"] for one in live_machines(aws)] == [entry["machines"][1]["machineId"]]


def test_machines_that_survived_the_deletion_of_their_stack(human: Human) -> None:
    """The deletion of an expired fleet's stack may leave its machines."""
    provider, aws = human.provider, human.provider.aws
    aws.scenario(profile="realistic", uncertain={"expiredDelete": "leave"})
    request_id = provider.request("request-spot", 2)
    aws.advance(LONG)
    aws.client("cloudformation").delete_stack(StackName=stack_name(request_id))
    aws.advance(600)
    forget(provider)
    assert set(reasons(human).values()) == {"survivor"}
    assert set(reasons(human)) == {one["InstanceId"] for one in live_machines(aws)}
    collected(human)
    assert live_machines(aws) == []


def test_a_machine_that_belongs_to_no_request(human: Human) -> None:
    aws = human.provider.aws
    nobodys = launched(aws, OWNED)
    aws.advance(LONG)
    assert reasons(human) == {nobodys: "survivor"}
    collected(human)
    assert live_machines(aws) == []


def test_a_launch_template_without_its_stack(human: Human) -> None:
    aws = human.provider.aws
    name = stack_name(minted(aws))
    left_template(aws, name, OWNED)
    left_template(aws, "shared-by-many", OWNED)
    aws.advance(LONG)
    assert reasons(human) == {name: "left-over"}
    collected(human)
    named = [one["LaunchTemplateName"] for one in aws.client("ec2").describe_launch_templates()["LaunchTemplates"]]
    assert named == ["shared-by-many"]


def test_what_bears_another_owner_or_none_is_never_touched(human: Human) -> None:
    aws = human.provider.aws
    for number, tags in enumerate(({"ohf:owner": "neighbors"}, {"owner": "nobody"}), 1):
        request_id = minted(aws, number)
        launched(aws, {**tags, "ohf:request-id": request_id})
        left_template(aws, stack_name(request_id), tags)
        reviewed(aws, stack_name(request_id), tags)
    aws.advance(LONG)
    assert human.reads("gc", "--apply")["orphans"] == []
    assert len(live_machines(aws)) == len(live_stacks(aws)) == 2


@pytest.mark.parametrize("command", ["gc", "recover"])
def test_under_another_owner_than_memorys_nothing_is_collected_or_recovered(human: Human, command: str) -> None:
    """The configuration is out of reach, or another installation's."""
    provider = human.provider
    provider.settle(provider.request("instant-ondemand", 1))
    provider.extra["OHF_PROVIDER_OWNER"] = "neighbors"
    assert "belongs to owner ohf" in human.hears(command, code=78)[1]


def test_a_machine_that_ec2_refuses_to_end_is_told_and_its_frozen_stack_stays(human: Human) -> None:
    """What ended of the group is not replaced meanwhile."""
    provider, aws = human.provider, human.provider.aws
    request_id = provider.request("asg-ondemand", 2)
    forget(provider)
    aws.advance(LONG)
    kept, _ = (str(one["InstanceId"]) for one in live_machines(aws))
    aws.client("ec2").modify_instance_attribute(InstanceId=kept, DisableApiTermination={"Value": True})
    (orphan,) = human.reads("gc", "--apply", code=1)["orphans"]
    assert orphan["outcome"] == "failed"
    assert kept in orphan["message"]
    aws.advance(LONG)
    assert live_stacks(aws) == [stack_name(request_id)]
    assert kept in {one["InstanceId"] for one in live_machines(aws)}
    (group,) = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert "Launch" in {one["ProcessName"] for one in group["SuspendedProcesses"]}


def test_the_exit_code_tells_of_orphans_where_that_is_asked_for(human: Human) -> None:
    human.says("gc", "--detailed-exitcode")
    launched(human.provider.aws, OWNED)
    human.provider.aws.advance(LONG)
    assert "survivor" in human.says("gc", "--detailed-exitcode", code=2)
    human.says("gc", "--apply", "--detailed-exitcode")
    assert human.says("gc") == "no orphans\n"


@pytest.mark.parametrize("span", ["9m", "1x", "h", "-2h", "599s"])
def test_a_grace_that_makes_no_sense_is_refused(human: Human, span: str) -> None:
    human.says("gc", "--older-than", span, code=64)


def test_a_longer_grace_leaves_younger_ones(human: Human) -> None:
    launched(human.provider.aws, OWNED)
    human.provider.aws.advance(LONG)
    assert reasons(human, "--older-than", "1d") == {}
    assert len(reasons(human, "--older-than", "10m")) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_moment_of_a_life_has_orphans(human: Human, kind: Kind) -> None:
    """Polled as Host Factory polls, nothing is ever an orphan; a settled request's machines stay."""
    provider, aws = human.provider, human.provider.aws
    request_id = provider.request(TEMPLATES[kind], 3)
    for _ in range(40):
        assert reasons(human, "--older-than", "10m") == {}
        entry = provider.status(request_id)
        if entry["status"] != "running":
            break
        aws.advance(20)
    assert entry["status"] == "complete"
    for pause in (60, 1800, 9000, 30 * 86400):
        aws.advance(pause)
        assert human.reads("gc", "--apply")["orphans"] == []
    assert len(live_machines(aws)) == 3
    first, *others = entry["machines"]
    for machines in ([first], others):
        returned = provider.give_back(machines)
        for _ in range(40):
            assert reasons(human) == {}
            if provider.status(returned)["status"] != "running":
                break
            aws.advance(20)
    for _ in range(10):
        assert reasons(human) == {}
        provider.polls(60, step=60)
    assert live_stacks(aws) == []


@pytest.mark.parametrize("kind", [INSTANT, ASG, FLEET_REQUEST])
def test_no_moment_of_a_short_life_has_orphans(human: Human, kind: Kind) -> None:
    provider, aws = human.provider, human.provider.aws
    aws.scenario(profile="realistic", capacity={"*": 2})
    request_id = provider.request(TEMPLATES[kind], 3)
    while (status := provider.status(request_id)["status"]) == "running":
        assert reasons(human) == {}
        aws.advance(120)
    assert status == "complete"
    aws.advance(LONG)
    assert human.reads("gc", "--apply")["orphans"] == []
    assert len(live_machines(aws)) == 2


def test_a_rehearsal_that_was_left_behind(human: Human) -> None:
    """Its stack bears no tags; those of its change set tell whose it is."""
    aws = human.provider.aws
    ours, theirs = (stack_name(rehearsal_id(aws.now(), f"{number:016x}")) for number in (1, 2))
    reviewed(aws, ours, OWNED)
    reviewed(aws, theirs, {"ohf:owner": "somebody else"})
    reviewed(aws, "ohf-rehearsal-of-mine", OWNED)
    aws.advance(LONG)
    assert reasons(human) == {ours: "unexecuted"}
    collected(human)
    assert sorted(live_stacks(aws)) == sorted([theirs, "ohf-rehearsal-of-mine"])
