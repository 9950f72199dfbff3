"""Tags of instances; what AWS forgets and what it tells late."""

from __future__ import annotations

import pytest

from tests.integration.local.grid import GONE_AFTER, alive, fleet, instances, refused, states, tags, template
from tests.local_aws import SUBNET_A, LocalAws

OURS = ("tag:ohf:request-id", "grid")


def test_tags_come_go_and_find(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    fleet(local_aws, "instant", 2)
    [first, _] = alive(local_aws)
    ec2.create_tags(
        Resources=[first], Tags=[{"Key": "ohf:settled", "Value": "complete"}, {"Key": "empty", "Value": ""}]
    )
    assert list(states(local_aws, ("tag-key", "ohf:settled"))) == [first]
    assert list(states(local_aws, ("tag:ohf:settled", "complete"))) == [first]
    ec2.create_tags(Resources=[first], Tags=[{"Key": "ohf:settled", "Value": "other"}])
    assert states(local_aws, ("tag:ohf:settled", "complete")) == {}
    ec2.delete_tags(Resources=[first], Tags=[{"Key": "ohf:settled", "Value": "wrong value"}])
    assert tags(instances(local_aws, ("instance-id", first))[0])["ohf:settled"] == "other"
    ec2.delete_tags(Resources=[first], Tags=[{"Key": "ohf:settled"}])
    assert "ohf:settled" not in tags(instances(local_aws, ("instance-id", first))[0])
    found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [first]}])["Tags"]
    assert {"aws:ec2:fleet-id", "ohf:request-id", "empty"} <= {tag["Key"] for tag in found}


def test_tagging_is_all_or_nothing(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    fleet(local_aws, "instant", 1)
    ids = [*alive(local_aws), "i-0123456789abcdef0"]
    assert (
        refused(ec2.create_tags, Resources=ids, Tags=[{"Key": "a", "Value": "b"}])[0]
        == "InvalidInstanceID.NotFound"
    )
    assert "a" not in tags(instances(local_aws)[0])


@pytest.mark.parametrize("key", ["aws:mine", "x" * 128])
def test_some_keys_are_never_allowed(local_aws: LocalAws, key: str) -> None:
    fleet(local_aws, "instant", 1)
    tag = [{"Key": key, "Value": "b"}]
    call = local_aws.client("ec2").create_tags
    assert refused(call, Resources=alive(local_aws), Tags=tag)[0] == "InvalidParameterValue"


def test_keys_in_the_metadata_are_narrower(local_aws: LocalAws) -> None:
    ec2 = local_aws.client("ec2")
    plain = {"Resources": [], "Tags": [{"Key": "ohf/settled", "Value": "complete"}]}
    made = fleet(local_aws, "instant", 1)["Instances"][0]["InstanceIds"]
    ec2.create_tags(**{**plain, "Resources": made})
    shown = template(local_aws, "shown", MetadataOptions={"InstanceMetadataTags": "enabled"})
    made = fleet(local_aws, "instant", 1, template=shown)["Instances"][0]["InstanceIds"]
    code, message = refused(ec2.create_tags, **{**plain, "Resources": made})
    assert code == "InvalidParameterValue"
    assert "'ohf/settled' is not a valid tag key" in message
    bad = [{"ResourceType": "instance", "Tags": [{"Key": "my key", "Value": "1"}]}]
    given = template(local_aws, "bad", MetadataOptions={"InstanceMetadataTags": "enabled"}, TagSpecifications=bad)
    assert fleet(local_aws, "instant", 1, template=given)["Errors"][0]["ErrorCode"] == "InvalidParameterValue"


def test_tags_for_spot_requests_need_a_spot_request(local_aws: LocalAws) -> None:
    tagged = [{"ResourceType": "spot-instances-request", "Tags": [{"Key": "a", "Value": "b"}]}]
    given = template(local_aws, TagSpecifications=tagged)
    [error] = fleet(local_aws, "instant", 1, template=given, targets={"DefaultTargetCapacityType": "on-demand"})[
        "Errors"
    ]
    assert "You cannot specify tags for Spot instances requests" in error["ErrorMessage"]
    assert fleet(local_aws, "instant", 1, template=given)["Errors"] == []
    [request] = local_aws.client("ec2").describe_spot_instance_requests()["SpotInstanceRequests"]
    assert tags(request) == {"a": "b"}


def test_the_dead_fade_and_vanish(local_aws: LocalAws) -> None:
    local_aws.scenario(forget={"terminatedTags": 600, "terminatedInstances": 3600})
    ec2 = local_aws.client("ec2")
    [machine_id] = fleet(local_aws, "instant", 1)["Instances"][0]["InstanceIds"]
    ec2.terminate_instances(InstanceIds=[machine_id])
    local_aws.advance(GONE_AFTER)
    assert states(local_aws, OURS) == {machine_id: "terminated"}
    local_aws.advance(600)
    assert states(local_aws, OURS) == {}
    [faded] = instances(local_aws, ("instance-id", machine_id))
    assert "Tags" not in faded or faded["Tags"] == []
    local_aws.advance(3000)
    assert states(local_aws) == {}
    assert refused(ec2.describe_instances, InstanceIds=[machine_id])[0] == "InvalidInstanceID.NotFound"
    assert refused(ec2.terminate_instances, InstanceIds=[machine_id])[0] == "InvalidInstanceID.NotFound"


def test_nothing_is_forgotten_by_default(local_aws: LocalAws) -> None:
    [machine_id] = fleet(local_aws, "instant", 1)["Instances"][0]["InstanceIds"]
    local_aws.client("ec2").terminate_instances(InstanceIds=[machine_id])
    local_aws.advance(10 * 86400)
    assert states(local_aws, OURS) == {machine_id: "terminated"}


def test_tag_filters_lag_behind(local_aws: LocalAws) -> None:
    local_aws.scenario(lag={"tagFilter": 5})
    ec2 = local_aws.client("ec2")
    [machine_id] = fleet(local_aws, "instant", 1)["Instances"][0]["InstanceIds"]
    assert states(local_aws, OURS) == {}
    assert len(ec2.describe_instances(InstanceIds=[machine_id])["Reservations"]) == 1
    local_aws.advance(6)
    assert list(states(local_aws, OURS)) == [machine_id]
    ec2.create_tags(Resources=[machine_id], Tags=[{"Key": "late", "Value": "1"}])
    assert (states(local_aws, ("tag:late", "1")), states(local_aws, ("tag-key", "late"))) == ({}, {})
    assert tags(instances(local_aws, OURS)[0])["late"] == "1"
    local_aws.advance(6)
    assert list(states(local_aws, ("tag:late", "1"))) == [machine_id]


def test_news_of_a_machine_lags_behind(local_aws: LocalAws) -> None:
    local_aws.scenario(lag={"newInstance": 5})
    ec2 = local_aws.client("ec2")
    [machine_id] = fleet(local_aws, "instant", 1)["Instances"][0]["InstanceIds"]
    assert states(local_aws) == {}
    assert refused(ec2.describe_instances, InstanceIds=[machine_id])[0] == "InvalidInstanceID.NotFound"
    local_aws.advance(6)
    assert list(states(local_aws)) == [machine_id]


def test_capacity_comes_back_with_the_dead(local_aws: LocalAws) -> None:
    local_aws.scenario(capacity={"us-east-1a/*": 1})
    pool = {"InstanceType": "m5.large", "SubnetId": SUBNET_A}
    [machine_id] = fleet(local_aws, "instant", 2, pool)["Instances"][0]["InstanceIds"]
    local_aws.client("ec2").terminate_instances(InstanceIds=[machine_id])
    assert fleet(local_aws, "instant", 1, pool, template=template(local_aws, "b"))["Instances"] == []
    local_aws.advance(GONE_AFTER)
    assert len(fleet(local_aws, "instant", 1, pool, template=template(local_aws, "c"))["Instances"]) == 1


def test_a_launch_template_is_made_at_the_virtual_time(local_aws: LocalAws) -> None:
    now = local_aws.advance(50_000)
    ec2 = local_aws.client("ec2")
    made = ec2.create_launch_template(LaunchTemplateName="aged", LaunchTemplateData={"InstanceType": "m5.large"})
    assert abs(made["LaunchTemplate"]["CreateTime"].timestamp() - now) < 100


def test_a_launch_template_shows_the_tags_of_the_moment(local_aws: LocalAws) -> None:
    """The mark of a settled request is put on it later."""
    ec2 = local_aws.client("ec2")
    made = ec2.create_launch_template(LaunchTemplateName="marked", LaunchTemplateData={"InstanceType": "m5.large"})
    template_id = made["LaunchTemplate"]["LaunchTemplateId"]
    for change, told in ((ec2.create_tags, [{"Key": "ohf:settled", "Value": "complete"}]), (ec2.delete_tags, [])):
        change(Resources=[template_id], Tags=[{"Key": "ohf:settled", "Value": "complete"}])
        (shown,) = ec2.describe_launch_templates(LaunchTemplateIds=[template_id])["LaunchTemplates"]
        assert shown.get("Tags", []) == told
