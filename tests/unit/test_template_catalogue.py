"""Catalogues as IBM's users write them: each template served or refused by name, loose values read, all echoed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.errors import ValidationError
from ohf_iac.render import render
from ohf_iac.template.catalogue import Catalogue, Refusal, TemplateDefaults, files_named, parse_catalogue
from ohf_iac.template.host_template import HostTemplate

CATALOGUES = Path(__file__).parents[1] / "fixtures" / "catalogues"
ENTRY = {"templateId": "t1", "maxNumber": 1, "imageId": "ami-1", "vmType": "m5.large", "subnetId": "subnet-1"}


def fixture(name: str) -> tuple[Catalogue, dict[str, bytes]]:
    document = json.loads((CATALOGUES / name).read_text())
    files = {one: (CATALOGUES / one).read_bytes() for one in files_named(document) if (CATALOGUES / one).exists()}
    return parse_catalogue(document, TemplateDefaults(), files), files


def parsed(**more: Any) -> Catalogue:
    return parse_catalogue([{**ENTRY, **more}], TemplateDefaults(), {})


def served(**more: Any) -> HostTemplate:
    catalogue = parsed(**more)
    assert not catalogue.refused, catalogue.refused[0].message
    return catalogue.templates[0]


def test_symphony_samples_are_served_or_refused_by_name() -> None:
    catalogue, files = fixture("symphony.json")
    assert {one.template_id: one.kind for one in catalogue.templates} == {
        "Template-VM-1": "EC2Fleet-instant",
        "Template_VM_2": "EC2Fleet-instant",
        "Template-Spot-1": "SpotFleet-request",
        "Template-Hetero-1": "SpotFleet-request",
        "typo-in-the-name": "EC2Fleet-instant",
    }
    (refusal,) = catalogue.refused
    assert refusal.message.startswith("template Template-Spot-LT: launchTemplateId: machines of SpotFleet-request")
    assert catalogue.warnings == (
        "template Template_VM_2: onDemandCapacity: unknown field, echoed and otherwise without effect",
        "template Template-Spot-1: instanceTags: aws:reserved is dropped, AWS sets such tags",
    )
    for template in catalogue.templates:
        assert render(template, TemplateDefaults(), files).body


def test_lsf_samples_are_served_or_refused_by_name() -> None:
    catalogue, files = fixture("lsf.json")
    assert {one.template_id: one.kind for one in catalogue.templates} == {
        "lsf-ondemand": "EC2Fleet-instant",
        "lsf-spot": "SpotFleet-request",
        "lsf-fleet": "EC2Fleet-instant",
        "lsf-efa": "EC2Fleet-instant",
    }
    assert catalogue.refused[0].message.startswith("template lsf-host-tenancy: tenancy: host needs dedicated hosts")
    assert catalogue.refused[1].message == (
        "template lsf-block: durationInHours: AWS ended spot blocks in 2022; remove it"
    )
    by_id = {one.template_id: one for one in catalogue.templates}
    assert by_id["lsf-spot"].validity == 1200
    assert by_id["lsf-spot"].price_type == "spot"
    assert by_id["lsf-spot"].spot_strategy == "capacity-optimized"
    assert by_id["lsf-fleet"].weights == {"c5.large": 1, "m5.xlarge": 2}
    assert by_id["lsf-fleet"].on_demand_share == (5, 10)
    assert by_id["lsf-ondemand"].attributes["nram"] == ("Numeric", "4096")
    assert by_id["lsf-ondemand"].attributes["awshost"] == ("Boolean", "1")
    for template in catalogue.templates:
        assert render(template, TemplateDefaults(), files).body


def test_both_forms_of_attributes_come_out_as_arrays_of_texts() -> None:
    catalogue, _ = fixture("symphony.json")
    bare = catalogue.find("Template-Hetero-1")
    assert bare is not None
    assert bare.attributes == {
        "type": ("String", "X86_64"),
        "ncpus": ("Numeric", "1"),
        "ncores": ("Numeric", "1"),
        "nram": ("Numeric", "2048"),
    }


def test_ncores_is_added_because_symphony_skips_hosts_without() -> None:
    assert served(attributes={"ncpus": 4}).attributes["ncores"] == ("Numeric", "1")


def test_entry_is_echoed_as_written() -> None:
    entry = {**ENTRY, "maxNumber": "7", "anything": [1, {"a": None}]}
    assert parse_catalogue([entry], TemplateDefaults(), {}).templates[0].raw == entry


def test_find_and_refusal() -> None:
    catalogue = parse_catalogue([ENTRY, {**ENTRY, "templateId": "t2", "tenancy": "host"}], TemplateDefaults(), {})
    assert catalogue.find("t1") is catalogue.templates[0]
    assert catalogue.find("t2") is None
    assert catalogue.refusal("t1") is None
    assert catalogue.refusal("t2") == Refusal("t2", "tenancy", catalogue.refused[0].reason)
    assert catalogue.find("t3") is None
    assert catalogue.refusal("t3") is None


def test_second_template_of_a_name_is_refused_and_the_first_served() -> None:
    catalogue = parse_catalogue([ENTRY, ENTRY], TemplateDefaults(), {})
    assert len(catalogue.templates) == 1
    assert (
        catalogue.refused[0].message
        == "template t1: templateId: is used by an earlier template, which alone is served"
    )


@pytest.mark.parametrize("document", [None, 5, "x", {}, {"templates": 5}, {"Templates": []}])
def test_what_is_no_catalogue_is_an_error(document: object) -> None:
    with pytest.raises(ValidationError, match="read the catalogue: it must be an object with a list"):
        parse_catalogue(document, TemplateDefaults(), {})


def test_files_named_are_those_that_entries_name() -> None:
    entries = [
        {**ENTRY, "userDataScript": " join.sh "},
        {**ENTRY, "ec2FleetConfig": "fleet.json", "userDataScript": "join.sh"},
        ENTRY,
        {**ENTRY, "userDataScript": 5},
        "nonsense",
    ]
    assert files_named({"templates": entries}) == ("join.sh", "fleet.json", "scripts/user_data.sh")


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({}, "EC2Fleet-instant"),
        ({"fleetType": "request"}, "EC2Fleet-request"),
        ({"fleetRole": "arn:aws:iam::1:role/r"}, "EC2Fleet-instant"),
        ({"fleetRole": "arn:aws:iam::1:role/r", "priceType": "spot"}, "SpotFleet-request"),
        ({"fleetRole": "arn:aws:iam::1:role/r", "spotPrice": 0.1}, "SpotFleet-request"),
        ({"fleetRole": "arn:aws:iam::1:role/r", "spotPrice": 0}, "EC2Fleet-instant"),
        ({"fleetRole": "arn:aws:iam::1:role/r", "priceType": "heterogeneous"}, "SpotFleet-request"),
        ({"priceType": "spot"}, "EC2Fleet-instant"),
        ({"priceType": "heterogeneous"}, "EC2Fleet-request"),
        ({"providerApi": "SpotFleet"}, "SpotFleet-request"),
        ({"providerApi": "asg"}, "ASG"),
    ],
    ids=str,
)
def test_kind_without_and_with_provider_api(entry: dict[str, Any], kind: str) -> None:
    assert served(**entry).kind == kind


@pytest.mark.parametrize(
    ("entry", "warning"),
    [
        ({"percentOnDemand": 30}, "percentOnDemand: has no effect with priceType ondemand"),
        ({"priceType": "spot", "allocationStrategy": "best"}, "'best' is unknown, capacity-optimized is used"),
        ({"allocationStrategyOnDemand": "cheapest"}, "'cheapest' is unknown, the default of AWS is used"),
        ({"vmTypes": {"c5.large": 1}}, "vmType: m5.large is not used"),
        ({"vmTypesPriority": {"c5.large": 1}}, "vmTypesPriority: c5.large is not among the types"),
        ({"maxSpotPrice": 1, "spotPrice": 2}, "spotPrice: maxSpotPrice (1) is used"),
        ({"fleetType": "request", "spotFleetRequestExpiry": 1}, "two minutes are used"),
        ({"fleetRole": "r"}, "fleetRole: only Spot Fleets are given a role"),
        ({"instanceTags": "ohf:owner=x;RC_ACCOUNT=y;a=b"}, "RC_ACCOUNT is dropped, this provider sets such tags"),
        (
            {"providerApi": "ASG", "priceType": "spot", "allocationStrategy": "diversified"},
            "a group has no diversified",
        ),
        ({"tenanci": "host"}, "tenanci: unknown field"),
        ({"customScriptUri": "https://x"}, "customScriptUri: is another cloud's"),
        ({"attributes": {"ncpus": 1}}, "attributes: type is taken to be X86_64; where the image is Windows"),
        ({"attributes": {"ncpus": 1}, "vmType": "m0.huge"}, "without type, nram Host Factory cannot match"),
    ],
    ids=str,
)
def test_what_has_no_effect_is_warned_about(entry: dict[str, Any], warning: str) -> None:
    catalogue = parsed(**entry)
    assert not catalogue.refused
    assert any(warning in one for one in catalogue.warnings), catalogue.warnings


@pytest.mark.parametrize(
    ("price", "text"),
    [(0.00001, "0.00001"), (1e-7, "0.0000001"), ("0.050", "0.050"), (2, "2"), (0.1, "0.1"), (1.0, "1")],
)
def test_prices_are_exact_texts(price: object, text: str) -> None:
    assert served(priceType="spot", maxSpotPrice=price).spot_price == text


def test_variables_that_no_script_takes_are_warned_about() -> None:
    entry = {**ENTRY, "userDataScript": "s.sh", "userData": "a=b"}
    catalogue = parse_catalogue([entry], TemplateDefaults(), {"s.sh": b"echo"})
    assert (
        "template t1: userData: s.sh has no %EXPORT_USER_DATA%, so the variables do not reach it"
        in catalogue.warnings
    )


def test_settings_are_overridden_by_the_entry() -> None:
    settings = TemplateDefaults(root_device_name="/dev/sda1", http_tokens="optional", max_per_request=7)
    (template,) = parse_catalogue([{**ENTRY, "httpTokens": "required"}], settings, {}).templates
    assert (template.root_device_name, template.http_tokens, template.max_per_request) == (
        "/dev/sda1",
        "required",
        7,
    )


def test_tags_of_the_settings_reach_machines_and_the_entry_wins() -> None:
    settings = TemplateDefaults(tags={"team": "risk", "stage": "prod"})
    (template,) = parse_catalogue([{**ENTRY, "instanceTags": "stage=test"}], settings, {}).templates
    assert template.tags == {"team": "risk", "stage": "test"}


def test_room_is_left_for_the_tags_that_come_later() -> None:
    assert served(instanceTags={f"k{number}": "v" for number in range(37)}).tags
    assert parsed(instanceTags={f"k{number}": "v" for number in range(45)}).refused
    assert parsed(providerApi="ASG", instanceTags={f"k{number}": "v" for number in range(38)}).refused
