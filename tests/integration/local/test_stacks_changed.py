"""Stacks that stand, over HTTP: updates, protection, change sets, drift."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.integration.local.grid import refused
from tests.integration.local.stack_bodies import body, parameters
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
