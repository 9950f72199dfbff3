"""Stacks through the gateway: made once, read, found again, deleted (over HTTP, by the real boto3)."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from ohf_iac.aws import cloudformation
from ohf_iac.aws.bodies import INLINE_LIMIT, Shelf, sendable
from ohf_iac.aws.calls import Calls
from ohf_iac.cfn import StackEvent, physical_ids
from ohf_iac.commands import buy_rest, create_stack
from ohf_iac.errors import ProviderError
from ohf_iac.observation import Observation
from ohf_iac.plan import delete_token
from ohf_iac.queries import launcher_ids, record_of_deleted, stack_of, stacks_of_owner
from ohf_iac.request import Verdict
from ohf_iac.template.kinds import ASG, FLEET_REQUEST, INSTANT, KINDS, SPOT_REQUEST, Kind
from tests.integration.gateway import OWNER, Made, calls_to, counted, make
from tests.local_aws import LocalAws

EMPTY = (
    '{"Resources":{"LaunchTemplate":{"Type":"AWS::EC2::LaunchTemplate","Properties":{"LaunchTemplateData":{}}}}}\n'
)


def small(calls: Calls, name: str) -> str:
    """A stack of nearly nothing."""
    return cloudformation.create_stack(
        calls,
        name=name,
        template={"TemplateBody": EMPTY},
        parameters={},
        tags={"ohf:owner": OWNER},
        token=f"{name}-create",
    )


def test_a_stack_is_read_back_as_it_was_made(local_aws: LocalAws, calls: Calls) -> None:
    made = make(local_aws, calls, INSTANT).settle_down()
    stack = made.stack()
    assert (stack.stack_id, stack.name, stack.status, stack.phase) == (
        made.record.stack_id,
        made.name,
        "CREATE_COMPLETE",
        "ready",
    )
    assert stack.parameters["TargetCapacity"] == "3"
    assert stack.tags["ohf:request-id"] == made.request.request_id
    assert set(stack.outputs) == {"CapacityId", "LaunchTemplateId"}
    assert abs(stack.created_at - made.request.created_at) <= 2
    assert cloudformation.describe_stack(calls, made.name) == stack


@pytest.mark.parametrize("answer", ["stackId", "exists"])
def test_a_repeated_creation_makes_no_second_stack(local_aws: LocalAws, calls: Calls, answer: str) -> None:
    local_aws.scenario(uncertain={"sameToken": answer})
    first = small(calls, "ohf-1")
    again = small(calls, "ohf-1")
    assert again in (first, "")
    assert [one.stack_id for one in cloudformation.walk_stacks(calls)] == [first]


def test_a_name_that_is_taken_is_no_error_whoever_took_it(local_aws: LocalAws, calls: Calls) -> None:
    del local_aws
    assert small(calls, "ohf-1")
    other = cloudformation.create_stack(
        calls, name="ohf-1", template={"TemplateBody": EMPTY}, parameters={}, tags={}, token="other"
    )
    assert other == ""


def test_a_stack_that_is_there_already_is_known_by_its_tags(local_aws: LocalAws, calls: Calls) -> None:
    """A retry of our own finds its stack; one of that name that somebody else made is none of ours."""
    local_aws.scenario(uncertain={"sameToken": "exists"})
    request_id, body = "req-6743a1c0-0000000000000001", {"TemplateBody": EMPTY}
    tags = {"ohf:owner": OWNER, "ohf:request-id": request_id}
    first = create_stack(calls, request_id, body, {}, tags, "")
    assert create_stack(calls, request_id, body, {}, tags, "") == first
    with pytest.raises(ProviderError, match="its tags are not this request's") as refusal:
        create_stack(calls, request_id, body, {}, {**tags, "ohf:owner": "neighbors"}, "")
    assert not refusal.value.sent
    assert [one.stack_id for one in cloudformation.walk_stacks(calls)] == [first]


def test_a_stack_that_is_there_and_cannot_be_looked_at_is_left_to_the_polls(
    local_aws: LocalAws, calls: Calls
) -> None:
    request_id, body = "req-6743a1c0-0000000000000001", {"TemplateBody": EMPTY}
    local_aws.scenario(uncertain={"sameToken": "exists"})
    assert create_stack(calls, request_id, body, {}, {}, "")
    silent = {"service": "cloudformation", "action": "DescribeStacks", "kind": "error", "status": 403}
    local_aws.scenario(uncertain={"sameToken": "exists"}, faults=[silent])
    assert create_stack(calls, request_id, body, {}, {}, "") == ""


def test_a_body_that_is_too_long_is_refused_before_anything_is_sent(local_aws: LocalAws, calls: Calls) -> None:
    with (
        counted(local_aws) as actions,
        pytest.raises(ProviderError, match="over the limit of 51200 in a call") as refusal,
    ):
        sendable(calls, "send", EMPTY + " " * INLINE_LIMIT, Shelf())
    assert actions == []
    assert not refusal.value.sent
    assert refusal.value.hint


@pytest.mark.usefixtures("_no_real_aws")
@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "bodies.s3.us-east-1.amazonaws.com"),
        ("cn-north-1", "bodies.s3.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "bodies.s3.us-gov-west-1.amazonaws.com"),
    ],
)
def test_a_long_body_goes_through_the_bucket_of_the_regions_partition(
    local_aws: LocalAws, region: str, host: str
) -> None:
    # a time-out of its own: clients of one access are shared in a process, and this one is listened to
    calls, body = calls_to(local_aws, region=region, read_timeout=19.0), EMPTY + " " * INLINE_LIMIT
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    local_aws.client("s3", region).create_bucket(Bucket="bodies", **place)
    sent: list[str] = []
    calls.client("cloudformation").meta.events.register(
        "provide-client-params.cloudformation.CreateStack", lambda params, **_: sent.append(params["TemplateURL"])
    )
    template = sendable(calls, "send", body, Shelf("bodies"))
    made = cloudformation.create_stack(
        calls, name="ohf-1", template=template, parameters={}, tags={}, token="ohf-1"
    )
    digest = sha256(body.encode()).hexdigest()
    assert sent == [f"https://{host}/{digest}.json"]
    assert calls.client("s3").get_object(Bucket="bodies", Key=f"{digest}.json")["Body"].read() == body.encode()
    assert cloudformation.describe_stack(calls, made) is not None


def test_a_bucket_that_cannot_be_written_made_no_stack(local_aws: LocalAws, calls: Calls) -> None:
    with counted(local_aws) as actions, pytest.raises(ProviderError, match="NoSuchBucket") as refusal:
        sendable(calls, "send", EMPTY + " " * INLINE_LIMIT, Shelf("none"))
    assert "CreateStack" not in actions
    assert not refusal.value.sent


def test_a_refused_template_says_why_and_made_nothing(local_aws: LocalAws, calls: Calls) -> None:
    del local_aws
    with pytest.raises(ProviderError, match=r"create stack ohf-1: .*\(Error Code: ValidationError\)") as refusal:
        cloudformation.create_stack(
            calls, name="ohf-1", template={"TemplateBody": "{}\n"}, parameters={}, tags={}, token="ohf-1"
        )
    assert (refusal.value.aws_code, refusal.value.sent, refusal.value.transient) == (
        "ValidationError",
        False,
        False,
    )


def test_a_stack_that_is_not_there_is_none_and_has_no_events(local_aws: LocalAws, calls: Calls) -> None:
    del local_aws
    assert cloudformation.describe_stack(calls, "ohf-none") is None
    assert cloudformation.stack_events(calls, "ohf-none") == ()
    assert cloudformation.stack_resources(calls, "ohf-none") == {}
    cloudformation.delete_stack(calls, "ohf-none", "token")


def test_events_tell_the_ids_of_resources_while_the_stack_is_made(local_aws: LocalAws, calls: Calls) -> None:
    made = make(local_aws, calls, ASG)
    for _ in range(6):
        local_aws.advance(1)
    assert made.stack().status == "CREATE_IN_PROGRESS"
    events = cloudformation.stack_events(calls, made.record.stack_id)
    assert physical_ids(events)["Capacity"] == made.name
    assert [one.at for one in events] == sorted((one.at for one in events), reverse=True)
    assert events[-1].of_stack
    assert events[-1].token == f"{made.request.request_id}-create"


def test_a_failed_creation_tells_its_reason(local_aws: LocalAws, calls: Calls) -> None:
    local_aws.scenario(stacks={"failCreate": {"Capacity": "no such subnet"}})
    made = make(local_aws, calls, ASG).settle_down(20)
    assert made.stack().phase == "failed"
    events = cloudformation.stack_events(calls, made.record.stack_id)
    assert [one.reason for one in events if one.logical_id == "Capacity" and one.status == "CREATE_FAILED"] == [
        "no such subnet"
    ]


def test_all_stacks_are_walked_page_by_page(local_aws: LocalAws, calls: Calls) -> None:
    names = {f"ohf-{number}" for number in range(101)}
    for name in names:
        small(calls, name)
    with counted(local_aws) as actions:
        assert set(stacks_of_owner(calls, OWNER)) == names
    assert actions == ["DescribeStacks", "DescribeStacks"]


def test_a_stack_of_somebody_else_is_not_seen(local_aws: LocalAws, calls: Calls) -> None:
    del local_aws
    small(calls, "ohf-1")
    assert stack_of(calls, OWNER, "ohf-1") is not None
    assert stack_of(calls, "there", "ohf-1") is None
    assert stacks_of_owner(calls, "there") == {}


def test_a_deleted_stack_is_known_by_its_id_alone(local_aws: LocalAws, calls: Calls) -> None:
    stack_id = small(calls, "ohf-1")
    local_aws.advance(10)
    cloudformation.delete_stack(calls, "ohf-1", "ohf-1-delete")
    cloudformation.delete_stack(calls, stack_id, "ohf-1-delete")
    local_aws.advance(10)
    seen = cloudformation.describe_stack(calls, stack_id)
    assert seen is not None
    assert seen.phase == "deleted"
    assert cloudformation.describe_stack(calls, "ohf-1") is None
    assert cloudformation.find_deleted_stacks(calls, {"ohf-1"}.__contains__) == {"ohf-1": (stack_id,)}
    assert cloudformation.find_deleted_stacks(calls, {"ohf-2"}.__contains__) == {}
    cloudformation.delete_stack(calls, stack_id, "ohf-1-delete")


def verdict_of(made: Made, owner: str = OWNER) -> str | None:
    found = record_of_deleted(made.calls, owner, [made.record.stack_id], 0)
    return found.verdict if found else None


@pytest.mark.parametrize("verdict", ["complete", "complete_with_error"])
def test_a_deleted_stack_tells_its_requests_verdict(local_aws: LocalAws, calls: Calls, verdict: Verdict) -> None:
    made = make(local_aws, calls, INSTANT).settle_down()
    request_id = made.request.request_id
    cloudformation.delete_stack(calls, made.record.stack_id, delete_token(request_id, verdict))
    made.settle_down(120)
    assert verdict_of(made) == verdict


def test_a_stack_that_somebody_else_deleted_counts_by_its_completion(local_aws: LocalAws, calls: Calls) -> None:
    whole = make(local_aws, calls, INSTANT).settle_down()
    local_aws.scenario(stacks={"failCreate": {"Capacity": "no"}})
    broken = make(local_aws, calls, INSTANT, extra="fedcba9876543210").settle_down()
    for made in (whole, broken):
        cloudformation.delete_stack(calls, made.record.stack_id, "Console-DeleteStack-1")
        made.settle_down(120)
    assert (verdict_of(whole), verdict_of(broken)) == ("complete", "complete_with_error")


def sources(made: Made, seen: Observation) -> dict[str, dict[str, str]]:
    """The ids of what launches by each source, with the sources before it taken away."""
    calls, kind, stack = made.calls, made.request.kind, made.stack()
    bare = replace(stack, outputs={})
    nowhere = replace(bare, stack_id="ohf-nowhere")
    blind = (StackEvent("1", 1.0, "LaunchTemplate", "AWS::EC2::LaunchTemplate", "CREATE_COMPLETE"),)
    return {
        "outputs": launcher_ids(calls, kind, stack, (), seen),
        "events": launcher_ids(calls, kind, bare, (), seen),
        "resources": launcher_ids(calls, kind, bare, blind, seen),
        "machines": launcher_ids(calls, kind, nowhere, (), replace(seen, capacities=())),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_what_launches_is_found_by_any_of_four_sources(local_aws: LocalAws, calls: Calls, kind: Kind) -> None:
    made = make(local_aws, calls, kind).settle_down()
    found = sources(made, made.seen())
    if kind == ASG:  # its group bears the stack's name, no machine has to tell it
        assert found.pop("machines") == {}
    assert {ids["Capacity"] for ids in found.values()} == {made.seen().capacities[0].capacity_id}


def test_a_deleted_stack_launches_nothing(local_aws: LocalAws, calls: Calls) -> None:
    made = make(local_aws, calls, INSTANT).settle_down()
    gone = replace(made.stack(), status="DELETE_COMPLETE", outputs={})
    assert launcher_ids(calls, INSTANT, gone, (), made.seen()) == {}


@pytest.mark.parametrize(
    ("kind", "body"),
    [(FLEET_REQUEST, "request-heterogeneous"), (SPOT_REQUEST, "spotfleet-request-heterogeneous")],
)
def test_the_rest_is_bought_once(local_aws: LocalAws, calls: Calls, kind: Kind, body: str) -> None:
    made = make(local_aws, calls, kind, body=body).settle_down()
    assert [one.capacity_id for one in made.seen().capacities] == [made.stack().outputs["CapacityId"]]
    before = made.stack().parameters
    buy_rest(calls, made.record.stack_id, 2, f"{made.request.request_id}-rest")
    made.settle_down()
    assert made.stack().status == "UPDATE_COMPLETE"
    assert made.stack().parameters == {**before, "RestCapacity": "2"}
    assert len(made.seen().capacities) == 2
    with counted(local_aws) as actions:
        buy_rest(calls, made.record.stack_id, 5, f"{made.request.request_id}-rest")
    assert actions == ["DescribeStacks"]
    assert len(made.seen().instances) == 5


def test_a_rest_that_is_set_already_is_no_error(local_aws: LocalAws, calls: Calls) -> None:
    """Two hosts may have seen the same stack before either bought."""
    made = make(local_aws, calls, FLEET_REQUEST, body="request-heterogeneous").settle_down()
    before, token = made.stack(), f"{made.request.request_id}-rest"
    cloudformation.set_rest(calls, before, 2, token)
    made.settle_down()
    cloudformation.set_rest(calls, before, 2, token)
    cloudformation.set_rest(calls, before, 2, "another")
    assert made.settle_down().stack().status == "UPDATE_COMPLETE"


def test_no_rest_is_bought_for_a_stack_that_is_gone(local_aws: LocalAws, calls: Calls) -> None:
    with counted(local_aws) as actions:
        buy_rest(calls, "ohf-none", 1, "token")
    assert actions == ["DescribeStacks"]
