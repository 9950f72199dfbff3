"""Every step twice, and every step whose answer is lost: AWS ends as if it had been carried out once.

One of two equal worlds gets the step once. The other gets it twice, or loses its answer, and then it is repeated by
the SDK or by the next call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, get_args

import pytest

from ohf_iac.aws import cloudformation
from ohf_iac.aws.calls import Calls
from ohf_iac.commands import carry_out, create_stack
from ohf_iac.errors import ProviderError
from ohf_iac.plan import (
    BuyRest,
    DeleteStack,
    FreezeFleet,
    FreezeSpotFleet,
    Step,
    SuspendGroup,
    TagGroup,
    TagInstances,
    Terminate,
)
from ohf_iac.request import TAG_SETTLED
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, FLEET_REQUEST, INSTANT, SPOT_MAINTAIN, Kind
from tests.integration.gateway import OWNER, Made, calls_to, make
from tests.local_aws import LocalAws


class Case(NamedTuple):
    """A step on a request of a kind: what it is, and the AWS call that carries it out."""

    kind: Kind
    action: str
    step: Callable[[Made], Step]
    body: str = ""


def _fleet(made: Made) -> str:
    return made.stack().outputs["CapacityId"]


def _machines(made: Made) -> tuple[str, ...]:
    return tuple(one.instance_id for one in made.seen().instances)


CASES: Mapping[type, Case] = {
    SuspendGroup: Case(ASG, "SuspendProcesses", lambda made: SuspendGroup(made.name)),
    TagGroup: Case(ASG, "CreateOrUpdateTags", lambda made: TagGroup(made.name, TAG_SETTLED, "complete")),
    FreezeFleet: Case(FLEET_MAINTAIN, "ModifyFleet", lambda made: FreezeFleet(_fleet(made))),
    FreezeSpotFleet: Case(SPOT_MAINTAIN, "ModifySpotFleetRequest", lambda made: FreezeSpotFleet(_fleet(made))),
    TagInstances: Case(
        INSTANT, "CreateTags", lambda made: TagInstances(_machines(made), TAG_SETTLED, "complete_with_error")
    ),
    Terminate: Case(INSTANT, "TerminateInstances", lambda made: Terminate(_machines(made)[:2])),
    DeleteStack: Case(
        INSTANT, "DeleteStack", lambda made: DeleteStack(made.record.stack_id, f"{made.request.request_id}-delete")
    ),
    BuyRest: Case(
        FLEET_REQUEST,
        "UpdateStack",
        lambda made: BuyRest(made.record.stack_id, 2, f"{made.request.request_id}-rest"),
        "request-heterogeneous",
    ),
}
#: what may happen to the answer of a step, and whether the SDK may repeat the call
Fate = Literal["repeated", "lost and repeated", "lost and repeated by the SDK"]


def test_every_kind_of_step_is_among_them() -> None:
    assert set(CASES) == set(get_args(Step))


@pytest.mark.parametrize("fate", get_args(Fate))
@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.action)
def test_a_step_carried_out_twice_is_carried_out_once(
    local_aws: LocalAws, calls: Calls, case: Case, fate: Fate
) -> None:
    made = world_of(local_aws, calls, case)
    carry_out(calls, [case.step(made)])
    right_after, later = states(made)
    made = world_of(local_aws, calls, case)
    step = case.step(made)
    if fate == "repeated":
        carry_out(calls, [step])
    else:
        local_aws.scenario(faults=[{"action": case.action, "kind": "lost", "times": 1}])
    if fate == "lost and repeated":
        with pytest.raises(ProviderError) as lost:
            carry_out(calls, [step])
        assert (lost.value.sent, lost.value.transient) == (True, True)
    carry_out(calls_to(local_aws, attempts=3) if fate.endswith("SDK") else calls, [step])
    assert states(made) == (right_after, later)
    carry_out(calls, [step])  # once more, when all has come to rest
    assert states(made)[1] == later


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.action)
def test_a_step_on_what_is_gone_is_no_error(local_aws: LocalAws, calls: Calls, case: Case) -> None:
    made = world_of(local_aws, calls, case)
    step = case.step(made)
    cloudformation.delete_stack(calls, made.record.stack_id, "another-token")
    made.settle_down()
    carry_out(calls, [step])
    now, later = states(made)
    assert {state for state, _ in now["machines"].values()} == {"terminated"}
    assert (now["stacks"], now["groups"]) == (["DELETE_COMPLETE"], [])
    assert now == later


def test_a_late_machine_that_another_host_told_of_meanwhile_is_left_alone(
    local_aws: LocalAws, calls: Calls
) -> None:
    made = world_of(local_aws, calls, CASES[Terminate])
    told, *others = _machines(made)
    carry_out(calls, [TagInstances((told,), TAG_SETTLED, "complete"), Terminate((told, *others), late=True)])
    made.settle_down()
    assert {one.instance_id for one in made.seen().instances if one.live} == {told}


@pytest.mark.parametrize("action", ["DeleteStack", "UpdateStack"])
def test_a_token_that_cloudformation_has_seen_is_no_error(local_aws: LocalAws, calls: Calls, action: str) -> None:
    (case,) = (one for one in CASES.values() if one.action == action)
    made = world_of(local_aws, calls, case)
    fault = {"action": action, "kind": "error", "status": 400, "code": "TokenAlreadyExistsException"}
    local_aws.scenario(faults=[fault])
    carry_out(calls, [case.step(made)])


def world_of(aws: LocalAws, calls: Calls, case: Case) -> Made:
    """The same world each time, with a request of the case's kind in full swing."""
    aws.reset()
    return make(aws, calls, case.kind, body=case.body).settle_down()


def states(made: Made) -> tuple[Any, Any]:
    """What lives at once and a while later, without what tells one request from another."""
    now = _state(made)
    made.settle_down(300)
    return now, _state(made)


def _state(made: Made) -> Any:
    (region,) = made.aws.state()["regions"]
    return {
        "machines": {
            one["id"]: (one["state"], {key: value for key, value in one["tags"].items() if key == TAG_SETTLED})
            for one in region["machines"]
        },
        "stacks": [one["status"] for one in region["stacks"]],
        "resources": [sorted(one["resources"]) for one in region["stacks"]],
        "groups": [(one["desired"], one["suspended"], one["members"]) for one in region["groups"]],
        "fleets": [
            (one["kind"], one["target"], one["closed"], one["members"])
            for one in region["fleets"] + region["spotFleets"]
        ],
    }


EMPTY = (
    '{"Resources":{"LaunchTemplate":{"Type":"AWS::EC2::LaunchTemplate","Properties":{"LaunchTemplateData":{}}}}}\n'
)
REQUEST = "req-6743a1c0-0000000000000001"
OURS = {"ohf:owner": OWNER, "ohf:request-id": REQUEST}
WORDS = ("AlreadyExistsException", "TokenAlreadyExistsException")


def taken(aws: LocalAws, calls: Calls, code: str, tags: Mapping[str, str]) -> str:
    """A stack of the request's name with these tags, and a CloudFormation that answers CreateStack with a code."""
    stack_id = cloudformation.create_stack(
        calls, name=f"ohf-{REQUEST}", template={"TemplateBody": EMPTY}, parameters={}, tags=tags, token="theirs"
    )
    aws.scenario(faults=[{"action": "CreateStack", "kind": "error", "status": 400, "code": code}])
    return stack_id


@pytest.mark.parametrize("code", WORDS)
def test_what_is_there_already_with_our_tags_is_our_stack(local_aws: LocalAws, calls: Calls, code: str) -> None:
    stack_id = taken(local_aws, calls, code, OURS)
    assert create_stack(calls, REQUEST, {"TemplateBody": EMPTY}, {}, OURS, "") == stack_id


@pytest.mark.parametrize("code", WORDS)
@pytest.mark.parametrize(
    "tags",
    [{**OURS, "ohf:owner": "neighbors"}, {**OURS, "ohf:request-id": "req-6743a1c0-0000000000000002"}, {}],
    ids=["another owner's", "another request's", "nobody's"],
)
def test_what_is_there_already_with_other_tags_or_none_is_not_ours(
    local_aws: LocalAws, calls: Calls, code: str, tags: Mapping[str, str]
) -> None:
    stack_id = taken(local_aws, calls, code, tags)
    with pytest.raises(ProviderError, match="its tags are not this request's") as refusal:
        create_stack(calls, REQUEST, {"TemplateBody": EMPTY}, {}, OURS, "")
    assert not refusal.value.sent
    assert [(one.stack_id, one.tags) for one in cloudformation.walk_stacks(calls)] == [(stack_id, tags)]
