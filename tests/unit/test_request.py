"""Ids, names and tags: what two installations and two versions must understand alike."""

from __future__ import annotations

import re

import pytest

from ohf_iac.request import (
    RequestRecord,
    id_kind,
    is_untold,
    minted_at,
    new_id,
    request_id_of,
    return_id,
    return_tag,
    stack_name,
)
from tests.seen import request

REQ = "req-6553f100-0123456789abcdef"
RET = "ret-6553f100-0123456789abcdef"


def test_an_id_tells_kind_and_age() -> None:
    assert new_id("req", 1_700_000_000.9, "0123456789abcdef") == REQ
    assert (id_kind(REQ), id_kind(RET)) == ("req", "ret")
    assert minted_at(REQ) == minted_at(RET) == 1_700_000_000


@pytest.mark.parametrize("digit", "0123456789abcdef")
def test_a_returns_id_tells_whether_aws_was_told_of_it(digit: str) -> None:
    told = return_id(1_700_000_000, f"{digit}123456789abcdef")
    untold = return_id(1_700_000_000, f"{digit}123456789abcdef", untold=True)
    assert (is_untold(told), is_untold(untold)) == (False, True)
    assert {id_kind(told), id_kind(untold)} == {"ret"}
    assert not is_untold(new_id("req", 1_700_000_000, f"{digit}123456789abcdef"))
    assert told.endswith("123456789abcdef")


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "sfr-6553f100-0123456789abcdef",
        "req-6553f100-0123456789ABCDEF",
        "req-6553f100-0123456789abcde",
        "req-6553f100-0123456789abcdef0",
        "req-6553f100-0123456789abcdef\n",
        "xreq-6553f100-0123456789abcdef",
        "req-9c4b8d7e-1a2b-3c4d-5e6f-7a8b9c0d1e2f",
    ],
)
def test_an_id_that_is_not_ours_is_nothing(foreign: str) -> None:
    assert id_kind(foreign) is None
    assert minted_at(foreign) is None


def test_a_stack_bears_the_requests_name() -> None:
    assert stack_name(REQ) == f"ohf-{REQ}"
    assert len(stack_name(REQ)) == 33
    assert re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]*", stack_name(REQ)), "CloudFormation's rule for stack names"
    assert request_id_of(stack_name(REQ)) == REQ


@pytest.mark.parametrize("name", [REQ, f"ohf-{RET}", "ohf-req-1", f"x{stack_name(REQ)}", ""])
def test_a_stack_that_is_not_named_by_us_belongs_to_no_request(name: str) -> None:
    assert request_id_of(name) is None


def test_tag_keys_are_such_that_ec2_takes_them_with_metadata_tags_on() -> None:
    """No slash and no blank; at most 128 characters."""
    key = return_tag(RET)
    assert key == f"ohf:return:{RET}"
    assert re.fullmatch(r"[A-Za-z0-9+\-=._:@]{1,128}", key)


def test_a_record_is_settled_by_its_verdict() -> None:
    assert not RequestRecord(request()).settled
    assert RequestRecord(request(), verdict="complete_with_error").settled
