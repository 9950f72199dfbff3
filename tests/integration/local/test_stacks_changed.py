"""Stacks that stand, over HTTP: updates, protection, change sets, drift."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.integration.local.grid import refused
from tests.integration.local.stack_bodies import CAPACITIES, body, parameters
from tests.integration.local.stack_calls import VALUES, create, described, machines
from tests.local_aws import LocalAws


def test_the_rest_by_update_stack(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    create(local_aws, kind="EC2Fleet-maintain")
    local_aws.advance(60)
    previous = [{"ParameterKey": "RequestId", "UsePreviousValue": True}, parameters(3)[1]]
    client.update_stack(StackName="s", UsePreviousTemplate=True, Parameters=previous)
    assert described(local_aws)["StackStatus"] == "UPDATE_IN_PROGRESS"
    local_aws.advance(120)
    assert described(local_aws)["StackStatus"] == "UPDATE_COMPLETE"
    assert len(machines(local_aws)) == 3
    same = refused(client.update_stack, StackName="s", UsePreviousTemplate=True, Parameters=previous)
    assert same == ("ValidationError", "No updates are to be performed.")


def test_termination_protection_is_switched(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    create(local_aws)
    client.update_termination_protection(StackName="s", EnableTerminationProtection=True)
    assert described(local_aws)["EnableTerminationProtection"] is True
    code, message = refused(client.delete_stack, StackName="s")
    assert (code, message) == (
        "ValidationError",
        "Stack [s] cannot be deleted while TerminationProtection is enabled",
    )


def test_a_change_set_for_a_new_stack(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    made = client.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", **VALUES)
    assert described(local_aws)["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert refused(client.create_stack, StackName="s", **VALUES)[0] == "AlreadyExistsException"
    shown = client.describe_change_set(StackName="s", ChangeSetName="c")
    assert (shown["Status"], shown["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    changes = [(c["ResourceChange"]["Action"], c["ResourceChange"]["LogicalResourceId"]) for c in shown["Changes"]]
    assert changes == [("Add", "Capacity"), ("Add", "LaunchTemplate")]
    client.execute_change_set(ChangeSetName=made["Id"])
    local_aws.advance(60)
    assert described(local_aws, made["StackId"])["StackStatus"] == "CREATE_COMPLETE"
    assert len(machines(local_aws)) == 2


def test_change_sets_for_a_standing_stack(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    create(local_aws, kind="EC2Fleet-maintain")
    local_aws.advance(60)
    same = {"StackName": "s", "UsePreviousTemplate": True}
    client.create_change_set(ChangeSetName="none", Parameters=parameters(), **same)
    shown = client.describe_change_set(StackName="s", ChangeSetName="none")
    assert shown["Status"] == "FAILED"
    assert "didn't contain changes" in shown["StatusReason"]
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        client.execute_change_set(StackName="s", ChangeSetName="none")
    client.create_change_set(ChangeSetName="more", Parameters=parameters(4), **same)
    change = client.describe_change_set(StackName="s", ChangeSetName="more")["Changes"][0]["ResourceChange"]
    assert (change["Action"], change["LogicalResourceId"], change["Replacement"]) == ("Modify", "Capacity", "False")
    client.delete_change_set(StackName="s", ChangeSetName="more")
    assert [s["ChangeSetName"] for s in client.list_change_sets(StackName="s")["Summaries"]] == ["none"]
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        client.describe_change_set(StackName="s", ChangeSetName="more")


def test_drift_sees_what_is_gone(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    create(local_aws)
    local_aws.advance(60)

    def status() -> str:
        found = client.detect_stack_drift(StackName="s")["StackDriftDetectionId"]
        return str(client.describe_stack_drift_detection_status(StackDriftDetectionId=found)["StackDriftStatus"])

    assert status() == "IN_SYNC"
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described(local_aws)["Outputs"]}
    local_aws.client("ec2").delete_launch_template(LaunchTemplateId=outputs["LaunchTemplateId"])
    assert status() == "DRIFTED"
    drifts = client.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    assert {d["LogicalResourceId"]: d["StackResourceDriftStatus"] for d in drifts} == {
        "Capacity": "IN_SYNC",
        "LaunchTemplate": "DELETED",
    }


def drifts_of(aws: LocalAws) -> dict[str, dict[str, str]]:
    """What is told of each resource that was checked: its status, or the differences by their place."""
    client = aws.client("cloudformation")
    client.detect_stack_drift(StackName="s")
    return {
        one["LogicalResourceId"]: {"status": one["StackResourceDriftStatus"]}
        | {
            each["PropertyPath"]: f"{each['DifferenceType']} {each['ExpectedValue']} {each['ActualValue']}"
            for each in one.get("PropertyDifferences", [])
        }
        for one in client.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    }


@pytest.mark.parametrize("kind", CAPACITIES)
def test_a_fresh_stack_is_in_sync(local_aws: LocalAws, kind: str) -> None:
    create(local_aws, kind=kind)
    local_aws.advance(60)
    assert drifts_of(local_aws) == {"Capacity": {"status": "IN_SYNC"}, "LaunchTemplate": {"status": "IN_SYNC"}}


def test_drift_sees_what_was_changed_of_what_the_template_writes(local_aws: LocalAws) -> None:
    create(local_aws, kind="EC2Fleet-maintain")
    local_aws.advance(60)
    ec2 = local_aws.client("ec2")
    (fleet,) = ec2.describe_fleets()["Fleets"]
    ec2.modify_fleet(FleetId=fleet["FleetId"], TargetCapacitySpecification={"TotalTargetCapacity": 5})
    found = drifts_of(local_aws)["Capacity"]
    assert found["/TargetCapacitySpecification/TotalTargetCapacity"] == "NOT_EQUAL 2 5"
    assert found["status"] == "MODIFIED"
    ec2.delete_fleets(FleetIds=[fleet["FleetId"]], TerminateInstances=False)
    assert drifts_of(local_aws)["Capacity"] == {"status": "DELETED"}


def test_what_a_launch_template_holds_is_never_compared(local_aws: LocalAws) -> None:
    create(local_aws)
    local_aws.advance(60)
    ec2 = local_aws.client("ec2")
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    ec2.create_launch_template_version(
        LaunchTemplateId=template["LaunchTemplateId"], LaunchTemplateData={"KeyName": "k"}
    )
    assert drifts_of(local_aws)["LaunchTemplate"] == {"status": "IN_SYNC"}


def test_a_detection_takes_its_time_and_there_is_one_at_a_time(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    create(local_aws)
    local_aws.advance(60)
    local_aws.scenario(times={"drift": 30}, stacks={"failDrift": {"Capacity": "no permission"}})
    found = client.detect_stack_drift(StackName="s")["StackDriftDetectionId"]
    shown = client.describe_stack_drift_detection_status(StackDriftDetectionId=found)
    assert (shown["DetectionStatus"], shown.get("StackDriftStatus")) == ("DETECTION_IN_PROGRESS", None)
    assert "already in progress" in refused(client.detect_stack_drift, StackName="s")[1]
    local_aws.advance(31)
    shown = client.describe_stack_drift_detection_status(StackDriftDetectionId=found)
    assert (shown["DetectionStatus"], shown["StackDriftStatus"]) == ("DETECTION_FAILED", "UNKNOWN")
    assert "no permission" in shown["DetectionStatusReason"]
    told = client.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    assert [one["LogicalResourceId"] for one in told] == ["LaunchTemplate"]
    local_aws.scenario()


def test_types_that_are_not_checked_are_not_told_of(local_aws: LocalAws) -> None:
    create(local_aws, kind="ASG")
    local_aws.advance(60)
    local_aws.scenario(uncertain={"driftChecked": "groups"})
    assert list(drifts_of(local_aws)) == ["Capacity"]
    local_aws.scenario()


def test_a_stack_in_review_tells_nothing_of_itself(local_aws: LocalAws) -> None:
    client = local_aws.client("cloudformation")
    tags = [{"Key": "ohf:owner", "Value": "me"}]
    client.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", Tags=tags, **VALUES)
    assert (described(local_aws)["Tags"], described(local_aws)["Parameters"]) == ([], [])
    assert client.describe_change_set(StackName="s", ChangeSetName="c")["Tags"] == tags
    local_aws.scenario(uncertain={"reviewStack": "tagged"})
    assert described(local_aws)["Tags"] == tags
    local_aws.scenario()
    client.execute_change_set(StackName="s", ChangeSetName="c")
    assert described(local_aws)["Tags"] == tags


def test_a_change_set_takes_its_time_and_may_fail(local_aws: LocalAws) -> None:
    local_aws.scenario(times={"changeSet": 10}, stacks={"failChangeSet": "a hook says no"})
    client = local_aws.client("cloudformation")
    client.create_change_set(
        StackName="s", ChangeSetName="c", ChangeSetType="CREATE", OnStackFailure="DO_NOTHING", **VALUES
    )
    shown = client.describe_change_set(StackName="s", ChangeSetName="c")
    assert (shown["Status"], shown["ExecutionStatus"]) == ("CREATE_IN_PROGRESS", "UNAVAILABLE")
    assert shown["OnStackFailure"] == "DO_NOTHING"
    assert refused(client.execute_change_set, StackName="s", ChangeSetName="c")[0] == "InvalidChangeSetStatus"
    local_aws.advance(10)
    shown = client.describe_change_set(StackName="s", ChangeSetName="c")
    assert (shown["Status"], shown["StatusReason"]) == ("FAILED", "a hook says no")
    client.delete_stack(StackName="s")
    local_aws.advance(10)
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        client.describe_change_set(ChangeSetName=shown["ChangeSetId"])


def test_a_template_is_read_in_the_version_that_its_url_names(local_aws: LocalAws) -> None:
    store, client = local_aws.client("s3"), local_aws.client("cloudformation")
    store.create_bucket(Bucket="bodies")
    store.put_bucket_versioning(Bucket="bodies", VersioningConfiguration={"Status": "Enabled"})
    kept = store.put_object(Bucket="bodies", Key="a/b.json", Body=body().encode())["VersionId"]
    store.put_object(Bucket="bodies", Key="a/b.json", Body=b"{}")
    url = "https://bodies.s3.us-east-1.amazonaws.com/a/b.json"
    rest = {"Parameters": VALUES["Parameters"]}
    assert refused(client.create_stack, StackName="s", TemplateURL=url, **rest)[0] == "ValidationError"
    wrong = f"{url}?versionId=none"
    assert "key does not exist" in refused(client.create_stack, StackName="s", TemplateURL=wrong, **rest)[1]
    client.create_stack(StackName="s", TemplateURL=f"{url}?versionId={kept}", **rest)
    store.delete_object(Bucket="bodies", Key="a/b.json")
    assert "key does not exist" in refused(client.create_stack, StackName="t", TemplateURL=url, **rest)[1]
    client.create_stack(StackName="t", TemplateURL=f"{url}?versionId={kept}", **rest)
