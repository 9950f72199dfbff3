"""What a request adds to a body: parameters and stack tags."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ohf_iac import VERSION
from ohf_iac.render import render
from ohf_iac.request import Request
from ohf_iac.stack import parameters_for, spec_for, tags_for, timestamp
from ohf_iac.template.catalogue import TemplateDefaults, parse_catalogue
from ohf_iac.template.host_template import HostTemplate, on_demand_units
from ohf_iac.template.kinds import EXPIRING, KINDS, Kind
from tests.unit.field_rows import API, BASE

REQUEST = Request(
    request_id="req-6743a1c0-0123456789abcdef",
    template_id="t1",
    kind="EC2Fleet-request",
    units=10,
    owner="me",
    created_at=1_732_000_000,
    deadline=1_732_001_800,
    price_type="spot",
)


def template_of(**entry: Any) -> HostTemplate:
    catalogue = parse_catalogue([{**BASE, **entry}], TemplateDefaults(), {})
    assert not catalogue.refused, catalogue.refused[0].message
    return catalogue.templates[0]


PRICES: tuple[dict[str, Any], ...] = (
    {"priceType": "ondemand"},
    {"priceType": "spot"},
    {"priceType": "spot", "percentOnDemand": 30},
    {"priceType": "spot", "onDemandTargetCapacityRatio": "0.333"},
    {"priceType": "heterogeneous"},
)
SERVED = [(kind, price) for kind in KINDS for price in PRICES if price != PRICES[-1] or kind in EXPIRING]


@pytest.mark.parametrize(("kind", "price"), SERVED, ids=str)
def test_a_request_gives_exactly_the_parameters_that_its_body_declares(kind: Kind, price: dict[str, Any]) -> None:
    template = template_of(**API[kind], **price)
    body = json.loads(render(template, TemplateDefaults(), {}).body)
    assert set(parameters_for(template, REQUEST)) == set(body["Parameters"])
    assert ("ValidUntil" in body["Parameters"]) == (kind in EXPIRING)
    assert ("RestCapacity" in body["Parameters"]) == (price["priceType"] == "heterogeneous")


def test_parameters_are_texts_and_the_share_is_rounded_up() -> None:
    template = template_of(providerApi="EC2Fleet", fleetType="request", percentOnDemand=25)
    assert parameters_for(template, REQUEST) == {
        "RequestId": "req-6743a1c0-0123456789abcdef",
        "TemplateId": "t1",
        "Owner": "me",
        "RcAccount": "default",
        "TargetCapacity": "10",
        "OnDemandCapacity": "3",
        "ValidUntil": "2024-11-19T07:35:40Z",
    }


def test_rest_starts_at_nothing() -> None:
    template = template_of(providerApi="EC2Fleet", priceType="heterogeneous")
    assert parameters_for(template, REQUEST)["RestCapacity"] == "0"


@pytest.mark.parametrize(
    ("entry", "units", "expected"),
    [
        ({"priceType": "ondemand"}, 7, 7),
        ({}, 7, 0),
        ({"percentOnDemand": 1}, 1, 1),
        ({"percentOnDemand": 29}, 100, 29),
        ({"onDemandTargetCapacityRatio": "0.7"}, 10, 7),
        ({"onDemandTargetCapacityRatio": 0.1}, 30, 3),
    ],
)
def test_on_demand_units_are_exact(entry: dict[str, Any], units: int, expected: int) -> None:
    assert on_demand_units(template_of(**entry), units) == expected


def test_stack_tags_tell_the_request_and_leave_out_what_is_empty() -> None:
    tags = tags_for(REQUEST, "d" * 64, extra={"team": "risk", "empty": "", "ohf:owner": "somebody else"})
    assert tags == {
        "team": "risk",
        "ohf:owner": "me",
        "ohf:request-id": "req-6743a1c0-0123456789abcdef",
        "ohf:template-id": "t1",
        "ohf:kind": "EC2Fleet-request",
        "ohf:deadline": "1732001800",
        "ohf:price-type": "spot",
        "ohf:rc-account": "default",
        "ohf:digest": "d" * 64,
        "ohf:version": VERSION,
    }
    assert tags_for(REQUEST, "d", approval="0123456789ab")["ohf:approval"] == "0123456789ab"


def test_timestamp_is_utc() -> None:
    assert timestamp(0) == "1970-01-01T00:00:00Z"


def test_pools_are_types_by_subnets_and_the_rest_has_no_spot_price() -> None:
    template = template_of(
        providerApi="EC2Fleet",
        priceType="heterogeneous",
        vmTypes={"m5.large": 2, "c5.large": 1},
        vmTypesOnDemand={"r5.large": 3},
        subnetId="subnet-1,subnet-2",
        maxSpotPrice="0.1",
    )
    spec = spec_for(template, TemplateDefaults(), {})
    assert [(pool.instance_type, pool.subnet, pool.weight) for pool in spec.pools] == [
        ("m5.large", "subnet-1", 2),
        ("m5.large", "subnet-2", 2),
        ("c5.large", "subnet-1", 1),
        ("c5.large", "subnet-2", 1),
    ]
    assert {pool.max_price for pool in spec.pools} == {"0.1"}
    assert [(pool.instance_type, pool.weight, pool.max_price) for pool in spec.rest_pools] == [
        ("r5.large", 3, "")
    ] * 2
    assert template.weights == {"m5.large": 2, "c5.large": 1, "r5.large": 3}
