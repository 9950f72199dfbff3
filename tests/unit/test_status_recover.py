"""Requests read back from what AWS holds of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ohf_iac.status.recover import record_from_machines, record_from_stack
from ohf_iac.template.kinds import INSTANT, KINDS, Kind
from tests.seen import CREATED, DEADLINE, REQUEST_ID, STACK_ID, machine, running, stack

TAGS = {
    "ohf:owner": "here",
    "ohf:request-id": REQUEST_ID,
    "ohf:template-id": "grid",
    "ohf:kind": "ASG",
    "ohf:deadline": str(DEADLINE),
    "ohf:price-type": "spot",
    "ohf:rc-account": "lab",
    "ohf:digest": "5f2d",
}
PARAMETERS = {"TargetCapacity": "7", "OnDemandCapacity": "2", "RequestId": REQUEST_ID}
STACK = stack("CREATE_COMPLETE", tags=TAGS, parameters=PARAMETERS, created_at=CREATED + 5)


def test_a_stack_tells_the_whole_request() -> None:
    record = record_from_stack(STACK, {"m5.large": 2})
    assert record is not None
    request = record.request
    assert (request.request_id, request.template_id, request.kind, request.units) == (REQUEST_ID, "grid", "ASG", 7)
    assert (request.owner, request.created_at, request.deadline) == ("here", CREATED, DEADLINE)
    assert (request.price_type, request.rc_account, request.on_demand_units) == ("spot", "lab", 2)
    assert request.weights == {"m5.large": 2}
    assert (record.stack, record.stack_id, record.digest, record.verdict) == ("created", STACK_ID, "5f2d", None)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_back(kind: Kind) -> None:
    record = record_from_stack(replace(STACK, tags={**TAGS, "ohf:kind": kind}), {})
    assert record is not None
    assert record.request.kind == kind


def test_what_is_not_said_is_as_when_it_is_left_out() -> None:
    tags = {key: TAGS[key] for key in ("ohf:owner", "ohf:request-id", "ohf:kind")}
    record = record_from_stack(replace(STACK, tags=tags, parameters={}), {})
    assert record is not None
    assert (record.request.units, record.request.deadline, record.request.rc_account) == (1, CREATED, "default")


@pytest.mark.parametrize("missing", ["ohf:owner", "ohf:request-id", "ohf:kind"])
def test_a_stack_that_lacks_our_tags_is_not_ours(missing: str) -> None:
    tags = {key: value for key, value in TAGS.items() if key != missing}
    assert record_from_stack(replace(STACK, tags=tags), {}) is None


def test_a_kind_of_a_later_version_is_not_guessed() -> None:
    assert record_from_stack(replace(STACK, tags={**TAGS, "ohf:kind": "RunInstances"}), {}) is None


def test_machines_alone_tell_a_request_of_as_many_as_live() -> None:
    machines = (*running(1, 2, tags={"ohf:template-id": "grid"}), machine(3, "terminated"))
    request = record_from_machines(REQUEST_ID, "here", machines).request
    assert (request.request_id, request.template_id, request.owner, request.units) == (
        REQUEST_ID,
        "grid",
        "here",
        2,
    )
    assert (request.created_at, request.deadline, request.kind) == (CREATED, CREATED, INSTANT)


def test_a_request_of_which_nothing_lives_asked_for_one() -> None:
    assert record_from_machines(REQUEST_ID, "here", ()).request.units == 1
    assert record_from_machines(REQUEST_ID, "here", (), units=4).request.units == 4
